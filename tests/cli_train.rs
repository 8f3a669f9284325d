//! `wgvae train` as users run it: what a run leaves, the same bytes each time, and what it says to bad input.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;

use assert_cmd::Command;
use command::{json, read, refused, succeed, text};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const MODELS: [&str; 3] = ["ae", "vae", "cvae"];
const DEVICES: [&str; 2] = ["gpu", "cpu"];
const DATA: [&str; 6] = ["--data", "glyphs", "--train-limit", "200", "--test-limit", "50"];
const NET: [&str; 4] = ["--hidden", "16", "--latent", "2"];

fn train(model: &str, device: &str, epochs: &str, dir: &Path) -> (String, String) {
    let own = ["train", model, "--device", device, "--epochs", epochs, "--out", dir.to_str().unwrap()];
    succeed(&[&own[..], &DATA, &NET].concat())
}

/// Type and shape of every tensor in a safetensors file.
fn tensors(path: impl AsRef<Path>) -> BTreeMap<String, (Dtype, Vec<usize>)> {
    let bytes = read(path);
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.tensors().into_iter().map(|(name, tensor)| (name, (tensor.dtype(), tensor.shape().to_vec()))).collect()
}

/// PyTorch's names and shapes of the article's modules with 784 inputs, 16 hidden, 2 latent and 10 classes.
fn expected(model: &str) -> BTreeMap<String, Vec<usize>> {
    let mut layers = vec![("encoder.0", 16, 784), ("encoder.2", 2, 16), ("decoder.0", 16, 2), ("decoder.2", 784, 16)];
    if model != "ae" {
        layers.extend([("mu", 2, 2), ("log_var", 2, 2)]);
    }
    if model == "cvae" {
        layers.push(("label_projector.0", 2, 10));
    }
    let both = |(name, out, inp)| [(format!("{name}.weight"), vec![out, inp]), (format!("{name}.bias"), vec![out])];
    layers.into_iter().flat_map(both).collect()
}

#[test]
fn a_run_leaves_what_scripts_rely_on() {
    for (model, device) in MODELS.into_iter().flat_map(|model| DEVICES.map(|device| (model, device))) {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("deep/run");
        let (out, err) = train(model, device, "1", &dir);
        let images = dir.join("images");
        assert_eq!(out, format!("{}\n{}\n", dir.display(), images.join("samples.png").display()));
        for beginning in ["device: ", "data: ", "model: ", "epoch "] {
            assert!(err.lines().any(|line| line.starts_with(beginning)), "no line {beginning:?} in {err}");
        }

        let config = json(dir.join("config.json"));
        assert_eq!(config["version"], env!("CARGO_PKG_VERSION"));
        let net = &config["model"];
        assert_eq!((&net["kind"], &net["input"], &net["latent"]), (&model.into(), &784.into(), &2.into()));
        assert_eq!((&net["hidden"], &net["classes"]), (&vec![16].into(), &10.into()));
        let beta = if model == "ae" { 0.0 } else { 3.0 };
        let loss = if model == "ae" { "mse_mean" } else { "mse_sum" };
        assert_eq!((&config["objective"]["loss"], &config["objective"]["beta"]), (&loss.into(), &beta.into()));
        assert_eq!((&config["seed"], &config["batch"], &config["epochs"]), (&0.into(), &32.into(), &1.into()));
        assert_eq!(config["adam"]["lr"], 1e-3);
        let hashes = config["data"]["hashes"].as_object().unwrap();
        assert_eq!(hashes.len(), 4);
        assert!(hashes.values().all(|hash| hash.as_str().is_some_and(|hash| hash.len() == 64)), "{hashes:?}");
        let adapter = &config["device"];
        assert_eq!(adapter["backend"] == "cpu", device == "cpu");
        assert_eq!(adapter["driver"] == "", device == "cpu");
        assert!(adapter["adapter"].as_str().is_some_and(|name| !name.is_empty()));

        let metrics = read(dir.join("metrics.jsonl"));
        assert_eq!(text(&metrics).lines().count(), 1);
        let line: Value = serde_json::from_slice(&metrics).unwrap();
        assert_eq!((&line["epoch"], &line["step"]), (&1.into(), &7.into()), "200 images are 7 batches of 32");
        for figures in [&line["train"], &line["test"]] {
            let figure = |key: &str| figures[key].as_f64().unwrap();
            let (reconstruction, kl) = (figure("reconstruction"), figure("kl"));
            assert!(reconstruction > 0.0 && (figure("loss") - reconstruction - beta * kl).abs() < 1e-9, "{line}");
            assert_eq!(kl == 0.0, model == "ae", "{line}");
        }
        assert!(line["images_per_s"].as_f64().unwrap() > 0.0 && line["seconds"].as_f64().unwrap() > 0.0);

        let weights = expected(model);
        let f32s = weights.iter().map(|(name, shape)| (name.clone(), (Dtype::F32, shape.clone()))).collect();
        assert_eq!(tensors(dir.join("model.safetensors")), f32s);
        let dtype = if device == "cpu" { Dtype::F64 } else { Dtype::F32 };
        let states = ["", "adam.first_moment.", "adam.second_moment."].into_iter().flat_map(|prefix| {
            weights.iter().map(move |(name, shape)| (format!("{prefix}{name}"), (dtype, shape.clone())))
        });
        assert_eq!(tensors(dir.join("checkpoint.safetensors")), states.collect());

        for name in ["reconstructions", "samples", "traversal", "epoch-001"] {
            let picture = image::load_from_memory(&read(images.join(format!("{name}.png")))).unwrap().to_luma8();
            let (low, high) = picture.iter().fold((255, 0), |(low, high), &p| (low.min(p), high.max(p)));
            assert!(picture.width() >= 280 && picture.height() >= 56 && low < high, "{name}.png is empty");
        }
        let all = [&dir, &images].map(|folder| fs::read_dir(folder).unwrap());
        let names = all.into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<_> = names.filter(|name| name.starts_with('.') || name.ends_with(".part")).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// What a run has learnt, as bytes, and its figures without the time they took.
fn learnt(dir: &Path) -> (Vec<u8>, Vec<u8>, Vec<(Value, Value)>) {
    let metrics = read(dir.join("metrics.jsonl"));
    let figures = |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        (line["train"].clone(), line["test"].clone())
    };
    let figures = text(&metrics).lines().map(figures).collect();
    (read(dir.join("model.safetensors")), read(dir.join("checkpoint.safetensors")), figures)
}

#[test]
fn the_same_run_gives_the_same_bytes_at_one_go_and_resumed() {
    for (model, device) in MODELS.into_iter().flat_map(|model| DEVICES.map(|device| (model, device))) {
        let folder = tempfile::tempdir().unwrap();
        let [straight, again, resumed] = ["straight", "again", "resumed"].map(|name| folder.path().join(name));
        train(model, device, "2", &straight);
        train(model, device, "2", &again);
        train(model, device, "1", &resumed);
        assert!(learnt(&resumed).0 != learnt(&straight).0, "{model} on {device}: the second epoch taught nothing");
        succeed(&["train", "--resume", resumed.to_str().unwrap(), "--device", device, "--epochs", "2"]);
        for other in [&again, &resumed] {
            assert!(learnt(other) == learnt(&straight), "{model} on {device}: {} differs", other.display());
            let mut config = json(other.join("config.json"));
            if let Some(earlier) = config.as_object_mut().unwrap().shift_remove("earlier") {
                assert_eq!((earlier.as_array().unwrap().len(), &earlier[0]["epochs"]), (1, &1.into()));
            }
            assert_eq!(config, json(straight.join("config.json")));
        }
        let (out, err) = succeed(&["train", "--resume", resumed.to_str().unwrap(), "--device", device]);
        assert!(out.lines().count() == 2 && err.contains("2 epochs are done"), "{out}{err}");
        assert!(learnt(&resumed) == learnt(&straight), "a resumed run with nothing to do changed");
    }
}

#[test]
fn tilings_are_pinned_recorded_and_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let [straight, resumed, other] = ["straight", "resumed", "other"].map(|name| folder.path().join(name));
    for (dir, epochs, tiling) in [(&straight, "2", "split"), (&resumed, "1", "split"), (&other, "2", "registers")] {
        let own = ["train", "vae", "--device", "gpu", "--epochs", epochs, "--tiling", tiling, "--out"];
        let (_, err) = succeed(&[&own[..], &[dir.to_str().unwrap()], &DATA, &NET].concat());
        assert!(err.contains(&format!("tilings: forward {tiling}")), "{err}");
        assert_eq!(json(dir.join("config.json"))["tilings"]["update"], tiling);
    }
    let config = fs::read_to_string(resumed.join("config.json")).unwrap();
    let ours = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(config.contains(&ours), "{config}");
    fs::write(resumed.join("config.json"), config.replace(&ours, "\"version\": \"0.0.1\"")).unwrap();
    let (_, err) = succeed(&["train", "--resume", resumed.to_str().unwrap(), "--device", "gpu", "--epochs", "2"]);
    assert!(err.contains("warning: wgvae 0.0.1 trained this run so far"), "{err}");
    assert!(learnt(&resumed) == learnt(&straight), "the resumed run took other tilings");
    assert!(learnt(&other).0 != learnt(&straight).0, "both tilings round alike: the option does nothing");
}

/// Only there does a variable say where caches lie.
#[cfg(target_os = "linux")]
#[test]
fn measured_tilings_are_remembered_and_a_damaged_memory_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let memory = folder.path().join("wgvae").join("tilings.json");
    fs::create_dir(memory.parent().unwrap()).unwrap();
    fs::write(&memory, "{ damaged").unwrap();
    let out = folder.path().join("run");
    let own =
        ["train", "ae", "--device", "gpu", "--epochs", "1", "--tiling", "measure", "--out", out.to_str().unwrap()];
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    let output = command.env("XDG_CACHE_HOME", folder.path()).args(own).args(DATA).args(NET).output().unwrap();
    let err = text(&output.stderr);
    assert!(output.status.success() && err.contains("as measured now"), "{err}");
    let memory = json(memory);
    let (key, tilings) = memory.as_object().unwrap().iter().next().unwrap();
    assert!(key.contains("Ae 784-[16]-2 | batch 32"), "{key}");
    assert_eq!(*tilings, json(out.join("config.json"))["tilings"]);
}

#[test]
fn another_seed_is_another_run() {
    let folder = tempfile::tempdir().unwrap();
    let [zero, one] = ["0", "1"].map(|seed| {
        let dir = folder.path().join(seed);
        let own = ["train", "vae", "--seed", seed, "--device", "cpu", "--epochs", "1", "--out", dir.to_str().unwrap()];
        succeed(&[&own[..], &DATA, &NET].concat());
        dir
    });
    assert!(learnt(&zero).0 != learnt(&one).0);
}

/// Environment in which the Vulkan loader finds no driver.
#[cfg(target_os = "linux")]
const NO_DRIVER: [(&str, &str); 2] = [("VK_ICD_FILENAMES", "/nonexistent"), ("VK_DRIVER_FILES", "/nonexistent")];

/// Asserts that training with `arguments` is refused and leaves nothing where the run would have been.
fn refused_run(arguments: &[&str], code: i32, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command.arg("train").args(arguments).arg("--out").arg(&dir);
    refused(&mut command, code, words);
    assert!(!dir.exists(), "{arguments:?} left {}", dir.display());
}

#[test]
fn numbers_that_cannot_be_used_are_refused() {
    let cases: [(&[&str], &str); 18] = [
        (&["--batch", "0"], "--batch: must be at least 1"),
        (&["--latent", "0"], "--latent: must be at least 1"),
        (&["--hidden", "0"], "--hidden: must be at least 1"),
        (&["--hidden", "16,0"], "--hidden: must be at least 1"),
        (&["--epochs", "0"], "--epochs: must be at least 1"),
        (&["--lr", "NaN"], "--lr: is NaN"),
        (&["--beta", "inf"], "--beta: is inf"),
        (&["--epsilon", "-0.1"], "--epsilon: is -0.1"),
        (&["--clip", "-1"], "--clip: is -1, expected a number above 0"),
        (&["--clip", "0"], "--clip: is 0, expected a number above 0"),
        (&["--clip", "NaN"], "--clip: is NaN"),
        (&["--weight-decay", "0.1"], "--weight-decay: needs --optimizer adamw"),
        (&["--optimizer", "adamw", "--weight-decay", "-0.1"], "--weight-decay: is -0.1"),
        (&["--lr-end", "1e-4"], "--lr-end: needs --schedule cosine"),
        (&["--schedule", "cosine", "--lr-end", "inf"], "--lr-end: is inf"),
        (&["--train-limit", "0"], "--train-limit: is 0"),
        (&["--tiling", "split"], "--tiling: is for a GPU"),
        (&["--precision", "mixed"], "--precision: mixed takes cooperative matrices"),
    ];
    for (arguments, words) in cases {
        let own = [&["vae", "--data", "glyphs", "--test-limit", "50", "--device", "cpu"], arguments].concat();
        refused_run(&own, 1, &[words]);
    }
    refused_run(&["ae", "--data", "glyphs", "--warm-up", "3"], 1, &["--warm-up: an AE has no KL divergence to weigh"]);
}

#[test]
fn wrong_usage_exits_with_2() {
    refused_run(&["gan"], 2, &["'gan'"]);
    refused_run(&["vae", "--device", "tpu"], 2, &["expected auto, gpu, cpu or an adapter's number, not \"tpu\""]);
    refused_run(&["vae", "--batch", "many"], 2, &["'many'", "--batch"]);
    refused_run(
        &["vae", "--tiling", "huge"],
        2,
        &["expected auto, measure or one of registers, subgroup, workgroup, large, split, fine, matrix8, matrix16"],
    );
    refused_run(&["vae", "--precision", "f16"], 2, &["expected f32 or mixed"]);
    refused_run(&["vae", "--schedule", "linear"], 2, &["'linear'", "--schedule"]);
    refused_run(&["vae", "--warm-up", "-1"], 2, &["--warm-up"]);
    refused_run(&["vae", "--binarize", "sometimes"], 2, &["'sometimes'", "--binarize"]);
    refused_run(&["--resume", "some/run", "--clip", "1"], 2, &["cannot be used with"]);
    refused_run(&["--resume", "some/run", "--binarize", "epoch"], 2, &["cannot be used with"]);
    refused_run(&["vae", "--no-such-option"], 2, &["--no-such-option"]);
    refused_run(&[], 2, &["required arguments"]);
    refused_run(&["--resume", "some/run", "--latent", "4"], 2, &["cannot be used with"]);
}

#[test]
fn a_preset_sets_what_is_not_typed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let typed = ["train", "vae", "--preset=plane", "--hidden", "16", "--loss", "mse", "--schedule", "constant"];
    let more = ["--epochs", "1", "--device", "cpu", "--out", dir.to_str().unwrap()];
    let (_, err) = succeed(&[&typed[..], &more, &DATA].concat());
    let config = json(dir.join("config.json"));
    assert_eq!(config["model"]["hidden"], serde_json::json!([16]));
    assert_eq!((&config["model"]["latent"], &config["model"]["bottleneck"]), (&2.into(), &"direct".into()));
    assert_eq!((&config["objective"]["loss"], &config["batch"]), (&"mse_sum".into(), &100.into()));
    assert!(config.get("schedule").is_none(), "{config}");
    assert!(err.contains(" of 2 units active"), "{err}");
    refused_run(&["vae", "--preset", "plan"], 1, &["--preset", "did you mean plane?"]);
    refused_run(&["ae", "--preset", "plane"], 1, &["--preset: plane is of a vae"]);
    let (listed, _) = succeed(&["presets"]);
    assert!(listed.contains("wgvae train vae --hidden 512,256 --latent 2"), "{listed}");
}

#[test]
fn designs_and_objectives_that_do_not_go_together_are_refused() {
    let wrong: [(&[&str], &str); 8] = [
        (&["vae", "--samples", "0"], "--samples: is 0, expected 1 to 1000"),
        (&["vae", "--samples", "1001"], "--samples: is 1001, expected 1 to 1000"),
        (&["ae", "--objective", "iwae"], "--objective, --samples: an AE draws no z"),
        (&["ae", "--objective", "dreg"], "--objective, --samples: an AE draws no z"),
        (&["ae", "--samples", "2"], "--objective, --samples: an AE draws no z"),
        (&["vae", "--condition", "concat"], "--condition: is for a CVAE"),
        (&["ae", "--condition", "add"], "--condition: is for a CVAE"),
        (&["ae", "--likelihood", "gaussian", "--beta", "1"], "--beta: an AE has no KL divergence to weigh"),
    ];
    for (arguments, words) in wrong {
        refused_run(&[arguments, &["--data", "glyphs", "--device", "cpu"]].concat(), 1, &[words]);
    }
    refused_run(&["vae", "--likelihood", "gaussian", "--loss", "mse"], 2, &["--likelihood <NAME>", "--loss <NAME>"]);
    for option in
        ["--likelihood", "--loss", "--objective", "--bottleneck", "--condition", "--activation", "--init-scheme"]
    {
        refused_run(&["cvae", option, "nonesuch"], 2, &["invalid value 'nonesuch'", option]);
    }
}

#[test]
fn a_tiling_of_another_precision_is_refused() {
    let own = ["vae", "--data", "glyphs", "--device", "gpu", "--tiling", "matrix8"];
    refused_run(&own, 1, &["--tiling: matrix8 goes with --precision mixed, not f32"]);
}

#[test]
fn an_adapter_that_is_not_there_is_an_error() {
    refused_run(&["vae", "--data", "glyphs", "--device", "4711"], 1, &["no adapter 4711", "wgvae devices"]);
}

#[test]
#[cfg(target_os = "linux")]
fn without_any_adapter_gpu_is_refused_and_auto_takes_the_oracle() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let command = |device: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        command.envs(NO_DRIVER).args(["train", "vae", "--epochs", "1", "--device", device]).args(DATA).args(NET);
        command.arg("--out").arg(&dir);
        command
    };
    refused(&mut command("gpu"), 1, &["no Vulkan, Metal or DX12 adapter found"]);
    assert!(!dir.exists());
    let output = command("auto").output().unwrap();
    let err = text(&output.stderr);
    assert!(output.status.success(), "{err}");
    let lines: Vec<&str> = err.lines().filter(|line| line.starts_with("device: f64 oracle")).collect();
    assert!(lines.len() == 1 && lines[0].contains("mesa-vulkan-drivers"), "{err}");
    assert_eq!(json(dir.join("config.json"))["device"]["backend"], "cpu");
}

fn idx(shape: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend((0..shape.iter().product()).map(|i: u32| (i % 3) as u8));
    bytes
}

/// A folder of four IDX files: 6 and 3 images of 5x4 pixels, labels 0 to 2; those of `replaced` otherwise or not at all.
fn idx_folder(replaced: &[(&str, Option<Vec<u8>>)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("train-images-idx3-ubyte", idx(&[6, 4, 5])),
        ("train-labels-idx1-ubyte", idx(&[6])),
        ("t10k-images-idx3-ubyte", idx(&[3, 4, 5])),
        ("t10k-labels-idx1-ubyte", idx(&[3])),
    ];
    for (name, bytes) in files {
        let bytes = replaced.iter().find(|(other, _)| *other == name).map_or(Some(bytes), |(_, bytes)| bytes.clone());
        if let Some(bytes) = bytes {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
    }
    let path = folder.path().to_path_buf();
    (folder, path)
}

#[test]
fn idx_files_that_cannot_be_used_are_refused_and_whole_ones_trained_on() {
    let truncated = idx(&[6, 4, 5])[..50].to_vec();
    let cases = [
        ("t10k-images-idx3-ubyte", None, &["missing t10k-images-idx3-ubyte"][..]),
        ("train-images-idx3-ubyte", Some(truncated), &["train-images-idx3-ubyte", "truncated", "expected 120"][..]),
        ("train-labels-idx1-ubyte", Some(idx(&[5])), &["train-labels-idx1-ubyte", "5 labels, expected 6"][..]),
        ("t10k-images-idx3-ubyte", Some(idx(&[3, 5, 5])), &["5x5 pixels, expected 5x4"][..]),
        ("train-images-idx3-ubyte", Some(b"<html>404".to_vec()), &["train-images-idx3-ubyte", "HTML"][..]),
    ];
    for (name, bytes, words) in cases {
        let (_folder, path) = idx_folder(&[(name, bytes)]);
        refused_run(&["vae", "--device", "cpu", "--data", path.to_str().unwrap()], 1, words);
    }
    let none = tempfile::tempdir().unwrap().path().join("none");
    refused_run(&["vae", "--device", "cpu", "--data", none.to_str().unwrap()], 1, &["cannot read", "none"]);

    let (folder, path) = idx_folder(&[]);
    let (data, dir) = (path.to_str().unwrap(), folder.path().join("run"));
    let own = ["train", "cvae", "--device", "cpu", "--epochs", "1", "--data", data, "--out", dir.to_str().unwrap()];
    succeed(&[&own[..], &NET].concat());
    assert_eq!(tensors(dir.join("model.safetensors"))["encoder.0.weight"].1, [16, 20]);
}

#[test]
fn a_run_is_resumed_from_another_folder_than_it_was_begun_in() {
    let (folder, path) = idx_folder(&[]);
    let elsewhere = tempfile::tempdir().unwrap();
    let run = |from: &Path, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        command.current_dir(from).args(["train", "--device", "cpu"]).args(arguments).assert().success();
    };
    run(&path, &[&["vae", "--epochs", "1", "--data", ".", "--out", "run"][..], &NET].concat());
    run(elsewhere.path(), &["--resume", folder.path().join("run").to_str().unwrap(), "--epochs", "2"]);
}

#[test]
fn a_cvae_without_labels_is_refused() {
    let gone = [("train-labels-idx1-ubyte", None), ("t10k-labels-idx1-ubyte", None)];
    let (_folder, path) = idx_folder(&gone);
    let words = ["--data: a CVAE needs the label of every image"];
    refused_run(&["cvae", "--device", "cpu", "--data", path.to_str().unwrap()], 1, &words);
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "kept").unwrap();
    for out in [file.join("run"), file.clone()] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        command.args(["train", "vae", "--device", "cpu", "--epochs", "1"]).args(DATA).args(NET).arg("--out").arg(&out);
        refused(&mut command, 1, &["cannot", file.to_str().unwrap()]);
    }
    assert_eq!(read(&file), b"kept");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_directory_in_use_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let [run, other] = ["run", "other"].map(|name| folder.path().join(name));
    train("ae", "cpu", "1", &run);
    fs::create_dir(&other).unwrap();
    fs::write(other.join("diary.txt"), "mine").unwrap();
    let before = learnt(&run);
    for (dir, words, way) in [(&run, "holds a run already", "--resume"), (&other, "is not empty", "--out")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        command.args(["train", "vae", "--device", "cpu"]).args(DATA).args(NET).arg("--out").arg(dir);
        refused(&mut command, 1, &[words, way]);
    }
    assert!(learnt(&run) == before);
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_resumed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [none, empty, run] = ["none", "empty", "run"].map(|name| folder.path().join(name));
    fs::create_dir(&empty).unwrap();
    let resume = |dir: &Path, device: &str, words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        command.args(["train", "--device", device, "--epochs", "2", "--resume"]).arg(dir);
        refused(&mut command, 1, words);
    };
    resume(&none, "cpu", &["there is no such directory"]);
    resume(&empty, "cpu", &["is no run: it has no config.json"]);
    assert!(!none.exists() && fs::read_dir(&empty).unwrap().next().is_none());

    train("vae", "cpu", "1", &run);
    let checkpoint = run.join("checkpoint.safetensors");
    let whole = read(&checkpoint);
    fs::write(&checkpoint, &whole[..whole.len() / 2]).unwrap();
    resume(&run, "cpu", &["checkpoint.safetensors", "no whole safetensors file"]);
    fs::remove_file(&checkpoint).unwrap();
    resume(&run, "cpu", &["has no checkpoint: begin anew with --out", "--force"]);
    fs::write(run.join("config.json"), "{\"version\": 3}").unwrap();
    resume(&run, "cpu", &["config.json", "is no run's configuration"]);
}
