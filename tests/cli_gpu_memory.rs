//! `train --gpu-memory`: what it takes, what it says, and that a run keeps it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, json, read, refused, succeed};
use std::path::Path;

const RUN: &str = "train vae --data glyphs --train-limit 6000 --test-limit 500 --hidden 16 --latent 3";

fn options<'a>(more: &[&'a str]) -> Vec<&'a str> {
    RUN.split(' ').chain(more.iter().copied()).collect()
}

/// What the error says is enough.
fn enough(out: &Path) -> String {
    let words = ["is 1048576 bytes", "two shards of a batch take", "give at least", "smaller --batch"];
    let error = fails(&options(&["--gpu-memory", "1MiB", "--out", out.to_str().unwrap()]), &words);
    error.split_once("at least ").unwrap().1.split(',').next().unwrap().to_string()
}

#[test]
fn a_run_that_is_streamed_says_so_and_makes_the_same_bytes() {
    let dir = tiny::folder("cli-gpu-memory");
    let (whole, streamed) = (dir.join("whole"), dir.join("streamed"));
    let (_, said) = succeed(&options(&["--epochs", "2", "--out", whole.to_str().unwrap()]));
    assert!(!said.contains("streamed, in"), "{said}");
    let size = enough(&streamed);
    let (_, said) = succeed(&options(&["--gpu-memory", &size, "--epochs", "1", "--out", streamed.to_str().unwrap()]));
    assert!(said.contains("rows are streamed, in two shards of"), "{said}");
    let bytes = json(streamed.join("config.json"))["gpu_memory"].as_u64().unwrap();
    assert_eq!(format!("{}MiB", bytes >> 20), size);
    let (_, said) = succeed(&["train", "--resume", streamed.to_str().unwrap(), "--epochs", "2"]);
    assert!(said.contains("rows are streamed, in two shards of"), "{said}");
    assert!(read(whole.join("model.safetensors")) == read(streamed.join("model.safetensors")));
    let (_, said) =
        succeed(&["train", "--resume", streamed.to_str().unwrap(), "--epochs", "3", "--gpu-memory", "1.5GiB"]);
    assert!(!said.contains("streamed, in"), "{said}");
    assert_eq!(json(streamed.join("config.json"))["gpu_memory"].as_u64().unwrap(), 3 << 29);
}

#[test]
fn sizes_that_are_none_are_refused() {
    for size in ["", "much", "12", "12 parsecs", "1.2.3GiB", "-1GiB", "GiB", "0MiB", "99999999TiB"] {
        let words = if size.ends_with("TiB") || size.starts_with('0') { "at least a byte" } else { "512MiB or 2GiB" };
        let option = format!("--gpu-memory={size}");
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
        let error = refused(command.args(options(&[&option])), 2, &["--gpu-memory"]);
        assert!(error.contains(words), "{size}: {error}");
    }
    fails(&options(&["--gpu-memory", "2GiB", "--device", "cpu"]), &["--gpu-memory", "is for a GPU"]);
}
