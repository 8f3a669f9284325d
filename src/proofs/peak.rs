//! Proof of [`kernels::peak`](crate::kernels::peak).

use super::place::batch;
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random, rounded},
        tolerance::Approx,
    },
    gpu::{Program, Role},
    kernels::peak::{DEPTH, ROWS, SPEC, launch},
    oracle::peak::peak,
};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "id.x >= args.count", replace: "id.x > args.count" },
    Mutant { find: "round < args.rounds", replace: "round <= args.rounds" },
    Mutant { find: "c = c * scale + shift", replace: "c = c * scale - shift" },
    Mutant { find: "activations[at + 3u * args.count] = d", replace: "activations[at + 3u * args.count] = c" },
];

fn cases() -> Vec<Case> {
    let case = |(count, rounds, scale, shift): (usize, usize, f32, f32)| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let x = random(1, ROWS, 4 * count, 1.0);
        let place = layout.input(Role::Activations, "x", &x, ROWS);
        let (a, b) = (f64::from(scale), f64::from(shift));
        let times = DEPTH * rounds;
        let analysis = x.mapv(|x| (0..times).fold(Approx::exact(x), |y, _| Approx::exact(a) * y + Approx::exact(b)));
        layout.expect(Role::Activations, place, &peak(&x, a, b, times), &analysis);
        launch(&mut program, place, rounds, scale, shift);
        layout.case(format!("{count} vec4, {rounds} rounds"), program, batch(0, 0, 0), 1)
    };
    let [scale, shift] = [0.9, 0.3].map(|x| rounded(x) as f32);
    [(70, 2, scale, shift), (1, 1, -scale, shift), (64, 3, scale, -shift), (63, 0, scale, shift)].map(case).into()
}
