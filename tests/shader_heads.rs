//! The head of each shader file says what the file provides to those it is put together with, and what it needs of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap, HashSet};
use wgvae::{
    check::wgsl::{Kind, Token, tokens},
    gpu::Source,
    kernels,
};

/// The names of a file.
struct Names {
    /// Declared at module scope, in order.
    declared: Vec<String>,
    /// All that is used and not declared in the file, in order.
    used: Vec<String>,
}

fn names(text: &str) -> Names {
    let tokens = tokens(text);
    let (mut declared, mut local) = (Vec::new(), HashSet::new());
    let (mut braces, mut in_struct, mut fields) = (0, false, HashSet::new());
    let named = |i: usize| tokens[i..].iter().find(|token| token.kind == Kind::Word && !token.template).unwrap().text;
    for (i, token) in tokens.iter().enumerate() {
        let followed = |text: &str| tokens.get(i + 1).is_some_and(|next: &Token| next.text == text);
        match token.text {
            "{" => braces += 1,
            "}" => {
                braces -= 1;
                in_struct &= braces > 0;
            }
            "fn" | "struct" | "const" | "alias" | "var" if braces == 0 => {
                in_struct = token.text == "struct";
                declared.push(named(i + 1).to_string());
            }
            "let" | "var" | "const" => drop(local.insert(named(i + 1))),
            _ if token.kind == Kind::Word && in_struct && braces > 0 && followed(":") => drop(fields.insert(i)),
            _ if token.kind == Kind::Word && !in_struct && followed(":") => drop(local.insert(token.text)),
            _ => {}
        }
    }
    let mut used: Vec<String> = Vec::new();
    for (i, token) in tokens.iter().enumerate().filter(|(i, token)| token.kind == Kind::Word && !fields.contains(i)) {
        let component = i > 0 && tokens[i - 1].text == ".";
        let own = declared.iter().any(|name| name == token.text) || local.contains(token.text);
        if !component && !own && !used.iter().any(|name| name == token.text) {
            used.push(token.text.into());
        }
    }
    Names { declared, used }
}

/// Every file, and the files it is put together with in any kernel.
fn neighbours() -> BTreeMap<&'static str, (Source, HashSet<&'static str>)> {
    let mut found: BTreeMap<&str, (Source, HashSet<&str>)> = BTreeMap::new();
    for spec in kernels::all() {
        for source in &spec.sources {
            let (_, others) = found.entry(source.file).or_insert((*source, HashSet::new()));
            others.extend(spec.sources.iter().map(|other| other.file).filter(|other| *other != source.file));
        }
    }
    found
}

fn list(names: Vec<&str>) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

#[test]
fn heads_say_what_files_provide_and_need() {
    let files = neighbours();
    let all: HashMap<&str, Names> = files.iter().map(|(file, (source, _))| (*file, names(source.text))).collect();
    let mut wrong = Vec::new();
    for (file, (source, others)) in &files {
        let own = &all[file];
        let wanted = |name: &String| others.iter().any(|other| all[other].used.contains(name));
        let given = |name: &String| others.iter().any(|other| all[other].declared.contains(name));
        let provided = own.declared.iter().filter(|name| *name == "main" || wanted(name)).map(String::as_str).collect();
        let needed = own.used.iter().filter(|name| given(name)).map(String::as_str).collect();
        let expected = [format!("// Provides: {}", list(provided)), format!("// Needs: {}", list(needed))];
        let head: Vec<&str> = source.text.lines().take_while(|line| line.starts_with("//")).collect();
        let place = head.iter().position(|line| line.starts_with("// Provides: "));
        if place.is_none_or(|at| at == 0 || head[at..].get(..2) != Some(&[&expected[0][..], &expected[1]])) {
            wrong.push(format!("{file}: its head should say, after what it is:\n{}", expected.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn folders_say_who_has_the_entry_point() {
    for (file, (source, _)) in neighbours() {
        let main = names(source.text).declared.contains(&"main".to_string());
        let folder = file.split('/').next().unwrap();
        match folder {
            "products" | "latents" => assert!(main, "{file} has an entry point"),
            "parts" => assert!(!main, "{file} has no entry point"),
            _ => assert_eq!(folder, "kernels", "{file} is in a known folder"),
        }
    }
    for spec in kernels::all() {
        let mains = spec.sources.iter().filter(|source| names(source.text).declared.contains(&"main".to_string()));
        assert_eq!(mains.count(), 1, "{} has one entry point", spec.name);
    }
}

#[test]
fn names_of_a_file_are_found() {
    let found = names(
        "struct A { count: u32, order: array<B, 2> }
        const N = M + 1u;
        var<workgroup> part: array<vec4f, N>;
        @group(1) @binding(0) var<uniform> args: A;
        fn f(order: u32, c: C) -> D { let x = g(order).count; var y: E = h; return y.part + x; }",
    );
    assert_eq!(found.declared, ["A", "N", "part", "args", "f"]);
    let foreign: Vec<&str> = found.used.iter().map(String::as_str).filter(|name| name.len() == 1).collect();
    assert_eq!(foreign, ["B", "M", "C", "D", "g", "E", "h"]);
}
