//! One file per shader, same name: what the shader needs, and a typed launch. Knows no network, no oracle and no check.
//! To add a kernel: its shader, its oracle, its file here and its line in [`all`], its proof and its line there.

pub mod activation;
pub mod adam;
pub mod binarize;
pub mod concat;
pub mod corrupt;
pub mod importance;
pub mod latent;
pub mod latent_backward;
pub mod likelihood;
pub mod likelihood_backward;
pub mod linear;
pub mod linear_backward;
pub mod loss;
pub mod middle;
pub mod noise;
pub mod norm;
pub mod onehot;
pub mod order;
pub mod output;
pub mod peak;
pub mod reparameterize;
pub mod reparameterize_backward;
pub mod update;

mod variants;

pub use variants::Variants;

use crate::{
    Error, Result,
    gpu::{Matrix, Spec},
};
use std::sync::LazyLock;

/// Every kernel, in the order of a training step; the last is for benches.
pub fn all() -> impl Iterator<Item = &'static Spec> {
    let one = |spec: &'static LazyLock<Spec>| vec![&**spec];
    [
        one(&order::SPEC),
        one(&binarize::SPEC),
        one(&noise::SPEC),
        corrupt::SPECS.specs(),
        concat::SPECS.specs(),
        linear::SPECS.specs(),
        latent::SPECS.specs(),
        one(&onehot::SPEC),
        one(&reparameterize::SPEC),
        output::SPECS.specs(),
        likelihood::SPECS.specs(),
        one(&importance::SPEC),
        likelihood_backward::SPECS.specs(),
        linear_backward::SPECS.specs(),
        latent_backward::SPECS.specs(),
        reparameterize_backward::SPECS.specs(),
        update::SPECS.specs(),
        norm::SPECS.specs(),
        one(&adam::SPEC),
        one(&loss::SPEC),
        one(&peak::SPEC),
    ]
    .into_iter()
    .flatten()
}

/// Refuses a matrix of another shape than its kernel needs.
fn expect(kernel: &'static str, tensor: &'static str, matrix: Matrix, rows: u32, columns: u32) -> Result<()> {
    if (matrix.rows, matrix.columns) == (rows, columns) {
        return Ok(());
    }
    Err(Error::Shape {
        kernel,
        tensor,
        expected: format!("[{rows}, {columns}]"),
        got: format!("[{}, {}]", matrix.rows, matrix.columns),
    })
}
