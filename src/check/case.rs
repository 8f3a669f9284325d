//! A check of one kernel as pure data: the launch, what lies in memory before, and what must lie there after.

use crate::gpu::{Batch, Program, Slot};

/// Fill value of every word that no tensor occupies: a signalling NaN. Arithmetic passes a quiet NaN on unchanged, so a kernel
/// could read and rewrite one unnoticed.
pub const GUARD: u32 = 0x7fa5_a5a5;

/// Fill value of outputs before the launch: another signalling NaN.
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
    /// Where it is bound.
    pub slot: Slot,
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
    pub slot: Slot,
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
    /// One per buffer that the kernel binds.
    pub buffers: Vec<Buffer>,
    /// The tensors in them.
    pub tensors: Vec<Tensor>,
}

impl Case {
    /// What word `index` of `slot` is called: `y[3, 5]`, or its place where no tensor lies.
    pub fn describe(&self, slot: Slot, index: usize) -> String {
        let holds = |tensor: &&Tensor| {
            tensor.slot == slot && (tensor.start..tensor.start + tensor.rows * tensor.stride).contains(&index)
        };
        match self.tensors.iter().find(holds) {
            Some(tensor) => {
                let at = index - tensor.start;
                format!("{}[{}, {}]", tensor.name, at / tensor.stride, at % tensor.stride)
            }
            None => format!("word {index} of {}, where no tensor lies,", slot.name),
        }
    }
}
