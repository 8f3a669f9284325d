//! What packages hold: completions, manual pages, a wheel. The wheel is built and installed where `tests/run.sh packaging` runs this.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{read, refused, succeed, text};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The commands that `wgvae help` lists.
fn commands() -> Vec<String> {
    let (help, _) = succeed(&["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_string()).filter(|name| name != "help").collect()
}

#[test]
fn every_command_has_completions_and_a_manual_page() {
    let commands = commands();
    assert!(commands.len() > 20 && commands.iter().any(|name| name == "train"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (script, _) = succeed(&["completions", shell]);
        for name in commands.iter().map(String::as_str).chain(["--warm-up"]) {
            assert!(script.contains(name.trim_start_matches('-')), "{shell} completes no {name}");
        }
    }
    let mut unknown = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
    refused(unknown.args(["completions", "csh"]), 2, &["csh"]);

    let dir = tiny::folder("packaging-man");
    succeed(&["man", dir.to_str().unwrap()]);
    for name in &commands {
        let page = read(dir.join(format!("wgvae-{name}.1")));
        assert!(text(&page).contains(".SH SYNOPSIS") && text(&page).contains(".SH DESCRIPTION"), "{name}");
    }
    assert!(text(&read(dir.join("wgvae.1"))).contains("wgvae"));
    assert!(text(&read(dir.join("wgvae-train.1"))).contains("epochs"));
}

/// Runs a program, which must succeed; what it printed.
fn run(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{} {arguments:?}: {said}", program.display());
    said
}

#[test]
#[ignore = "tests/run.sh packaging"]
fn the_wheel_is_small_and_installs_a_program_that_passes_its_checks() {
    let folder = tiny::folder("packaging-wheel");
    let python = PathBuf::from(std::env::var("WGVAE_PYTHON").expect("tests/run.sh makes a Python environment"));
    let wheels = folder.join("wheels");
    run(&python, &["-m", "maturin", "build", "--release", "--out", wheels.to_str().unwrap()]);
    let wheel = fs::read_dir(&wheels).unwrap().next().unwrap().unwrap().path();
    let size = fs::metadata(&wheel).unwrap().len();
    assert!(size < 20 << 20, "{} is {size} bytes", wheel.display());
    println!("{}: {size} bytes", wheel.display());

    let clean = folder.join("clean");
    run(&python, &["-m", "venv", clean.to_str().unwrap()]);
    let bin = clean.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--no-index", wheel.to_str().unwrap()];
    run(&bin.join("python"), &pip);
    let program = bin.join("wgvae");
    assert!(run(&program, &["--version"]).starts_with(concat!("wgvae ", env!("CARGO_PKG_VERSION"))));
    let said = run(&program, &["verify", "--device", "cpu"]);
    assert!(
        said.lines().filter(|line| line.contains("of its limit")).count() == 19 && !said.contains("FAILED"),
        "{said}"
    );
}
