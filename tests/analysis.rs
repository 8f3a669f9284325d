//! The figures of evaluate and score, against plain sums, known models and what training reported.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tiny;

use tiny::{data, folder, gpu, run};
use wgvae::{
    analysis::{Judge, Quantised, draw, evaluate, kl_terms, label_accuracy, score},
    data::{Dataset, Split, rows_f32},
    device::Device,
    model::{Activation, Kind, Likelihood, Loss, Model, Param},
    network::{ACTIVE, Codec},
};

fn near(a: f64, b: f64, tolerance: f64, what: &str) {
    assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}: {a} and {b}");
}

#[test]
fn figures_are_those_that_training_reported() {
    for (kind, loss) in [(Kind::Ae, Loss::MSE_MEAN), (Kind::Vae, Loss::BCE_SUM), (Kind::Cvae, Loss::MSE_SUM)] {
        let run = run(kind, loss, Activation::Relu, &folder(&format!("evaluate-{kind:?}")));
        let codec = Codec::new(&gpu(), &run.config.model, &run.weights().unwrap()).unwrap();
        let figures = evaluate(&codec, &data().test, run.config.seed).unwrap();
        let then = run.metrics().unwrap().pop().unwrap().test;
        let reconstruction = if loss == Loss::BCE_SUM { figures.bce.unwrap() } else { figures.squared_error };
        near(reconstruction, then.reconstruction, 1e-5, "reconstruction");
        near(figures.kl.unwrap_or_default(), then.kl, 1e-5, "kl");
        assert_eq!(figures.images, 70);
        assert_eq!(figures.kl.is_none(), kind == Kind::Ae);
        let other = evaluate(&codec, &data().test, run.config.seed + 1).unwrap();
        assert_eq!(other.bce == figures.bce, kind == Kind::Ae, "another seed draws another z");
    }
}

#[test]
fn scores_are_plain_sums_over_the_pixels() {
    let run = run(Kind::Cvae, Loss::BCE_SUM, Activation::Relu, &folder("score"));
    let codec = Codec::new(&Device::Oracle, &run.config.model, &run.weights().unwrap()).unwrap();
    let data = data();
    let (scores, encoding) = score(&codec, &data.test, run.config.seed).unwrap();
    let x = rows_f32(&data.test, 784, &(0..70).collect::<Vec<_>>());
    let drawn = draw(&encoding, 5, run.config.seed);
    for (what, z) in [("mu", &encoding.mu), ("drawn", &drawn)] {
        let p = codec.decode(z, data.test.labels.as_deref()).unwrap();
        for (i, score) in scores.iter().enumerate() {
            let errors = if what == "mu" { score.at_mu } else { score.drawn };
            let pairs = || p[784 * i..784 * (i + 1)].iter().zip(&x[784 * i..]).map(|(&p, &x)| (p as f64, x as f64));
            near(errors.squared_error, pairs().map(|(p, x)| (p - x) * (p - x)).sum(), 1e-5, what);
            near(
                errors.of(Likelihood::Bernoulli).unwrap(),
                pairs().map(|(p, x)| -x * p.ln() - (1.0 - x) * (1.0 - p).ln()).sum(),
                1e-4,
                what,
            );
        }
    }
    for (i, score) in scores.iter().enumerate() {
        let pairs = encoding.mu[5 * i..].iter().zip(&encoding.log_var[5 * i..]).take(5);
        let kl = pairs.map(|(&mu, &v)| 0.5 * (f64::from(mu).powi(2) + f64::from(v).exp() - 1.0 - f64::from(v))).sum();
        near(score.kl.unwrap(), kl, 1e-9, "kl");
        near(score.elbo().unwrap(), -(score.drawn.nats + kl), 1e-9, "elbo");
    }
    assert_eq!(kl_terms(&encoding).len(), 70 * 5);
}

/// A parameter by name.
fn param<'a>(params: &'a mut [Param], name: &str) -> &'a mut Vec<f64> {
    &mut params.iter_mut().find(|param| param.name == name).unwrap().values
}

#[test]
fn collapsed_dimensions_are_counted_out() {
    let data = data();
    let model = Model::new(Kind::Vae, 784, [16], 3, 0);
    let mut params = model.initialise(2);
    // μ₀ is an active code, far from constant; μ₁ is a constant 2 with σ = 1; μ₂ is N(0, 1) itself.
    param(&mut params, "encoder.2.weight").iter_mut().for_each(|w| *w = 1.0);
    *param(&mut params, "mu.weight") = vec![1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    *param(&mut params, "mu.bias") = vec![0.0, 2.0, 0.0];
    *param(&mut params, "log_var.weight") = vec![0.0; 9];
    *param(&mut params, "log_var.bias") = vec![0.0; 3];
    let codec = Codec::new(&gpu(), &model, &params).unwrap();
    let figures = evaluate(&codec, &data.test, 0).unwrap();
    let kl = figures.kl_per_dimension.unwrap();
    assert_eq!(figures.active_units, 1);
    assert!(figures.variance_per_dimension[0] > ACTIVE && figures.variance_per_dimension[1] < 1e-9, "{kl:?}");
    near(kl[1], 2.0, 1e-6, "a constant of 2: 2² / 2");
    near(kl[2], 0.0, 1e-6, "N(0, 1)");
    near(figures.kl.unwrap(), kl.iter().sum(), 1e-9, "the dimensions add up");
    // Var[μ₀] from the encoding itself, by the textbook.
    let mu = codec.encode_rows(data.test.images.rows(), None).unwrap().mu;
    let first: Vec<f64> = mu.iter().step_by(3).map(|&mu| mu.into()).collect();
    let mean = first.iter().sum::<f64>() / 70.0;
    let variance = first.iter().map(|mu| (mu - mean).powi(2)).sum::<f64>() / 70.0;
    near(figures.variance_per_dimension[0], variance, 1e-6, "variance");
}

#[test]
fn eight_bits_are_off_by_at_most_half_a_step() {
    let z: Vec<f32> =
        (0..900).map(|i| if i % 3 == 2 { 4.25 } else { (i as f32 * 0.77).sin() * (1 + i % 3) as f32 }).collect();
    let quantised = Quantised::new(&z, 3).unwrap();
    let back = quantised.restore();
    for (i, (a, b)) in z.iter().zip(&back).enumerate() {
        let step = (quantised.high[i % 3] - quantised.low[i % 3]) / 255.0;
        assert!((a - b).abs() <= 0.5001 * step, "value {i}: {a} became {b}, a step is {step}");
    }
    assert_eq!((quantised.low[2], quantised.high[2], back[2]), (4.25, 4.25, 4.25));
    for extreme in [&quantised.low, &quantised.high] {
        assert!(extreme.iter().enumerate().all(|(j, &value)| back.iter().skip(j).step_by(3).any(|&b| b == value)));
    }
    assert!(Quantised::new(&[1.0, f32::NAN], 2).is_err() && Quantised::new(&[], 2).is_err());
}

const SIDE: usize = 6;
const CLASSES: usize = SIDE;

/// Images whose class is their bright row, the rest gray noise.
fn rows_of_light() -> Dataset {
    let split = |count: usize, salt: usize| {
        let pixel = |n: usize, row: usize, column: usize| {
            let noise = (n * 7919 + row * 31 + column * 17 + salt).wrapping_mul(2_654_435_761) >> 7;
            (noise % 120 + if row == n % CLASSES { 130 } else { 0 }) as u8
        };
        let pixels = (0..count).flat_map(|n| (0..SIDE * SIDE).map(move |i| pixel(n, i / SIDE, i % SIDE)));
        let labels = (0..count).map(|n| (n % CLASSES) as u8).collect();
        Split { images: pixels.collect::<Vec<u8>>().into(), labels: Some(labels), count, ..Split::default() }
    };
    let (train, test) = (split(600, 0), split(120, 5));
    Dataset { name: "rows".into(), width: SIDE, height: SIDE, classes: CLASSES, train, test, ..Dataset::default() }
}

#[test]
fn the_judge_learns_classes_and_cannot_learn_chance() {
    let mut data = rows_of_light();
    let judge = Judge::train(&data, 1).unwrap();
    assert!(judge.test_accuracy(&data).unwrap() > 0.98);
    data.test.labels.as_mut().unwrap().rotate_left(1);
    assert!(judge.test_accuracy(&data).unwrap() < 0.02, "labels of another row are wrong");
    data.train.labels = None;
    assert!(Judge::train(&data, 1).is_err());
}

#[test]
fn label_accuracy_tells_a_perfect_cvae_from_one_that_swaps_labels() {
    let data = rows_of_light();
    let pixels = SIDE * SIDE;
    let model = Model::new(Kind::Cvae, pixels, [CLASSES], CLASSES, CLASSES);
    let diagonal = |value: f64, shift: usize| -> Vec<f64> {
        let square = (0..CLASSES * CLASSES).map(|i| (i / CLASSES, i % CLASSES));
        square.map(|(row, column)| if (row + shift) % CLASSES == column { value } else { 0.0 }).collect()
    };
    let mut params = model.initialise(0);
    params.iter_mut().for_each(|param| param.values.fill(0.0));
    *param(&mut params, "label_projector.0.weight") = diagonal(30.0, 0);
    *param(&mut params, "decoder.0.weight") = diagonal(1.0, 0);
    let light = |i: usize, class: usize| if i / SIDE == class { 0.3 } else { 0.0 };
    *param(&mut params, "decoder.2.weight") = (0..pixels * CLASSES).map(|i| light(i / CLASSES, i % CLASSES)).collect();
    param(&mut params, "decoder.2.bias").fill(-2.0);
    let accuracy = |params: &[Param]| {
        let found = label_accuracy(&Codec::new(&gpu(), &model, params).unwrap(), &data, 100, 0).unwrap();
        assert_eq!(found.samples, 102, "equally many of each of six classes");
        assert!(found.judge_accuracy > 0.98);
        found.label_accuracy
    };
    assert_eq!(accuracy(&params), 1.0);
    *param(&mut params, "label_projector.0.weight") = diagonal(30.0, 1);
    assert_eq!(accuracy(&params), 0.0);
}
