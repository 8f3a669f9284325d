//! The floors of `src/`: `lib.rs` lists them, and no file names what does not stand below its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

fn source() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

/// Every file below a folder, by its path from `src/`, with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => {
                let name = path.strip_prefix(source()).unwrap().display().to_string().replace('\\', "/");
                vec![(name, fs::read_to_string(&path).unwrap())]
            }
        })
        .collect()
}

/// The module at the top of `src/` that a file belongs to.
fn top(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The floor of every module, as the list in `lib.rs` has it.
fn floors() -> BTreeMap<String, usize> {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let list =
        text.split("//! ```text\n").nth(1).and_then(|rest| rest.split("//! ```").next()).expect("the list of floors");
    let lines = list.lines().enumerate();
    let named = lines.flat_map(|(floor, line)| {
        line.trim_start_matches("//!").split_whitespace().map(move |name| (name.to_string(), floor))
    });
    named.collect()
}

/// The modules that `text` names: behind `crate::`, alone or in braces. Comments may name any.
fn named(text: &str) -> BTreeSet<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect();
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let (mut depth, mut begins) = (0, true);
        for (at, c) in list.char_indices() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                _ if begins && !c.is_whitespace() => {
                    found.insert(word(&list[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn arrows_only_run_down() {
    let floors = floors();
    let mut arrows = 0;
    for (file, text) in files(source()) {
        let own = top(&file);
        if ["lib", "main"].contains(&own) {
            continue;
        }
        let floor = floors.get(own).unwrap_or_else(|| panic!("src/{file}: {own} stands on no floor of lib.rs"));
        for name in named(&text) {
            if let Some(other) = floors.get(&name).filter(|_| name != own) {
                assert!(other < floor, "src/{file} names {name}, which does not stand below {own}");
                arrows += 1;
            }
        }
    }
    assert!(arrows > 100, "only {arrows} arrows were found");
}

#[test]
fn every_floor_is_there() {
    let tops: BTreeSet<String> = files(source()).iter().map(|(file, _)| top(file).to_string()).collect();
    for name in floors().keys() {
        assert!(tops.contains(name), "lib.rs lists {name}, which is not in src/");
    }
}

#[test]
fn only_gpu_names_wgpu() {
    for (file, text) in files(source()) {
        assert!(top(&file) == "gpu" || !text.contains("wgpu::"), "src/{file} names wgpu");
    }
}

#[test]
fn names_are_found_in_every_form_of_an_import() {
    let text = "use crate::{\n    Error,\n    check::{a, b::{c, d}},\n    gpu::Spec,\n};\n// crate::hidden\nfn f() { crate::oracle::g() }";
    assert_eq!(named(text).into_iter().collect::<Vec<_>>(), ["Error", "check", "gpu", "oracle"]);
}
