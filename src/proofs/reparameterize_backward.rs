//! Proof of [`kernels::reparameterize_backward`](crate::kernels::reparameterize_backward).

use super::{
    analysis::{backward, bounded},
    place::{self, activated, batch, kept, random_log_var},
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random, rounded},
        tolerance::Approx,
    },
    gpu::{Batch, Program, Role},
    kernels::{
        activation::ActivatedMatrix,
        latent_backward::Gradients,
        middle::Middle,
        reparameterize_backward::{SPECS, Weights, launch},
    },
    model::{Activation, Bound, Condition},
    oracle::{
        importance::Importance,
        latent::{repeated, summed},
        linear_backward::activation_backward,
        reparameterize::{LOG_VAR_MAX, LOG_VAR_MIN, bound, reparameterize},
        reparameterize_backward::{conditioned_backward, reparameterize_backward},
    },
};
use ndarray::{Array1, Array2, s};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "log_var > LOG_VAR_MIN", replace: "log_var >= LOG_VAR_MIN" },
    Mutant { find: "turned * exp(0.5 * bounded)", replace: "turned * exp(bounded)" },
    Mutant { find: "dz + beta * mu", replace: "dz - beta * mu" },
    Mutant { find: "noise4 / sigma)", replace: "noise4 * sigma)" },
    Mutant { find: "dp * derivative(", replace: "dp + derivative(" },
];

/// Columns behind z where the label stands there.
const CLASSES: usize = 6;

/// Step, rows, rows of a full batch, latents and samples; what the decoder is told; the bound; β.
type Setting = ([usize; 5], Option<Condition>, Bound, f64);

fn cases(activation: Activation) -> Vec<Case> {
    let (add, mean) = (Some(Condition::Add), Some(Condition::Mean));
    let (multiply, concat) = (Some(Condition::Multiply), Some(Condition::Concat));
    [
        ([2, 5, 7, 11, 1], add, Bound::Elbo, 3.0),
        ([0, 1, 1, 1, 1], None, Bound::Elbo, 1.0),
        ([1, 9, 17, 33, 1], add, Bound::Elbo, 0.25),
        ([0, 8, 8, 4, 1], None, Bound::Elbo, 0.0),
        ([1, 8, 9, 32, 1], mean, Bound::Elbo, 1.0),
        ([1, 5, 6, 6, 3], multiply, Bound::Elbo, 1.5),
        ([0, 3, 4, 5, 2], concat, Bound::Iwae, 1.0),
        ([1, 4, 5, 3, 5], add, Bound::Iwae, 0.5),
        ([0, 9, 9, 9, 4], multiply, Bound::Dreg, 1.0),
        ([2, 3, 4, 34, 3], None, Bound::Dreg, 0.7),
        ([0, 2, 3, 4, 1], None, Bound::Dreg, 1.0),
    ]
    .map(|setting| case(activation, setting))
    .into()
}

fn case(activation: Activation, setting: Setting) -> Case {
    let ([slot, rows, capacity, latent, samples], condition, bounds, beta) = setting;
    let (mut layout, mut program) = (Layout::default(), Program::default());
    let (mu, log_var) = (random(1, rows, latent, 2.0), random_log_var(2, rows, latent));
    let epsilon = random(4, rows * samples, latent, 2.0);
    let behind = if condition == Some(Condition::Concat) { CLASSES } else { 0 };
    let dc = random(5, rows * samples, latent + behind, 1.0);
    let mut middle = Middle {
        mu: layout.input(Role::Activations, "mu", &mu, capacity),
        log_var: layout.input(Role::Activations, "log_var", &log_var, capacity),
        ..Middle::default()
    };
    if behind > 0 {
        middle.onehot.columns = behind as u32; // not read here, but it tells how many columns stand behind z
    }
    let of_samples = capacity * samples;
    let mut gradients = Gradients { c: layout.input(Role::Signals, "dc", &dc, of_samples), ..Gradients::default() };
    gradients.mu = layout.output(Role::Signals, "dmu", capacity, latent);
    gradients.log_var = layout.output(Role::Signals, "dlog_var", capacity, latent);
    place::noise(&mut layout, &epsilon, slot, of_samples);

    let weights = random(6, rows, samples, 0.5).mapv(|weight| rounded(weight.abs() / samples as f64));
    let importance = bounds.is_weighted().then(|| Importance {
        bound: bounds,
        weights,
        bounds: Array1::zeros(0),
        kl: Array1::zeros(0),
    });
    let mut weights_at = Weights { bound: bounds, scores: Default::default() };
    if let Some(Importance { weights, .. }) = &importance {
        let scores = Array2::from_shape_fn((rows * samples, 4), |(row, column)| match column {
            2 => weights[[row / samples, row % samples]],
            _ => 7.0, // not read
        });
        weights_at.scores = layout.input(Role::Activations, "scores", &scores, of_samples);
    }

    let found_kept = kept(activation, 3, rows, latent);
    let mut projection = activated(activation, found_kept.clone());
    projection.output.mapv_inplace(rounded);
    let projected = matches!(condition, Some(Condition::Add | Condition::Mean | Condition::Multiply));
    let z = reparameterize(&repeated(&mu, samples), &repeated(&log_var.mapv(bound), samples), &epsilon);
    let of_z = dc.slice(s![.., ..latent]).to_owned();
    let (dz, dp) = match condition.filter(|_| projected) {
        Some(condition) => conditioned_backward(&of_z, &z, &projection.output, condition),
        None => (of_z.clone(), of_z),
    };
    let (dmu, dlog_var) = reparameterize_backward(&dz, &mu, &log_var, &epsilon, beta, importance.as_ref());
    let inputs = Inputs { dc: &dc, mu: &mu, log_var: &log_var, epsilon: &epsilon, projection: &projection.output };
    let analysed = Array2::from_shape_fn((rows, latent), |at| inputs.analyse(at, setting, importance.as_ref()));
    layout.expect(Role::Signals, gradients.mu, &dmu, &analysed.mapv(|found| found[0]));
    layout.expect(Role::Signals, gradients.log_var, &dlog_var, &analysed.mapv(|found| found[1]));
    if projected {
        let output = layout.input(Role::Activations, "projection", &projection.output, capacity);
        let kept = match projection.sums {
            Some(_) => layout.input(Role::Activations, "sums of projection", &found_kept, capacity),
            None => output,
        };
        middle.projection = ActivatedMatrix { output, kept };
        gradients.projection = layout.output(Role::Signals, "dprojection", capacity, latent);
        let found = activation_backward(summed(&dp, samples), &found_kept, activation);
        let analysis =
            Array2::from_shape_fn((rows, latent), |at| backward(analysed[at][2], found_kept[at], activation));
        layout.expect(Role::Signals, gradients.projection, &found, &analysis);
    }
    launch(&mut program, &middle, &gradients, activation, condition, weights_at).expect("operands of one shape");
    layout.case(format!("{setting:?}"), program, Batch { kl_weight: beta as f32, ..batch(0, rows, slot) }, 1)
}

/// What the kernel reads, `[rows, latent]` or `[rows · samples, latent]`; dc may be wider.
struct Inputs<'a> {
    dc: &'a Array2<f64>,
    mu: &'a Array2<f64>,
    log_var: &'a Array2<f64>,
    epsilon: &'a Array2<f64>,
    projection: &'a Array2<f64>,
}

impl Inputs<'_> {
    /// Error analysis of dμ, dlog σ² and Σ dc · ∂c/∂p of one latent of one image.
    fn analyse(&self, at: (usize, usize), setting: Setting, importance: Option<&Importance>) -> [Approx; 3] {
        let ([.., samples], condition, bounds, beta) = setting;
        let [zero, half, one] = [0.0, 0.5, 1.0].map(Approx::exact);
        let [mu, log_var, p] = [self.mu, self.log_var, self.projection].map(|values| Approx::exact(values[at]));
        let beta = Approx::exact(beta);
        let sigma = (half * bounded(log_var)).exp();
        let (mut sum, mut turned, mut dp) = (zero, zero, zero);
        for sample in 0..samples {
            let row = at.0 * samples + sample;
            let [dc, epsilon] = [self.dc, self.epsilon].map(|values| Approx::exact(values[[row, at.1]]));
            let z = mu + sigma * epsilon;
            let (mut g, of_p) = match condition {
                Some(Condition::Mean) => (half * dc, half * dc),
                Some(Condition::Multiply) => (dc * p, dc * z),
                _ => (dc, dc),
            };
            dp = dp + of_p;
            if let Some(importance) = importance {
                let w = Approx::exact(importance.weights[[at.0, sample]]);
                let pull = w * beta * z;
                g = match bounds {
                    Bound::Dreg => w * (g + pull - w * beta * epsilon / sigma),
                    _ => g + pull,
                };
            }
            (sum, turned) = (sum + g, turned + g * epsilon);
        }
        let (of_mu, of_log_var) = match bounds {
            Bound::Elbo => (beta * mu, beta * (bounded(log_var).exp() - one)),
            Bound::Iwae => (zero, -beta),
            Bound::Dreg => (zero, zero),
        };
        let inside = LOG_VAR_MIN < log_var.value && log_var.value < LOG_VAR_MAX;
        let dlog_var = if inside { half * (turned * sigma + of_log_var) } else { zero };
        [sum + of_mu, dlog_var, dp]
    }
}
