//! `train --patience`, `--keep` and `--keep-every`: the best weights are kept, and training that no longer helps ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, read, succeed, text};
use std::{
    fs,
    path::{Path, PathBuf},
};
use wgvae::run::{Run, Status, best};

/// Trains until the few training images are known by heart and the test loss rises.
fn train(out: &Path, more: &str) -> String {
    let options =
        "train ae --data glyphs --train-limit 32 --test-limit 32 --device cpu --hidden 64 --lr 0.01 --batch 8 --out";
    let out = out.to_str().unwrap();
    let options: Vec<&str> = options.split(' ').chain([out]).chain(more.split(' ')).collect();
    succeed(&options).1
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".safetensors"));
    names.sort();
    names
}

fn epoch(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("epoch-{number:04}.safetensors"))
}

#[test]
fn training_ends_when_patience_does_and_the_best_weights_are_kept() {
    let dir = tiny::folder("cli-keeping");
    let (last, kept, resumed) = (dir.join("last"), dir.join("best"), dir.join("resumed"));
    let said = train(&last, "--epochs 300 --patience 3 --keep-every 1");
    println!("{said}");
    let run = Run::open(&last).unwrap();
    let metrics = run.metrics().unwrap();
    let (found, epochs) = (best(&metrics).unwrap().epoch, metrics.len() as u64);
    assert!(epochs < 300 && found > 1, "{found} of {epochs}: these data do not show anything");
    assert_eq!(epochs, found + 3);
    let losses: Vec<f64> = metrics.iter().map(|metrics| metrics.test.loss).collect();
    assert!(losses.iter().skip(found as usize).all(|loss| *loss >= losses[found as usize - 1]));
    assert_eq!(run.status().unwrap(), Status::Finished);
    for words in [
        format!("ended early: {epochs} epochs are done, and none since epoch {found} had a better test loss"),
        format!("best: epoch {found}, test loss"),
        "its weights are in best.safetensors".into(),
        "; patience 0 of 3".into(),
    ] {
        assert!(said.contains(&words), "{words}: {said}");
    }
    assert!(read(last.join("best.safetensors")) == read(epoch(&last, found)));
    assert!(read(last.join("model.safetensors")) == read(epoch(&last, epochs)));
    assert_eq!(files(&last).len() as u64, epochs + 3);

    let said = train(&kept, "--epochs 300 --patience 3 --keep best");
    assert!(said.contains("its weights are in model.safetensors"), "{said}");
    assert!(read(kept.join("model.safetensors")) == read(epoch(&last, found)));
    assert_eq!(files(&kept), ["best.safetensors", "checkpoint.safetensors", "model.safetensors"]);
    let (_, said) = succeed(&["train", "--resume", kept.to_str().unwrap(), "--epochs", "400"]);
    assert!(said.contains(&format!("nothing to do: {epochs} epochs are done, and none since epoch {found}")), "{said}");

    // stopped after its best epoch, it still knows which that was, and how much patience is left
    train(&resumed, &format!("--epochs {} --patience 3", found + 1));
    let (_, said) = succeed(&["train", "--resume", resumed.to_str().unwrap(), "--epochs", "300"]);
    assert!(said.contains("; patience 1 of 3"), "{said}");
    for file in ["best.safetensors", "model.safetensors", "checkpoint.safetensors"] {
        assert!(read(resumed.join(file)) == read(last.join(file)), "{file} of a resumed run is another");
    }

    train(&last, "--force --epochs 1");
    assert_eq!(files(&last), ["best.safetensors", "checkpoint.safetensors", "model.safetensors"]);
    assert!(!text(&read(last.join("config.json"))).contains("patience"));
}

#[test]
fn no_patience_is_refused() {
    let out = tiny::folder("cli-keeping-bad");
    for option in ["--patience", "--keep-every"] {
        let out = out.join("run");
        let arguments =
            ["train", "ae", "--data", "glyphs", "--device", "cpu", option, "0", "--out", out.to_str().unwrap()];
        fails(&arguments, &[option, "is 0, expected at least 1 epoch"]);
    }
}
