//! `x̃ = x + strength · n`, or `x̃ = x · [u ≥ strength]`: noise on the batch of images, for a model to restore.

use super::{Format, noise::box_muller};
use crate::{
    Error, Result,
    check::{
        Case,
        layout::{Layout, batch, gather, rounded},
        tolerance::{Approx, values},
    },
    gpu::{Access, Args as _, Batch, Matrix, Mutant, Needs, Program, Role, Spec, args, source, vec4s},
    model::{Corruption, Noise},
    oracle::corrupt::corrupt,
    random::philox::{self, EVALUATION, Stream},
};
use ndarray::Array2;

args! {
    /// As in `shaders/corrupt.wgsl`.
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
        /// The standard deviation, or the share of pixels blanked.
        strength: f32,
    }
}

macro_rules! spec {
    ($name:literal, $noise:expr, [$($part:literal),+], $mutant:expr) => {
        Spec {
            name: $name,
            sources: &[
                source!("corrupt.wgsl"),
                source!("common/batch.wgsl"),
                source!("common/philox.wgsl"),
                source!("common/images_u8.wgsl"),
                source!("common/in_width.wgsl"),
                $(source!($part)),+
            ],
            bindings: &[(Role::Activations, Access::ReadWrite), (Role::Images, Access::Read), (Role::Order, Access::Read)],
            args: Args::FIELDS,
            workgroup: [8, 8, 1],
            needs: Needs::Nothing,
            cases: || cases($noise),
            mutants: &[
                Mutant { find: "id.y >= batch.rows", replace: "id.y > batch.rows" },
                Mutant { find: "vec4u(at, ", replace: "vec4u(id.x, " },
                Mutant { find: "batch.index.y | args.high", replace: "batch.index.y" },
                $mutant,
            ],
        }
    };
}

/// One variant per kind of noise.
pub static SPECS: &[Spec] = &[
    spec!(
        "corrupt gaussian",
        Noise::Gaussian,
        ["common/normal.wgsl", "common/corrupt_gaussian.wgsl"],
        Mutant { find: "select(vec4f(), corrupt(x, words), in_width(id.x, args.width))", replace: "corrupt(x, words)" }
    ),
    spec!(
        "corrupt mask",
        Noise::Mask,
        ["common/corrupt_mask.wgsl"],
        Mutant { find: ">= vec4f(args.strength)", replace: "> vec4f(args.strength)" }
    ),
];

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
///
/// # Errors
/// [`Error::Shape`] where the images are floats: data sets hold bytes.
pub fn launch(program: &mut Program, corrupted: &Corrupted, images: Format) -> Result<()> {
    let Corrupted { matrix, corruption, seed, evaluation } = *corrupted;
    if images != Format::U8 {
        let (expected, got) = ("images of bytes".into(), "images of floats".into());
        return Err(Error::Shape { kernel: "corrupt", tensor: "x", expected, got });
    }
    let args = Args {
        corrupted: matrix.start,
        width: matrix.columns,
        seed_low: seed as u32,
        seed_high: (seed >> 32) as u32,
        stream: Stream::Corrupt as u32,
        high: if evaluation { (EVALUATION >> 32) as u32 } else { 0 },
        strength: corruption.strength as f32,
    };
    let spec = &SPECS[(corruption.kind == Noise::Mask) as usize];
    program.launch(spec, &args, [vec4s(matrix.columns as usize), matrix.rows as usize]);
    Ok(())
}

fn cases(kind: Noise) -> Vec<Case> {
    let case =
        |(seed, [first, rows, capacity, width], index, evaluation, strength): (u64, [usize; 4], u64, bool, f64)| {
            let (mut layout, mut program) = (Layout::default(), Program::default());
            let (order, _) = super::sample(first + rows, 0);
            let images = layout.images(Format::U8, 2, order.len(), width);
            layout.words(Role::Order, "order", &order);
            let x = gather(&images, &order[first..]);
            let matrix = layout.output(Role::Activations, "x̃", capacity, width);
            let corruption = Corruption { kind, strength: rounded(strength) };
            let entry = if evaluation { EVALUATION + index } else { index };
            let found = corrupt(&values(&x), &corruption, seed, entry);
            layout.expect(Role::Activations, matrix, &found, &analyse(&x, &corruption, seed, entry));
            launch(&mut program, &Corrupted { matrix, corruption, seed, evaluation }, Format::U8)
                .expect("images of bytes");
            let record = Batch { index: [index as u32, (index >> 32) as u32], ..batch(first, rows, 3) };
            layout.case(format!("{rows} of {capacity} rows, {width} pixels, strength {strength}"), program, record, 1)
        };
    // The strength that a random number of its case equals: such a pixel stays.
    let equal = philox::unit(philox::block(3 << 32, Stream::Corrupt, EVALUATION + 4, 8)[2]);
    [
        (1, [3, 9, 17, 37], 0, false, 0.3),
        (2, [0, 1, 1, 1], 7, true, 0.5),
        (3 << 32, [5, 7, 8, 30], 4, true, equal),
        (u64::MAX, [1, 8, 8, 131], (1 << 32) + 5, false, 0.9),
        (5, [0, 16, 24, 4], 1, false, 0.0),
    ]
    .map(case)
    .into()
}

fn analyse(x: &Array2<Approx>, corruption: &Corruption, seed: u64, index: u64) -> Array2<Approx> {
    let strength = Approx::exact(corruption.strength);
    Array2::from_shape_fn(x.dim(), |(i, k)| {
        let words = philox::block(seed, Stream::Corrupt, index, (i * vec4s(x.ncols()) + k / 4) as u32);
        match corruption.kind {
            Noise::Gaussian => x[[i, k]] + strength * box_muller(words)[k % 4],
            Noise::Mask if philox::unit(words[k % 4]) >= strength.value => x[[i, k]],
            Noise::Mask => Approx::exact(0.0),
        }
    })
}
