//! What the cases of several kernels lay out: layers, images, noise, the record of a step; and the numbers they are made of.

use crate::{
    check::{
        case::GUARD,
        layout::{Layout, random, random_relu, rounded, row},
        tolerance::{Approx, exact},
    },
    gpu::{Batch, Format, Layer, Precision, Role, vec4s},
    model::{Activation, Adam, Kept},
    oracle::{
        self,
        reparameterize::{LOG_VAR_MAX, LOG_VAR_MIN},
    },
};
use ndarray::{Array2, ArrayRef2};

/// As [`random`], for log σ²: mostly near 0, and now and then at a bound, beyond it or near it.
pub fn random_log_var(seed: u64, rows: usize, columns: usize) -> Array2<f64> {
    let extremes = [LOG_VAR_MIN, LOG_VAR_MAX, LOG_VAR_MIN - 5.0, LOG_VAR_MAX + 5.0, -100.0, 100.0, -29.5, 19.5];
    let mut values = random(seed, rows, columns, 2.0);
    values.iter_mut().skip(1).step_by(5).zip(extremes).for_each(|(value, extreme)| *value = extreme);
    values
}

/// `[rows, columns]` numbers that a forward pass may have kept of `activation`. A third or so of the sums is 0, the others are of
/// either sign; or, where the activation has no negative outputs, positive.
pub fn kept(activation: Activation, seed: u64, rows: usize, columns: usize) -> Array2<f64> {
    let signed = activation.forward(-1.0) < 0.0;
    let mut kept = random_relu(seed, rows, columns, 1.0);
    kept.zip_mut_with(&random(seed + 2000, rows, columns, 1.0), |value, &sign| {
        let sum = if signed { value.copysign(sign) } else { *value };
        *value = match activation.kept() {
            Kept::Output => rounded(activation.forward(sum)),
            Kept::Sum => sum,
        };
    });
    kept
}

/// The layer of which `values` are kept.
pub fn activated(activation: Activation, values: Array2<f64>) -> oracle::linear::Activated {
    match activation.kept() {
        Kept::Output => oracle::linear::Activated { output: values, sums: None },
        Kept::Sum => oracle::linear::Activated::new(values, activation),
    }
}

/// A layer of random numbers of a size that keeps its outputs near 1, the biases up to `bias`.
pub fn random_layer(seed: u64, inputs: usize, outputs: usize, bias: f64) -> oracle::linear::Linear {
    oracle::linear::Linear {
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

/// The record of a step: `rows` images from position `first` of the order on.
pub fn batch(first: usize, rows: usize, slot: usize) -> Batch {
    Batch { first: first as u32, rows: rows as u32, slot: slot as u32, ..Batch::default() }
}

/// The record of Adam's step `t`, counted from 1, and the arguments it stands for: those of `adam`, each rounded to float32.
pub fn adam_batch(batch: Batch, adam: &Adam, t: u64) -> (Batch, Adam) {
    let args = adam.rounded();
    let Batch { first, rows, slot, .. } = batch;
    (Batch { first, rows, slot, ..Batch::adam(adam, t) }, args)
}

/// A layer's weight and bias, among the params or what is laid out like them.
pub fn layer(layout: &mut Layout, role: Role, layer: &oracle::linear::Linear) -> Layer {
    let placed = layer_output(layout, role, layer.weight.nrows(), layer.weight.ncols());
    layout.set(role, placed.weight, &layer.weight);
    layout.set(role, placed.bias(), &row(&layer.bias));
    placed
}

/// As [`layer`], filled with NaN.
pub fn layer_output(layout: &mut Layout, role: Role, outputs: usize, inputs: usize) -> Layer {
    let [weight, _] = layout.outputs(role, [("weight", outputs, inputs), ("bias", 1, outputs)]);
    Layer { weight }
}

/// `count` images of `pixels` pixels among which black and white occur: what a kernel sees of them, `[count, pixels]`.
pub fn images(layout: &mut Layout, format: Format, seed: u64, count: usize, pixels: usize) -> Array2<Approx> {
    let values = random(seed, count, pixels, 0.55).mapv(|x| rounded((x + 0.5).clamp(0.0, 1.0)));
    images_of(layout, format, &values)
}

/// As [`images`], for `values` `[count, pixels]`, which are rounded to bytes where the format asks for it.
pub fn images_of(layout: &mut Layout, format: Format, values: &ArrayRef2<f64>) -> Array2<Approx> {
    let pixels = values.ncols();
    let rows = values.rows().into_iter();
    match format {
        Format::F32 => {
            let padded = |row: ndarray::ArrayView1<f64>| {
                let mut row: Vec<u32> = row.iter().map(|&x| (x as f32).to_bits()).collect();
                row.resize(4 * vec4s(pixels), 0);
                row
            };
            layout.words(Role::Images, "images", &rows.flat_map(padded).collect::<Vec<_>>());
            exact(values)
        }
        Format::U8 => {
            let bytes = values.mapv(|x| (255.0 * x).round() as u8);
            let packed = |row: ndarray::ArrayView1<u8>| {
                let word = |four: &[u8]| four.iter().rev().fold(0, |word, &byte| word << 8 | byte as u32);
                row.to_vec().chunks(4).map(word).collect::<Vec<u32>>()
            };
            layout.words(Role::Images, "images", &bytes.rows().into_iter().flat_map(packed).collect::<Vec<_>>());
            bytes.mapv(Approx::unorm8)
        }
    }
}

/// ε of step `slot` of a submit, its full batch `capacity` rows; that of other steps and of rows not given is NaN.
pub fn noise(layout: &mut Layout, epsilon: &ArrayRef2<f64>, slot: usize, capacity: usize) {
    let latent = epsilon.ncols();
    let mut words = vec![GUARD; (slot + 1) * capacity * latent];
    epsilon.iter().zip(&mut words[slot * capacity * latent..]).for_each(|(&e, word)| *word = (e as f32).to_bits());
    layout.words(Role::Noise, "ε", &words);
}
