//! Recorded float64 runs of an independent implementation, replayed; and files that are no such runs, refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use wgvae::verify::trace::{Limits, Trace, replay_oracle};

const FIXTURES: [&str; 19] = [
    "small-ae",
    "small-vae-mse",
    "small-vae-bce",
    "small-cvae-mse",
    "small-cvae-bce",
    "s2-ae-softplus-direct",
    "s2-cvae-add-iwae3",
    "s2-cvae-concat",
    "s2-cvae-concat-article",
    "s2-cvae-mean",
    "s2-cvae-multiply",
    "s2-dreg1-relu",
    "s2-dreg5-relu",
    "s2-gaussian",
    "s2-gaussian-het",
    "s2-iwae5-tanh",
    "s2-vae-gelu-adamw-clip",
    "s2-vae-silu-warmup-cosine",
    "s2-vae-tanh-direct",
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.safetensors"))
}

#[test]
fn oracle_replays_every_fixture_within_its_limits() {
    for name in FIXTURES {
        let trace = Trace::load(&fixture(name)).unwrap();
        let quantities = trace.compare(&replay_oracle(&trace).unwrap(), Limits::ORACLE).unwrap();
        let latents = if trace.eps.is_some() { 2 } else { 0 };
        let weights = usize::from(trace.objective.bound.is_weighted());
        assert_eq!(quantities.len(), 4 + latents + weights + 2 * trace.init.len(), "{name}: a quantity was left out");
        for quantity in quantities {
            assert!(quantity.ok(), "{name}: {quantity:?}");
        }
    }
}

#[test]
fn a_replay_with_one_setting_off_fails() {
    let fails = |tamper: fn(&mut Trace), expected: &str| {
        let mut trace = Trace::load(&fixture("small-cvae-bce")).unwrap();
        tamper(&mut trace);
        let quantities = trace.compare(&replay_oracle(&trace).unwrap(), Limits::F32).unwrap();
        assert!(quantities.iter().any(|q| q.name == expected && !q.ok()), "{expected} should be past its limit");
    };
    fails(|trace| trace.lr *= 1.001, "final.mu.bias");
    fails(|trace| trace.adam.epsilon = 1e-6, "final.encoder.0.weight");
    fails(|trace| trace.beta.fill(1.001), "grad.log_var.weight");
    fails(|trace| trace.eps.as_mut().unwrap()[[0, 0, 0]] += 0.01, "first.reconstruction");
    fails(|trace| trace.x[[19, 6, 48]] += 0.1, "loss");
    fails(|trace| trace.init[0].values[0] += 0.01, "first.mu");
    fails(|trace| trace.labels.as_mut().unwrap()[[0, 0]] ^= 1, "grad.label_projector.0.weight");
    fails(|trace| trace.expected.params[3].values[0] = f64::NAN, "final.encoder.2.bias");
}

#[test]
fn a_replay_that_lacks_something_is_refused() {
    let trace = Trace::load(&fixture("small-vae-mse")).unwrap();
    let replay = replay_oracle(&trace).unwrap();
    let mut short = replay.clone();
    short.losses.pop();
    assert!(
        trace.compare(&short, Limits::ORACLE).unwrap_err().to_string().contains("19 values of loss, the trace has 20")
    );
    let mut blind = replay.clone();
    blind.first.mu = None;
    assert!(trace.compare(&blind, Limits::ORACLE).unwrap_err().to_string().contains("no first.mu"));
    let mut swapped = replay;
    swapped.params.swap(0, 1);
    assert!(trace.compare(&swapped, Limits::ORACLE).unwrap_err().to_string().contains("encoder.0.bias"));
}

/// A trace file taken apart, to be spoilt and put together again.
struct Parts {
    settings: HashMap<String, String>,
    tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
}

impl Parts {
    fn of(name: &str) -> Parts {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let owned = |(name, t): (String, TensorView)| (name, (t.dtype(), t.shape().to_vec(), t.data().to_vec()));
        Parts {
            settings: header.metadata().clone().unwrap(),
            tensors: tensors.tensors().into_iter().map(owned).collect(),
        }
    }

    fn problem(self) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        let views = self
            .tensors
            .iter()
            .map(|(name, (dtype, shape, data))| (name, TensorView::new(*dtype, shape.clone(), data).unwrap()));
        std::fs::write(file.path(), serialize(views, Some(self.settings)).unwrap()).unwrap();
        let error = Trace::load(file.path()).unwrap_err().to_string();
        assert!(error.starts_with(&file.path().display().to_string()), "the file is not named: {error}");
        error
    }
}

#[test]
fn a_bad_file_is_named_with_what_is_wrong() {
    let bad = |spoil: &dyn Fn(&mut Parts), expected: &str| {
        let mut parts = Parts::of("small-cvae-mse");
        spoil(&mut parts);
        let problem = parts.problem();
        assert!(problem.contains(expected), "{problem:?} does not say {expected:?}");
    };
    let set = |key: &'static str, value: &'static str| {
        move |parts: &mut Parts| drop(parts.settings.insert(key.into(), value.into()))
    };
    let put = |name: &'static str, at: usize, bytes: Vec<u8>| {
        move |parts: &mut Parts| parts.tensors.get_mut(name).unwrap().2[at..at + bytes.len()].copy_from_slice(&bytes)
    };
    bad(&set("format", "training-trace-3"), "training-trace-3");
    bad(&|parts| drop(parts.settings.remove("beta")), "no \"beta\"");
    bad(&set("model", "gan"), "unknown variant `gan`");
    bad(&set("loss", "mae"), "loss: is \"mae\", expected one of mse_mean");
    bad(&set("steps", "0"), "0 steps");
    bad(&set("latent", "0"), "must be at least 1");
    bad(&set("hidden", "24,x"), "hidden is \"x\"");
    bad(&set("batch", "8"), "tensor eps is F32 [20, 7, 5], expected F32 [20, 8, 5]");
    bad(&set("hidden", "24,12"), "encoder.2.weight is F32 [5, 24], expected F32 [12, 24]");
    bad(&set("model", "vae"), "label_projector.0");
    bad(&|parts| drop(parts.tensors.remove("eps")), "no tensor eps");
    bad(&|parts| drop(parts.tensors.remove("grad.mu.bias")), "no tensor grad.mu.bias");
    bad(&|parts| parts.tensors.get_mut("kl").unwrap().1 = vec![4, 5], "kl is F64 [4, 5], expected F64 [20]");
    bad(&|parts| parts.tensors.get_mut("label").unwrap().0 = Dtype::F32, "label is F32");
    bad(&put("label", 4, 10i32.to_le_bytes().to_vec()), "label: value 1 is 10, not in 0 … 9");
    bad(&put("x", 8, 1.5f32.to_le_bytes().to_vec()), "x: value 2 is 1.5, outside [0, 1]");
    bad(&put("loss", 0, f64::NAN.to_le_bytes().to_vec()), "loss: value 0 is NaN");
}

#[test]
fn a_file_that_is_no_safetensors_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes = std::fs::read(fixture("small-ae")).unwrap();
    for content in [&b""[..], b"hello, world", &bytes[..bytes.len() - 1]] {
        std::fs::write(file.path(), content).unwrap();
        assert!(Trace::load(file.path()).unwrap_err().to_string().contains("not a safetensors file"));
    }
    assert!(Trace::load(Path::new("no-such.safetensors")).unwrap_err().to_string().contains("no-such.safetensors"));
}
