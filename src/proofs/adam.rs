//! Proof of [`kernels::adam`](crate::kernels::adam).

use super::{
    analysis::adam as analyse,
    place::{adam_batch, batch},
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random, rounded, row},
        tolerance::Approx,
    },
    gpu::{Batch, Matrix, Program, Role},
    kernels::adam::{SPEC, WORKGROUP, launch_folded},
    model::Adam,
    oracle::{adam::adam, norm::clip_scale},
};
use ndarray::{Array2, Axis};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "old.param * rule.decay", replace: "old.param" },
    Mutant { find: "scale * sum", replace: "sum" },
    Mutant { find: "s < args.spans", replace: "s + 1u < args.spans" },
    Mutant { find: "args.most > 0.0", replace: "args.most >= 0.0" },
    Mutant { find: "losses[batch.entry].w", replace: "losses[0].w" },
];

fn cases() -> Vec<Case> {
    let case = |(count4, t, spans, scale, adam_args, [norm, most]): (usize, u64, usize, f64, Adam, [f64; 2])| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let count = 4 * count4;
        let (mut param, mut m) = (random(1, 1, count, 1.0), random(2, 1, count, scale));
        let mut of_spans = random(3, spans, count, scale);
        let mut v = random(4, 1, count, scale).mapv(|x| (x * x) as f32 as f64);
        if t == 1 {
            m.fill(0.0);
            v.fill(0.0);
        }
        // an untrained parameter stays where it is
        [m[[0, 1]], v[[0, 1]]] = [0.0; 2];
        of_spans.column_mut(1).fill(0.0);
        let g = row(&of_spans.sum_axis(Axis(0)));
        let whole = Matrix { start: 0, rows: 1, columns: count as u32 };
        for (role, name, values) in [
            (Role::Params, "param", &param),
            (Role::FirstMoment, "m", &m),
            (Role::SecondMoment, "v", &v),
            (Role::Gradients, "gradients", &of_spans),
        ] {
            layout.floats(role, name, values.as_slice().expect("rows one after the other"));
        }
        // the norm of another step must not be taken
        let entry = 2;
        layout.floats(Role::Losses, "losses", &[&[100.0; 4][..], &[0.001; 4], &[0.0, 0.0, 0.0, norm]].concat());
        let (record, args) = adam_batch(batch(0, 0, 0), &adam_args, t);
        let most = (most > 0.0).then_some(most);
        let clipped = g.mapv(|g| most.map_or(1.0, |most| clip_scale(norm, most)) * g);
        let scale = most.map_or(Approx::exact(1.0), |most| scale_of(norm, most));
        let summed = of_spans.columns().into_iter().map(|g| Approx::sum(g.iter().map(|&g| g.into()), spans - 1));
        let taken = summed.map(|sum| if most.is_some() { scale * sum } else { sum }).collect();
        let taken = Array2::from_shape_vec((1, count), taken).expect("a sum of each column");
        let analysis = analyse(&param, &m, &v, &taken, &args, t);
        adam(&mut param, &mut m, &mut v, &clipped, &args, t);
        for (role, values, analysis) in [
            (Role::Params, &param, &analysis.param),
            (Role::FirstMoment, &m, &analysis.m),
            (Role::SecondMoment, &v, &analysis.v),
        ] {
            layout.expect(role, whole, values, analysis);
        }
        // two rows of workgroups, as more than 65,535 workgroups would have
        launch_folded(&mut program, count4, spans as u32, most, [count4.div_ceil(WORKGROUP as usize).div_ceil(2), 2]);
        let name = format!("{count} params, step {t}, {spans} spans, norm {norm} of at most {most:?}");
        layout.case(name, program, Batch { entry, ..record }, 1)
    };
    let usual = Adam::default();
    let unusual = Adam { lr: 0.03, beta1: 0.5, beta2: 0.9, epsilon: 0.1, weight_decay: 0.3, clip: None };
    [
        (130, 3, 1, 0.3, usual, [6.0, 1.5]),
        (1, 1, 1, 1e-3, usual, [0.5, 0.5]),
        (63, 1_000_000, 1, 10.0, usual, [80.0, 1e30]),
        (65, 7, 3, 0.1, unusual, [0.75, 0.25]),
        (64, 1, 1, 1e-9, usual, [1e-6, 1e-6]), // half of it: what is added to the norm is as large
        (67, 2, 2, 0.3, usual, [6.0, 0.0]),    // not clipped
    ]
    .map(|(count4, t, spans, scale, args, norms)| case((count4, t, spans, scale, args, norms.map(rounded))))
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
