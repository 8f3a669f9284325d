//! `wgvae train --config`: files of options, and runs repeated from their own configuration.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{fails, json, read, refused, succeed};
use std::{fs, path::Path};

const SMALL: [&str; 6] = ["--train-limit", "64", "--test-limit", "16", "--device", "cpu"];

/// What a run must leave alike to be the same.
fn weights(dir: &Path) -> Vec<u8> {
    read(dir.join("model.safetensors"))
}

#[test]
fn a_run_is_repeated_from_its_own_configuration() {
    let dir = tiny::folder("cli-config-repeat");
    let name = |name: &str| dir.join(name).to_str().unwrap().to_string();
    let options =
        "--data glyphs --hidden 21,13 --latent 3 --loss bce --batch 16 --epochs 2 --seed 5 --lr 0.004 --clip 100";
    let options: Vec<&str> = options.split(' ').collect();
    succeed(&[&["train", "vae", "--out", &name("first")][..], &SMALL, &options].concat());
    let file = dir.join("first").join("config.json").to_str().unwrap().to_string();
    succeed(&["train", "--config", &file, "--out", &name("again")]);
    assert!(weights(&dir.join("first")) == weights(&dir.join("again")), "the same run has other weights");
    assert_eq!(json(dir.join("first").join("config.json")), json(dir.join("again").join("config.json")));
    // what is typed counts more, the model too
    succeed(&["train", "ae", "--config", &file, "--out", &name("other"), "--seed=6", "--latent", "2", "--clip=1"]);
    // a typed likelihood takes the place of the file's --loss
    succeed(&["train", "--config", &file, "--out", &name("gaussian"), "--likelihood", "gaussian"]);
    let gaussian = json(dir.join("gaussian").join("config.json"));
    assert_eq!(gaussian["objective"]["loss"], "gaussian_sum", "{gaussian}");
    let other = json(dir.join("other").join("config.json"));
    let model = &other["model"];
    assert_eq!(serde_json::json!([other["seed"], model["latent"], model["kind"]]), serde_json::json!([6, 2, "ae"]));
    assert_eq!(other["options"]["hidden"], "21,13", "{other}");
}

#[test]
fn files_and_presets_give_options() {
    let dir = tiny::folder("cli-config-files");
    let file = |name: &str, text: &str| {
        fs::write(dir.join(name), text).unwrap();
        dir.join(name).to_str().unwrap().to_string()
    };
    let out = |name: &str| dir.join(name).to_str().unwrap().to_string();
    let toml = "
model = 'vae'
preset = 'plane' # two latents
data = 'glyphs'
train-limit = 64
test-limit = 16
device = 'cpu'
hidden = [9, 7]
epochs = 1
lr = 1e-4
";
    succeed(&["train", "--config", &file("a.toml", toml), "--out", &out("a")]);
    let a = json(dir.join("a").join("config.json"));
    assert_eq!(a["model"]["hidden"], serde_json::json!([9, 7]), "{a}");
    assert_eq!(
        serde_json::json!([a["model"]["latent"], a["adam"]["lr"], a["batch"]]),
        serde_json::json!([2, 1e-4, 100])
    );
    assert_eq!(a["options"]["latent"], "2", "the preset's options are kept, not its name: {a}");
    let text = r#"{"model": "ae", "data": "glyphs", "train-limit": 64, "test-limit": 16, "device": "cpu", "epochs": 1, "force": true}"#;
    let (force, plain) = (file("force.json", text), file("b.json", &text.replace(", \"force\": true", "")));
    fails(&["train", "--config", &force], &["force.json: force is no option of train that a file can have"]);
    succeed(&["train", "--config", &plain, "--out", &out("b")]);
    for (name, text, words) in [
        ("c.toml", "hiden = 3", &["c.toml: hiden is no option of train", "did you mean hidden?"][..]),
        ("d.toml", "hidden = { a = 1 }", &["d.toml: hidden is {\"a\":1}, expected a text, a number or a list of them"]),
        ("e.toml", "hidden = ", &["e.toml: TOML parse error at line 1, column"]),
        ("f.json", "[]", &["f.json: invalid type"]),
        (
            "g.json",
            r#"{"version": "0.2.0"}"#,
            &["g.json: is of a run that does not say which options it was begun with"],
        ),
    ] {
        fails(&["train", "vae", "--config", &file(name, text)], words);
    }
    fails(&["train", "--config", &out("missing.toml")], &["cannot read", "missing.toml"]);
    let wrong = file("h.toml", "model = 'vae'\nlatent = 'wide'");
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
    refused(command.args(["train", "--config", &wrong]), 2, &["wide", "--latent"]);
}
