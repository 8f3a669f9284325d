//! One file per shader, same name: what the shader needs, a typed launch, and cases for the check.
//! Knows no model. To add a kernel: its shader, its oracle, its file here, and its line in [`ALL`].

pub mod adam;
pub mod corrupt;
pub mod latent;
pub mod latent_backward;
pub mod linear;
pub mod linear_backward;
pub mod loss;
pub mod middle;
pub mod noise;
pub mod onehot;
pub mod order;
pub mod output;
pub mod peak;
pub mod reparameterize;
pub mod reparameterize_backward;
pub mod update;

use crate::{
    Error, Result,
    gpu::{Arena, Matrix, Spec},
};

/// Every kernel, in the order of a training step; the last is for benches.
pub static ALL: &[&[Spec]] = &[
    order::SPECS,
    noise::SPECS,
    corrupt::SPECS,
    linear::SPECS,
    latent::SPECS,
    onehot::SPECS,
    reparameterize::SPECS,
    output::SPECS,
    linear_backward::SPECS,
    latent_backward::SPECS,
    reparameterize_backward::SPECS,
    update::SPECS,
    adam::SPECS,
    loss::SPECS,
    peak::SPECS,
];

/// The parameters of one linear layer: the weight `[out, in]`, and behind it the bias `[out]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// `[out, in]`
    pub weight: Matrix,
}

impl Layer {
    /// Space for a layer of `inputs` inputs and `outputs` outputs.
    pub fn allocate(arena: &mut Arena, inputs: usize, outputs: usize) -> Layer {
        let weight = arena.matrix(outputs, inputs);
        arena.matrix(1, outputs);
        Layer { weight }
    }

    /// `[1, out]`
    pub fn bias(&self) -> Matrix {
        Matrix {
            start: self.weight.start + self.weight.rows * self.weight.columns.div_ceil(4),
            rows: 1,
            columns: self.weight.rows,
        }
    }

    /// Number of inputs.
    pub fn inputs(&self) -> u32 {
        self.weight.columns
    }

    /// Number of outputs.
    pub fn outputs(&self) -> u32 {
        self.weight.rows
    }
}

/// How images lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Bytes, 255 for white, rows padded to a multiple of four.
    U8,
    /// Floats in [0, 1], rows padded to a multiple of four.
    F32,
}

/// An order of `count` items that is not the identity, and labels in which every class occurs: what cases gather by.
fn sample(count: usize, classes: usize) -> (Vec<u32>, Vec<u32>) {
    let labels = (0..count).map(|item| (classes.max(1) - 1 - item % classes.max(1)) as u32).collect();
    (crate::oracle::order::order(11, 3, count as u32), labels)
}

/// A shape that a matrix kernel is checked on.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Position of the batch's first row in the order.
    first: usize,
    /// Rows in the batch.
    rows: usize,
    /// Rows of a full batch.
    capacity: usize,
    inputs: usize,
    outputs: usize,
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Shape { rows, capacity, inputs, outputs, .. } = self;
        write!(f, "{rows} of {capacity} rows, {inputs} → {outputs}")
    }
}

/// Ones, primes, one less and one more than a tile and than a workgroup, long and thin, several workgroups on both axes.
fn shapes() -> impl Iterator<Item = Shape> {
    [
        [2, 13, 17, 21, 18],
        [0, 1, 1, 1, 1],
        [3, 7, 8, 3, 7],
        [0, 8, 8, 8, 8],
        [1, 9, 9, 5, 9],
        [5, 2, 3, 257, 2],
        [0, 3, 11, 2, 131],
        [0, 31, 33, 33, 63],
        [4, 33, 40, 4, 65],
        [0, 41, 41, 67, 37],
        [0, 15, 16, 6, 64],
        [2, 17, 33, 9, 61],
        [1, 63, 65, 15, 66],
        [0, 65, 65, 52, 44],
        [0, 32, 32, 32, 32],
        [3, 32, 33, 31, 33],
        [0, 129, 130, 21, 131],
    ]
    .into_iter()
    .map(|[first, rows, capacity, inputs, outputs]| Shape { first, rows, capacity, inputs, outputs })
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
