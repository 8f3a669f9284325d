//! The oracle against mathematics: central differences and closed forms.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndarray::{Array1, Array2, array};
use rand::RngExt;
use wgvae::model::{Activation, Adam, Kind, Likelihood, Loss, Model, Objective, Param, sigmoid};
use wgvae::oracle::adam::adam;
use wgvae::oracle::kl::kl;
use wgvae::oracle::latent::{LatentLayers, latent};
use wgvae::oracle::latent_backward::latent_backward;
use wgvae::oracle::linear::{Linear, linear};
use wgvae::oracle::noise::noise;
use wgvae::oracle::onehot::onehot;
use wgvae::oracle::output::{losses, output};
use wgvae::oracle::product::product;
use wgvae::oracle::reparameterize::{LOG_VAR_MAX, LOG_VAR_MIN, reparameterize};
use wgvae::oracle::step::{Inputs, Oracle};
use wgvae::random::{Stream, stream};

const KINDS: [Kind; 3] = [Kind::Ae, Kind::Vae, Kind::Cvae];
const LOSSES: [Loss; 3] = [Loss::MSE_MEAN, Loss::MSE_SUM, Loss::BCE_SUM];
const ROWS: usize = 5;

fn model(kind: Kind, hidden: &[usize]) -> Model {
    Model { kind, input: 9, hidden: hidden.to_vec(), latent: 4, classes: 3, activation: Activation::Relu }
}

fn uniform(index: u64, rows: usize, cols: usize) -> Array2<f64> {
    Array2::from_shape_vec((rows, cols), stream(11, Stream::Sample, index).random_iter().take(rows * cols).collect())
        .unwrap()
}

/// Images, ε and labels of `ROWS` rows.
fn data(model: &Model) -> (Array2<f64>, Array2<f64>, Vec<u8>) {
    let labels = (0..ROWS).map(|i| (i * 2 % model.classes) as u8).collect();
    (uniform(0, ROWS, model.input), noise(5, Stream::Noise, 0, ROWS, model.latent), labels)
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Central differences of the loss by every value of every parameter.
fn central_differences(model: &Model, params: &[Param], batch: &Inputs, objective: &Objective) -> Vec<Vec<f64>> {
    let loss = |params: &[Param]| Oracle::new(model, params).unwrap().gradients(batch, objective).unwrap().0.loss;
    let h = 1e-5;
    let difference = |tensor: usize, i: usize| {
        let [above, below] = [h, -h].map(|h| {
            let mut moved = params.to_vec();
            moved[tensor].values[i] += h;
            loss(&moved)
        });
        (above - below) / (2.0 * h)
    };
    (0..params.len()).map(|t| (0..params[t].values.len()).map(|i| difference(t, i)).collect()).collect()
}

#[test]
fn every_gradient_is_its_central_difference() {
    for kind in KINDS {
        for hidden in [&[6][..], &[7, 5], &[8, 6, 5]] {
            for (activation, loss) in Activation::ALL.into_iter().zip(LOSSES.into_iter().cycle()) {
                let model = Model { activation, ..model(kind, hidden) };
                let what = format!("{kind:?} {hidden:?} {activation} {loss:?}");
                let (x, eps, labels) = data(&model);
                let batch = Inputs { x: x.view(), corrupted: None, eps: Some(eps.view()), labels: Some(&labels) };
                let objective = Objective { loss, beta: if kind == Kind::Ae { 0.0 } else { 1.7 } };
                let mut params = model.initialise(3);
                // Larger weights and biases moved up keep ReLU units alive in these narrow nets: no gradient is 0 by accident.
                for param in &mut params {
                    let bias = param.shape.len() == 1;
                    param.values.iter_mut().for_each(|value| *value = if bias { *value + 0.3 } else { *value * 2.0 });
                }
                let (_, gradients) = Oracle::new(&model, &params).unwrap().gradients(&batch, &objective).unwrap();
                let differences = central_differences(&model, &params, &batch, &objective);
                for (gradient, difference) in gradients.iter().zip(&differences) {
                    let apart: Vec<f64> = gradient.values.iter().zip(difference).map(|(a, b)| a - b).collect();
                    let (apart, size) = (norm(&apart), norm(difference));
                    let name = &gradient.name;
                    assert!(size > 1e-5, "{what}: {name} has no gradient to check");
                    assert!(apart <= 1e-6 * size, "{what}: {name} is {:e} off", apart / size);
                }
            }
        }
    }
}

#[test]
fn kl_of_the_prior_is_zero_and_of_a_known_gaussian_its_closed_form() {
    assert_eq!(kl(&Array2::zeros((2, 3)), &Array2::zeros((2, 3))), Array1::<f64>::zeros(2));
    // N(1, 4) in one dimension: ½ (4 + 1 − 1 − ln 4).
    let one = kl(&array![[1.0]], &array![[4f64.ln()]]);
    assert!((one[0] - 0.5 * (4.0 - 4f64.ln())).abs() < 1e-15);
    // Near σ = 1 the divergence is ¼ (log σ²)².
    let near = kl(&array![[0.0]], &array![[1e-7]]);
    assert!((near[0] / 0.25e-14 - 1.0).abs() < 1e-6, "{near}");
}

#[test]
fn bce_at_logit_zero_is_ln_2_per_pixel() {
    let x = uniform(1, 3, 10);
    for loss in losses(&Array2::zeros((3, 10)), &x, Likelihood::Bernoulli) {
        assert!((loss - 10.0 * 2f64.ln()).abs() < 1e-14);
    }
}

#[test]
fn output_matches_the_textbook_loss_and_scales_its_mean() {
    let layer = Linear { weight: uniform(2, 7, 4) - 0.5, bias: Array1::linspace(-1.0, 1.0, 7) };
    let (d, x) = (uniform(3, 5, 4), uniform(4, 5, 7));
    let logits = linear(&d, &layer);
    let p = logits.mapv(|a| 1.0 / (1.0 + (-a).exp()));
    let cross_entropy = -(&x * &p.mapv(f64::ln) + (1.0 - &x) * (1.0 - &p).mapv(f64::ln));
    let squared = (&p - &x).mapv(|e| e * e);
    let [mean, sum, bce] = LOSSES.map(|loss| output(&d, &layer, &x, loss));
    for (row, out) in [(&squared, &mean), (&squared, &sum), (&cross_entropy, &bce)].iter().flat_map(|(terms, out)| {
        terms.rows().into_iter().map(|row| row.sum()).zip(out.loss.iter().copied()).collect::<Vec<_>>()
    }) {
        assert!((row - out).abs() < 1e-13);
    }
    assert_eq!(losses(&logits, &x, Likelihood::Bernoulli), bce.loss);
    assert!((&mean.dlogits * 35.0 - &sum.dlogits).iter().all(|d| d.abs() < 1e-16));
}

#[test]
fn extreme_logits_stay_finite() {
    for a in [100.0, 800.0] {
        assert_eq!((sigmoid(a), sigmoid(0.0)), (1.0, 0.5));
        assert!((sigmoid(-a) - (-a).exp()).abs() <= 1e-15 * (-a).exp());
        for (logit, x, loss) in [(a, 1.0, (-a).exp()), (a, 0.0, a), (-a, 1.0, a), (-a, 0.0, (-a).exp())] {
            let (value, gradient) = Likelihood::Bernoulli.pixel(logit, x);
            assert!((value - loss).abs() <= 1e-15 * loss, "{logit} {x}: {value}");
            assert!((gradient - (sigmoid(logit) - x)).abs() == 0.0);
            let (value, gradient) = Likelihood::SquaredError.pixel(logit, x);
            assert!(value.is_finite() && gradient.abs() <= 4.0 * (-a).exp(), "{logit} {x}: {value} {gradient}");
        }
    }
    assert!(Activation::Relu.forward(f64::NAN).is_nan() && Likelihood::Bernoulli.pixel(f64::NAN, 0.5).0.is_nan());
}

#[test]
fn adams_first_step_is_lr_times_sign() {
    let args = Adam { lr: 0.01, ..Adam::default() };
    let gradient = array![3.0, -0.2, 1e-3, 0.0];
    let (mut param, mut m, mut v) = (Array1::zeros(4), Array1::zeros(4), Array1::zeros(4));
    adam(&mut param, &mut m, &mut v, &gradient, &args, 1);
    for (param, sign) in param.iter().zip([-1.0, 1.0, -1.0, 0.0]) {
        assert!((param - 0.01 * sign).abs() <= 0.01 * 1.1e-5, "{param} {sign}");
    }
    // A constant gradient keeps the corrected moments at g and g²: every step has the same length.
    let before = param[0];
    adam(&mut param, &mut m, &mut v, &gradient, &args, 2);
    assert!((param[0] - before + 0.01).abs() < 1e-10);
}

#[test]
fn log_var_is_bounded_and_passes_no_gradient_beyond() {
    let one = |value: f64| Linear { weight: array![[0.0]], bias: array![value] };
    let layer = Linear { weight: array![[1.0]], bias: array![0.0] };
    let (h, eps, dd1) = (array![[1.0]], array![[0.5]], array![[1.0]]);
    for (raw, bounded, inside) in [
        (-100.0, LOG_VAR_MIN, false),
        (-29.0, -29.0, true),
        (1.0, 1.0, true),
        (19.0, 19.0, true),
        (100.0, LOG_VAR_MAX, false),
    ] {
        let (mu, log_var) = (one(0.0), one(raw));
        let layers = LatentLayers {
            code: &layer,
            heads: Some((&mu, &log_var)),
            projector: None,
            decoder: &layer,
            activation: Activation::Relu,
        };
        let out = latent(&h, &layers, &eps, &Array2::zeros((1, 0)));
        assert_eq!(out.gaussian.as_ref().unwrap().log_var[[0, 0]], bounded);
        assert_eq!(out.z[[0, 0]], 0.5 * (bounded / 2.0).exp());
        let back = latent_backward(&dd1, &layers, &out, &eps, &h, 1.0);
        let gradient = 0.25 * (bounded / 2.0).exp() + 0.5 * bounded.exp_m1();
        assert_eq!(back.dgaussian.unwrap().1[[0, 0]], if inside { gradient } else { 0.0 });
    }
}

#[test]
fn onehot_and_reparameterize_by_hand() {
    assert_eq!(onehot(&[2_u8, 0], 3), array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
    let z = reparameterize(&array![[1.0, 2.0]], &array![[0.0, 4f64.ln()]], &array![[0.5, -1.0]]);
    assert!((z - array![[1.5, 0.0]]).iter().all(|d| d.abs() < 1e-15));
}

#[test]
fn products_are_the_same_on_any_number_of_threads() {
    for (m, k, n) in [(33, 301, 131), (257, 32, 129), (1, 700, 511)] {
        let (a, b) = (uniform(6, m, k), uniform(7, k, n));
        let on = |threads: usize| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| product(&a, &b))
        };
        let one = on(1);
        let plain = Array2::from_shape_fn((m, n), |(i, j)| (0..k).map(|l| a[[i, l]] * b[[l, j]]).sum::<f64>());
        assert!((&one - &plain).iter().all(|d| d.abs() < 1e-13 * k as f64));
        for threads in [2, 3, 5] {
            assert_eq!(on(threads), one, "{m} {k} {n} on {threads} threads");
        }
    }
}

#[test]
fn a_network_resumes_to_the_same_bytes() {
    for kind in KINDS {
        let model = model(kind, &[7, 5]);
        let (x, eps, labels) = data(&model);
        let batch = Inputs { x: x.view(), corrupted: None, eps: Some(eps.view()), labels: Some(&labels) };
        let objective = Objective::elbo(Loss::BCE_SUM, 1.0);
        let mut whole = Oracle::new(&model, &model.initialise(1)).unwrap();
        let run = |network: &mut Oracle, steps: usize| {
            for _ in 0..steps {
                network.train_step(&batch, &objective, &Adam::default()).unwrap();
            }
        };
        run(&mut whole, 3);
        let (m, v) = whole.moments();
        let mut resumed = Oracle::new(&model, &whole.params()).unwrap();
        resumed.resume(&m, &v, whole.steps()).unwrap();
        run(&mut whole, 4);
        run(&mut resumed, 4);
        assert_eq!((whole.params(), whole.moments(), whole.steps()), (resumed.params(), resumed.moments(), 7));
    }
}

#[test]
fn encode_and_decode_are_the_halves_of_forward() {
    for kind in KINDS {
        for hidden in [&[6][..], &[7, 5, 6]] {
            let model = model(kind, hidden);
            let (x, _, labels) = data(&model);
            let network = Oracle::new(&model, &model.initialise(2)).unwrap();
            let forward =
                network.forward(&Inputs { x: x.view(), corrupted: None, eps: None, labels: Some(&labels) }).unwrap();
            let code = network.encode(&x).unwrap();
            assert_eq!((&code.code, &code.gaussian), (&forward.latent.code, &forward.latent.gaussian));
            let z = code.gaussian.map_or(code.code.output, |q| q.mu);
            assert_eq!(z, forward.latent.z);
            assert_eq!(network.decode(&z, Some(&labels)).unwrap(), forward.reconstruction());
        }
    }
}

#[test]
fn what_does_not_fit_the_model_is_refused() {
    let model = model(Kind::Cvae, &[6]);
    let (x, eps, labels) = data(&model);
    let network = Oracle::new(&model, &model.initialise(1)).unwrap();
    let batch = Inputs { x: x.view(), corrupted: None, eps: Some(eps.view()), labels: Some(&labels) };
    let refused = |batch: Inputs, expected: &str| {
        let error = network.forward(&batch).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
    };
    let (narrow, empty) = (uniform(0, ROWS, 8), Array2::zeros((0, 9)));
    refused(Inputs { x: narrow.view(), ..batch }, "x is [5, 8], expected [5, 9]");
    refused(Inputs { x: empty.view(), ..batch }, "x is [0, 9], expected [1, 9]");
    refused(Inputs { eps: Some(narrow.view()), ..batch }, "eps is [5, 8], expected [5, 4]");
    refused(Inputs { labels: None, ..batch }, "needs the label of every image");
    refused(Inputs { labels: Some(&[0, 1]), ..batch }, "2 for 5 images");
    refused(Inputs { labels: Some(&[0, 1, 2, 3, 0]), ..batch }, "label 3 of image 3 is not below the 3 classes");
    assert!(network.decode(&uniform(0, 2, 3), Some(&[0, 0])).is_err());

    let mut params = model.initialise(1);
    params.swap(2, 3);
    let error = Oracle::new(&model, &params).unwrap_err().to_string();
    assert!(error.contains("encoder.2.weight [4, 6] expected, encoder.2.bias [4] found"), "{error}");
    assert!(Oracle::new(&model, &params[..2]).unwrap_err().to_string().contains("14 expected, 2 found"));
}
