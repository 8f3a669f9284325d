//! Proof of [`kernels::norm`](crate::kernels::norm).

use super::{place::batch, variants};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random, rounded},
        tolerance::Approx,
    },
    gpu::{Batch, Program, Role},
    kernels::norm::{Level, SPECS, launch_level},
    oracle::norm::{norm, square_sums},
};
use ndarray::Array2;

/// A proof of each level.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "i += args.groups * LANES", replace: "i += LANES" },
    Mutant { find: "part[lane] += part[lane + half]", replace: "part[lane] = part[lane + half]" },
    Mutant { find: "sum * sum", replace: "sum" },
    Mutant { find: "s * args.count + i", replace: "i" },
    Mutant { find: "signals[args.sums + group]", replace: "signals[args.sums]" },
    Mutant { find: "losses[batch.entry].w", replace: "losses[0].w" },
    Mutant { find: "sqrt(dot(sum, vec4f(1.0)))", replace: "dot(sum, vec4f(1.0))" },
];

/// Invocations of a workgroup.
const LANES: usize = 256;

fn cases(level: Level) -> Vec<Case> {
    match level {
        // vec4 of gradients, workgroups, spans of rows, size of a gradient
        Level::Squares => [
            (1, 1, 1, 1.0),
            (130, 1, 2, 1e-3),
            (257, 2, 1, 3.0),
            (700, 1, 1, 1.0),  // three rounds, the last of them ragged
            (1030, 3, 3, 0.1), // two rounds, the last of one invocation of the second workgroup
            (1536, 6, 1, 1e4),
        ]
        .map(|(count, groups, spans, scale)| squares(count, groups, spans, scale))
        .into(),
        // sums, the step's entry, size of a sum
        Level::Root => [(1, 0, 1.0), (2, 3, 1e-6), (255, 1, 100.0), (256, 2, 1.0), (129, 0, 1e8)]
            .map(|(count, entry, scale)| root(count, entry, scale))
            .into(),
    }
}

fn squares(count: usize, groups: usize, spans: usize, scale: f64) -> Case {
    let (mut layout, mut program) = (Layout::default(), Program::default());
    let of_spans = random(1, spans * count, 4, scale);
    layout.floats(Role::Gradients, "g", &of_spans.iter().copied().collect::<Vec<_>>());
    let gradient = |i: usize, c: usize| (0..spans).map(move |s| (s * count + i, c));
    let g = Array2::from_shape_fn((count, 4), |(i, c)| gradient(i, c).map(|at| of_spans[at]).sum());
    let sums = layout.output(Role::Signals, "sums", groups, 4);
    let depth = count.div_ceil(groups * LANES) + LANES.ilog2() as usize;
    let analysis = Array2::from_shape_fn((groups, 4), |(group, c)| {
        let own = (0..count).filter(|i| i / LANES % groups == group);
        let square = |i: usize| {
            let sum = Approx::sum(gradient(i, c).map(|at| of_spans[at].into()), spans - 1);
            sum * sum
        };
        Approx::sum(own.map(square), depth)
    });
    layout.expect(Role::Signals, sums, &square_sums(&g, groups, LANES), &analysis);
    launch_level(&mut program, Level::Squares, sums, count, spans as u32);
    layout.case(format!("{count} vec4 of {spans} spans in {groups} workgroups"), program, Batch::default(), 1)
}

fn root(count: usize, entry: usize, scale: f64) -> Case {
    let (mut layout, mut program) = (Layout::default(), Program::default());
    // sums of squares of these; those of each row are of other size than of the next
    let terms = random(2, count, 4, scale.sqrt());
    let squares = terms.mapv(|term| rounded(term * term));
    let sums = layout.input(Role::Signals, "sums", &squares, count);
    layout.unwritten(Role::Losses, "losses", 4 * (entry + 2));
    let found = norm(&squares.mapv(f64::sqrt));
    let depth = count.div_ceil(LANES) + LANES.ilog2() as usize + 4;
    let analysis = Approx::sum(squares.iter().map(|&square| square.into()), depth).sqrt();
    layout.expect_words(Role::Losses, 4 * entry + 3, &[found], &[analysis]);
    launch_level(&mut program, Level::Root, sums, count, 1);
    layout.case(format!("{count} sums"), program, Batch { entry: entry as u32, ..batch(0, 0, 0) }, 1)
}
