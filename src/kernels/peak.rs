//! `y = scale · x + shift`, many times over: the multiply-adds that a device does at most. Benches measure with it.

use crate::{
    check::{
        Case,
        layout::{Layout, batch, random, rounded},
        tolerance::Approx,
    },
    gpu::{Access, Args as _, Matrix, Mutant, Needs, Program, Role, Spec, args, source, vec4s},
    oracle::peak::peak,
};

args! {
    /// As in `shaders/peak.wgsl`.
    pub struct Args {
        /// Start of x, which y replaces, in activations.
        start: u32,
        /// Vec4 of a row.
        count: u32,
        /// Of eight multiply-adds.
        rounds: u32,
        /// What is multiplied by.
        scale: f32,
        /// What is added.
        shift: f32,
    }
}

/// Rows of x.
pub const ROWS: usize = 4;
/// Multiply-adds of a round on each element.
pub const DEPTH: usize = 8;

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "peak",
    sources: &[source!("peak.wgsl")],
    bindings: &[(Role::Activations, Access::ReadWrite)],
    args: Args::FIELDS,
    workgroup: [64, 1, 1],
    needs: Needs::Nothing,
    cases,
    mutants: &[
        Mutant { find: "id.x >= args.count", replace: "id.x > args.count" },
        Mutant { find: "round < args.rounds", replace: "round <= args.rounds" },
        Mutant { find: "c = c * scale + shift", replace: "c = c * scale - shift" },
        Mutant { find: "activations[at + 3u * args.count] = d", replace: "activations[at + 3u * args.count] = c" },
    ],
}];

/// Adds `rounds` rounds on `x` `[4, columns]`, in place.
pub fn launch(program: &mut Program, x: Matrix, rounds: usize, scale: f32, shift: f32) {
    let count = vec4s(x.columns as usize);
    program.launch(
        &SPECS[0],
        &Args { start: x.start, count: count as u32, rounds: rounds as u32, scale, shift },
        [count, 1],
    );
}

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
