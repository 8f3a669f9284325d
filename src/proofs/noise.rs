//! Proof of [`kernels::noise`](crate::kernels::noise).

use super::place::batch;
use crate::{
    check::{Case, Mutant, Proof, layout::Layout, tolerance::Approx},
    gpu::{Batch, Program, Role},
    kernels::noise::{SPEC, launch},
    oracle::noise,
    random::philox::{self, Stream},
};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "select(0u, 1u, low < id.z)", replace: "0u" },
    Mutant { find: "(cross >> 16u) + (middle >> 16u)", replace: "(cross >> 16u)" },
    Mutant { find: "n >= vec2u(2u)", replace: "n > vec2u(2u)" },
    Mutant { find: "id.z * args.count", replace: "batch.slot * args.count" },
    Mutant { find: "first / 4u + id.x", replace: "id.x" },
];

fn cases() -> Vec<Case> {
    let case = |(seed, stream, index, [row, rows, width], steps): (u64, Stream, u64, [usize; 3], usize)| {
        let (first, count) = (row * width, rows * width);
        let (mut layout, mut program) = (Layout::default(), Program::default());
        layout.unwritten(Role::Noise, "ε", steps * count);
        for step in 0..steps {
            let index = index.wrapping_add(step as u64);
            let normals = noise::noise(seed, stream, index, row + rows, width).into_iter();
            let normals: Vec<f64> = normals.skip(first).collect();
            let blocks = (0..).flat_map(|b| box_muller(philox::block(seed, stream, index, b)));
            let analysis: Vec<Approx> = blocks.skip(first).take(count).collect();
            layout.expect_words(Role::Noise, step * count, &normals, &analysis);
        }
        launch(&mut program, seed, stream, [rows, width]);
        let record = Batch { index: [index as u32, (index >> 32) as u32], row: row as u32, ..batch(0, 0, 5) };
        let name = format!("{steps} steps of {rows} rows of {width} from row {row} of {index:#x}");
        layout.case(name, program, record, steps as u32)
    };
    [
        (1, Stream::Noise, 0, [0, 103, 10], 2),
        (2, Stream::Noise, 7, [0, 1, 1], 1),
        (3 << 32, Stream::Evaluation, 0x7_ffff_fffe, [0, 1, 5], 4),
        (u64::MAX, Stream::Noise, 1 << 32, [0, 67, 1], 3),
        (4, Stream::Noise, 3, [5, 9, 7], 2),
        (5, Stream::Evaluation, 8, [22, 253, 1], 1), // every invocation of a workgroup has a block
        (6, Stream::Noise, 9, [20, 253, 1], 1),
    ]
    .map(case)
    .into()
}

/// Error analysis of the shader's Box-Muller: its sine and cosine are good to 2⁻²².
pub(super) fn box_muller(words: [u32; 4]) -> [Approx; 4] {
    let pair = |u: u32, t: u32| {
        let radius = (Approx::exact(philox::unit(u)).ln() * (-2.0).into()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * philox::unit(t)).sin_cos();
        let [cos, sin] = [cos, sin].map(|value| Approx { value, error: 0.25 / (1 << 20) as f64 });
        [radius * cos, radius * sin]
    };
    let ([a, b], [c, d]) = (pair(words[0], words[1]), pair(words[2], words[3]));
    [a, b, c, d]
}
