//! Noise on the input: what it is, that a model learns to take it away, and what is said to bad input.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::Command;
use ndarray::Array2;
use std::path::Path;
use wgvae::{
    data::glyphs,
    device::Device,
    gallery::denoise,
    model::{Adam, Corruption, Kind, Loss, Model, Noise, Objective},
    network::Codec,
    oracle::corrupt::corrupt,
    picture::BLANK,
    random::philox::EVALUATION,
    run::{Config, Run, Settings},
    train::Session,
};

const PIXELS: usize = 28 * 28;

fn gaussian(strength: f64) -> Corruption {
    Corruption { kind: Noise::Gaussian, strength }
}

fn mask(strength: f64) -> Corruption {
    Corruption { kind: Noise::Mask, strength }
}

fn settings(corruption: Option<Corruption>) -> Settings {
    let model = Model::new(Kind::Ae, PIXELS, [64], 16, 10);
    let adam = Adam { lr: 3e-3, ..Adam::default() };
    Settings {
        adam,
        corruption,
        batch: 16,
        epochs: 6,
        seed: 9,
        ..Settings::new(model, Objective::elbo(Loss::MSE_MEAN, 0.0))
    }
}

fn untrained() -> Codec {
    let model = settings(None).model;
    Codec::new(&Device::Oracle, &model, &model.initialise(5)).unwrap()
}

#[test]
fn noise_has_the_strength_asked_for() {
    let gray = Array2::from_elem((50, 401), 0.5);
    let n = gray.len() as f64;
    let added = corrupt(&gray, &gaussian(0.3), 1, 2) - &gray;
    let (mean, spread) = (added.sum() / n, (added.mapv(|d| d * d).sum() / n).sqrt());
    assert!(
        mean.abs() < 5.0 * 0.3 / n.sqrt() && (spread - 0.3).abs() < 5.0 * 0.3 / (2.0 * n).sqrt(),
        "{mean} {spread}"
    );
    let left = corrupt(&gray, &mask(0.3), 1, 2);
    assert!(left.iter().all(|&x| x == 0.0 || x == 0.5));
    let blank = left.iter().filter(|&&x| x == 0.0).count() as f64 / n;
    assert!((blank - 0.3).abs() < 5.0 * (0.21 / n).sqrt(), "{blank}");
    for none in [gaussian(0.0), mask(0.0)] {
        assert_eq!(corrupt(&gray, &none, 1, 2), gray);
    }
    let [other_seed, other_index] = [(2, 2), (1, 3)].map(|(seed, index)| corrupt(&gray, &mask(0.3), seed, index));
    assert!(other_seed != left && other_index != left);
}

#[test]
fn three_rows_show_originals_noise_and_what_is_left() {
    let (data, codec) = (glyphs::dataset(0, 20, 30), untrained());
    let made = denoise(&codec, &data.test_images(), 13, &gaussian(0.5), 4).unwrap();
    let originals = wgvae::data::rows_f32(&data.test, PIXELS, &(0..13).collect::<Vec<_>>());
    let x = Array2::from_shape_vec((13, PIXELS), originals.iter().copied().map(f64::from).collect()).unwrap();
    let noisy: Vec<f32> = corrupt(&x, &gaussian(0.5), 4, EVALUATION).iter().map(|&x| x as f32).collect();
    assert_eq!(made.corrupted, noisy);
    assert!(made.corrupted.iter().any(|&x| x < 0.0) && made.corrupted != originals);
    assert_eq!(made.restored, codec.reconstruct(&noisy, None).unwrap());
    let tile = |i: usize| &made.figure.tiles[i * PIXELS..(i + 1) * PIXELS];
    let shown: Vec<f32> = noisy[..PIXELS].iter().map(|x| x.clamp(0.0, 1.0)).collect();
    assert_eq!((tile(0), tile(10), tile(20)), (&originals[..PIXELS], &shown[..], &made.restored[..PIXELS]));
    // The second block holds the remaining three.
    assert_eq!((tile(32), tile(52)), (&originals[12 * PIXELS..], &made.restored[12 * PIXELS..]));
    assert!(tile(33).iter().all(|&value| value == BLANK));
    assert_eq!(made.figure.tiles.len(), 60 * PIXELS);
    made.figure.render().unwrap();

    let clean = denoise(&codec, &data.test_images(), 13, &mask(0.0), 4).unwrap();
    assert_eq!(clean.corrupted, originals);
    assert!(clean.errors.iter().all(|pair| pair[0] == 0.0));
}

#[test]
fn a_model_learns_to_take_noise_away() {
    let (data, folder) = (glyphs::dataset(0, 640, 60), tempfile::tempdir().unwrap());
    let (dir, corruption) = (folder.path().join("run"), gaussian(0.3));
    let mut session = Session::begin(&settings(Some(corruption)), Device::Oracle, data.clone(), Some(&dir)).unwrap();
    for _ in 0..6 {
        session.epoch(&mut |_| true).unwrap();
    }
    let run = Run::open(&dir).unwrap();
    assert_eq!(run.config.corruption, Some(corruption));
    let codec = Codec::new(&Device::Oracle, &run.config.model, &run.weights().unwrap()).unwrap();
    let made = denoise(&codec, &data.test_images(), 60, &corruption, run.config.seed).unwrap();
    let sum = |which: usize| made.errors.iter().map(|pair| pair[which]).sum::<f64>();
    let (before, after) = (sum(0), sum(1));
    println!("squared error {before} with noise, {after} restored");
    assert!(after < before, "{after} of {before}");
    // The picture shows what the run was evaluated on: noise on the input, a clean target.
    let tested = run.metrics().unwrap().last().unwrap().test.reconstruction;
    assert!((tested - after / 60.0).abs() < 1e-3 * tested, "{tested} and {}", after / 60.0);
}

#[test]
fn a_configuration_keeps_its_noise_and_one_without_says_nothing_of_it() {
    let data = glyphs::dataset(0, 20, 10);
    for corruption in [None, Some(mask(0.25))] {
        let config = Config::new(&settings(corruption), &data, &Device::Oracle);
        let json = config.to_json();
        assert_eq!(json.contains("corruption"), corruption.is_some(), "{json}");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("noise-{}.json", corruption.is_some()));
        std::fs::write(&path, json).unwrap();
        assert_eq!(Config::load(&path).unwrap(), config);
        assert_eq!(config.settings(), settings(corruption));
    }
}

#[track_caller]
fn refused(arguments: &[&str], message: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_wgvae")).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains(message), "{arguments:?}: {said}");
}

#[test]
fn noise_that_cannot_be_is_refused() {
    let ae = |more: &[&'static str]| [&["train", "ae", "--data", "glyphs", "--device", "cpu"], more].concat();
    refused(&ae(&["--corrupt", "NaN"]), "--corrupt: is NaN; gaussian noise takes a number of at least 0");
    refused(&ae(&["--corrupt", "-1"]), "--corrupt: is -1; gaussian noise takes a number of at least 0");
    refused(
        &ae(&["--corrupt", "1", "--noise", "mask"]),
        "--corrupt: is 1; a mask takes a number of at least 0 and below 1",
    );
    refused(&ae(&["--noise", "mask"]), "--noise: needs --corrupt");

    let data = glyphs::dataset(0, 32, 10);
    let error = denoise(&untrained(), &data.test_images(), 3, &mask(1.0), 0).unwrap_err().to_string();
    assert!(error.starts_with("--corrupt: is 1;"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("clean");
    Session::begin(&settings(None), Device::Oracle, data, Some(&dir)).unwrap();
    refused(&["denoise", dir.to_str().unwrap()], "was trained without noise");
}
