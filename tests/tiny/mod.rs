//! Small runs on built-in glyphs, and Python where there is one.

#![allow(dead_code, reason = "no test file uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rand::Rng;
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use wgvae::{
    data::{Dataset, Split, glyphs},
    device::{Choice, Device},
    gpu::Options,
    model::{Activation, Color, Kind, Loss, Model, Objective},
    random::{Stream, stream},
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

/// The glyphs of [`data`] in blue on yellow, at half their size.
pub fn colourful() -> Dataset {
    let mut data = data();
    let pixel = |image: &[u8], i: usize| {
        let ink = image[56 * (i / 14) + 2 * (i % 14)];
        [255 - ink, 255 - ink / 2, ink]
    };
    for split in [&mut data.train, &mut data.test] {
        let gray = split.images.rows().bytes().to_vec();
        let colours = gray.chunks(784).flat_map(|image| (0..196).flat_map(|i| pixel(image, i))).collect::<Vec<u8>>();
        split.images = colours.into();
    }
    Dataset { width: 14, height: 14, color: Color::Rgb, ..data }
}

/// Random images of 9x7 pixels in three classes: 171 to train on, 40 to test.
pub fn noise() -> Dataset {
    let split = |index: u64, count: usize| {
        let mut images = vec![0; count * 63];
        stream(3, Stream::Sample, index).fill_bytes(&mut images);
        let labels = Some((0..count).map(|i| (i * i % 3) as u8).collect());
        Split { images: images.into(), labels, count, ..Split::default() }
    };
    let (train, test) = (split(0, 171), split(1, 40));
    Dataset { name: "noise".into(), width: 9, height: 7, classes: 3, train, test, ..Dataset::default() }
}

/// A model of [`data`]; `hidden` is odd and deep enough that no article net covers it.
pub fn model(kind: Kind) -> Model {
    let data = data();
    Model::new(kind, data.pixels(), [19, 13], 5, data.classes)
}

/// Trains the model of a kind for an epoch and opens what was left.
pub fn run(kind: Kind, loss: Loss, activation: Activation, dir: &Path) -> Run {
    let beta = if kind == Kind::Ae { 0.0 } else { 1.0 };
    trained(Model { activation, ..model(kind) }, Objective::elbo(loss, beta), dir)
}

/// Trains for an epoch and opens what was left.
pub fn trained(model: Model, objective: Objective, dir: &Path) -> Run {
    trained_on(data(), model, objective, dir)
}

/// Trains on these data for an epoch and opens what was left.
pub fn trained_on(data: Dataset, model: Model, objective: Objective, dir: &Path) -> Run {
    let settings = Settings { batch: 16, epochs: 1, seed: 3, ..Settings::new(model, objective) };
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
