//! Estimates of ln p(x): against an exact likelihood, and of one device against the other.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndarray::{Array1, Array2, array};
use std::f64::consts::TAU;
use wgvae::{
    data::glyphs,
    device::Device,
    gpu::{AdapterChoice, Gpu, Options},
    model::{Bottleneck, Condition, Kind, Likelihood, Model, Objective, Param, Rows, Variance},
    network::{Codec, Observed},
    run::Settings,
    train::Session,
};

const SAMPLES: usize = 5000;

fn gpu() -> Device {
    Device::Gpu(
        Gpu::open(&AdapterChoice::Best, Options::default())
            .unwrap_or_else(|error| {
                panic!("{error}; this test needs an adapter: {}", error.hint().unwrap_or("see `wgvae devices`"))
            })
            .into(),
    )
}

/// A model whose likelihood is known: x = W z + b + σ n. Its columns are orthogonal, so that the posterior is diagonal: N(m, s) with
/// s = 1 / (1 + |wⱼ|² / σ²) and m = s wⱼ · (x − b) / σ². The encoder gives that, but for a variance that is 30 % too large: with the
/// posterior itself one sample would be exact, and the test would not see what more of them do.
struct LinearGaussian {
    model: Model,
    params: Vec<Param>,
    w: Array2<f64>,
    b: Array1<f64>,
    variance: f64,
}

impl LinearGaussian {
    fn new() -> LinearGaussian {
        let w = array![[0.3, 0.1], [0.2, -0.2], [-0.1, 0.1], [0.0, 0.3], [0.25, 0.2], [0.1, -0.25]];
        // the second column made orthogonal to the first
        let (first, second) = (w.column(0).to_owned(), w.column(1).to_owned());
        let second = &second - &(&first * (first.dot(&second) / first.dot(&first)));
        let w = ndarray::stack![ndarray::Axis(1), first, second].mapv(|x: f64| f64::from(x as f32));
        let (b, variance) = (array![0.5, 0.4, 0.6, 0.5, 0.3, 0.7].mapv(|x: f64| f64::from(x as f32)), 0.05_f64);
        let model = Model {
            bottleneck: Bottleneck::Direct,
            variance: Variance::Learned,
            ..Model::new(Kind::Vae, 6, [4], 2, 0)
        };
        // a ReLU layer passes a through as max(a, 0) and max(−a, 0), and the next takes their difference
        let mut params = model.shapes();
        let mut set = |name: &str, value: &dyn Fn(usize, usize) -> f64| {
            let param = params.iter_mut().find(|param| param.name == name).unwrap();
            let columns = param.shape.get(1).copied().unwrap_or(1);
            let count = param.shape.iter().product();
            param.values = (0..count).map(|i| f64::from(value(i / columns, i % columns) as f32)).collect();
        };
        let sign = |i: usize| if i < 2 { 1.0 } else { -1.0 };
        let s = |j: usize| 1.0 / (1.0 + w.column(j).dot(&w.column(j)) / variance);
        let gain = |j: usize, k: usize| s(j) * w[[k, j]] / variance;
        set("encoder.0.weight", &|i, k| sign(i) * gain(i % 2, k));
        set("encoder.0.bias", &|i, _| -sign(i) * (0..6).map(|k| gain(i % 2, k) * b[k]).sum::<f64>());
        set("mu.weight", &|j, i| if i % 2 == j { sign(i) } else { 0.0 });
        set("mu.bias", &|_, _| 0.0);
        set("log_var.weight", &|_, _| 0.0);
        set("log_var.bias", &|j, _| (1.3 * s(j)).ln());
        set("decoder.0.weight", &|i, j| if i % 2 == j { sign(i) } else { 0.0 });
        set("decoder.0.bias", &|_, _| 0.0);
        set("decoder.2.weight", &|k, i| sign(i) * w[[k, i % 2]]);
        set("decoder.2.bias", &|k, _| b[k]);
        set("output_log_var", &|_, _| variance.ln());
        LinearGaussian { model, params, w, b, variance }
    }

    /// ln N(x; b, W Wᵀ + σ² I), by the orthogonality of the columns: each direction wⱼ has variance σ² + |wⱼ|², all others σ².
    fn exact(&self, x: &Array1<f64>) -> f64 {
        let d = x - &self.b;
        let mut left = d.dot(&d);
        let mut sum = 0.0;
        for column in self.w.columns() {
            let length = column.dot(&column);
            let along = column.dot(&d).powi(2) / length;
            left -= along;
            sum += (TAU * (self.variance + length)).ln() + along / (self.variance + length);
        }
        let others = (self.w.nrows() - self.w.ncols()) as f64;
        -0.5 * (sum + others * (TAU * self.variance).ln() + left / self.variance)
    }
}

#[test]
fn an_estimate_finds_a_likelihood_that_is_known() {
    let truth = LinearGaussian::new();
    let images: Vec<u8> = (0..6 * 12_u32).map(|i| (i * 7919 % 256) as u8).collect();
    for device in [Device::Oracle, gpu()] {
        let codec = Codec::new(&device, &truth.model, &truth.params).unwrap();
        let observed = Observed { images: Rows::Bytes(&images), labels: None };
        let found = codec.evidence(observed, SAMPLES, 3, &mut |_| ()).unwrap();
        for (found, image) in found.iter().zip(images.chunks(6)) {
            let x = image.iter().map(|&byte| f64::from(byte) / 255.0).collect();
            let exact = truth.exact(&x);
            assert!((found - exact).abs() <= 0.02, "{device}: {found}, exactly {exact}");
        }
        // one sample gives a bound in expectation: it lies below by KL(q ‖ p(z | x)), ½ (1.3 − 1 − ln 1.3) for each latent
        let often = images.repeat(400);
        let rough = codec.evidence(Observed { images: Rows::Bytes(&often), labels: None }, 1, 3, &mut |_| ()).unwrap();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (gap, expected) = (mean(&found) - mean(&rough), 0.3 - 1.3_f64.ln());
        assert!((gap - expected).abs() < 0.02, "{device}: {gap} {expected}");
    }
}

/// A run of one epoch on glyphs, and what its codec on either device says of 64 test images.
fn both(model: Model, likelihood: Likelihood, samples: usize) -> [Vec<f64>; 2] {
    let data = glyphs::dataset(0, 500, 64);
    let model = Model { variance: likelihood.variance(), ..model };
    let settings = Settings { epochs: 1, ..Settings::new(model.clone(), Objective::new(model.kind, likelihood)) };
    let mut session = Session::begin(&settings, Device::Oracle, data.clone(), None).unwrap();
    session.epoch(&mut |_| true).unwrap();
    let params = session.weights().unwrap();
    // as a GPU holds them
    let params: Vec<Param> = params
        .into_iter()
        .map(|param| Param { values: param.values.iter().map(|&value| f64::from(value as f32)).collect(), ..param })
        .collect();
    [Device::Oracle, gpu()].map(|device| {
        let codec = Codec::new(&device, &model, &params).unwrap();
        let observed = Observed { images: data.test.images.rows(), labels: data.test.labels.as_deref() };
        codec.evidence(observed, samples, 5, &mut |_| ()).unwrap()
    })
}

#[test]
fn both_devices_estimate_the_same_from_equal_draws() {
    let plain = |kind| Model::new(kind, 784, [24], 5, 10);
    let direct = |kind| Model { bottleneck: Bottleneck::Direct, ..plain(kind) };
    let told = |condition| Model { condition, ..direct(Kind::Cvae) };
    for (model, likelihood) in [
        (plain(Kind::Vae), Likelihood::Bernoulli),
        (direct(Kind::Vae), Likelihood::Gaussian),
        (told(Condition::Concat), Likelihood::GaussianHeteroscedastic),
        (told(Condition::Multiply), Likelihood::Bernoulli),
    ] {
        // two passes of 50 and one of 20
        let [oracle, gpu] = both(model, likelihood, 120);
        for (image, (oracle, gpu)) in oracle.iter().zip(&gpu).enumerate() {
            assert!((oracle - gpu).abs() <= 0.01, "{likelihood:?}, image {image}: {oracle} {gpu}");
        }
    }
}

#[test]
fn what_has_no_likelihood_is_refused() {
    let model = Model::new(Kind::Ae, 4, [3], 2, 0);
    let codec = Codec::new(&Device::Oracle, &model, &model.initialise(0)).unwrap();
    let refused = |codec: &Codec, labels: Option<&[u8]>, samples| {
        let observed = Observed { images: Rows::Bytes(&[0; 8]), labels };
        codec.evidence(observed, samples, 0, &mut |_| ()).unwrap_err().to_string()
    };
    assert!(refused(&codec, None, 5).contains("AE"));
    let model = Model::new(Kind::Cvae, 4, [3], 2, 3);
    let codec = Codec::new(&Device::Oracle, &model, &model.initialise(0)).unwrap();
    assert!(refused(&codec, None, 5).contains("labels"));
    assert!(refused(&codec, Some(&[0]), 5).contains("labels"));
    assert!(refused(&codec, Some(&[0, 1]), 0).contains("0"));
}
