//! Proof of [`kernels::adam`](crate::kernels::adam).

use super::{
    analysis::adam as analyse,
    place::{adam_batch, batch},
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random, rounded},
        tolerance::Approx,
    },
    gpu::{Batch, Matrix, Program, Role},
    kernels::adam::{SPEC, WORKGROUP, launch_folded},
    model::Adam,
    oracle::{adam::adam, norm::clip_scale},
};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "old.param * rule.decay", replace: "old.param" },
    Mutant { find: "rule.correction + rule.epsilon", replace: "rule.correction" },
    Mutant { find: "at < args.count4", replace: "at <= args.count4" },
    Mutant { find: "scale * gradients[at]", replace: "gradients[at]" },
    Mutant { find: "losses[batch.entry].w", replace: "losses[0].w" },
];

fn cases() -> Vec<Case> {
    let case = |(count4, t, scale, adam_args, [norm, most]): (usize, u64, f64, Adam, [f64; 2])| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let count = 4 * count4;
        let (mut param, mut m, mut g) =
            (random(1, 1, count, 1.0), random(2, 1, count, scale), random(3, 1, count, scale));
        let mut v = random(4, 1, count, scale).mapv(|x| (x * x) as f32 as f64);
        if t == 1 {
            m.fill(0.0);
            v.fill(0.0);
        }
        // an untrained parameter stays where it is
        [m[[0, 1]], v[[0, 1]], g[[0, 1]]] = [0.0; 3];
        let whole = Matrix { start: 0, rows: 1, columns: count as u32 };
        for (role, name, values) in [
            (Role::Params, "param", &param),
            (Role::FirstMoment, "m", &m),
            (Role::SecondMoment, "v", &v),
            (Role::Gradients, "gradient", &g),
        ] {
            layout.floats(role, name, values.as_slice().expect("one row"));
        }
        // the norm of another step must not be taken
        let entry = 2;
        layout.floats(Role::Losses, "losses", &[&[100.0; 4][..], &[0.001; 4], &[0.0, 0.0, 0.0, norm]].concat());
        let (record, args) = adam_batch(batch(0, 0, 0), &adam_args, t);
        let clipped = g.mapv(|g| clip_scale(norm, most) * g);
        let scale = scale_of(norm, most);
        let analysis = analyse(&param, &m, &v, &g.mapv(|g| scale * Approx::exact(g)), &args, t);
        adam(&mut param, &mut m, &mut v, &clipped, &args, t);
        for (role, values, analysis) in [
            (Role::Params, &param, &analysis.param),
            (Role::FirstMoment, &m, &analysis.m),
            (Role::SecondMoment, &v, &analysis.v),
        ] {
            layout.expect(role, whole, values, analysis);
        }
        // two rows of workgroups, as more than 65,535 workgroups would have
        launch_folded(&mut program, count4, most, [count4.div_ceil(WORKGROUP as usize).div_ceil(2), 2]);
        let name = format!("{count} params, step {t}, norm {norm} of at most {most}");
        layout.case(name, program, Batch { entry, ..record }, 1)
    };
    let usual = Adam::default();
    let unusual = Adam { lr: 0.03, beta1: 0.5, beta2: 0.9, epsilon: 0.1, weight_decay: 0.3, clip: None };
    [
        (130, 3, 0.3, usual, [6.0, 1.5]),
        (1, 1, 1e-3, usual, [0.5, 0.5]),
        (63, 1_000_000, 10.0, usual, [80.0, 1e30]),
        (65, 7, 0.1, unusual, [0.75, 0.25]),
        (64, 1, 1e-9, usual, [1e-6, 1e-6]), // half of it: what is added to the norm is as large
    ]
    .map(|(count4, t, scale, args, norms)| case((count4, t, scale, args, norms.map(rounded))))
    .into()
}

/// What gradients of this norm are multiplied by.
fn scale_of(norm: f64, most: f64) -> Approx {
    let scale = Approx::exact(most) / (Approx::exact(norm) + Approx::rounded(1e-6, 0.0, 1.0));
    match scale.value - scale.error > 1.0 {
        true => Approx::exact(1.0),
        false => scale,
    }
}
