//! The arrows between the folders of `src/`: what the lower ones may not know.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fs, path::Path};

/// Every file below a folder of `src/`, with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![(path.display().to_string(), fs::read_to_string(&path).unwrap())],
        })
        .collect()
}

/// The folders that `text` names: behind `crate::`, alone or in braces. Comments may name any.
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
fn lower_folders_do_not_know_higher_ones() {
    let above_kernels =
        ["check", "proofs", "models", "network", "train", "verify", "analysis", "gallery", "bench", "cli"];
    let pure_data = ["models"]; // the data of a model, which kernels are told in
    for (folder, unknown, known) in [
        ("gpu", [&["kernels", "oracle"][..], &above_kernels].concat(), &[][..]),
        ("kernels", above_kernels.to_vec(), &pure_data[..]),
        ("oracle", [&["gpu", "kernels"][..], &above_kernels].concat(), &pure_data[..]),
        ("check", [&["kernels"][..], &above_kernels[1..]].concat(), &[][..]),
        ("proofs", above_kernels[2..].to_vec(), &pure_data[..]),
    ] {
        for (file, text) in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder)) {
            for name in named(&text) {
                let allowed = !unknown.contains(&&name[..]) || known.contains(&&name[..]);
                assert!(allowed, "{file} names {name}, which {folder}/ may not know");
            }
        }
    }
}

#[test]
fn only_gpu_names_wgpu() {
    for (file, text) in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        assert!(file.contains("/gpu/") || !text.contains("wgpu::"), "{file} names wgpu");
    }
}

#[test]
fn names_are_found_in_every_form_of_an_import() {
    let text = "use crate::{\n    Error,\n    check::{a, b::{c, d}},\n    gpu::Spec,\n};\n// crate::hidden\nfn f() { crate::oracle::g() }";
    assert_eq!(named(text).into_iter().collect::<Vec<_>>(), ["Error", "check", "gpu", "oracle"]);
}
