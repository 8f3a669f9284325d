//! A device that is full, lost or hangs: one clear line, and a run that goes on to the bytes of one that was left alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, read, refused, text};
use std::{path::Path, time::Duration};
use wgvae::{
    Error,
    data::glyphs,
    device::{Choice, Device},
    gpu::Options,
    model::{Activation, Kind, Loss, Model, Objective},
    network::Codec,
    run::{Run, Settings, Status},
    train::Trainer,
};

fn train(dir: &Path) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command.args(["train", "vae", "--device", "gpu", "--data", "glyphs", "--train-limit", "600", "--test-limit", "20"]);
    command.args(["--hidden", "32", "--batch", "8", "--epochs", "2", "--out"]).arg(dir);
    command
}

fn learnt(dir: &Path) -> [Vec<u8>; 2] {
    ["checkpoint.safetensors", "model.safetensors"].map(|name| read(dir.join(name)))
}

#[test]
fn a_fault_at_any_place_is_told_in_one_line_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let straight = folder.path().join("straight");
    train(&straight).assert().success();
    let expected = learnt(&straight);
    for (name, words) in [
        ("allocation", "made on purpose"),
        ("submit", ": the device was lost: made on purpose"),
        ("wait", ": no answer from the device in 300 s"),
        ("read-back", ": the device was lost: made on purpose"),
    ] {
        let (mut failed, mut with_epochs) = (0, 0);
        for number in [1, 5, 24, 60] {
            let dir = folder.path().join(format!("{name}-{number}"));
            let output = train(&dir).env("WGVAE_FAULT", format!("{name}:{number}")).output().unwrap();
            let err = text(&output.stderr);
            if !output.status.success() {
                failed += 1;
                assert_eq!(output.status.code(), Some(1), "{name}:{number}: {err}");
                let errors: Vec<&str> = err.lines().skip_while(|line| !line.starts_with("error: ")).collect();
                let [error, hint] = errors[..] else { panic!("{name}:{number}: {err}") };
                assert!(error.starts_with("error: GPU: ") && error.contains(words), "{name}:{number}: {err}");
                assert!(hint.starts_with("hint: ") && !err.contains("panicked"), "{name}:{number}: {err}");
                match Run::open(&dir) {
                    Ok(run) => {
                        assert!(hint.contains("the last checkpoint is whole: ") && hint.contains("--resume"), "{hint}");
                        let Status::Failed(reason) = run.status().unwrap() else { panic!("{name}:{number}") };
                        assert_eq!(format!("error: {reason}"), error);
                        with_epochs += run.epochs_done().unwrap();
                        command::succeed(&["train", "--resume", dir.to_str().unwrap()]);
                    }
                    Err(_) => {
                        assert!(!dir.exists(), "{name}:{number} left {}", dir.display());
                        train(&dir).assert().success();
                    }
                }
            }
            assert!(learnt(&dir) == expected, "{name}:{number}: other bytes");
        }
        println!("{name}: {failed} of 4 runs failed, after {with_epochs} epochs in all");
        assert!(failed >= 2, "{name}: the faults come too late");
    }
}

#[test]
fn other_commands_tell_a_fault_in_one_line_too() {
    let folder = tempfile::tempdir().unwrap();
    let run = tiny::run(Kind::Vae, Loss::BCE_SUM, Activation::Relu, &folder.path().join("run"));
    for (fault, words) in [
        ("allocation:1", "GPU: memory for "),
        ("submit:1", "the device was lost"),
        ("wait:1", "no answer from the device"),
        ("read-back:1", "the device was lost"),
    ] {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
        command.args(["sample", "--device", "gpu"]).arg(&run.dir);
        refused(command.env("WGVAE_FAULT", fault), 1, &[words]);
    }
    for fault in ["submit", "submit:0", "submit:one", "disk:1"] {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
        refused(command.arg("sample").arg(&run.dir).env("WGVAE_FAULT", fault), 1, &["WGVAE_FAULT: is ", "read-back:N"]);
    }
    fails(&["sample", "nowhere"], &["there is no such directory"]);
}

#[test]
fn a_wait_has_an_end() {
    let options = Options { wait: Some(Duration::from_micros(100)), ..Options::default() };
    let device = Device::open(&Choice::Gpu, options, &mut |_| {}).unwrap();
    let data = glyphs::dataset(0, 2048, 8);
    let model = Model::new(Kind::Vae, data.pixels(), [1024], 8, data.classes);
    let settings = Settings { batch: 1024, ..Settings::new(model.clone(), Objective::elbo(Loss::BCE_SUM, 1.0)) };
    let error = Trainer::new(&device, &settings, &data).and_then(|mut trainer| trainer.train_epoch(0)).unwrap_err();
    let Error::DeviceHangs { seconds, .. } = error else { panic!("{error}") };
    assert_eq!(seconds, 1e-4);
    // another device works on
    let other = tiny::gpu();
    let codec = Codec::new(&other, &model, &model.initialise(0)).unwrap();
    assert_eq!(codec.decode(&[0.0; 8], None).unwrap().len(), data.pixels());
}
