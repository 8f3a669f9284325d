//! What a program that uses the library alone does not compile.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, process::Command};

/// Crates that only the command line or downloads need.
const OF_THE_COMMAND: [&str; 7] = ["clap", "indicatif", "shlex", "signal-hook", "strsim", "toml", "ureq"];

/// Names of the crates that the library depends on, with these features.
fn dependencies(features: &[&str]) -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let output = command.args(features).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(String::from).collect()
}

#[test]
fn a_library_without_default_features_has_none_of_the_crates_of_the_command() {
    let (whole, library) = (dependencies(&[]), dependencies(&["--no-default-features"]));
    for name in OF_THE_COMMAND {
        assert!(whole.contains(name), "the command does without {name}: it is no example");
        assert!(!library.contains(name), "the library alone depends on {name}");
    }
    assert!(library.contains("wgpu") && library.len() < whole.len(), "{library:?}");
}
