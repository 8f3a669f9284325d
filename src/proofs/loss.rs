//! Proof of [`kernels::loss`](crate::kernels::loss).

use super::place::batch;
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random},
        tolerance::Approx,
    },
    gpu::{Batch, Program, Role},
    kernels::loss::{Args, SPEC, launch},
    oracle::loss::loss,
};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "min(args.rows, args.count - entry * args.full)", replace: "args.rows" },
    Mutant { find: "start + args.tiles + i", replace: "start + i" },
    Mutant { find: "args.tiles + args.rows + i", replace: "args.tiles + i" },
    Mutant { find: "batch.entry + workgroup.z", replace: "workgroup.z" },
    Mutant { find: "losses[entry].y = part[0].y", replace: "losses[entry].y = part[0].x" },
];

fn cases() -> Vec<Case> {
    // entry of the first step, steps, tiles, rows, images in the epoch, rows of a full batch, bounds
    [
        [2, 3, 130, 70, 4 * 70 + 5, 70, 0],
        [0, 1, 1, 0, 1, 1, 0],
        [0, 3, 257, 256, 513, 256, 0],
        [0, 1, 31, 1, 1, 1, 0],
        [1, 2, 255, 600, 1300, 600, 0],
        [1, 2, 300, 300, 850, 300, 300],
    ]
    .map(|[entry, steps, tiles, rows, count, full, bounds]| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let stride = tiles + rows + bounds + 2;
        let mut partials = vec![f64::NAN; steps * stride];
        layout.unwritten(Role::Losses, "losses", 4 * (entry + steps + 1));
        for step in 0..steps {
            let used = rows.min(count - (entry + step) * full);
            let parts = [(0, tiles, 1.0), (tiles, used, 3.0), (tiles + rows, bounds, 2.0)];
            let found = parts.map(|(start, length, scale)| {
                // all of one sign, as losses are
                let terms = random(1 + step as u64, 1, length, scale).mapv(f64::abs);
                let start = step * stride + start;
                partials[start..start + length].copy_from_slice(terms.as_slice().expect("one row"));
                let depth = length.div_ceil(256) + 8;
                (loss(&terms.row(0)), Approx::sum(terms.iter().map(|&term| term.into()), depth))
            });
            let (values, analysis): (Vec<f64>, Vec<Approx>) = found.into_iter().unzip();
            layout.expect_words(Role::Losses, 4 * (entry + step), &values, &analysis);
        }
        layout.floats(Role::Partials, "partials", &partials);
        let [tiles_, rows_, stride, count, full, bounds] =
            [tiles, rows, stride, count, full, bounds].map(|number| number as u32);
        launch(&mut program, &Args { tiles: tiles_, rows: rows_, stride, count, full, bounds });
        let record = Batch { entry: entry as u32, ..batch(0, 0, 0) };
        layout.case(format!("{steps} steps of {tiles} tiles and {rows} rows"), program, record, steps as u32)
    })
    .into()
}
