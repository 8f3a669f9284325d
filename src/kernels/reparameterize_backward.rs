//! `dμ = dz + β μ`, `dlog σ² = ½ (dz ε σ + β (σ² − 1))`, `dprojection = dz · [projection > 0]`,
//! for [`LatentTiling::Layers`](crate::gpu::LatentTiling::Layers).

use super::{expect, latent_backward::Gradients, middle::Middle};
use crate::{
    Result,
    check::{
        Case,
        layout::{Layout, batch, random, random_log_var, random_relu},
        tolerance::{exact, slopes},
    },
    gpu::{Access, Args as _, Mutant, Needs, Program, Role, Spec, args, source, vec4s},
    oracle::reparameterize_backward::{projection_backward, reparameterize_backward},
};

args! {
    /// As in `shaders/reparameterize_backward.wgsl`.
    pub struct Args {
        /// Start of μ in activations.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of relu(P onehot(y) + bP), likewise.
        projection: u32,
        /// Start of dz in signals.
        dz: u32,
        /// Start of dprojection, likewise.
        dprojection: u32,
        /// Start of dμ, likewise.
        dmu: u32,
        /// Start of dlog σ², likewise.
        dlog_var: u32,
        /// Columns of all of them.
        latent: u32,
        /// 0: no projection.
        labelled: u32,
        /// Rows of a full batch.
        capacity: u32,
        /// Weight of the KL divergence.
        beta: f32,
    }
}

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "reparameterize_backward",
    sources: &[
        source!("reparameterize_backward.wgsl"),
        source!("common/batch.wgsl"),
        source!("common/reparameterize.wgsl"),
    ],
    bindings: &[(Role::Activations, Access::Read), (Role::Signals, Access::ReadWrite), (Role::Noise, Access::Read)],
    args: Args::FIELDS,
    workgroup: [8, 8, 1],
    needs: Needs::Nothing,
    cases,
    mutants: &[
        Mutant { find: "log_var > LOG_VAR_MIN", replace: "log_var >= LOG_VAR_MIN" },
        Mutant { find: "exp(0.5 * bounded) + beta", replace: "exp(bounded) + beta" },
        Mutant { find: "dz + beta * mu", replace: "dz - beta * mu" },
        Mutant { find: "args.labelled == 1u", replace: "args.labelled == 0u" },
    ],
}];

/// Adds dμ, dlog σ² and, where `labelled`, dprojection, all `[rows, latent]`, from `gradients.c`.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(program: &mut Program, middle: &Middle, gradients: &Gradients, labelled: bool, beta: f64) -> Result<()> {
    let dz = gradients.c;
    let fits = |tensor, matrix| expect("reparameterize_backward", tensor, matrix, dz.rows, dz.columns);
    fits("mu", middle.mu)?;
    fits("log_var", middle.log_var)?;
    fits("dmu", gradients.mu)?;
    fits("dlog_var", gradients.log_var)?;
    if labelled {
        fits("projection", middle.projection)?;
        fits("dprojection", gradients.projection)?;
    }
    let args = Args {
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.start,
        dz: dz.start,
        dprojection: gradients.projection.start,
        dmu: gradients.mu.start,
        dlog_var: gradients.log_var.start,
        latent: dz.columns,
        labelled: labelled as u32,
        capacity: dz.rows,
        beta: beta as f32,
    };
    program.launch(&SPECS[0], &args, [vec4s(dz.columns as usize), dz.rows as usize]);
    Ok(())
}

fn cases() -> Vec<Case> {
    let case = |([slot, rows, capacity, latent], labelled, beta): ([usize; 4], bool, f64)| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let (mu, log_var) = (random(1, rows, latent, 2.0), random_log_var(2, rows, latent));
        let (projection, epsilon) = (random_relu(3, rows, latent, 1.0), random(4, rows, latent, 2.0));
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
            middle.projection = layout.input(Role::Activations, "projection", &projection, capacity);
            gradients.projection = layout.output(Role::Signals, "dprojection", capacity, latent);
            let found = projection_backward(&dz, &projection);
            layout.expect(Role::Signals, gradients.projection, &found, &exact(&found));
        }
        layout.noise(&epsilon, slot, capacity);
        let (dmu, dlog_var) = reparameterize_backward(&dz, &mu, &log_var, &epsilon, beta);
        let (dmu_analysis, dlog_var_analysis) = slopes(&mu, &log_var, &epsilon, &exact(&dz), beta);
        layout.expect(Role::Signals, gradients.mu, &dmu, &dmu_analysis);
        layout.expect(Role::Signals, gradients.log_var, &dlog_var, &dlog_var_analysis);
        launch(&mut program, &middle, &gradients, labelled, beta).expect("operands of one shape");
        let what = if labelled { ", labelled" } else { "" };
        layout.case(format!("{rows} of {capacity} rows, latent {latent}{what}"), program, batch(0, rows, slot), 1)
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
