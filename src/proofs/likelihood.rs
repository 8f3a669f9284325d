//! Proof of [`kernels::likelihood`](crate::kernels::likelihood).

use super::{
    analysis::{bounded, measure},
    place::{self, batch, random_log_var},
    shapes::sample,
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, gather, random, rounded},
        tolerance::{Approx, values},
    },
    gpu::{Matrix, Program, Role},
    kernels::{
        likelihood::{Outputs, SPECS, Variant, launch_folded},
        middle::Middle,
    },
    model::{Likelihood, Variance},
    oracle::{
        self,
        concat::concat,
        importance::log_prior_ratio,
        latent::repeated,
        likelihood::losses,
        reparameterize::{bound, reparameterize},
    },
};
use ndarray::{Array1, Array2};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "let image_number = row / args.samples", replace: "let image_number = row" },
    Mutant { find: "select(vec4f(), found.loss, in_width(j, args.n))", replace: "found.loss" },
    Mutant { find: " - z * z)", replace: ")" },
    Mutant { find: "vec4f(-OUTPUT_LOG_VAR_MAX)", replace: "vec4f(-2.0 * OUTPUT_LOG_VAR_MAX)" },
    Mutant { find: "half = LANES / 2u", replace: "half = LANES / 4u" },
];

/// Step, position in the order, rows, rows of a full batch, values of an image, latents (0: there are none) and samples.
type Setting = [usize; 7];

fn cases(variant: Variant) -> Vec<Case> {
    let settings: [Setting; 6] = [
        [1, 2, 3, 4, 30, 5, 3],
        [0, 0, 1, 1, 1, 1, 1],
        [0, 1, 2, 3, 300, 0, 1],
        [2, 0, 3, 3, 33, 9, 2],
        [0, 3, 5, 7, 260, 270, 1],
        [1, 0, 4, 4, 8, 4, 5],
    ];
    settings.map(|setting| case(variant, setting)).into()
}

/// What a decoder gives, laid out; in f64 and as the kernel reads it.
pub(super) struct Given {
    pub(super) at: Outputs,
    /// As [`oracle::likelihood::Outputs`] has them.
    pub(super) values: Array2<f64>,
    /// `[n]`, where it is learned.
    pub(super) log_var: Option<Array1<f64>>,
}

impl Given {
    /// Random outputs of `rows` samples of images of `n` values; log σ² now and then beyond its bounds.
    pub(super) fn new(layout: &mut Layout, likelihood: Likelihood, rows: usize, capacity: usize, n: usize) -> Given {
        let values = random(21, rows, n, 1.5);
        let at = layout.input(Role::Activations, "outputs", &values, capacity);
        let mut log_vars = random(22, rows, n, 2.0);
        let extremes = [8.0, -8.0, 8.5, -8.5, 7.9, -7.9];
        log_vars.iter_mut().skip(1).step_by(7).zip(extremes).for_each(|(value, extreme)| *value = rounded(extreme));
        match likelihood.variance() {
            Variance::None => Given { at: Outputs { values: at, log_vars: Matrix::default() }, values, log_var: None },
            Variance::Learned => {
                let own = log_vars.row(0).to_owned();
                let log_vars = layout.input(Role::Params, "log σ²", &log_vars.slice(ndarray::s![..1, ..]), 1);
                Given { at: Outputs { values: at, log_vars }, values, log_var: Some(own) }
            }
            Variance::Decoded => {
                let log_vars_at = layout.input(Role::Activations, "log σ²", &log_vars, capacity);
                let values = concat(&values, &log_vars);
                Given { at: Outputs { values: at, log_vars: log_vars_at }, values, log_var: None }
            }
        }
    }

    /// As the oracle takes them.
    pub(super) fn outputs(&self) -> oracle::likelihood::Outputs<'_> {
        oracle::likelihood::Outputs { values: &self.values, log_var: self.log_var.as_deref() }
    }

    /// Error analysis of the loss of a value and of its derivatives.
    pub(super) fn analyse(&self, likelihood: Likelihood, row: usize, j: usize, t: &Array2<Approx>) -> [Approx; 3] {
        let samples = self.values.nrows() / t.nrows();
        let log_var = match (&self.log_var, likelihood.variance()) {
            (Some(log_var), _) => log_var[j],
            (None, Variance::Decoded) => self.values[[row, t.ncols() + j]],
            _ => 0.0,
        };
        measure(Approx::exact(self.values[[row, j]]), log_var, t[[row / samples, j]], likelihood)
    }
}

fn case((likelihood, format): Variant, setting: Setting) -> Case {
    let [slot, first, rows, capacity, n, latent, samples] = setting;
    let (mut layout, mut program) = (Layout::default(), Program::default());
    let (order, _) = sample(first + rows, 0);
    let images = place::images(&mut layout, format, 2, order.len(), n);
    layout.words(Role::Order, "order", &order);
    let t = gather(&images, &order[first..]);
    let given = Given::new(&mut layout, likelihood, rows * samples, capacity * samples, n);
    let mut middle = Middle::default();
    let mut ratios = vec![0.0; rows * samples];
    let mut ratio_analysis = vec![Approx::exact(0.0); rows * samples];
    if latent > 0 {
        let (mu, log_var) = (random(11, rows, latent, 1.0), random_log_var(12, rows, latent));
        let epsilon = random(13, rows * samples, latent, 2.0);
        middle.mu = layout.input(Role::Activations, "mu", &mu, capacity);
        middle.log_var = layout.input(Role::Activations, "log_var", &log_var, capacity);
        place::noise(&mut layout, &epsilon, slot, capacity * samples);
        let clamped = log_var.mapv(bound);
        let z = reparameterize(&repeated(&mu, samples), &repeated(&clamped, samples), &epsilon);
        ratios = log_prior_ratio(&z, &epsilon, &clamped).to_vec();
        let half = Approx::exact(0.5);
        let term = |row: usize, j: usize| {
            let [mu, log_var] = [&mu, &log_var].map(|values| Approx::exact(values[[row / samples, j]]));
            let (epsilon, s) = (Approx::exact(epsilon[[row, j]]), bounded(log_var));
            let z = mu + (half * s).exp() * epsilon;
            half * (epsilon * epsilon + s - z * z)
        };
        let depth = 4 * latent.div_ceil(4 * 64) + 6;
        let sum = |row| Approx::sum((0..latent).map(|j| term(row, j)), depth);
        ratio_analysis = (0..rows * samples).map(sum).collect();
    } else {
        layout.words(Role::Noise, "ε", &[0]);
    }
    let losses = losses(&given.outputs(), &values(&t), likelihood);
    let depth = 5 * n.div_ceil(4 * 64) + 6;
    let loss = |row| Approx::sum((0..n).map(|j| given.analyse(likelihood, row, j, &t)[0]), depth);
    let pick = |row: usize, column: usize| match column {
        0 => (losses[row], loss(row)),
        1 => (ratios[row], ratio_analysis[row]),
        _ => (0.0, Approx::exact(0.0)),
    };
    let expected = Array2::from_shape_fn((rows * samples, 4), |(row, column)| pick(row, column));
    let scores = layout.output(Role::Activations, "scores", capacity * samples, 4);
    let (found, analysis) = (expected.mapv(|pair| pair.0), expected.mapv(|pair| pair.1));
    layout.expect(Role::Activations, scores, &found, &analysis);
    // two rows of workgroups, as more than 65,535 samples would have
    let grid = [(capacity * samples).div_ceil(2), 2];
    launch_folded(&mut program, given.at, &middle, scores, capacity, (likelihood, format), grid)
        .expect("operands of one shape");
    layout.case(format!("{setting:?}"), program, batch(first, rows, slot), 1)
}
