//! Small runs on built-in glyphs, and Python where there is one.

#![allow(dead_code, reason = "no test file uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};
use wgvae::{
    data::{Dataset, glyphs},
    device::{Choice, Device},
    gpu::Options,
    model::{Activation, Adam, Kind, Loss, Model, Objective},
    run::{Run, Settings},
    train::Session,
};

/// A fresh folder of this name among the build's temporary files.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

pub fn gpu() -> Device {
    Device::open(&Choice::Gpu, Options::default(), &mut |_| {}).unwrap()
}

pub fn data() -> Dataset {
    glyphs::dataset(0, 300, 70)
}

/// Trains for an epoch and opens what was left. `hidden` is odd and deep enough that no article net covers it.
pub fn run(kind: Kind, loss: Loss, activation: Activation, dir: &Path) -> Run {
    let data = data();
    let model =
        Model { activation, ..Model::new(kind, data.pixels(), [19, 13], 5, data.classes) };
    let beta = if kind == Kind::Ae { 0.0 } else { 1.0 };
    let settings = Settings { batch: 16, epochs: 1, seed: 3, ..Settings::new(model, Objective::elbo(loss, beta)) };
    let mut session = Session::begin(&settings, gpu(), data, Some(dir)).unwrap();
    session.epoch(&mut |_| true).unwrap();
    Run::open(dir).unwrap()
}

/// A Python that has these modules; where there is none, says that the test is skipped.
pub fn python(modules: &str) -> Option<Command> {
    let python = std::env::var("WGVAE_PYTHON").unwrap_or("python3".into());
    let found = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        println!("skipped: {python} has not all of {modules} (WGVAE_PYTHON names another)");
        return None;
    }
    Some(Command::new(python))
}
