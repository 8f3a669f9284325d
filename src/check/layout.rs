//! Puts the tensors of a case into buffers: rows padded with zeros, guards before, between and behind them.

use super::{
    case::{Buffer, Case, Expected, GUARD, Tensor, UNWRITTEN},
    tolerance::{Approx, exact},
};
use crate::{
    gpu::{Arena, Batch, Matrix, Precision, Program, Role, vec4s},
    kernels::{Format, Layer},
    model::Adam,
    oracle::{
        self,
        reparameterize::{LOG_VAR_MAX, LOG_VAR_MIN},
    },
    random::{Stream, stream},
};
use ndarray::{Array1, Array2, ArrayRef2};
use rand_distr::{Distribution, Uniform};

/// Buffers in the making.
#[derive(Default)]
pub struct Layout {
    arenas: [Arena; Role::ALL.len() + 1],
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

/// As [`random`], for log σ²: mostly near 0, and now and then at a bound, beyond it or near it.
pub fn random_log_var(seed: u64, rows: usize, columns: usize) -> Array2<f64> {
    let extremes = [LOG_VAR_MIN, LOG_VAR_MAX, LOG_VAR_MIN - 5.0, LOG_VAR_MAX + 5.0, -100.0, 100.0, -29.5, 19.5];
    let mut values = random(seed, rows, columns, 2.0);
    values.iter_mut().skip(1).step_by(5).zip(extremes).for_each(|(value, extreme)| *value = extreme);
    values
}

/// A layer of random numbers of a size that keeps its outputs near 1, the biases up to `bias`.
pub fn random_layer(seed: u64, inputs: usize, outputs: usize, bias: f64) -> oracle::linear::Layer {
    oracle::linear::Layer {
        weight: random(seed, outputs, inputs, (3.0 / inputs as f64).sqrt()),
        bias: random(seed + 1000, 1, outputs, bias).row(0).to_owned(),
    }
}

/// `values`, for mixed precision each at the nearest f16: what a product need not round shows its other errors.
pub fn held(values: Array2<f64>, precision: Precision) -> Array2<f64> {
    match precision {
        Precision::F32 => values,
        Precision::Mixed => values.mapv(|value| half::f16::from_f64(value).to_f64()),
    }
}

/// The nearest float32.
pub fn rounded(x: f64) -> f64 {
    x as f32 as f64
}

/// The record of a step: `rows` images from position `first` of the order on.
pub fn batch(first: usize, rows: usize, slot: usize) -> Batch {
    Batch { first: first as u32, rows: rows as u32, slot: slot as u32, ..Batch::default() }
}

/// The record of Adam's step `t`, counted from 1, and the arguments it stands for: those of `adam`, each rounded to float32.
pub fn adam_batch(batch: Batch, adam: &Adam, t: u64) -> (Batch, Adam) {
    let [beta1, beta2, epsilon] = [adam.beta1, adam.beta2, adam.epsilon].map(rounded);
    let Batch { first, rows, slot, entry, index, .. } = batch;
    (Batch { first, rows, slot, entry, index, ..Batch::adam(adam, t) }, Adam { lr: adam.lr, beta1, beta2, epsilon })
}

impl Layout {
    fn buffer(&mut self, role: Role) -> &mut Buffer {
        let at = self.buffers.iter().position(|buffer| buffer.role == role).unwrap_or_else(|| {
            self.buffers.push(Buffer { role, before: Vec::new(), after: Vec::new() });
            self.buffers.len() - 1
        });
        &mut self.buffers[at]
    }

    fn fit(&mut self, role: Role) {
        let words = (self.arenas[role as usize].bytes() / 4) as usize;
        let buffer = self.buffer(role);
        buffer.before.resize(words, GUARD);
        buffer.after.resize(words, Expected::Untouched);
    }

    fn name(&mut self, role: Role, name: &'static str, matrix: Matrix) {
        let (start, stride) = (4 * matrix.start as usize, 4 * vec4s(matrix.columns as usize));
        self.tensors.push(Tensor { name, role, start, rows: matrix.rows as usize, stride });
    }

    /// A tensor the kernel reads; rows from `values.nrows()` to `capacity` are left as guards.
    pub fn input(&mut self, role: Role, name: &'static str, values: &ArrayRef2<f64>, capacity: usize) -> Matrix {
        let matrix = self.output(role, name, capacity, values.ncols());
        self.erase(role, matrix);
        self.set(role, matrix, values);
        matrix
    }

    /// A tensor the kernel writes, filled with NaN.
    pub fn output(&mut self, role: Role, name: &'static str, rows: usize, columns: usize) -> Matrix {
        let arena = &mut self.arenas[role as usize];
        arena.matrix(1, 4);
        let matrix = arena.matrix(rows, columns);
        arena.matrix(1, 4);
        self.fit(role);
        self.name(role, name, matrix);
        let (start, words) = (4 * matrix.start as usize, 4 * rows * vec4s(columns));
        self.buffer(role).before[start..start + words].fill(UNWRITTEN);
        matrix
    }

    /// A layer's weight and bias, among the params or what is laid out like them.
    pub fn layer(&mut self, role: Role, layer: &oracle::linear::Layer) -> Layer {
        let placed = self.layer_output(role, layer.weight.nrows(), layer.weight.ncols());
        self.set(role, placed.weight, &layer.weight);
        self.set(role, placed.bias(), &row(&layer.bias));
        placed
    }

    /// As [`Layout::layer`], filled with NaN.
    pub fn layer_output(&mut self, role: Role, outputs: usize, inputs: usize) -> Layer {
        let arena = &mut self.arenas[role as usize];
        arena.matrix(1, 4);
        let layer = Layer::allocate(arena, inputs, outputs);
        arena.matrix(1, 4);
        self.fit(role);
        for (name, matrix) in [("weight", layer.weight), ("bias", layer.bias())] {
            self.name(role, name, matrix);
            let (start, words) = (4 * matrix.start as usize, matrix.rows as usize * 4 * vec4s(matrix.columns as usize));
            self.buffer(role).before[start..start + words].fill(UNWRITTEN);
        }
        layer
    }

    /// The whole of a buffer that starts with its first element, and a guard behind it.
    pub fn words(&mut self, role: Role, name: &'static str, words: &[u32]) {
        let arena = &mut self.arenas[role as usize];
        arena.matrix(words.len().div_ceil(4) + 1, 4);
        self.fit(role);
        self.tensors.push(Tensor { name, role, start: 0, rows: 1, stride: words.len().max(1) });
        self.buffer(role).before[..words.len()].copy_from_slice(words);
    }

    /// As [`Layout::words`], for floats.
    pub fn floats(&mut self, role: Role, name: &'static str, values: &[f64]) {
        let words: Vec<u32> = values.iter().map(|&value| (value as f32).to_bits()).collect();
        self.words(role, name, &words);
    }

    /// As [`Layout::words`], filled with NaN: what the kernel writes.
    pub fn unwritten(&mut self, role: Role, name: &'static str, count: usize) {
        self.words(role, name, &vec![UNWRITTEN; count]);
    }

    /// `count` images of `pixels` pixels among which black and white occur: what a kernel sees of them, `[count, pixels]`.
    pub fn images(&mut self, format: Format, seed: u64, count: usize, pixels: usize) -> Array2<Approx> {
        let values = random(seed, count, pixels, 0.55).mapv(|x| rounded((x + 0.5).clamp(0.0, 1.0)));
        self.images_of(format, &values)
    }

    /// As [`Layout::images`], for `values` `[count, pixels]`, which are rounded to bytes where the format asks for it.
    pub fn images_of(&mut self, format: Format, values: &ArrayRef2<f64>) -> Array2<Approx> {
        let pixels = values.ncols();
        let rows = values.rows().into_iter();
        match format {
            Format::F32 => {
                let padded = |row: ndarray::ArrayView1<f64>| {
                    let mut row: Vec<u32> = row.iter().map(|&x| (x as f32).to_bits()).collect();
                    row.resize(4 * vec4s(pixels), 0);
                    row
                };
                self.words(Role::Images, "images", &rows.flat_map(padded).collect::<Vec<_>>());
                exact(values)
            }
            Format::U8 => {
                let bytes = values.mapv(|x| (255.0 * x).round() as u8);
                let packed = |row: ndarray::ArrayView1<u8>| {
                    let word = |four: &[u8]| four.iter().rev().fold(0, |word, &byte| word << 8 | byte as u32);
                    row.to_vec().chunks(4).map(word).collect::<Vec<u32>>()
                };
                self.words(Role::Images, "images", &bytes.rows().into_iter().flat_map(packed).collect::<Vec<_>>());
                bytes.mapv(Approx::unorm8)
            }
        }
    }

    /// ε of step `slot` of a submit, its full batch `capacity` rows; that of other steps and of rows not given is NaN.
    pub fn noise(&mut self, epsilon: &ArrayRef2<f64>, slot: usize, capacity: usize) {
        let latent = epsilon.ncols();
        let mut words = vec![GUARD; (slot + 1) * capacity * latent];
        epsilon.iter().zip(&mut words[slot * capacity * latent..]).for_each(|(&e, word)| *word = (e as f32).to_bits());
        self.words(Role::Noise, "ε", &words);
    }

    fn erase(&mut self, role: Role, matrix: Matrix) {
        let (start, words) = (4 * matrix.start as usize, matrix.rows as usize * 4 * vec4s(matrix.columns as usize));
        self.buffer(role).before[start..start + words].fill(GUARD);
    }

    /// The values of a tensor's first rows before the launch, their padding zero.
    pub fn set(&mut self, role: Role, matrix: Matrix, values: &ArrayRef2<f64>) {
        let (start, stride) = (4 * matrix.start as usize, 4 * vec4s(matrix.columns as usize));
        let before = &mut self.buffer(role).before;
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
    pub fn expect(&mut self, role: Role, matrix: Matrix, values: &ArrayRef2<f64>, analysis: &ArrayRef2<Approx>) {
        assert_eq!(values.dim(), analysis.dim(), "the oracle's shape, and that of its error analysis");
        let (start, stride) = (4 * matrix.start as usize, 4 * vec4s(matrix.columns as usize));
        let after = &mut self.buffer(role).after;
        let rows = values.rows().into_iter().zip(analysis.rows());
        for ((values, analysis), words) in rows.zip(after[start..].chunks_exact_mut(stride)) {
            words.fill(Expected::Zero);
            values.iter().zip(analysis).zip(words).for_each(|((&value, found), word)| *word = near(value, *found));
        }
    }

    /// As [`Layout::expect`], for the words of `role` from `start` on.
    ///
    /// # Panics
    /// As [`Layout::expect`].
    pub fn expect_words(&mut self, role: Role, start: usize, values: &[f64], analysis: &[Approx]) {
        assert_eq!(values.len(), analysis.len(), "the oracle's length, and that of its error analysis");
        let after = &mut self.buffer(role).after;
        for ((&value, found), word) in values.iter().zip(analysis).zip(&mut after[start..]) {
            *word = near(value, *found);
        }
    }

    /// Exact words of `role` after the launch, from its first on.
    pub fn expect_bits(&mut self, role: Role, words: &[u32]) {
        let after = &mut self.buffer(role).after;
        words.iter().zip(after).for_each(|(&word, after)| *after = Expected::Bits(word));
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
