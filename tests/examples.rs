//! The examples, run as their first lines say.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs the example that `cargo test` has built beside the program. (Started within a test, cargo would build it once more, with most
/// dependencies, because the environment differs.)
fn example(arguments: &[&str]) -> Output {
    let name = format!("prove_your_shader{}", std::env::consts::EXE_SUFFIX);
    let program = Path::new(env!("CARGO_BIN_EXE_wgvae")).with_file_name("examples").join(name);
    assert!(program.is_file(), "{} is built by cargo test, or with --example prove_your_shader", program.display());
    Command::new(program).args(arguments).output().unwrap()
}

#[test]
fn a_shader_of_someone_else_is_proven_and_a_broken_one_refused_by_element() {
    let output = example(&[]);
    let (said, problems) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{problems}");
    assert!(
        said.contains("1 kernels, 5 cases: all within their limits") && said.contains("% of the automatic mutants"),
        "{said}"
    );

    let output = example(&["--broken"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("y[0, 0] is unwritten") && said.contains("NOT all within their limits"), "{said}");
}
