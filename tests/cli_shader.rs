//! `wgvae shader` as users type it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};
use wgvae::kernels;

fn shader(name: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wgvae")).arg("shader").args(name).output().unwrap()
}

#[test]
fn without_a_name_it_lists_every_kernel() {
    let output = shader(&[]);
    let names: Vec<_> = kernels::all().map(|spec| &spec.name[..]).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().collect::<Vec<_>>(), names);
}

#[test]
fn every_part_is_printed_with_its_file_and_its_line_and_the_whole_is_a_shader() {
    for spec in kernels::all() {
        let output = shader(&spec.name.split(' ').collect::<Vec<_>>());
        let text = String::from_utf8(output.stdout).unwrap();
        naga::front::wgsl::parse_str(&text).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text)));
        let compiled = spec.shader();
        for source in &spec.sources {
            let mark = format!("// shaders/{}:1 is line ", source.file);
            let (_, told) = text.split_once(&mark).unwrap_or_else(|| panic!("{}: no {mark}", spec.name));
            let (line, rest) = told.split_once(" of what is compiled\n").unwrap();
            assert!(rest.starts_with(source.text), "{}: {}", spec.name, source.file);
            let first = compiled.lines().nth(line.parse::<usize>().unwrap() - 1).unwrap();
            assert!(first.ends_with(source.text.lines().next().unwrap()), "{}: {first}", spec.name);
        }
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let output = shader(&["linear", "rely,", "subgroup"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("no kernel is called \"linear rely, subgroup\"; the nearest is \"linear relu, subgroup\""),
        "{said}"
    );
}
