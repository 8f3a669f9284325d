//! The shapes that matrix kernels are checked on, and the items that cases gather.

use crate::oracle::order::order;
use std::fmt;

/// An order of `count` items that is not the identity, and labels in which every class occurs: what cases gather by.
pub(super) fn sample(count: usize, classes: usize) -> (Vec<u32>, Vec<u32>) {
    let labels = (0..count).map(|item| (classes.max(1) - 1 - item % classes.max(1)) as u32).collect();
    (order(11, 3, count as u32), labels)
}

/// A shape that a matrix kernel is checked on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Position of the batch's first row in the order.
    pub(super) first: usize,
    /// Rows in the batch.
    pub(super) rows: usize,
    /// Rows of a full batch.
    pub(super) capacity: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Shape { rows, capacity, inputs, outputs, .. } = self;
        write!(f, "{rows} of {capacity} rows, {inputs} → {outputs}")
    }
}

/// Ones, primes, one less and one more than a tile and than a workgroup, long and thin, several workgroups on both axes.
pub(super) fn shapes() -> impl Iterator<Item = Shape> {
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
        [1, 7, 9, 265, 6], // more vec4 in a sum than invocations ever share it, by one or a few
        [0, 6, 6, 7, 270],
    ]
    .into_iter()
    .map(|[first, rows, capacity, inputs, outputs]| Shape { first, rows, capacity, inputs, outputs })
}
