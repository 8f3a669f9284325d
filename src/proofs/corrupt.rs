//! Proof of [`kernels::corrupt`](crate::kernels::corrupt).

use super::{
    noise::box_muller,
    place::{self, batch},
    shapes::sample,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, gather, rounded},
        tolerance::{Approx, values},
    },
    gpu::{Batch, Format, Program, Role, vec4s},
    kernels::corrupt::{Corrupted, SPECS, launch},
    model::{Corruption, Noise},
    oracle::corrupt::corrupt,
    random::philox::{self, EVALUATION, Stream},
};
use ndarray::{Array2, s};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    let proof = |((noise, images), spec)| {
        let own = match noise {
            Noise::Gaussian => Mutant {
                find: "select(vec4f(), corrupt(x, words), in_width(id.x, args.width))",
                replace: "corrupt(x, words)",
            },
            Noise::Mask => Mutant { find: ">= vec4f(args.strength)", replace: "> vec4f(args.strength)" },
        };
        Proof::new(spec, &[MUTANTS, &[own]].concat(), move || cases(noise, images))
    };
    SPECS.iter().map(proof).collect()
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "id.y >= batch.rows", replace: "id.y > batch.rows" },
    Mutant { find: "width4 + at, batch", replace: "width4 + id.x, batch" },
    Mutant { find: "batch.row * width4 + at", replace: "at" },
    Mutant { find: "batch.index.y | args.high", replace: "batch.index.y" },
];

fn cases(kind: Noise, format: Format) -> Vec<Case> {
    let case = |(seed, [first, row, rows, capacity, width], index, evaluation, strength): (
        u64,
        [usize; 5],
        u64,
        bool,
        f64,
    )| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let (order, _) = sample(first + rows, 0);
        let images = place::images(&mut layout, format, 2, order.len(), width);
        layout.words(Role::Order, "order", &order);
        let x = gather(&images, &order[first - row..]); // with the rows of the batch that other processes have
        let matrix = layout.output(Role::Activations, "x̃", capacity, width);
        let corruption = Corruption { kind, strength: rounded(strength) };
        let entry = if evaluation { EVALUATION + index } else { index };
        let found = corrupt(&values(&x), &corruption, seed, entry).slice_move(s![row.., ..]);
        let analysis = analyse(&x, &corruption, seed, entry).slice_move(s![row.., ..]);
        layout.expect(Role::Activations, matrix, &found, &analysis);
        launch(&mut program, &Corrupted { matrix, corruption, seed, evaluation }, format);
        let index = [index as u32, (index >> 32) as u32];
        let record = Batch { index, row: row as u32, ..batch(first, rows, 3) };
        let name = format!("{rows} of {capacity} rows from row {row}, {width} pixels, strength {strength}");
        layout.case(name, program, record, 1)
    };
    // The strength that a random number of its case equals: such a pixel stays.
    let equal = philox::unit(philox::block(3 << 32, Stream::Corrupt, EVALUATION + 4, 8)[2]);
    [
        (1, [3, 0, 9, 17, 37], 0, false, 0.3),
        (2, [0, 0, 1, 1, 1], 7, true, 0.5),
        (3 << 32, [5, 0, 7, 8, 30], 4, true, equal),
        (u64::MAX, [1, 0, 8, 8, 131], (1 << 32) + 5, false, 0.9),
        (5, [0, 0, 16, 24, 4], 1, false, 0.0),
        (6, [7, 5, 6, 6, 23], 2, false, 0.4),
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
