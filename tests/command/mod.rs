//! The `wgvae` command as users run it, and what it says.

#![allow(dead_code, reason = "no test file uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::Command;
use std::{fs, path::Path, process::Output};

/// Runs the command.
pub fn wgvae(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wgvae")).args(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A successful command's standard output and standard error.
pub fn succeed(arguments: &[&str]) -> (String, String) {
    let output = wgvae(arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {err}");
    (out.into(), err.into())
}

/// Asserts that a command fails with `code` and one line `error: …` that holds `words`, and prints no result. Returns standard error.
pub fn refused(command: &mut Command, code: i32, words: &[&str]) -> String {
    let output = command.output().unwrap();
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {err}");
    assert!(output.stdout.is_empty(), "{command:?}: {}", text(&output.stdout));
    let errors: Vec<&str> = err.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{command:?}: {err}");
    for word in words {
        assert!(errors[0].contains(word), "{command:?}: {err:?} does not say {word:?}");
    }
    err.into()
}

/// As [`refused`], for arguments and status 1.
pub fn fails(arguments: &[&str], words: &[&str]) -> String {
    refused(Command::new(env!("CARGO_BIN_EXE_wgvae")).args(arguments), 1, words)
}

pub fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

pub fn json(path: impl AsRef<Path>) -> serde_json::Value {
    serde_json::from_slice(&read(path)).unwrap()
}

/// The same safetensors file as other programs write it, whose metadata have no checksum of ours.
pub fn without_checksum(file: &[u8]) -> Vec<u8> {
    let (ours, other) = (b"wgvae.sha256", b"other.sha256");
    let at = file.windows(ours.len()).position(|bytes| bytes == ours).expect("the file has a checksum");
    [&file[..at], other, &file[at + ours.len()..]].concat()
}
