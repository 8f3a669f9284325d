//! Proof of [`kernels::reparameterize_backward`](crate::kernels::reparameterize_backward).

use super::{
    analysis::{backward, slopes},
    place::{self, batch, kept, random_log_var},
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random},
        tolerance::exact,
    },
    gpu::{Batch, Program, Role},
    kernels::{
        latent_backward::Gradients,
        middle::Middle,
        reparameterize_backward::{SPECS, launch},
    },
    model::Activation,
    oracle::reparameterize_backward::{projection_backward, reparameterize_backward},
};
use ndarray::Zip;

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "log_var > LOG_VAR_MIN", replace: "log_var >= LOG_VAR_MIN" },
    Mutant { find: "exp(0.5 * bounded) + beta", replace: "exp(bounded) + beta" },
    Mutant { find: "dz + beta * mu", replace: "dz - beta * mu" },
    Mutant { find: "args.labelled == 1u", replace: "args.labelled == 0u" },
    Mutant { find: "dz * derivative(", replace: "dz + derivative(" },
];

fn cases(activation: Activation) -> Vec<Case> {
    let case = |([slot, rows, capacity, latent], labelled, beta): ([usize; 4], bool, f64)| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let (mu, log_var) = (random(1, rows, latent, 2.0), random_log_var(2, rows, latent));
        let (projection, epsilon) = (kept(activation, 3, rows, latent), random(4, rows, latent, 2.0));
        let dz = random(5, rows, latent, 1.0);
        let mut middle = Middle {
            mu: layout.input(Role::Activations, "mu", &mu, capacity),
            log_var: layout.input(Role::Activations, "log_var", &log_var, capacity),
            ..Middle::default()
        };
        let mut gradients = Gradients { c: layout.input(Role::Signals, "dz", &dz, capacity), ..Gradients::default() };
        gradients.mu = layout.output(Role::Signals, "dmu", capacity, latent);
        gradients.log_var = layout.output(Role::Signals, "dlog_var", capacity, latent);
        if labelled {
            middle.projection = layout.input(Role::Activations, "projection", &projection, capacity).into();
            gradients.projection = layout.output(Role::Signals, "dprojection", capacity, latent);
            let found = projection_backward(&dz, &projection, activation);
            let analysis =
                Zip::from(&dz).and(&projection).map_collect(|&dz, &kept| backward(dz.into(), kept, activation));
            layout.expect(Role::Signals, gradients.projection, &found, &analysis);
        }
        place::noise(&mut layout, &epsilon, slot, capacity);
        let (dmu, dlog_var) = reparameterize_backward(&dz, &mu, &log_var, &epsilon, beta);
        let (dmu_analysis, dlog_var_analysis) = slopes(&mu, &log_var, &epsilon, &exact(&dz), beta);
        layout.expect(Role::Signals, gradients.mu, &dmu, &dmu_analysis);
        layout.expect(Role::Signals, gradients.log_var, &dlog_var, &dlog_var_analysis);
        launch(&mut program, &middle, &gradients, activation, labelled).expect("operands of one shape");
        let what = if labelled { ", labelled" } else { "" };
        let record = Batch { kl_weight: beta as f32, ..batch(0, rows, slot) };
        layout.case(format!("{rows} of {capacity} rows, latent {latent}{what}"), program, record, 1)
    };
    [
        ([2, 5, 7, 11], true, 3.0),
        ([0, 1, 1, 1], false, 1.0),
        ([1, 9, 17, 33], true, 0.25),
        ([0, 8, 8, 4], false, 0.0),
        ([1, 8, 9, 32], true, 1.0),
    ]
    .map(case)
    .into()
}
