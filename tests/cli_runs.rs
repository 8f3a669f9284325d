//! `wgvae runs`: every state a run can be in, sorted and as JSON.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, json, read, succeed, text, wgvae};
use std::{fs, path::Path};
use wgvae::run::{Claim, Run};

/// Trains on few glyphs with the oracle; the run's directory.
fn train(out: &Path, more: &str) -> bool {
    let options = "--data glyphs --train-limit 64 --test-limit 16 --device cpu --hidden 9 --latent 2 --out";
    let options: Vec<&str> = ["train", "vae"].into_iter().chain(options.split(' ')).collect();
    let out = [out.to_str().unwrap()];
    wgvae(&[&options, &out[..], &more.split(' ').collect::<Vec<_>>()].concat()).status.success()
}

fn states(dir: &Path, more: &[&str]) -> Vec<(String, String)> {
    let (out, _) = succeed(&[&["runs", dir.to_str().unwrap(), "--json"], more].concat());
    let lines: serde_json::Value = serde_json::from_str(&out).unwrap();
    let word = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap_or_default().to_string();
    let name = |run: String| Path::new(&run).file_name().unwrap().to_string_lossy().into_owned();
    lines.as_array().unwrap().iter().map(|line| (name(word(line, "run")), word(line, "state"))).collect()
}

#[test]
fn every_state_is_listed() {
    let dir = tiny::folder("cli-runs");
    let run = |name: &str| dir.join(name);
    assert!(train(&run("finished"), "--epochs 2"));
    assert!(!train(&run("below").join("failed"), "--epochs 3 --lr 1e30"));
    let reason = read(run("below").join("failed").join("failure.txt"));
    assert!(text(&reason).contains("is not finite"), "{}", text(&reason));
    for name in ["interrupted", "running", "damaged"] {
        fs::create_dir(run(name)).unwrap();
        for file in ["config.json", "metrics.jsonl", "checkpoint.safetensors"] {
            fs::copy(run("finished").join(file), run(name).join(file)).unwrap();
        }
        let mut config = json(run(name).join("config.json"));
        config["epochs"] = 5.into();
        fs::write(run(name).join("config.json"), config.to_string()).unwrap();
    }
    fs::write(run("damaged").join("metrics.jsonl"), "{}\n").unwrap();
    let claim = Claim::resume(&Run::open(&run("running")).unwrap()).unwrap();

    let expected = ["failed", "damaged", "finished", "interrupted", "running"]; // by path, the failed one is below
    assert_eq!(states(&dir, &[]), expected.map(|state| (state.to_string(), state.to_string())));
    let by_epochs: Vec<String> = states(&dir, &["--sort", "epochs"]).into_iter().map(|(run, _)| run).collect();
    assert_eq!(by_epochs[0], "failed");
    assert_eq!(by_epochs[4], "damaged", "no figure comes last");

    let (table, _) = succeed(&["runs", dir.to_str().unwrap()]);
    println!("{table}");
    let line = |name: &str| table.lines().find(|line| line.contains(name)).unwrap().to_string();
    assert!(table.starts_with("run "), "{table}");
    assert!(line("finished").contains("vae 784-9-2"), "{table}");
    assert!(line("finished").contains("2/2"), "{table}");
    assert!(line("interrupted").contains("2/5"), "{table}");
    assert!(line("failed").contains("failed: ") && line("failed").contains("0/3"), "{table}");
    assert!(line("damaged").contains("metrics.jsonl: line 1"), "{table}");

    drop(claim);
    assert_eq!(states(&run("running"), &[]), [("running".into(), "interrupted".into())]);
    let failed = run("below").join("failed");
    succeed(&["train", "--resume", failed.to_str().unwrap(), "--lr", "0.001"]);
    assert_eq!(states(&failed, &[]), [("failed".into(), "finished".into())]);
}

#[test]
fn a_place_without_runs_is_said() {
    let dir = tiny::folder("cli-runs-none");
    let (out, _) = succeed(&["runs", dir.to_str().unwrap()]);
    assert_eq!(out, format!("no runs in {}\n", dir.display()));
    fails(&["runs", dir.join("missing").to_str().unwrap()], &["missing: there is no such directory"]);
}
