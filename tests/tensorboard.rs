//! Event files of `train --log tensorboard`: read back by their format, and by TensorBoard itself where Python has it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{read, succeed};
use std::{fs, path::Path};
use wgvae::run::Run;

/// The records of a file, whose lengths must add up.
fn records(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
        all.push(&bytes[at + 12..at + 12 + length]);
        at += length + 16;
    }
    assert_eq!(at, bytes.len());
    all
}

fn event_files(dir: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(dir.join("tensorboard")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(read).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn every_figure_and_picture_of_a_run_is_an_event() {
    let dir = tiny::folder("tensorboard").join("vae");
    let out = dir.to_str().unwrap();
    let options =
        "train vae --data glyphs --train-limit 64 --test-limit 16 --device cpu --hidden 9 --epochs 2 --clip 9";
    succeed(&options.split(' ').chain(["--log", "tensorboard", "--out", out]).collect::<Vec<_>>());
    let files = event_files(&dir);
    assert_eq!(files.len(), 1);
    let events = records(&files[0]);
    assert!(holds(events[0], "brain.Event:2"));
    assert_eq!(events.len(), 1 + 2 * (1 + 4), "figures and four pictures of each epoch");
    for tag in ["train/reconstruction", "train/kl", "train/loss", "test/reconstruction", "test/kl", "test/loss"] {
        assert!(holds(events[1], tag), "{tag}");
    }
    for tag in ["active_units", "gradient_norm", "images_per_s"] {
        assert!(holds(events[1], tag), "{tag}");
    }
    let png = read(dir.join("images").join("samples.png"));
    assert!(
        events.iter().any(|event| event.windows(png.len()).any(|bytes| bytes == png)),
        "no event holds samples.png"
    );

    // a resumed run goes on with it, in a file of its own
    succeed(&["train", "--resume", out, "--epochs", "3"]);
    let files = event_files(&dir);
    assert_eq!(files.len(), 2);
    assert_eq!(records(&files[1]).len(), 1 + 5);

    let Some(mut python) = tiny::python("tensorboard") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/events.py");
    let output = python.arg(script).arg(dir.join("tensorboard")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let metrics = Run::open(&dir).unwrap().metrics().unwrap();
    for (tag, value) in [
        ("test/loss", (|m| m.test.loss) as fn(&wgvae::run::Metrics) -> f64),
        ("train/kl", |m| m.train.kl),
        ("active_units", |m| m.active_units.unwrap() as f64),
    ] {
        let expected: Vec<(u64, f32)> = metrics.iter().map(|metrics| (metrics.step, value(metrics) as f32)).collect();
        let found: Vec<(u64, f32)> = serde_json::from_value(found["scalars"][tag].clone()).unwrap();
        assert_eq!(found, expected, "{tag}");
    }
    assert_eq!(found["images"]["samples"], 3, "{found}");
}
