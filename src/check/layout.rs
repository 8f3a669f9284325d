//! Puts the tensors of a case into buffers: rows padded with zeros, guards before, between and behind them.

use super::{
    case::{Buffer, Case, Expected, GUARD, Tensor, UNWRITTEN},
    tolerance::Approx,
};
use crate::{
    gpu::{Arena, Batch, Matrix, Program, Slot, Spec, Work, vec4s},
    random::{Stream, stream},
};
use ndarray::{Array1, Array2, ArrayRef2};
use rand_distr::{Distribution, Uniform};
use std::collections::BTreeMap;

/// Buffers in the making.
#[derive(Default)]
pub struct Layout {
    arenas: BTreeMap<Slot, Arena>,
    buffers: Vec<Buffer>,
    tensors: Vec<Tensor>,
}

/// `[rows, columns]` float32 numbers in [−scale, scale], always the same for one `seed`.
pub fn random(seed: u64, rows: usize, columns: usize, scale: f64) -> Array2<f64> {
    let uniform = Uniform::new_inclusive(-1.0, 1.0).expect("finite bounds");
    let values = uniform.sample_iter(stream(seed, Stream::Init, 0)).take(rows * columns).map(|u| rounded(scale * u));
    Array2::from_shape_vec((rows, columns), values.collect()).expect("rows · columns numbers")
}

/// As [`random`], with every third number or so zero and the others positive: the outputs of a relu.
pub fn random_relu(seed: u64, rows: usize, columns: usize, scale: f64) -> Array2<f64> {
    random(seed, rows, columns, scale).mapv(|x| x.max(-scale / 3.0) + scale / 3.0).mapv(rounded)
}

/// The nearest float32.
pub fn rounded(x: f64) -> f64 {
    x as f32 as f64
}

impl Layout {
    fn buffer(&mut self, slot: Slot) -> &mut Buffer {
        let at = self.buffers.iter().position(|buffer| buffer.slot == slot).unwrap_or_else(|| {
            self.buffers.push(Buffer { slot, before: Vec::new(), after: Vec::new() });
            self.buffers.len() - 1
        });
        &mut self.buffers[at]
    }

    /// Makes the buffer of `slot` as long as its arena, the new words guards.
    fn fit(&mut self, slot: Slot) {
        let words = (self.arenas[&slot].bytes() / 4) as usize;
        let buffer = self.buffer(slot);
        buffer.before.resize(words, GUARD);
        buffer.after.resize(words, Expected::Untouched);
    }

    /// A tensor the kernel reads; rows from `values.nrows()` to `capacity` are left as guards.
    pub fn input(
        &mut self,
        slot: impl Into<Slot>,
        name: &'static str,
        values: &ArrayRef2<f64>,
        capacity: usize,
    ) -> Matrix {
        let slot = slot.into();
        let matrix = self.output(slot, name, capacity, values.ncols());
        self.fill(slot, matrix, GUARD);
        self.set(slot, matrix, values);
        matrix
    }

    /// A tensor the kernel writes, filled with NaN.
    pub fn output(&mut self, slot: impl Into<Slot>, name: &'static str, rows: usize, columns: usize) -> Matrix {
        let [matrix] = self.outputs(slot, [(name, rows, columns)]);
        matrix
    }

    /// Tensors the kernel writes, (name, rows, columns), one behind the other without a guard between them; filled with NaN.
    pub fn outputs<const N: usize>(
        &mut self,
        slot: impl Into<Slot>,
        tensors: [(&'static str, usize, usize); N],
    ) -> [Matrix; N] {
        let slot = slot.into();
        let arena = self.arenas.entry(slot).or_default();
        arena.matrix(1, 4);
        let matrices = tensors.map(|(_, rows, columns)| arena.matrix(rows, columns));
        arena.matrix(1, 4);
        self.fit(slot);
        for ((name, rows, columns), matrix) in tensors.into_iter().zip(matrices) {
            self.tensors.push(Tensor {
                name,
                slot,
                start: 4 * matrix.start as usize,
                rows,
                stride: 4 * vec4s(columns),
            });
            self.fill(slot, matrix, UNWRITTEN);
        }
        matrices
    }

    /// The whole of a buffer that starts with its first element, and a guard behind it.
    pub fn words(&mut self, slot: impl Into<Slot>, name: &'static str, words: &[u32]) {
        self.rows(slot.into(), name, words, words.len());
    }

    fn rows(&mut self, slot: Slot, name: &'static str, words: &[u32], columns: usize) {
        self.arenas.entry(slot).or_default().matrix(words.len().div_ceil(4) + 1, 4);
        self.fit(slot);
        let stride = columns.max(1);
        self.tensors.push(Tensor { name, slot, start: 0, rows: words.len().div_ceil(stride).max(1), stride });
        self.buffer(slot).before[..words.len()].copy_from_slice(words);
    }

    /// As [`Layout::floats`], a matrix whose rows follow one another without padding.
    pub fn dense(&mut self, slot: impl Into<Slot>, name: &'static str, values: &ArrayRef2<f64>) {
        let words: Vec<u32> = values.iter().map(|&value| (value as f32).to_bits()).collect();
        self.rows(slot.into(), name, &words, values.ncols());
    }

    /// As [`Layout::dense`], filled with NaN: what the kernel writes.
    pub fn unwritten_dense(&mut self, slot: impl Into<Slot>, name: &'static str, rows: usize, columns: usize) {
        self.rows(slot.into(), name, &vec![UNWRITTEN; rows * columns], columns);
    }

    /// As [`Layout::words`], for floats.
    pub fn floats(&mut self, slot: impl Into<Slot>, name: &'static str, values: &[f64]) {
        let words: Vec<u32> = values.iter().map(|&value| (value as f32).to_bits()).collect();
        self.words(slot, name, &words);
    }

    /// As [`Layout::words`], filled with NaN: what the kernel writes.
    pub fn unwritten(&mut self, slot: impl Into<Slot>, name: &'static str, count: usize) {
        self.words(slot, name, &vec![UNWRITTEN; count]);
    }

    fn fill(&mut self, slot: Slot, matrix: Matrix, word: u32) {
        let (start, words) = (4 * matrix.start as usize, matrix.rows as usize * 4 * vec4s(matrix.columns as usize));
        self.buffer(slot).before[start..start + words].fill(word);
    }

    /// The values of a tensor's first rows before the launch, their padding zero.
    pub fn set(&mut self, slot: impl Into<Slot>, matrix: Matrix, values: &ArrayRef2<f64>) {
        let (start, stride) = (4 * matrix.start as usize, 4 * vec4s(matrix.columns as usize));
        let before = &mut self.buffer(slot.into()).before;
        for (row, words) in values.rows().into_iter().zip(before[start..].chunks_exact_mut(stride)) {
            words.fill(0);
            row.iter().zip(words).for_each(|(&value, word)| *word = (value as f32).to_bits());
        }
    }

    /// What a tensor's first rows must be after the launch: the oracle's `values`, as near as their error analysis demands,
    /// and zero padding.
    ///
    /// # Panics
    /// Where the analysis, which evaluates the formula once more, finds other values than the oracle.
    pub fn expect(
        &mut self,
        slot: impl Into<Slot>,
        matrix: Matrix,
        values: &ArrayRef2<f64>,
        analysis: &ArrayRef2<Approx>,
    ) {
        assert_eq!(values.dim(), analysis.dim(), "the oracle's shape, and that of its error analysis");
        let (start, stride) = (4 * matrix.start as usize, 4 * vec4s(matrix.columns as usize));
        let after = &mut self.buffer(slot.into()).after;
        let rows = values.rows().into_iter().zip(analysis.rows());
        for ((values, analysis), words) in rows.zip(after[start..].chunks_exact_mut(stride)) {
            words.fill(Expected::Zero);
            values.iter().zip(analysis).zip(words).for_each(|((&value, found), word)| *word = near(value, *found));
        }
    }

    /// As [`Layout::expect`], for the words of `slot` from `start` on.
    ///
    /// # Panics
    /// As [`Layout::expect`].
    pub fn expect_words(&mut self, slot: impl Into<Slot>, start: usize, values: &[f64], analysis: &[Approx]) {
        assert_eq!(values.len(), analysis.len(), "the oracle's length, and that of its error analysis");
        let after = &mut self.buffer(slot.into()).after;
        for ((&value, found), word) in values.iter().zip(analysis).zip(&mut after[start..]) {
            *word = near(value, *found);
        }
    }

    /// Exact words of `slot` after the launch, from its first on.
    pub fn expect_bits(&mut self, slot: impl Into<Slot>, words: &[u32]) {
        let after = &mut self.buffer(slot.into()).after;
        words.iter().zip(after).for_each(|(&word, after)| *after = Expected::Bits(word));
    }

    /// As [`Layout::expect`], for the whole of a dense matrix.
    ///
    /// # Panics
    /// As [`Layout::expect`].
    pub fn expect_dense(&mut self, slot: impl Into<Slot>, values: &ArrayRef2<f64>, analysis: &ArrayRef2<Approx>) {
        let (values, analysis): (Vec<_>, Vec<_>) =
            (values.iter().copied().collect(), analysis.iter().copied().collect());
        self.expect_words(slot, 0, &values, &analysis);
    }

    /// The finished case of a kernel that takes neither arguments nor the record of a step: one launch of `elements` invocations
    /// along x and y.
    pub fn launch(self, name: impl Into<String>, spec: &'static Spec, elements: [usize; 2]) -> Case {
        let mut program = Program::default();
        program.launch(spec, &(), elements, Work::default());
        self.case(name, program, Batch::default(), 1)
    }

    /// The finished case.
    pub fn case(self, name: impl Into<String>, program: Program, batch: Batch, steps: u32) -> Case {
        Case { name: name.into(), program, batch, steps, buffers: self.buffers, tensors: self.tensors }
    }
}

fn near(value: f64, found: Approx) -> Expected {
    let apart = (value - found.value).abs();
    assert!(
        apart <= 1e-9 * value.abs() + 1e-3 * found.error,
        "the oracle says {value}, its error analysis {} ± {}",
        found.value,
        found.error
    );
    Expected::Near { value, limit: found.error }
}

/// The rows of `matrix` that `items` name.
pub fn gather<T: Clone>(matrix: &Array2<T>, items: &[u32]) -> Array2<T> {
    let items: Vec<usize> = items.iter().map(|&item| item as usize).collect();
    matrix.select(ndarray::Axis(0), &items)
}

/// `[1, n]`
pub fn row(values: &Array1<f64>) -> Array2<f64> {
    values.clone().insert_axis(ndarray::Axis(0))
}
