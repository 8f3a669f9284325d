//! Nothing a run has earned is lost: pictures that fail, training that diverges, signals, two processes at once, full outputs,
//! damaged files, and what `--resume` makes of all that.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;

use assert_cmd::Command;
use command::{fails, json, read, refused, succeed, text};
use serde_json::Value;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};
use wgvae::{
    data::glyphs,
    device::Device,
    model::{Kind, Loss, Model, Objective},
    run::{Run, Settings, checkpoint},
    train::{Changes, Session},
};

const GLYPHS: [&str; 6] = ["--data", "glyphs", "--train-limit", "64", "--test-limit", "5"];
const NET: [&str; 4] = ["--hidden", "16", "--latent", "2"];
const FILES: [&str; 4] = ["config.json", "metrics.jsonl", "model.safetensors", "checkpoint.safetensors"];

fn path(dir: &Path) -> &str {
    dir.to_str().unwrap()
}

/// Trains a small model on the oracle for `epochs` epochs.
fn train(epochs: &str, dir: &Path) {
    let own = ["train", "vae", "--device", "cpu", "--epochs", epochs, "--out", path(dir)];
    succeed(&[&own[..], &GLYPHS, &NET].concat());
}

/// Every file of a run, byte for byte.
fn files(dir: &Path) -> Vec<Vec<u8>> {
    FILES.map(|name| read(dir.join(name))).into()
}

fn epochs(dir: &Path) -> Vec<u64> {
    let lines = read(dir.join("metrics.jsonl"));
    let epoch = |line| serde_json::from_str::<Value>(line).unwrap()["epoch"].as_u64().unwrap();
    text(&lines).lines().map(epoch).collect()
}

fn finite(dir: &Path) {
    let run = Run::open(dir).unwrap();
    let state =
        checkpoint::load_state(&dir.join("checkpoint.safetensors"), &run.config.model, run.config.seed).unwrap().0;
    state.expect_finite(0, 0).unwrap();
}

#[test]
fn latents_too_many_for_a_sheet_are_cut_to_what_can_be_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let own =
        ["train", "ae", "--latent", "300", "--hidden", "16", "--epochs", "1", "--device", "cpu", "--out", path(&dir)];
    let (_, err) = succeed(&[&own[..], &GLYPHS].concat());
    assert!(!err.contains("warning"), "{err}");
    let picture = image::open(dir.join("images/traversal.png")).unwrap();
    assert!((8000..=16_384).contains(&picture.height()), "{} pixels high", picture.height());
    succeed(&["traverse", path(&dir), "--device", "cpu"]);
    assert_eq!(picture, image::open(dir.join("images/traversal.png")).unwrap(), "training and command draw alike");
}

#[test]
fn a_model_wider_than_a_buffer_of_1024_rows_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, table) = (folder.path().join("run"), folder.path().join("table.csv"));
    fs::write(&table, "1,2,3,4\n".repeat(14)).unwrap();
    let own = ["train", "ae", "--hidden", "16500", "--latent", "2", "--epochs", "1", "--device", "gpu"];
    let (_, err) = succeed(&[&own[..], &["--data", path(&table), "--out", path(&dir)]].concat());
    assert!(!err.contains("warning"), "{err}");
    assert!(dir.join("images/samples.png").is_file() && dir.join("checkpoint.safetensors").is_file());
}

#[test]
fn a_picture_that_cannot_be_written_is_a_warning_and_the_epoch_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    train("1", &dir);
    let picture = dir.join("images/samples.png");
    fs::remove_file(&picture).unwrap();
    fs::create_dir(&picture).unwrap();
    let (_, err) = succeed(&["train", "--resume", path(&dir), "--epochs", "2"]);
    assert!(err.contains("warning: no pictures of epoch 2: cannot write") && err.contains("samples.png"), "{err}");
    assert_eq!(epochs(&dir), [1, 2]);
}

#[test]
fn training_that_diverges_is_an_error_and_leaves_the_last_sound_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let limits = ["--data", "glyphs", "--train-limit", "640", "--test-limit", "20", "--hidden", "16"];
    for device in ["gpu", "cpu"] {
        let own = ["train", "vae", "--lr", "1e-3", "--epochs", "1", "--device", device, "--force", "--out", path(&dir)];
        succeed(&[&own[..], &limits].concat());
        let before = read(dir.join("checkpoint.safetensors"));
        let lr = if device == "gpu" { "1000" } else { "1e20" };
        let err = fails(&["train", "--resume", path(&dir), "--epochs", "4", "--lr", lr], &["is not finite", "step"]);
        assert!(err.contains("hint: training has diverged") && err.contains("the last checkpoint is whole: "), "{err}");
        finite(&dir);
        if device == "cpu" {
            assert!(read(dir.join("checkpoint.safetensors")) == before, "the first epoch at that rate is not finite");
        }
        succeed(&["train", "--resume", path(&dir), "--epochs", "4", "--lr", "1e-6"]);
    }
}

#[test]
fn noise_that_makes_every_weight_nan_is_noticed_though_the_losses_are_finite() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let own =
        ["train", "ae", "--hidden", "8", "--corrupt", "3e38", "--epochs", "1", "--device", "gpu", "--out", path(&dir)];
    fails(&[&own[..], &GLYPHS].concat(), &["encoder.0.", "is not finite after steps 1 to 2"]);
    finite(&dir);
    assert!(!dir.join("model.safetensors").exists());
}

/// A run on the oracle that takes minutes, in its first epoch.
fn long_run(dir: &Path) -> Child {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command.args(["train", "vae", "--device", "cpu", "--data", "glyphs", "--train-limit", "6000", "--test-limit", "5"]);
    command
        .args(["--hidden", "1024,1024", "--epochs", "50", "--out"])
        .arg(dir)
        .stderr(Stdio::piped())
        .stdout(Stdio::null());
    let child = command.spawn().unwrap();
    let began = Instant::now();
    while !dir.join("checkpoint.safetensors").is_file() {
        assert!(began.elapsed() < Duration::from_secs(120), "the run does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_signal_in_the_first_epoch_leaves_a_run_that_goes_on_by_the_command_it_names() {
    let folder = tempfile::tempdir().unwrap();
    for (signal, status) in [(libc::SIGINT, 130), (libc::SIGTERM, 143), (libc::SIGHUP, 129)] {
        let dir = folder.path().join(format!("it's run {signal}"));
        let child = long_run(&dir);
        // SAFETY: the process is a child that was not waited for, so its number is its own.
        assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
        let output = child.wait_with_output().unwrap();
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{err}");
        assert!(err.contains("error: interrupted: after ") && err.contains(" steps of epoch 1"), "{err}");
        assert!(!dir.join(".lock").exists());
        if signal == libc::SIGTERM {
            let command = err.lines().find_map(|line| line.strip_prefix("hint: go on with: ")).expect("a hint");
            let output =
                Command::new("sh").args(["-c", &format!("{command} --epochs 1 --device cpu")]).output().unwrap();
            assert!(output.status.success(), "{command}: {}", text(&output.stderr));
            assert_eq!(epochs(&dir), [1]);
        }
    }
}

#[test]
fn one_process_at_a_time_trains_in_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let child = long_run(&dir);
    let (words, process) = (["trains there"], format!("process {} ", child.id()));
    let own = ["train", "vae", "--device", "cpu", "--force", "--out", path(&dir)];
    for arguments in [&[&own[..], &GLYPHS].concat(), &["train", "--resume", path(&dir)][..].to_vec()] {
        let err = fails(arguments, &words);
        assert!(err.contains(&process) && !err.contains("data: "), "{err}");
    }
    end(child);
    // A lock dies with its process, however that ends.
    succeed(&[&own[..], &["--epochs", "1"], &GLYPHS, &NET].concat());
    assert_eq!(epochs(&dir), [1]);
}

#[test]
fn runs_without_a_directory_of_their_own_take_different_ones() {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<Child> = (0..4)
        .map(|_| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wgvae"));
            command.current_dir(folder.path()).args(["train", "ae", "--device", "cpu", "--epochs", "1"]).args(GLYPHS);
            command.args(NET).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    for number in 1..=4 {
        assert_eq!(epochs(&folder.path().join(format!("runs/ae-{number}"))), [1]);
    }
}

#[test]
fn a_run_is_replaced_only_by_force_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    train("3", &dir);
    fs::write(dir.join("notes.txt"), "mine").unwrap();
    let own = ["train", "ae", "--device", "cpu", "--epochs", "1", "--out", path(&dir)];
    let arguments = [&own[..], &GLYPHS, &NET].concat();
    let before = files(&dir);
    fails(&arguments, &["holds a run already", "--resume", "--force"]);
    assert!(files(&dir) == before);
    let (_, err) = succeed(&[&arguments[..], &["--force"]].concat());
    assert!(err.contains("replacing the run in ") && err.contains(path(&dir)), "{err}");
    assert_eq!(epochs(&dir), [1]);
    assert!(!dir.join("images/epoch-003.png").exists() && dir.join("images/epoch-001.png").exists());
    assert_eq!(read(dir.join("notes.txt")), b"mine");
}

#[cfg(target_os = "linux")]
#[test]
fn progress_that_cannot_be_written_is_dropped_and_a_result_that_cannot_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command.args(["train", "vae", "--device", "cpu", "--epochs", "2", "--out"]).arg(&dir).args(GLYPHS).args(NET);
    assert!(command.stdout(full()).stderr(full()).status().unwrap().success());
    assert_eq!(epochs(&dir), [1, 2]);
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_wgvae")).arg("devices").stdout(full()).output().unwrap();
    let err = text(&output.stderr);
    assert!(output.status.code() == Some(1) && err.starts_with("error: cannot write standard output: "), "{err}");
}

#[test]
fn changed_values_are_told_by_their_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    train("1", &dir);
    for (name, arguments) in [
        ("checkpoint.safetensors", ["train", "--resume", path(&dir), "--epochs", "2"]),
        ("model.safetensors", ["sample", path(&dir), "--device", "cpu", "--count=3"]),
    ] {
        let file = dir.join(name);
        let whole = read(&file);
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1; // the least bit of an exponent's byte: still a finite number
        fs::write(&file, &changed).unwrap();
        fails(&arguments, &[name, "SHA-256", "damaged or changed"]);
        fs::write(&file, &whole).unwrap();
        succeed(&arguments);
    }
}

#[test]
fn a_checkpoint_that_is_not_of_the_end_of_its_epoch_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    train("1", &dir);
    let file = dir.join("checkpoint.safetensors");
    let whole = read(&file);
    let at = whole.windows(11).position(|bytes| bytes == br#"\"epoch\":1"#).expect("the position is in the metadata");
    let mut changed = whole;
    changed[at + 10] = b'2';
    fs::write(&file, changed).unwrap();
    fails(
        &["train", "--resume", path(&dir), "--epochs", "3"],
        &["checkpoint.safetensors", "says step 2 after epoch 2, which ends with step 4"],
    );
}

#[test]
fn metrics_that_lack_an_epoch_are_refused_and_those_of_later_ones_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    train("2", &dir);
    let file = dir.join("metrics.jsonl");
    let whole = read(&file);
    let lines: Vec<&str> = text(&whole).lines().collect();
    let resume = ["train", "--resume", path(&dir), "--epochs", "3"];
    for (content, words) in [
        (None, "is missing, and 2 epochs are done"),
        (Some(format!("{}\n", lines[0])), "ends with epoch 1, and 2 epochs are done"),
        (Some(format!("{}\n", lines[1])), "line 1 is of epoch 2, expected epoch 1"),
        (Some(format!("{}\n{}", lines[0], &lines[1][..30])), "line 2: EOF"),
    ] {
        match content {
            None => fs::remove_file(&file).unwrap(),
            Some(content) => fs::write(&file, content).unwrap(),
        }
        fails(&resume, &["metrics.jsonl", words]);
    }
    let third = lines[1].replace("\"epoch\":2", "\"epoch\":3").replace("\"step\":4", "\"step\":999");
    fs::write(&file, format!("{}{third}\n", text(&whole))).unwrap();
    succeed(&resume);
    assert_eq!(epochs(&dir), [1, 2, 3]);
    assert!(!text(&read(&file)).contains("999"), "the line of an epoch that was not kept stays");
}

#[test]
fn what_a_cut_off_write_left_goes_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    train("1", &dir);
    let left = [dir.join(".aB3xYz.part"), dir.join("images/.Qw9rTy.part")];
    left.iter().for_each(|path| fs::write(path, "half").unwrap());
    succeed(&["train", "--resume", path(&dir), "--epochs", "2"]);
    assert!(left.iter().all(|path| !path.exists()));
}

fn session(epochs: u64, dir: &Path) -> Session {
    let data = glyphs::dataset(0, 64, 5);
    let model = Model::new(Kind::Vae, data.pixels(), [16], 2, data.classes);
    let settings = Settings { epochs, ..Settings::new(model, Objective::elbo(Loss::MSE_SUM, 3.0)) };
    Session::begin(&settings, Device::Oracle, data, Some(dir)).unwrap()
}

#[test]
fn a_stop_after_the_last_step_of_an_epoch_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let mut session = session(2, &dir);
    let metrics = session.epoch(&mut |progress| progress.done < progress.steps).unwrap();
    assert_eq!((metrics.epoch, epochs(&dir)), (1, vec![1]));
    assert!(session.epoch(&mut |_| false).is_err());
    assert_eq!(epochs(&dir), [1]);
}

#[test]
fn a_run_goes_on_where_and_as_it_was_and_its_configuration_keeps_what_was_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    train("1", &dir);
    let (_, err) = succeed(&["train", "--resume", path(&dir), "--epochs", "2"]);
    assert!(err.contains("device: f64 oracle") && !err.contains("warning"), "{err}");
    succeed(&["train", "--resume", path(&dir), "--epochs", "3", "--lr", "1e-4"]);
    let (_, err) = succeed(&["train", "--resume", path(&dir), "--epochs", "4", "--device", "gpu"]);
    assert!(
        err.contains("warning: this run was trained on cpu (f64 oracle) so far") && err.contains("round otherwise"),
        "{err}"
    );
    let config = json(dir.join("config.json"));
    assert_eq!((&config["epochs"], &config["adam"]["lr"]), (&4.into(), &1e-4.into()));
    assert_ne!(config["device"]["backend"], "cpu");
    let earlier: Vec<_> = config["earlier"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| {
            (
                stage["until_epoch"].as_u64().unwrap(),
                stage["epochs"].as_u64().unwrap(),
                stage["lr"].as_f64().unwrap(),
                stage["device"]["backend"] == "cpu",
            )
        })
        .collect();
    assert_eq!(earlier, [(1, 1, 1e-3, true), (2, 2, 1e-3, true), (3, 3, 1e-4, true)]);
    assert_eq!(epochs(&dir), [1, 2, 3, 4]);

    let before = files(&dir);
    let (_, err) = succeed(&["train", "--resume", path(&dir), "--epochs", "2"]);
    assert!(err.contains("nothing to do: 4 epochs are done"), "{err}");
    assert!(files(&dir) == before, "--epochs below what is done changed the run");
}

#[test]
fn mnist_is_found_again_where_the_run_found_it() {
    let Some(mnist) = std::env::var_os("WGVAE_DATA").map(PathBuf::from) else {
        println!("skipped: WGVAE_DATA does not name a folder with MNIST");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let limits = ["--train-limit", "64", "--test-limit", "5", "--epochs", "1", "--device", "cpu"];
    let own = ["train", "ae", "--data", "mnist", "--data-dir", path(&mnist), "--out", path(&dir)];
    succeed(&[&own[..], &limits, &NET].concat());
    for arguments in
        [&["train", "--resume", path(&dir), "--epochs", "2"][..], &["evaluate", path(&dir), "--device", "cpu"]]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        let elsewhere = folder.path().join("no-cache");
        command.args(arguments).env_remove("WGVAE_DATA").env("XDG_CACHE_HOME", elsewhere).assert().success();
    }
}

#[test]
fn options_that_a_resumed_run_would_ignore_are_refused() {
    for option in ["--train-limit", "--test-limit", "--batch", "--seed"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        refused(command.args(["train", "--resume", "run", option, "5"]), 2, &["cannot be used with"]);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    refused(command.args(["train", "vae", "--force"]), 2, &["required arguments were not provided"]);
}

#[test]
fn a_hundred_epochs_leave_a_dozen_sheets_and_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    train("23", &dir);
    let names =
        fs::read_dir(dir.join("images")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut sheets: Vec<u32> =
        names.filter_map(|name| name.strip_prefix("epoch-")?.strip_suffix(".png")?.parse().ok()).collect();
    sheets.sort_unstable();
    assert_eq!(sheets, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 23]);
}

#[test]
fn a_mistyped_model_is_told_its_name_and_weights_are_taken_from_a_run() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
    refused(command.args(["train", "vea"]), 2, &["expected ae, vae or cvae; did you mean vae?"]);
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    train("1", &first);
    let own = [
        "train",
        "vae",
        "--init",
        path(&first),
        "--lr",
        "0",
        "--epochs",
        "1",
        "--device",
        "cpu",
        "--out",
        path(&second),
    ];
    succeed(&[&own[..], &GLYPHS, &NET].concat());
    let weights = |dir: &Path| Run::open(dir).unwrap().weights().unwrap();
    assert_eq!(weights(&first), weights(&second));
}

#[test]
fn a_session_is_resumed_from_rust() {
    let folder = tempfile::tempdir().unwrap();
    let [straight, stopped] = ["straight", "stopped"].map(|name| folder.path().join(name));
    let mut whole = session(2, &straight);
    for _ in 0..2 {
        whole.epoch(&mut |_| true).unwrap();
    }
    session(2, &stopped).epoch(&mut |_| true).unwrap();
    let data = glyphs::dataset(0, 64, 5);
    let mut rest = Session::resume(&stopped, &Changes::default(), Device::Oracle, data).unwrap();
    rest.epoch(&mut |_| true).unwrap();
    for name in ["config.json", "model.safetensors", "checkpoint.safetensors"] {
        assert!(read(straight.join(name)) == read(stopped.join(name)), "{name} differs");
    }
}

#[test]
fn sizes_that_no_machine_holds_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    for (device, arguments, words) in [
        ("gpu", ["--batch", "1152921504606846976"], "--batch: is 1152921504606846976, expected at most 4294967295"),
        ("gpu", ["--batch", "4294967295"], "bytes are needed, but a buffer of this adapter holds at most"),
        ("cpu", ["--hidden", "1000000000"], "training would take 89840.0 GB of memory"),
        ("gpu", ["--hidden", "1000000000"], "bytes are needed, but a buffer of this adapter holds at most"),
        ("cpu", ["--hidden", "18446744073709551615"], "--hidden: is 18446744073709551615, expected at most 4294967295"),
        (
            "cpu",
            ["--hidden", "4294967295,4294967295,4294967295"],
            "--hidden, --latent: make a model of more than 2^64 parameters",
        ),
        ("cpu", ["--latent", "4294967295"], "--hidden, --latent: make a model of more than 2^64 parameters"),
    ] {
        let own = ["train", "vae", "--epochs", "1", "--device", device, "--out", path(&dir)];
        fails(&[&own[..], &GLYPHS, &arguments].concat(), &[words]);
        assert!(!dir.exists(), "{arguments:?} left a directory");
    }
}
