//! What the samples of each image weigh, and the bound of ln p(x) that they give.

use super::{expect, middle::Partials};
use crate::{
    Result,
    gpu::{Args as _, Matrix, Needs, Program, Role, Spec, Work, args, source},
    model::Bound,
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/importance.wgsl`.
    pub struct Args {
        /// Start of the scores of the samples in activations.
        scores: u32,
        /// Of each image.
        samples: u32,
        /// 0: each sample weighs the same.
        weighted: u32,
        /// Rows of a full batch.
        rows: u32,
        /// Partials per step.
        stride: u32,
    }
}

/// The kernel.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec {
    name: "importance".into(),
    sources: vec![source!("kernels/importance.wgsl"), source!("parts/batch.wgsl")],
    bindings: vec![Role::Activations.read_write(), Role::Partials.read_write()],
    args: Args::FIELDS,
    workgroup: [64, 1, 1],
    needs: Needs::Nothing,
    trusted: true,
});

/// Adds to the program, from loss and ratio of each sample, `scores` `[rows · samples, 4]`, its weight; and the partials of an image:
/// its mean loss, and where the bound has weights its mean KL and its negative bound.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(program: &mut Program, scores: Matrix, rows: usize, bound: Bound, partials: Partials) -> Result<()> {
    expect("importance", "scores", scores, scores.rows.next_multiple_of(rows as u32), 4)?;
    let args = Args {
        scores: scores.start,
        samples: scores.rows / rows as u32,
        weighted: bound.is_weighted() as u32,
        rows: rows as u32,
        stride: partials.stride,
    };
    let work = Work::elementwise([scores.rows as usize, 4], 5 * 16 * scores.rows as usize);
    program.launch(&SPEC, &args, [rows, 1], work);
    Ok(())
}
