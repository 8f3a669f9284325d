//! A check of one kernel as pure data: the launch, what lies in memory before, and what must lie there after.

use crate::gpu::{Batch, Program, Role};

/// Fills whatever no tensor occupies: a NaN, which poisons what is computed from it. It is a signalling one: arithmetic hands
/// on the bits of a quiet NaN, so that a kernel could read, change and write one unseen.
pub const GUARD: u32 = 0x7fa5_a5a5;

/// Fills outputs before the launch: another NaN.
pub const UNWRITTEN: u32 = 0x7f8d_0d0d;

/// What must lie in a four-byte word after the launch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// The bits that lay there before.
    Untouched,
    /// A finite float at most `limit` away from `value`.
    Near {
        /// What the oracle found.
        value: f64,
        /// How far float32 arithmetic may lie from it.
        limit: f64,
    },
    /// Exactly these bits.
    Bits(u32),
    /// Zero of either sign: padding.
    Zero,
}

/// The content of one buffer, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// Which buffer.
    pub role: Role,
    /// Its words before the launch.
    pub before: Vec<u32>,
    /// What they must be after it; as long as `before`.
    pub after: Vec<Expected>,
}

/// Where a tensor lies, for people: what a wrong word is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name in the kernel's formula.
    pub name: &'static str,
    /// Its buffer.
    pub role: Role,
    /// Its first word.
    pub start: usize,
    /// Number of rows.
    pub rows: usize,
    /// Words from row to row, padding included.
    pub stride: usize,
}

/// One check of one kernel.
#[derive(Clone, Debug)]
pub struct Case {
    /// What sets it apart.
    pub name: String,
    /// One launch, made by the kernel's own function.
    pub program: Program,
    /// The record of the step, or of the first of them.
    pub batch: Batch,
    /// Steps that the launch covers.
    pub steps: u32,
    /// One buffer per role that the kernel binds.
    pub buffers: Vec<Buffer>,
    /// The tensors in them.
    pub tensors: Vec<Tensor>,
}

impl Case {
    /// What word `index` of `role` is called: `y[3, 5]`, or its place where no tensor lies.
    pub fn describe(&self, role: Role, index: usize) -> String {
        let holds = |tensor: &&Tensor| {
            tensor.role == role && (tensor.start..tensor.start + tensor.rows * tensor.stride).contains(&index)
        };
        match self.tensors.iter().find(holds) {
            Some(tensor) => {
                let at = index - tensor.start;
                format!("{}[{}, {}]", tensor.name, at / tensor.stride, at % tensor.stride)
            }
            None => format!("word {index} of {}, where no tensor lies,", role.name()),
        }
    }
}
