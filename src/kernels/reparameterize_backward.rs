//! The gradients of what [`reparameterize`](super::reparameterize) computes, summed over the samples of an image.

use super::{Variants, activation, expect, latent_backward::Gradients, middle::Middle, reparameterize::number};
use crate::{
    Result,
    gpu::{Args as _, Matrix, Needs, Program, Role, Spec, Work, args, source, vec4s},
    model::{Activation, Bound, Condition},
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/reparameterize_backward.wgsl`.
    pub struct Args {
        /// Start of μ in activations.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of act(P onehot(y) + bP), likewise.
        projection: u32,
        /// Start of what is kept of it, likewise.
        projection_kept: u32,
        /// Start of the losses, ratios and weights of the samples, likewise.
        scores: u32,
        /// Start of dc in signals.
        dc: u32,
        /// Start of dprojection, likewise.
        dprojection: u32,
        /// Start of dμ, likewise.
        dmu: u32,
        /// Start of dlog σ², likewise.
        dlog_var: u32,
        /// Columns of μ, log σ² and the projection.
        latent: u32,
        /// Columns of onehot(y) behind z.
        classes: u32,
        /// What the projection does: 0 nothing, 1 z + p, 2 (z + p) / 2, 3 z p.
        condition: u32,
        /// 0: no weights; 1: weights; 2: doubly reparameterized.
        bound: u32,
        /// Of each image.
        samples: u32,
        /// Rows · samples of a full batch.
        capacity: u32,
    }
}

/// By the activation of the projection.
pub static SPECS: LazyLock<Variants<Activation>> = LazyLock::new(|| Variants::new(Activation::ALL, spec));

fn spec(activation: Activation) -> Spec {
    Spec {
        name: format!("reparameterize_backward{}", activation::suffix(activation)),
        sources: vec![
            source!("kernels/reparameterize_backward.wgsl"),
            source!("parts/batch.wgsl"),
            source!("parts/reparameterize.wgsl"),
            source!("parts/epsilon.wgsl"),
            activation::part(Some(activation)).source,
        ],
        bindings: vec![Role::Activations.read(), Role::Signals.read_write(), Role::Noise.read()],
        args: Args::FIELDS,
        workgroup: [8, 8, 1],
        needs: Needs::Nothing,
        trusted: true,
    }
}

/// What the samples of an image weigh in a gradient.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    /// The bound they are weighted for.
    pub bound: Bound,
    /// (loss, ratio, weight, 0) of each sample, `[rows · samples, 4]`; read where the bound has weights.
    pub scores: Matrix,
}

/// Adds dμ, dlog σ² and, where the label is projected, dprojection, all `[rows, latent]`, from `gradients.c`; the projection went
/// through `activation`.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(
    program: &mut Program,
    middle: &Middle,
    gradients: &Gradients,
    activation: Activation,
    condition: Option<Condition>,
    weights: Weights,
) -> Result<()> {
    let (mu, dc, classes) = (middle.mu, gradients.c, middle.behind(condition));
    let (rows, latent) = (mu.rows, mu.columns);
    let fits = |tensor, matrix| expect("reparameterize_backward", tensor, matrix, rows, latent);
    fits("log_var", middle.log_var)?;
    fits("dmu", gradients.mu)?;
    fits("dlog_var", gradients.log_var)?;
    expect("reparameterize_backward", "dc", dc, dc.rows.next_multiple_of(rows), latent + classes)?;
    if weights.bound.is_weighted() {
        expect("reparameterize_backward", "scores", weights.scores, dc.rows, 4)?;
    }
    if number(condition) != 0 {
        fits("projection", middle.projection.output)?;
        fits("what is kept of projection", middle.projection.kept)?;
        fits("dprojection", gradients.projection)?;
    }
    let args = Args {
        mu: mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.output.start,
        projection_kept: middle.projection.kept.start,
        scores: weights.scores.start,
        dc: dc.start,
        dprojection: gradients.projection.start,
        dmu: gradients.mu.start,
        dlog_var: gradients.log_var.start,
        latent,
        classes,
        condition: number(condition),
        bound: match weights.bound {
            Bound::Elbo => 0,
            Bound::Iwae => 1,
            Bound::Dreg => 2,
        },
        samples: dc.rows / rows,
        capacity: dc.rows,
    };
    let (rows, latent) = (rows as usize, latent as usize);
    let bytes = 4 * (4 * rows + 2 * dc.rows as usize) * latent; // μ, log σ², dμ, dlog σ²; ε and dc of each sample
    let work = Work::elementwise([rows, latent], bytes);
    program.launch(SPECS.get(activation), &args, [vec4s(latent), rows], work);
    Ok(())
}
