//! The oracle against mathematics: central differences and closed forms.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndarray::{Array1, Array2, Axis, array};
use rand::RngExt;
use std::f64::consts::TAU;
use wgvae::model::{
    Activation, Adam, Bottleneck, Bound, Condition, Kind, Likelihood, Loss, Model, Objective, Param, Reduction,
    Variance, sigmoid,
};
use wgvae::oracle::adam::adam;
use wgvae::oracle::kl::kl;
use wgvae::oracle::latent::{LatentLayers, latent, repeated};
use wgvae::oracle::latent_backward::latent_backward;
use wgvae::oracle::likelihood::{self, Outputs};
use wgvae::oracle::linear::{Linear, linear};
use wgvae::oracle::noise::noise;
use wgvae::oracle::onehot::onehot;
use wgvae::oracle::output::output;
use wgvae::oracle::product::product;
use wgvae::oracle::reparameterize::{LOG_VAR_MAX, LOG_VAR_MIN, reparameterize};
use wgvae::oracle::step::{Inputs, Oracle, images};
use wgvae::random::{Stream, stream};

const KINDS: [Kind; 3] = [Kind::Ae, Kind::Vae, Kind::Cvae];
const LOSSES: [Loss; 3] = [Loss::MSE_MEAN, Loss::MSE_SUM, Loss::BCE_SUM];
const ROWS: usize = 5;

fn model(kind: Kind, hidden: &[usize]) -> Model {
    Model::new(kind, 9, hidden, 4, 3)
}

fn uniform(index: u64, rows: usize, cols: usize) -> Array2<f64> {
    Array2::from_shape_vec((rows, cols), stream(11, Stream::Sample, index).random_iter().take(rows * cols).collect())
        .unwrap()
}

/// Images, `samples` draws of ε for each, and labels of `ROWS` rows.
fn draws(model: &Model, samples: usize) -> (Array2<f64>, Array2<f64>, Vec<u8>) {
    let labels = (0..ROWS).map(|i| (i * 2 % model.classes) as u8).collect();
    (uniform(0, ROWS, model.input), noise(5, Stream::Noise, 0, ROWS * samples, model.latent), labels)
}

/// The same with one draw of ε.
fn data(model: &Model) -> (Array2<f64>, Array2<f64>, Vec<u8>) {
    draws(model, 1)
}

/// Initial parameters with larger weights, and biases moved up, which keeps ReLU units alive in these narrow nets: no gradient is 0
/// by accident.
fn lively(model: &Model) -> Vec<Param> {
    let mut params = model.initialise(3);
    for param in &mut params {
        let bias = param.shape.len() == 1;
        param.values.iter_mut().for_each(|value| *value = if bias { *value + 0.3 } else { *value * 2.0 });
    }
    params
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Central differences of `f` by every value of every parameter.
fn central_differences(params: &[Param], f: impl Fn(&[Param]) -> f64) -> Vec<Vec<f64>> {
    let h = 1e-5;
    let difference = |tensor: usize, i: usize| {
        let [above, below] = [h, -h].map(|h| {
            let mut moved = params.to_vec();
            moved[tensor].values[i] += h;
            f(&moved)
        });
        (above - below) / (2.0 * h)
    };
    (0..params.len()).map(|t| (0..params[t].values.len()).map(|i| difference(t, i)).collect()).collect()
}

fn assert_near(what: &str, gradient: &Param, difference: &[f64]) {
    let name = &gradient.name;
    let apart: Vec<f64> = gradient.values.iter().zip(difference).map(|(a, b)| a - b).collect();
    let (apart, size) = (norm(&apart), norm(difference));
    assert!(size > 1e-5, "{what}: {name} has no gradient to check");
    assert!(apart <= 1e-6 * size, "{what}: {name} is {:e} off", apart / size);
}

/// Whether a parameter belongs to the encoder, whose gradient DReG estimates by another formula.
fn is_encoders(param: &Param) -> bool {
    ["encoder.", "mu.", "log_var."].iter().any(|part| param.name.starts_with(part))
}

/// Holds the gradients of `objective` to central differences of its loss: of every parameter, but with DReG of those alone that are
/// not the encoder's.
fn check_gradients(model: &Model, objective: &Objective) {
    let what = format!("{model:?} {objective:?}");
    let (x, eps, labels) = draws(model, objective.samples);
    let batch = Inputs { x: x.view(), corrupted: None, eps: Some(eps.view()), labels: Some(&labels) };
    let params = lively(model);
    let (_, gradients) = Oracle::new(model, &params).unwrap().gradients(&batch, objective).unwrap();
    let differences = central_differences(&params, |params| {
        Oracle::new(model, params).unwrap().losses(&batch, objective).unwrap().loss
    });
    for (gradient, difference) in gradients.iter().zip(&differences) {
        if objective.bound != Bound::Dreg || !is_encoders(gradient) {
            assert_near(&what, gradient, difference);
        }
    }
}

fn summed(likelihood: Likelihood) -> Loss {
    Loss { likelihood, reduction: Reduction::Sum }
}

fn beta(kind: Kind) -> f64 {
    if kind == Kind::Ae { 0.0 } else { 1.7 }
}

#[test]
fn every_gradient_is_its_central_difference() {
    for kind in KINDS {
        for hidden in [&[6][..], &[7, 5], &[8, 6, 5]] {
            for (activation, loss) in Activation::ALL.into_iter().zip(LOSSES.into_iter().cycle()) {
                let model = Model { activation, ..model(kind, hidden) };
                check_gradients(&model, &Objective::elbo(loss, beta(kind)));
            }
        }
    }
}

#[test]
fn gradients_of_every_bottleneck_condition_and_likelihood_are_central_differences() {
    for (kind, bottleneck) in KINDS.into_iter().flat_map(|kind| Bottleneck::ALL.map(|bottleneck| (kind, bottleneck))) {
        for (hidden, likelihood) in [&[6][..], &[7, 5]].into_iter().flat_map(|h| Likelihood::ALL.map(|l| (h, l))) {
            let model = Model { bottleneck, variance: likelihood.variance(), ..model(kind, hidden) };
            check_gradients(&model, &Objective::elbo(summed(likelihood), beta(kind)));
        }
        for condition in Condition::ALL.into_iter().filter(|_| kind == Kind::Cvae) {
            let model = Model { bottleneck, condition, ..model(kind, &[7, 5]) };
            check_gradients(&model, &Objective::elbo(Loss::BCE_SUM, beta(kind)));
        }
    }
}

#[test]
fn gradients_of_bounds_with_several_samples_are_central_differences() {
    for (bound, samples) in [(Bound::Elbo, 3), (Bound::Iwae, 1), (Bound::Iwae, 3), (Bound::Dreg, 1), (Bound::Dreg, 4)] {
        for likelihood in Likelihood::ALL {
            let objective = Objective { bound, samples, ..Objective::elbo(summed(likelihood), 1.7) };
            let variance = likelihood.variance();
            for bottleneck in Bottleneck::ALL {
                check_gradients(&Model { variance, bottleneck, ..model(Kind::Vae, &[7, 5]) }, &objective);
            }
            for condition in Condition::ALL {
                check_gradients(&Model { variance, condition, ..model(Kind::Cvae, &[6]) }, &objective);
            }
        }
    }
}

/// ln N(z; μ, σ²) of each row, without the constant.
fn log_normal(z: &Array2<f64>, mu: &Array2<f64>, log_var: &Array2<f64>) -> Array1<f64> {
    let terms = (z - mu).mapv(|d| d * d) / log_var.mapv(f64::exp) + log_var;
    -0.5 * terms.sum_axis(Axis(1))
}

/// Tucker et al. (2019), equation 8: Σₖ w̃ₖ² ∂wₖ/∂zₖ ∂zₖ/∂φ, w̃ and the parameters of q within w being held.
#[test]
fn dregs_gradient_of_the_encoder_is_the_central_difference_of_its_definition() {
    for (kind, samples, likelihood) in [
        (Kind::Vae, 1, Likelihood::Bernoulli),
        (Kind::Vae, 4, Likelihood::GaussianHeteroscedastic),
        (Kind::Cvae, 3, Likelihood::Bernoulli),
    ] {
        let model = Model { variance: likelihood.variance(), activation: Activation::Tanh, ..model(kind, &[7, 5]) };
        let objective = Objective { bound: Bound::Dreg, samples, ..Objective::elbo(summed(likelihood), 1.3) };
        let (x, eps, labels) = draws(&model, samples);
        let batch = Inputs { x: x.view(), corrupted: None, eps: Some(eps.view()), labels: Some(&labels) };
        let params = lively(&model);
        let network = Oracle::new(&model, &params).unwrap();

        let (held, log_weights) = network.log_weights(&batch, &objective).unwrap();
        let weights = log_weights.mapv(f64::exp);
        let sums = weights.sum_axis(Axis(1));
        let squares = Array1::from_shape_fn(ROWS * samples, |row| {
            (weights[[row / samples, row % samples]] / sums[row / samples]).powi(2)
        });
        let q = held.latent.gaussian.unwrap();
        let (mu, log_var) = (repeated(&q.mu, samples), repeated(&q.log_var, samples));
        let surrogate = |params: &[Param]| {
            let forward = Oracle::new(&model, params).unwrap().forward(&batch).unwrap();
            let outputs = Outputs { values: &forward.outputs, log_var: None };
            let z = &forward.latent.z;
            let prior = log_normal(z, &Array2::zeros(z.dim()), &Array2::zeros(z.dim()));
            let w =
                objective.beta * (prior - log_normal(z, &mu, &log_var)) - likelihood::losses(&outputs, &x, likelihood);
            -(&squares * &w).sum()
        };
        let (_, gradients) = network.gradients(&batch, &objective).unwrap();
        let differences = central_differences(&params, surrogate);
        for (gradient, difference) in gradients.iter().zip(&differences).filter(|(gradient, _)| is_encoders(gradient)) {
            assert_near(&format!("{kind:?}, {samples} samples"), gradient, difference);
        }
    }
}

/// The expectation over ε of two samples of one latent, by the trapezoidal rule on a grid of steps of ¼.
#[test]
fn dreg_and_iwae_expect_the_same_gradient() {
    let model = Model { activation: Activation::Tanh, ..Model::new(Kind::Vae, 3, [4], 1, 0) };
    let params = lively(&model);
    let network = Oracle::new(&model, &params).unwrap();
    let x = array![[0.1, 0.9, 0.6]];
    let step = 0.25;
    let grid: Vec<f64> = (-28..=28).map(|i| step * f64::from(i)).collect();
    let [iwae, dreg] = [Bound::Iwae, Bound::Dreg].map(|bound| {
        let objective = Objective { bound, samples: 2, ..Objective::elbo(Loss::BCE_SUM, 1.0) };
        let mut expected: Vec<_> = params.iter().map(|param| Array1::zeros(param.values.len())).collect();
        for (&a, &b) in grid.iter().flat_map(|a| grid.iter().map(move |b| (a, b))) {
            let density = (-0.5 * (a * a + b * b)).exp() / TAU;
            let eps = array![[a], [b]];
            let batch = Inputs { x: x.view(), corrupted: None, eps: Some(eps.view()), labels: None };
            let (_, gradients) = network.gradients(&batch, &objective).unwrap();
            for (sum, gradient) in expected.iter_mut().zip(gradients) {
                *sum += &(density * step * step * Array1::from(gradient.values));
            }
        }
        expected
    });
    for ((param, iwae), dreg) in params.iter().zip(&iwae).zip(&dreg) {
        let (apart, size) = (norm((iwae - dreg).as_slice().unwrap()), norm(iwae.as_slice().unwrap()));
        assert!(size > 1e-5 && apart <= 1e-7 * size, "{}: {:e} of {size:e} apart", param.name, apart / size);
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
    let logits = Array2::zeros((3, 10));
    for loss in likelihood::losses(&Outputs { values: &logits, log_var: None }, &x, Likelihood::Bernoulli) {
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
    let outputs = Outputs { values: &logits, log_var: None };
    assert_eq!(likelihood::losses(&outputs, &x, Likelihood::Bernoulli), bce.loss);
    assert!((&mean.dlogits * 35.0 - &sum.dlogits).iter().all(|d| d.abs() < 1e-16));
}

#[test]
fn extreme_logits_stay_finite() {
    for a in [100.0, 800.0] {
        assert_eq!((sigmoid(a), sigmoid(0.0)), (1.0, 0.5));
        assert!((sigmoid(-a) - (-a).exp()).abs() <= 1e-15 * (-a).exp());
        for (logit, x, loss) in [(a, 1.0, (-a).exp()), (a, 0.0, a), (-a, 1.0, a), (-a, 0.0, (-a).exp())] {
            let found = Likelihood::Bernoulli.pixel(logit, 0.0, x);
            assert!((found.loss - loss).abs() <= 1e-15 * loss, "{logit} {x}: {found:?}");
            assert!((found.output - (sigmoid(logit) - x)).abs() == 0.0);
            let found = Likelihood::SquaredError.pixel(logit, 0.0, x);
            assert!(found.loss.is_finite() && found.output.abs() <= 4.0 * (-a).exp(), "{logit} {x}: {found:?}");
        }
    }
    assert!(
        Activation::Relu.forward(f64::NAN).is_nan() && Likelihood::Bernoulli.pixel(f64::NAN, 0.0, 0.5).loss.is_nan()
    );
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
            code: Some((&layer, Some(Activation::Relu))),
            heads: Some((&mu, &log_var)),
            projector: None,
            condition: Condition::Add,
            decoder: &layer,
            activation: Activation::Relu,
        };
        let out = latent(&h, &layers, &eps, &Array2::zeros((1, 0)));
        assert_eq!(out.gaussian.as_ref().unwrap().log_var[[0, 0]], bounded);
        assert_eq!(out.z[[0, 0]], 0.5 * (bounded / 2.0).exp());
        let back = latent_backward(&dd1, &layers, &out, &eps, &h, 1.0, None);
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
    for (kind, bottleneck) in KINDS.into_iter().flat_map(|kind| Bottleneck::ALL.map(|bottleneck| (kind, bottleneck))) {
        for (hidden, condition) in [&[6][..], &[7, 5, 6]].into_iter().flat_map(|h| Condition::ALL.map(|c| (h, c))) {
            for variance in [Variance::None, Variance::Learned, Variance::Decoded] {
                let model = Model { bottleneck, condition, variance, ..model(kind, hidden) };
                let (x, _, labels) = data(&model);
                let network = Oracle::new(&model, &model.initialise(2)).unwrap();
                let batch = Inputs { x: x.view(), corrupted: None, eps: None, labels: Some(&labels) };
                let forward = network.forward(&batch).unwrap();
                let code = network.encode(&x, Some(&labels)).unwrap();
                assert_eq!((&code.code, &code.gaussian), (&forward.latent.code, &forward.latent.gaussian));
                let z = code.gaussian.map_or_else(|| code.code.unwrap().output, |q| q.mu);
                assert_eq!(z, forward.latent.z);
                assert_eq!(network.decode_outputs(&z, Some(&labels)).unwrap(), forward.outputs);
                assert_eq!(network.decode(&z, Some(&labels)).unwrap(), images(&model, &forward.outputs));
            }
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
