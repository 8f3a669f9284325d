//! Every picture command of the real binary, on tiny runs: what it writes and prints, and how it refuses bad input.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;

use assert_cmd::{Command, assert::Assert};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

fn wgvae(arguments: &str) -> Assert {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command.current_dir(folder()).args(arguments.split_whitespace()).assert()
}

/// A folder with tiny runs of the three models, `ae`, `vae` and `cvae` (of latent 2), made once for all tests here.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli_figures");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, options) in [("ae", ""), ("vae", "--latent 3 --loss bce"), ("cvae", "--latent 2")] {
            let arguments = format!(
                "train {name} --data glyphs --device cpu --epochs 1 --train-limit 64 --test-limit 40 --hidden 16 --out {name} {options}"
            );
            let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
            command.current_dir(&folder).args(arguments.split_whitespace()).assert().success();
        }
        folder
    })
}

/// Runs a command that must print exactly the path of the picture it wrote, and gives the picture's bytes.
#[track_caller]
fn draws(arguments: &str, picture: &str) -> Vec<u8> {
    let done = wgvae(arguments).success();
    assert_eq!(String::from_utf8_lossy(&done.get_output().stdout), format!("{picture}\n"), "{arguments}");
    let bytes = fs::read(folder().join(picture)).unwrap();
    match picture.ends_with("png") {
        true => assert!(image::load_from_memory(&bytes).unwrap().width() <= 1200, "{arguments}: wider than a screen"),
        false => assert!(bytes.starts_with(b"<svg"), "{arguments}"),
    }
    bytes
}

/// Runs a command that must exit with 1 and one line of error.
#[track_caller]
fn refuses(arguments: &str, line: &str) {
    let failed = wgvae(arguments).code(1);
    let output = failed.get_output();
    let errors = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> =
        errors.lines().filter(|line| !line.starts_with("device: ") && !line.starts_with("data: ")).collect();
    assert_eq!(said, [format!("error: {line}")], "{arguments}");
    assert!(output.stdout.is_empty(), "{arguments}: printed a result");
}

#[test]
fn every_command_draws_by_default() {
    draws("grid --data glyphs --train-limit 60 --test-limit 9", "grid.png");
    for run in ["ae", "vae", "cvae"] {
        for (command, picture) in [("reconstruct", "reconstructions"), ("sample", "samples"), ("traverse", "traversal")]
        {
            let path = format!("{run}/images/{picture}.png");
            let trained = fs::read(folder().join(&path)).unwrap();
            let drawn = draws(&format!("{command} {run} --device cpu"), &path);
            assert!(trained == drawn, "{command} draws {run} otherwise than training did");
        }
        for command in ["interpolate", "scatter"] {
            draws(&format!("{command} {run} --device cpu"), &format!("{run}/images/{command}.png"));
        }
        draws(&format!("curves {run}"), &format!("{run}/images/curves.png"));
    }
    draws("manifold cvae --device cpu", "cvae/images/manifold.png");
    draws("style cvae --device cpu", "cvae/images/style.png");
}

#[test]
fn options_reach_the_picture() {
    let plain = draws("reconstruct vae --device cpu -o plain.png", "plain.png");
    let chosen = draws("reconstruct vae --device cpu --images 3,39 --errors -o chosen.png", "chosen.png");
    assert_ne!(plain, chosen);
    draws("grid --data glyphs --train-limit 9 --test-limit 12 --split test --count 5 -o five.png", "five.png");
    draws("sample cvae --device cpu --label 8 --count 10", "cvae/images/samples-label8.png");
    draws("sample cvae --device cpu --label 3 --label 8 --seed 4", "cvae/images/samples-label3-8-seed4.png");
    draws("traverse cvae --device cpu --dim 1 --image 7 --label 2", "cvae/images/traversal-dim1-image7-label2.png");
    draws("traverse ae --device cpu --range 5 --steps 4 -o range.png", "range.png");
    let arc = draws("interpolate vae --device cpu --from 3 --to 8 --spherical -o arc.png", "arc.png");
    let line = draws("interpolate vae --device cpu --from 3 --to 8 --linear -o line.png", "line.png");
    assert_ne!(arc, line);
    draws("interpolate ae --device cpu --loop 1,2,3 --steps 5", "ae/images/loop.png");
    draws("manifold cvae --device cpu --size 5 --label 9", "cvae/images/manifold-label9.png");
    draws("style cvae --device cpu --image 3 --image 4 -o style.png", "style.png");
    draws("scatter ae --device cpu --count 20 -o scatter.svg", "scatter.svg");
    draws("curves vae --quantity kl", "vae/images/curves-kl.png");
    let both = draws("curves ae cvae --quantity reconstruction --log -o both.svg", "both.svg");
    let both = String::from_utf8(both).unwrap();
    assert!(both.contains(">ae<") && both.contains(">cvae<"), "the legend names both runs");
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let first = draws("sample vae --device cpu --seed 5 --count 20 -o first.png", "first.png");
    assert_eq!(first, draws("sample vae --device cpu --seed 5 --count 20 -o second.png", "second.png"));
    assert_ne!(first, draws("sample vae --device cpu --seed 6 --count 20 -o third.png", "third.png"));
    let unasked = draws("sample vae --device cpu -o unasked.png", "unasked.png");
    assert_eq!(
        unasked,
        fs::read(folder().join("vae/images/samples.png")).unwrap(),
        "training drew with the run's seed"
    );
}

#[test]
fn only_force_replaces_a_file_that_was_named() {
    let file = folder().join("mine.png");
    fs::write(&file, "mine").unwrap();
    refuses("sample vae --device cpu -o mine.png", "--output: mine.png exists: replace it with --force");
    let trained = "vae/images/samples.png";
    refuses(
        &format!("scatter vae --device cpu -o {trained}"),
        &format!("--output: {trained} exists: replace it with --force"),
    );
    refuses(
        "grid --data glyphs --train-limit 5 --test-limit 5 -o mine.png",
        "--output: mine.png exists: replace it with --force",
    );
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    assert_ne!(draws("sample vae --device cpu -o mine.png --force", "mine.png"), b"mine");
    refuses("sample vae --device cpu -o picture.jpg", "--output: picture.jpg must end in .png or .npy");
    refuses("curves vae -o picture", "--output: picture must end in .png or .svg");
}

#[test]
fn bad_input_is_one_clear_line() {
    let past = "image: 40 is past the 40 test images, 0 to 39";
    refuses("reconstruct vae --device cpu --images 3,40", past);
    refuses("interpolate vae --device cpu --to 40", past);
    refuses("traverse vae --device cpu --image 40", past);
    refuses("style cvae --device cpu --image 40", past);
    refuses("sample cvae --device cpu --label 10", "label: 10 is none of the 10 classes 0 to 9");
    refuses("sample cvae --device cpu --label 300", "label: 300 is none of the 10 classes 0 to 9");
    refuses("sample vae --device cpu --label 1", "label: only a CVAE decodes by label, and this model is VAE-3");
    for command in ["sample vae", "reconstruct vae", "scatter vae"] {
        refuses(&format!("{command} --device cpu --count 0"), "count: is 0, expected at least 1");
    }
    refuses(
        "grid --data glyphs --train-limit 5 --test-limit 5 --count 0 -o no.png",
        "count: is 0, expected at least 1",
    );
    refuses("traverse vae --device cpu --dim 3", "dim: 3 is none of the 3 dimensions 0 to 2");
    let wide = "the latent space of VAE-3: has 3 dimensions, and a sheet shows 2: train with --latent 2";
    refuses("manifold vae --device cpu", wide);
    let no_cvae = "the model: is AE-8: only a CVAE decodes one latent under several labels";
    refuses("style ae --device cpu", no_cvae);
    refuses("curves ae --quantity kl", "--quantity: an AE has no KL divergence");
    let mixed = "--quantity: the loss of vae is in nats, that of cvae in squared error, and they share no axis: draw the runs \
                 apart, or their --quantity kl";
    refuses("curves vae cvae", mixed);
}

#[test]
fn what_is_no_whole_run_is_refused() {
    fs::create_dir_all(folder().join("empty")).unwrap();
    refuses("sample nowhere", "nowhere: there is no such directory");
    refuses("sample empty", "empty: is no run: it has no config.json");
    refuses("curves vae empty", "empty: is no run: it has no config.json");

    // A copy of a run with other weights.
    let broken = |name: &str, weights: &[u8]| {
        let dir = folder().join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::copy(folder().join("vae/config.json"), dir.join("config.json")).unwrap();
        fs::write(dir.join("model.safetensors"), weights).unwrap();
    };
    let whole = fs::read(folder().join("vae/model.safetensors")).unwrap();
    broken("short", &whole[..whole.len() - 4]);
    let damaged = wgvae("sample short --device cpu").code(1);
    let said = String::from_utf8_lossy(&damaged.get_output().stderr).into_owned();
    assert!(
        said.starts_with("error: short/model.safetensors: is no whole safetensors file: ") && said.lines().count() == 1,
        "{said}"
    );
    let mut holed = command::without_checksum(&whole);
    holed[whole.len() - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    broken("holed", &holed);
    let said = wgvae("sample holed --device cpu").code(1);
    let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
    assert!(said.ends_with("has a value that is not finite\n") && said.lines().count() == 1, "{said}");
    broken("foreign", &fs::read(folder().join("cvae/model.safetensors")).unwrap());
    let said = wgvae("sample foreign --device cpu").code(1);
    let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
    assert!(
        said.contains("label_projector.0.weight is not a tensor of this model; ") && said.lines().count() == 1,
        "{said}"
    );
    fs::remove_file(folder().join("foreign/model.safetensors")).unwrap();
    refuses("sample foreign --device cpu", "foreign: has no model.safetensors: no epoch was finished");
}
