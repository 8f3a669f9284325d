//! The kernels under Chrome's own compiler: Dawn for Node.js, on SwiftShader, driven by the scripts of the pages. What needs Node.js is
//! ignored unless `tests/run.sh dawn` runs it, which installs that.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tiny;

use std::{fs, path::Path, process::Command};
use wgvae::{check::Proof, gpu::Needs, proofs::ALL, verify::recorded::recorded, web::checks};

/// Writes the checks of a proof to a file of `folder`: `most` cases, and its mutants where `mutants` says so.
fn write(
    folder: &Path,
    number: usize,
    proof: &Proof,
    most: usize,
    mutants: bool,
    change: impl Fn(&mut serde_json::Value),
) {
    let mut all = serde_json::to_value(checks([proof], most, []).unwrap()).unwrap();
    let kernel = &mut all["kernels"][0];
    if !mutants {
        kernel["mutants"] = serde_json::json!([]);
    }
    change(kernel);
    fs::write(folder.join(format!("{number:03}.json")), all.to_string()).unwrap();
}

/// Runs what was written to `folder`: whether all of it passed, and what was said.
fn dawn(folder: &Path) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web/dawn.mjs");
    let output = Command::new("node").arg(script).arg(folder).output().expect("tests/run.sh dawn installs node");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    println!("{said}");
    (output.status.success(), said)
}

fn portable() -> impl Iterator<Item = &'static Proof> {
    ALL.iter().filter(|proof| proof.spec.needs == Needs::Nothing)
}

#[test]
#[ignore = "tests/run.sh dawn"]
fn every_portable_case_of_every_kernel_is_the_oracles() {
    let folder = tiny::folder("dawn_cases");
    for (number, proof) in portable().enumerate() {
        write(&folder, number, proof, usize::MAX, false, |_| {});
    }
    let (ok, said) = dawn(&folder);
    assert!(ok && said.contains(&format!("{} kernels", portable().count())), "{said}");
}

#[test]
#[ignore = "tests/run.sh dawn"]
fn hand_written_mutants_are_killed_there() {
    let folder = tiny::folder("dawn_mutants");
    let names = ["linear relu of u8 images", "output bce of u8 images", "latent_backward", "adam", "loss"];
    let chosen = portable().filter(|proof| names.contains(&&proof.spec.name[..]));
    for (number, proof) in chosen.enumerate() {
        write(&folder, number, proof, usize::MAX, true, |_| {});
    }
    let (ok, said) = dawn(&folder);
    assert!(ok && !said.contains(" 0 mutants"), "{said}");
}

#[test]
#[ignore = "tests/run.sh dawn"]
fn a_broken_kernel_and_a_shader_that_does_not_compile_fail_and_name_the_place() {
    let proof = portable().find(|proof| proof.spec.name == "loss").unwrap();
    let broken = |find: &'static str, replace: &'static str| {
        let folder = tiny::folder("dawn_broken");
        write(&folder, 0, proof, 6, false, |kernel| {
            let text = kernel["plan"]["shaders"][0].as_str().unwrap();
            assert!(text.contains(find), "{text}");
            kernel["plan"]["shaders"][0] = text.replacen(find, replace, 1).into();
        });
        let (ok, said) = dawn(&folder);
        assert!(!ok, "{said}");
        said
    };
    let mutant = proof.mutants[0];
    let said = broken(mutant.find, mutant.replace);
    assert!(said.contains("loss: ") && said.contains(", expected "), "{said}");
    let said = broken("fn main", "fun main");
    assert!(said.contains("kernel loss: line "), "{said}");
}

#[test]
#[ignore = "tests/run.sh dawn"]
fn recorded_runs_are_replayed_there_and_a_changed_step_is_not() {
    let folder = tiny::folder("dawn_replays");
    let all = serde_json::to_string(&checks([], 0, recorded()).unwrap()).unwrap();
    fs::write(folder.join("all.json"), all).unwrap();
    let (ok, said) = dawn(&folder);
    assert!(ok && said.contains("19 recorded runs, 0 faults"), "{said}");

    // a learning rate that is another from the third step on
    let mut trace = recorded().next().unwrap();
    trace.lr.iter_mut().skip(2).for_each(|lr| *lr *= 1.001);
    fs::write(folder.join("all.json"), serde_json::to_string(&checks([], 0, [trace]).unwrap()).unwrap()).unwrap();
    let (ok, said) = dawn(&folder);
    assert!(!ok && said.contains("small-ae: ") && said.contains("relative error"), "{said}");
}
