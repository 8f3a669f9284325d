//! The examples, run as their first lines say.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn example(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--example", "prove_your_shader"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.arg("--").args(arguments).output().unwrap()
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
