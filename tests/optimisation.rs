//! Schedules, weight decay and clipping: by hand, and in runs without a stop and resumed ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{json, read};
use ndarray::{Array2, array};
use std::path::Path;
use wgvae::{
    bench::article,
    data::{Dataset, glyphs},
    device::Device,
    model::{Adam, Kind, Model, Objective, Rate, Schedule, Step},
    oracle::{
        adam::adam,
        norm::{clip_scale, norm},
        step::{Inputs, Oracle},
    },
    run::{Config, Run, Settings},
    train::{Changes, Session},
};

fn data() -> Dataset {
    glyphs::dataset(0, 70, 20)
}

/// A VAE in four epochs of five steps.
fn settings() -> Settings {
    let mut settings = article(Kind::Vae);
    settings.model = Model { hidden: vec![16], latent: 3, ..settings.model };
    Settings { batch: 16, epochs: 4, ..settings }
}

/// The ten steps of the training trace `s2-vae-silu-warmup-cosine`, recorded in PyTorch.
#[test]
fn a_cosine_and_a_warm_up_are_those_of_a_recorded_run() {
    let lr = [
        0.001,
        0.0009779754323328191,
        0.0009140576474687263,
        0.000814503363531613,
        0.0006890576474687264,
        0.00055,
        0.0004109423525312737,
        0.00028549663646838715,
        0.00018594235253127368,
        0.00012202456766718092,
    ];
    let beta = [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    for (steps_per_epoch, epochs, warm_up) in [(1, 10, 4), (2, 5, 2)] {
        let schedule = Schedule { rate: Rate::Cosine { lr_end: 1e-4 }, warm_up };
        for (index, (lr, beta)) in (0..).zip(lr.into_iter().zip(beta)) {
            let step = Step { index, steps_per_epoch, epochs };
            let found = schedule.lr(1e-3, step);
            assert!((found - lr).abs() < 1e-15 * lr.max(1e-3), "step {index}: {found:e}, expected {lr:e}");
            assert_eq!(schedule.beta_share(step), beta, "step {index}");
        }
    }
}

#[test]
fn stages_are_three_times_as_long_one_after_the_other_whatever_the_number_of_epochs() {
    let schedule = Schedule { rate: Rate::Stages, warm_up: 0 };
    assert_eq!((schedule.epochs(), Schedule::default().epochs()), (Some(3280), None));
    let mut first = 0;
    for stage in 0..8 {
        let length = 3_u64.pow(stage);
        for (epoch, inside) in [(first, true), (first + length - 1, true), (first + length, stage == 7)] {
            for (steps_per_epoch, epochs) in [(1, 3280), (600, 40)] {
                let index = epoch * steps_per_epoch + steps_per_epoch - 1; // the epoch's last step
                let found = schedule.lr(0.002, Step { index, steps_per_epoch, epochs });
                let lr = 0.002 * 10_f64.powf(-f64::from(stage) / 7.0);
                assert_eq!((found - lr).abs() < 1e-12 * lr, inside, "epoch {epoch}: {found:e}, stage {stage}: {lr:e}");
            }
        }
        first += length;
    }
    assert_eq!(first, 3280);
}

#[test]
fn a_step_has_its_own_learning_rate_and_weight() {
    let (plain, objective) = (settings(), settings().objective);
    assert_eq!(plain.at(17, 5), (Adam::default(), objective));
    let schedule = Schedule { rate: Rate::Cosine { lr_end: 0.0 }, warm_up: 2 };
    let (adam, weighed) = Settings { schedule, ..plain }.at(4, 5);
    assert!((adam.lr - 0.5e-3 * (1.0 + (std::f64::consts::PI * 0.2).cos())).abs() < 1e-18, "{}", adam.lr);
    assert_eq!(weighed, Objective { beta: 1.5, ..objective });
}

fn session(settings: &Settings, device: &Device, dir: &Path) -> Session {
    Session::begin(settings, device.clone(), data(), Some(dir)).unwrap()
}

fn resumed(changes: &Changes, device: &Device, dir: &Path) -> Session {
    Session::resume(dir, changes, device.clone(), data()).unwrap()
}

/// Trains `epochs` more and gives the checkpoint.
fn train(mut session: Session, epochs: usize) -> Vec<u8> {
    for _ in 0..epochs {
        session.epoch(&mut |_| true).unwrap();
    }
    read(session.dir().unwrap().join("checkpoint.safetensors"))
}

#[test]
fn a_run_resumed_in_the_middle_of_a_schedule_makes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let dir = |name: &str| folder.path().join(name);
    let constant = settings();
    let adamw = Adam { weight_decay: 0.1, clip: Some(0.5), ..constant.adam };
    let cosine = Schedule { rate: Rate::Cosine { lr_end: 1e-5 }, warm_up: 3 };
    let stages = Schedule { rate: Rate::Stages, warm_up: 0 };
    let variants = [
        ("constant", constant.clone()),
        ("cosine", Settings { schedule: cosine, ..constant.clone() }),
        ("stages", Settings { schedule: stages, ..constant.clone() }),
        ("adamw", Settings { adam: adamw, ..constant }),
    ];
    for device in [Device::Oracle, tiny::gpu()] {
        let mut found = Vec::new();
        for (name, settings) in &variants {
            let [whole, stopped] = ["whole", "stopped"].map(|kind| dir(&format!("{name}-{kind}-{device}")));
            let expected = train(session(settings, &device, &whole), 4);
            train(session(settings, &device, &stopped), 2);
            assert!(train(resumed(&Changes::default(), &device, &stopped), 2) == expected, "{name} on {device}");
            let config = read(stopped.join("config.json"));
            assert!(config == read(whole.join("config.json")), "{name} on {device}");
            let config = String::from_utf8(config).unwrap();
            let kept = ["schedule", "weight_decay", "clip"].map(|key| config.contains(&format!("\"{key}\"")));
            assert_eq!(kept, [*name == "cosine" || *name == "stages", *name == "adamw", *name == "adamw"], "{config}");
            assert!(!found.contains(&expected), "{name} changes nothing");
            found.push(expected);
        }
    }
}

/// A slice of stages goes on as if its end had never been; a cosine goes on along that of the new number of epochs.
#[test]
fn a_run_resumed_with_more_epochs_goes_on_with_its_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let cosine = Schedule { rate: Rate::Cosine { lr_end: 1e-5 }, warm_up: 0 };
    for (name, schedule) in [("stages", Schedule { rate: Rate::Stages, warm_up: 3 }), ("cosine", cosine)] {
        let [whole, sliced] = ["whole", "sliced"].map(|kind| folder.path().join(format!("{name}-{kind}")));
        let settings = Settings { schedule, ..settings() };
        let expected = train(session(&settings, &Device::Oracle, &whole), 4);
        train(session(&Settings { epochs: 2, ..settings }, &Device::Oracle, &sliced), 2);
        let changes = Changes { epochs: Some(4), ..Changes::default() };
        let found = train(resumed(&changes, &Device::Oracle, &sliced), 2);
        assert_eq!(found == expected, name == "stages", "{name}");
        let earlier = &json(sliced.join("config.json"))["earlier"];
        assert_eq!((&earlier[0]["until_epoch"], &earlier[0]["epochs"]), (&2.into(), &2.into()), "{name}");
    }
}

#[test]
fn a_configuration_keeps_its_schedule_and_one_from_before_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    let load = |json: &str| {
        std::fs::write(&path, json).unwrap();
        Config::load(&path).unwrap()
    };
    let config = |schedule| Config::new(&Settings { schedule, ..settings() }, &data(), &Device::Oracle);
    for (schedule, words) in [
        (Schedule::default(), ""),
        (Schedule { warm_up: 4, ..Schedule::default() }, r#"{"shape":"constant","warm_up":4}"#),
        (Schedule { rate: Rate::Cosine { lr_end: 1e-5 }, warm_up: 0 }, r#"{"shape":"cosine","lr_end":0.00001}"#),
        (Schedule { rate: Rate::Stages, warm_up: 1 }, r#"{"shape":"stages","warm_up":1}"#),
    ] {
        let config = config(schedule);
        assert_eq!(load(&config.to_json()), config);
        let json: serde_json::Value = serde_json::from_str(&config.to_json()).unwrap();
        assert_eq!(json.get("schedule").map(ToString::to_string).unwrap_or_default(), words);
        assert_eq!(json["adam"].as_object().unwrap().len(), 4, "{json}");
    }
}

#[test]
fn weights_decay_apart_from_the_gradient_and_gradients_are_clipped_by_their_norm() {
    let args = Adam { lr: 0.1, weight_decay: 0.3, ..Adam::default() };
    let (mut param, mut m, mut v) = (array![2.0, -1.0], array![0.0, 0.0], array![0.0, 0.0]);
    adam(&mut param, &mut m, &mut v, &array![0.0, 5.0], &args, 1);
    assert!((param[0] - 2.0 * 0.97).abs() < 1e-15, "{param}");
    assert!((param[1] + 0.97 + 0.1).abs() < 1e-9, "{param}"); // Adam's first step is lr, whatever the gradient
    assert_eq!((m[0], v[0]), (0.0, 0.0), "a decay is no gradient");

    assert_eq!(norm(&[3.0, 0.0, -4.0]), 5.0);
    assert_eq!([clip_scale(5.0, 1.0), clip_scale(0.5, 1.0)], [1.0 / 5.000001, 1.0]);
    assert!(clip_scale(f64::NAN, 1.0).is_nan());
}

/// Metrics have the norm of the gradients before clipping, on both devices, and none without clipping.
#[test]
fn the_norm_of_the_gradients_is_a_metric_where_they_are_clipped() {
    let folder = tempfile::tempdir().unwrap();
    let plain = settings();
    let mut norms = Vec::new();
    for (name, clip) in [("none", None), ("small", Some(1e-3)), ("large", Some(1e6))] {
        for device in [Device::Oracle, tiny::gpu()] {
            let dir = folder.path().join(format!("{name}-{device}"));
            let settings = Settings { adam: Adam { clip, ..plain.adam }, ..plain.clone() };
            let unclipped = train(session(&settings, &device, &dir), 1);
            let metrics = Run::open(&dir).unwrap().metrics().unwrap()[0];
            let text = String::from_utf8(read(dir.join("metrics.jsonl"))).unwrap();
            assert_eq!(text.contains("gradient_norm"), clip.is_some(), "{text}");
            assert_eq!(metrics.gradient_norm.is_some(), clip.is_some());
            norms.extend(metrics.gradient_norm);
            if clip == Some(1e6) && device.to_string() == Device::Oracle.to_string() {
                let never = read(folder.path().join(format!("none-{device}")).join("checkpoint.safetensors"));
                assert!(unclipped == never, "a norm that is never reached changes a step");
            }
        }
    }
    let [small, small_gpu, large, large_gpu] = norms[..] else { panic!("{norms:?}") };
    println!("{norms:?}");
    assert!((small_gpu / small - 1.0).abs() < 1e-4 && (large_gpu / large - 1.0).abs() < 1e-4, "{norms:?}");
    assert!(small > 1.0 && large > 1.0, "{norms:?}");
}

/// The norm over all gradients of a step, padding left out: there are sizes that are no multiple of four.
#[test]
fn the_norm_is_that_of_the_oracles_gradients() {
    let Settings { model, objective, .. } = settings();
    let model = Model { input: 6, hidden: vec![5], latent: 3, ..model };
    let x = Array2::from_shape_fn((7, 6), |(i, k)| (i * 6 + k) as f64 / 42.0);
    let eps = Array2::from_shape_fn((7, 3), |(i, k)| (i + k) as f64 / 5.0 - 0.7);
    let batch = Inputs { x: x.view(), corrupted: None, eps: Some(eps.view()), labels: None };
    let mut network = Oracle::new(&model, &model.initialise(1)).unwrap();
    let (_, gradients) = network.gradients(&batch, &objective).unwrap();
    network.train_step(&batch, &objective, &Adam { clip: Some(0.1), ..Adam::default() }).unwrap();
    let expected = gradients.iter().flat_map(|param| &param.values).map(|g| g * g).sum::<f64>().sqrt();
    assert!((network.gradient_norm().unwrap() / expected - 1.0).abs() < 1e-14);
    // Adam's first moment after its first step is 0.1 of the gradient that it was given.
    let given = network.moments().0.iter().flat_map(|m| &m.values).map(|m| (10.0 * m).powi(2)).sum::<f64>().sqrt();
    assert!(expected > 0.2 && (given / 0.1 - 1.0).abs() < 1e-5, "{expected} became {given}");
}
