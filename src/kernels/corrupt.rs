//! `x̃ = x + strength · n`, or `x̃ = x · [u ≥ strength]`: noise on the batch of images, for a model to restore.

use super::Variants;
use crate::{
    gpu::{Args as _, Format, Matrix, Needs, Program, Role, Spec, Work, args, source, vec4s},
    model::{Corruption, Noise},
    random::philox::{EVALUATION, Stream},
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/corrupt.wgsl`.
    pub struct Args {
        /// Start of x̃ in activations.
        corrupted: u32,
        /// Pixels per image.
        width: u32,
        /// Lower word of the seed.
        seed_low: u32,
        /// Upper word of the seed.
        seed_high: u32,
        /// What the numbers are for: a [`Stream`].
        stream: u32,
        /// Bits set in the upper word of the step's number.
        high: u32,
        /// The standard deviation, or the share of values set to 0.
        strength: f32,
    }
}

/// One variant per kind of noise and format of the images.
pub static SPECS: LazyLock<Variants<(Noise, Format)>> = LazyLock::new(|| {
    let of = |format| [Noise::Gaussian, Noise::Mask].map(|noise| (noise, format));
    Variants::new([Format::U8, Format::F32].into_iter().flat_map(of), spec)
});

fn spec((noise, images): (Noise, Format)) -> Spec {
    let (name, parts) = match noise {
        Noise::Gaussian => {
            ("corrupt gaussian", &[source!("parts/normal.wgsl"), source!("parts/corrupt_gaussian.wgsl")][..])
        }
        Noise::Mask => ("corrupt mask", &[source!("parts/corrupt_mask.wgsl")][..]),
    };
    let shared = [
        source!("kernels/corrupt.wgsl"),
        source!("parts/batch.wgsl"),
        source!("parts/philox.wgsl"),
        match images {
            Format::U8 => source!("parts/images_u8.wgsl"),
            Format::F32 => source!("parts/images_f32.wgsl"),
        },
        source!("parts/in_width.wgsl"),
    ];
    Spec {
        name: format!("{name} of {images} images"),
        sources: [&shared[..], parts].concat(),
        bindings: vec![Role::Activations.read_write(), Role::Images.read(), Role::Order.read()],
        args: Args::FIELDS,
        workgroup: [8, 8, 1],
        needs: Needs::Nothing,
        trusted: true,
    }
}

/// A corrupted batch of images, and how it is made.
#[derive(Clone, Copy, Debug)]
pub struct Corrupted {
    /// x̃, `[rows, input]`
    pub matrix: Matrix,
    /// Which noise, and how much.
    pub corruption: Corruption,
    /// Decides the noise.
    pub seed: u64,
    /// Whether the noise is that of an evaluation, which no training step draws.
    pub evaluation: bool,
}

/// Adds x̃ of the batch of images to the program.
pub fn launch(program: &mut Program, corrupted: &Corrupted, images: Format) {
    let Corrupted { matrix, corruption, seed, evaluation } = *corrupted;
    let args = Args {
        corrupted: matrix.start,
        width: matrix.columns,
        seed_low: seed as u32,
        seed_high: (seed >> 32) as u32,
        stream: Stream::Corrupt as u32,
        high: if evaluation { (EVALUATION >> 32) as u32 } else { 0 },
        strength: corruption.strength as f32,
    };
    let (rows, width) = (matrix.rows as usize, matrix.columns as usize);
    let work = Work::elementwise([rows, width], (images.bytes() + 4) * rows * width);
    program.launch(SPECS.get((corruption.kind, images)), &args, [vec4s(width), rows], work);
}
