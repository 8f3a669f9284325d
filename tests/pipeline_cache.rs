//! Compiled kernels are kept where the adapter can, and a damaged file costs nothing but compiling.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command};
use wgvae::gpu::{adapters, best};

#[test]
fn a_damaged_pipeline_cache_is_replaced() {
    let found = adapters();
    let adapter = &found[best(&found).expect("this test needs an adapter: see `wgvae devices`")];
    if !adapter.features.contains(&"pipeline cache") || cfg!(not(target_os = "linux")) {
        println!("not checked: {} has no pipeline cache, or no variable says where caches are", adapter.name);
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let train = |run: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        command.env("XDG_CACHE_HOME", dir.path()).current_dir(dir.path());
        command.args(["train", "vae", "--data", "glyphs", "--train-limit", "32", "--epochs", "1", "--out", run]);
        let output = command.args(["--test-limit", "10"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read(dir.path().join(run).join("model.safetensors")).unwrap()
    };
    let file = || {
        let entries = fs::read_dir(dir.path().join("wgvae")).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension() == Some("bin".as_ref())).collect::<Vec<_>>()
    };
    let first = train("first");
    let [path] = &file()[..] else { panic!("one file for one adapter: {:?}", file()) };
    let whole = fs::read(path).unwrap();
    println!("{}: {} bytes", Path::new(path.file_name().unwrap()).display(), whole.len());
    assert_eq!(train("second"), first);
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&whole[..whole.len() / 2], &[], b"short", &flipped[..]] {
        fs::write(path, damaged).unwrap();
        assert_eq!(train(&format!("damaged-{}", damaged.len())), first);
        assert_ne!(fs::read(path).unwrap(), damaged, "it was written anew");
    }
}
