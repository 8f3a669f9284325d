//! Proof of [`kernels::importance`](crate::kernels::importance).

use super::place::batch;
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, random, rounded},
        tolerance::Approx,
    },
    gpu::{Batch, Program, Role},
    kernels::{
        importance::{SPEC, launch},
        middle::Partials,
    },
    model::Bound,
    oracle::importance::importance,
};
use ndarray::{Array2, s};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "largest = max(largest,", replace: "largest = min(largest," },
    Mutant { find: "log(share * sum)", replace: "log(sum)" },
    Mutant { find: "partials[at + args.rows] = -mean.y", replace: "partials[at + args.rows] = mean.y" },
    Mutant { find: "select(share, w, args.weighted == 1u)", replace: "w" },
    Mutant { find: "partials[at + part * args.rows] = 0.0;", replace: "" },
];

/// Step, rows, rows of a full batch and samples; the bound; β; how far the losses and the ratios of an image's samples lie apart.
type Setting = ([usize; 4], Bound, f64, [f64; 2]);

fn cases() -> Vec<Case> {
    [
        ([1, 5, 7, 3], Bound::Iwae, 1.0, [2.0, 10.0]),
        ([0, 1, 1, 1], Bound::Dreg, 1.0, [2.0, 10.0]),
        ([2, 64, 65, 5], Bound::Iwae, 0.5, [200.0, 10.0]),
        ([0, 9, 9, 50], Bound::Dreg, 1.0, [10.0, 10.0]),
        ([1, 6, 8, 4], Bound::Elbo, 3.0, [5.0, 10.0]),
        ([0, 3, 3, 1], Bound::Elbo, 1.0, [5.0, 10.0]),
        // β scales a ratio down by more than exp bears
        ([1, 9, 10, 3], Bound::Iwae, 0.01, [2.0, 400.0]),
    ]
    .map(case)
    .into()
}

fn case(setting: Setting) -> Case {
    let ([slot, rows, capacity, samples], bound, beta, [spread, ratio_spread]) = setting;
    let (mut layout, mut program) = (Layout::default(), Program::default());
    let losses = random(1, 1, rows * samples, spread).mapv(|loss| rounded(100.0 + loss));
    let ratios = random(2, 1, rows * samples, ratio_spread);
    let (losses, ratios) = (losses.row(0), ratios.row(0));
    let mut scores = Array2::zeros((rows * samples, 4));
    scores.column_mut(0).assign(&losses);
    scores.column_mut(1).assign(&ratios);
    let at = layout.input(Role::Activations, "scores", &scores, capacity * samples);
    let partials = Partials { tiles: capacity as u32, stride: 3 * capacity as u32 + 2 };
    layout.unwritten(Role::Partials, "partials", (slot + 1) * partials.stride as usize);

    let found = importance(&losses, &ratios, samples, beta, bound);
    let share = Approx::exact(1.0) / Approx::exact(samples as f64);
    let mut analysis = scores.mapv(Approx::exact);
    let weighted = bound.is_weighted();
    let (mut means, mut kls, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
    for image in 0..rows {
        let of = |values: ndarray::ArrayView1<f64>| -> Vec<Approx> {
            values.slice(s![image * samples..(image + 1) * samples]).iter().map(|&value| value.into()).collect()
        };
        let (losses, ratios) = (of(losses), of(ratios));
        let log_weights: Vec<Approx> =
            losses.iter().zip(&ratios).map(|(&loss, &ratio)| Approx::exact(beta) * ratio - loss).collect();
        let largest = log_weights.iter().copied().fold(log_weights[0], |a, b| if b.value > a.value { b } else { a });
        let terms: Vec<Approx> = log_weights.iter().map(|&w| (w - largest).exp()).collect();
        let sum = Approx::sum(terms.iter().copied(), samples);
        for (k, &term) in terms.iter().enumerate() {
            analysis[[image * samples + k, 2]] = if weighted { term / sum } else { share };
        }
        let mean = |values: &[Approx]| Approx::sum(values.iter().map(|&value| share * value), samples);
        means.push((losses.iter().map(|loss| loss.value).sum::<f64>() / samples as f64, mean(&losses)));
        kls.push((found.kl[image], -mean(&ratios)));
        bounds.push((-found.bounds[image], -(largest + (share * sum).ln())));
    }
    scores.column_mut(2).iter_mut().zip(&found.weights).for_each(|(to, &weight)| *to = weight);
    layout.expect(Role::Activations, at, &scores, &analysis);
    let start = slot * partials.stride as usize;
    let zero = (0.0, Approx::exact(0.0));
    for (part, mut found) in [means, kls, bounds].into_iter().enumerate() {
        // without weights KL and bound are another kernel's, but past the last image nothing may be left
        let beyond = vec![zero; capacity - rows];
        let first = start + part * capacity;
        if part == 0 || weighted {
            found.extend(beyond);
            let (values, analysis): (Vec<f64>, Vec<Approx>) = found.into_iter().unzip();
            layout.expect_words(Role::Partials, first, &values, &analysis);
        } else {
            let (values, analysis): (Vec<f64>, Vec<Approx>) = beyond.into_iter().unzip();
            layout.expect_words(Role::Partials, first + rows, &values, &analysis);
        }
    }
    launch(&mut program, at, capacity, bound, partials).expect("operands of one shape");
    layout.case(format!("{setting:?}"), program, Batch { kl_weight: beta as f32, ..batch(0, rows, slot) }, 1)
}
