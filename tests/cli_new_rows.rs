//! New rows meet a trained model, from the command line: all of them, in their order, by their names.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tiny;

use ndarray::{Array2, Array3};
use ndarray_npy::{read_npy, write_npy};
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};
use tiny::folder;

const SIDE: usize = 28;

/// A folder with a trained AE, VAE and CVAE, and new images: `new.npy`, `new.csv` and `new/*.png`, the same 9 in each.
fn place() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let dir = folder("cli-new-rows");
        for name in ["ae", "vae", "cvae"] {
            let options =
                format!("train {name} --data glyphs --device cpu --train-limit 60 --test-limit 20 --epochs 1");
            let shape = ["--hidden", "12", "--latent", "3", "--out", name];
            good(&dir, &[&options.split(' ').collect::<Vec<_>>()[..], &shape].concat());
        }
        let images = wgvae::data::glyphs::split(5, 0, 9).images;
        let images = images.bytes().unwrap().to_vec();
        let array = Array3::from_shape_vec((9, SIDE, SIDE), images.clone()).unwrap();
        write_npy(dir.join("new.npy"), &array).unwrap();
        let row = |image: &[u8]| image.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
        let header = (0..SIDE * SIDE).map(|i| format!("p{i}")).collect::<Vec<_>>().join(",");
        let rows = images.chunks(SIDE * SIDE).map(row).collect::<Vec<_>>().join("\n");
        fs::write(dir.join("new.csv"), format!("{header}\n{rows}\n")).unwrap();
        fs::create_dir(dir.join("new")).unwrap();
        for (i, image) in images.chunks(SIDE * SIDE).enumerate() {
            let image = image::GrayImage::from_raw(SIDE as u32, SIDE as u32, image.to_vec()).unwrap();
            image.save(dir.join(format!("new/{}.png", ["z", "y", "x", "w", "v", "u", "t", "s", "r"][8 - i]))).unwrap();
        }
        write_npy(dir.join("one.npy"), &array.slice(ndarray::s![3..4, .., ..]).to_owned()).unwrap();
        dir
    })
}

fn wgvae(dir: &Path, arguments: &[impl AsRef<OsStr>]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wgvae")).current_dir(dir).args(arguments).output().unwrap()
}

fn good(dir: &Path, arguments: &[impl AsRef<OsStr> + std::fmt::Debug]) -> String {
    let output = wgvae(dir, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs words, and gives standard output.
fn done(words: &str) -> String {
    good(place(), &words.split(' ').collect::<Vec<_>>())
}

#[track_caller]
fn bad(arguments: &[impl AsRef<OsStr> + std::fmt::Debug], expected: &str) {
    let output = wgvae(place(), arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("device: ") && !line.starts_with("data: ")).collect();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    assert!(matches!(lines[..], [line] if line.starts_with("error: ") && line.contains(expected)), "{text}");
}

fn array(name: &str) -> Array2<f32> {
    read_npy(place().join(name)).unwrap()
}

#[test]
fn every_new_row_is_encoded_in_its_place_from_any_format() {
    done("encode vae --device cpu --data new.npy -o npy-z.npy");
    done("encode vae --device cpu --data new.csv -o csv-z.npy");
    done("encode vae --device cpu --data new -o png-z.npy");
    done("encode vae --device cpu --data one.npy -o one-z.npy");
    let all = array("npy-z.npy");
    assert_eq!(all.dim(), (9, 3));
    assert_eq!(array("csv-z.npy"), all);
    assert_eq!(array("png-z.npy"), all, "in the order of the names");
    assert_eq!(array("one-z.npy").row(0), all.row(3), "one row is enough");
    assert_ne!(all.row(0), all.row(3));
    let output = wgvae(place(), &["encode", "vae", "--device", "cpu", "--data", "new", "-o", "order.npy"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("order: row i is image i: row 0 is r.png, row 8 is z.png"), "{said}");
}

#[test]
fn every_new_row_is_scored_under_its_name() {
    let names = |data: &str| {
        let text = done(&format!("score vae --device cpu --data {data}"));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader.records().map(|row| row.unwrap()).map(|row| (row[0].to_string(), row[1].to_string())).collect::<Vec<_>>()
    };
    let rows = |name: &dyn Fn(usize) -> String| (0..9).map(|i| (i.to_string(), name(i))).collect::<Vec<_>>();
    assert_eq!(names("new.npy"), rows(&|i| format!("row {i}")));
    assert_eq!(names("new.csv"), rows(&|i| format!("line {}", i + 2)));
    let letters = ["r", "s", "t", "u", "v", "w", "x", "y", "z"];
    assert_eq!(names("new"), rows(&|i| format!("{}.png", letters[i])));
    assert_eq!(names("one.npy").len(), 1);
    done("score vae --device cpu --data new --worst 3 -o scores.csv");
    assert!(place().join("vae/images/worst-new.png").is_file());
}

#[test]
fn pictures_are_drawn_of_new_rows() {
    let drawn = [
        ("reconstruct vae --errors", "reconstructions-new"),
        ("denoise vae --corrupt 0.3", "denoise-new"),
        ("interpolate vae --from 8 --to 0", "interpolate-new"),
        ("scatter vae", "scatter-new"),
        ("traverse vae --image 8", "traversal-new-image8"),
        ("traverse ae --image 8", "traversal-new-image8"),
        ("style cvae --image 8", "style-new"),
    ];
    for (command, picture) in drawn {
        let run = command.split(' ').nth(1).unwrap();
        let printed = done(&format!("{command} --device cpu --data new"));
        assert_eq!(printed.trim(), format!("{run}/images/{picture}.png"), "{command}");
        assert!(place().join(printed.trim()).is_file());
    }
    let own = place().join("vae/images/reconstructions.png");
    let before = fs::read(&own).unwrap();
    done("reconstruct vae --device cpu --data one.npy");
    assert!(fs::read(&own).unwrap() == before, "that name is of the run's own test images");
    done("reconstruct vae --device cpu --split train");
    assert!(place().join("vae/images/reconstructions-train.png").is_file());
    bad(&["reconstruct", "vae", "--device", "cpu", "--data", "new", "--images", "9"], "9 is past the 9 images, 0 to 8");
    bad(&["traverse", "vae", "--device", "cpu", "--data", "new"], "--data: chooses among images, which are used with");
    bad(&["score", "vae", "--device", "cpu", "--data", "new", "--split", "test"], "new has no parts");
}

#[test]
fn evaluate_takes_every_new_row() {
    let text = done("evaluate vae --device cpu --data new.csv --json");
    let figures: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(figures["images"], 9);
}

#[test]
fn a_configuration_of_impossible_data_is_refused() {
    let text = fs::read_to_string(place().join("vae/config.json")).unwrap();
    let copy = place().join("many");
    fs::create_dir(&copy).unwrap();
    fs::copy(place().join("vae/model.safetensors"), copy.join("model.safetensors")).unwrap();
    for count in ["1000000000000", "18446744073709551615"] {
        fs::write(copy.join("config.json"), text.replace("\"train\": 60", &format!("\"train\": {count}"))).unwrap();
        bad(&["encode", "many", "--device", "cpu", "-o", "many.npy"], &format!("glyphs: {count} for training"));
    }
    fs::write(copy.join("config.json"), text.replace("\"train-images\"", "\"other\"")).unwrap();
    bad(&["encode", "many", "--device", "cpu", "-o", "many.npy"], "the other differ");
    for width in ["29", "0", "18446744073709551615"] {
        fs::write(copy.join("config.json"), text.replace("\"width\": 28", &format!("\"width\": {width}"))).unwrap();
        let expected = format!("gray images of {width} x 28 pixels, but the model takes 784");
        bad(&["sample", "many", "--device", "cpu", "-o", "many.png"], &expected);
    }
}

#[test]
fn an_output_that_is_an_extension_alone_is_refused() {
    for (arguments, file) in [
        (&["reconstruct", "vae", "-o", ".png"][..], ".png"),
        (&["scatter", "vae", "-o", "vae/.svg"], "vae/.svg"),
        (&["encode", "vae", "-o", ".npy"], ".npy"),
        (&["score", "vae", "-o", ".csv"], ".csv"),
    ] {
        bad(arguments, &format!("{file} is an extension without a name before it"));
    }
}

#[cfg(unix)]
#[test]
fn paths_that_are_not_utf_8_work_or_are_refused_in_a_line() {
    use std::os::unix::ffi::OsStrExt;
    let name = |text: &[u8]| OsStr::from_bytes(text).to_os_string();
    let (file, run, picture) = (name(b"caf\xe9.npy"), name(b"run\xff"), name(b"run\xff/images/x.png"));
    fs::copy(place().join("new.npy"), place().join(&file)).unwrap();
    let words = |text: &str| text.split(' ').map(Into::into).collect::<Vec<std::ffi::OsString>>();
    let with = |before: &str, path: &std::ffi::OsString, after: &str| {
        [words(before), vec![path.clone()], words(after)].concat()
    };
    let output = wgvae(place(), &with("score vae --device cpu --data", &file, "--force"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    bad(&with("train vae --device cpu --data", &file, "--epochs 1"), "is not UTF-8, and a run's config.json");
    let small = "--data glyphs --device cpu --train-limit 20 --test-limit 5 --epochs 1 --hidden 4 --latent 2";
    let trained = wgvae(place(), &with("train vae --out", &run, small));
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let drawn = wgvae(place(), &[with("reconstruct", &run, "--device cpu -o"), vec![picture.clone()]].concat());
    assert!(drawn.status.success() && place().join(&picture).is_file(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let more = wgvae(place(), &with("train --resume", &run, "--device cpu --epochs 2"));
    assert!(more.status.success(), "{}", String::from_utf8_lossy(&more.stderr));
    let curves = wgvae(place(), &with("curves", &run, "--log"));
    assert!(curves.status.success(), "{}", String::from_utf8_lossy(&curves.stderr));
}
