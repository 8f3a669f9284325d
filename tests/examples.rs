//! The examples, run as their first lines say.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs the example that `cargo test` has built beside the program. (Started within a test, cargo would build it once more, with most
/// dependencies, because the environment differs.)
fn example(name: &str, arguments: &[&str]) -> Output {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = Path::new(env!("CARGO_BIN_EXE_wgvae")).with_file_name("examples").join(file);
    assert!(program.is_file(), "{} is built by cargo test, or with --example {name}", program.display());
    Command::new(program).args(arguments).output().unwrap()
}

#[test]
fn a_shader_of_someone_else_is_proven_and_a_broken_one_refused_by_element() {
    let output = example("prove_your_shader", &[]);
    let (said, problems) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{problems}");
    assert!(
        said.contains("1 kernels, 5 cases: all within their limits") && said.contains("% of the automatic mutants"),
        "{said}"
    );

    let output = example("prove_your_shader", &["--broken"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("y[0, 0] is unwritten") && said.contains("NOT all within their limits"), "{said}");
}

#[test]
fn a_run_is_trained_used_and_resumed_from_rust() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let output = example("train_and_sample", &[dir.to_str().unwrap()]);
    let (said, problems) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{problems}");
    let losses: Vec<f64> = said
        .lines()
        .filter_map(|line| line.strip_prefix("epoch "))
        .zip(1..)
        .map(|(line, epoch)| {
            let loss = line.strip_prefix(&format!("{epoch}: ")).and_then(|rest| rest.split(' ').next());
            loss.unwrap_or_else(|| panic!("epochs are not in order: {said}")).parse().unwrap()
        })
        .collect();
    assert!(losses.len() == 4 && losses[3] < losses[0], "{said}");
    assert!(said.contains("10 eights of 784 pixels, 5 new images as 8 latents each"), "{said}");
}
