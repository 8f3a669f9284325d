//! Proof of [`kernels::likelihood_backward`](crate::kernels::likelihood_backward).

use super::{
    likelihood::Given,
    place::{self, batch},
    shapes::sample,
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, gather, random},
        tolerance::{Approx, values},
    },
    gpu::{Matrix, Program, Role},
    kernels::{
        likelihood::{Outputs, Variant},
        likelihood_backward::{SPECS, launch},
    },
    model::Variance,
    oracle::likelihood_backward::likelihood_backward,
};
use ndarray::{Array2, s};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "id.y / args.samples", replace: "id.y" },
    Mutant { find: "select(vec4f(), w * found.output, inside)", replace: "w * found.output" },
    Mutant { find: "args.gaussian == 1u", replace: "args.gaussian == 0u" },
    Mutant { find: "0.5 * (1.0 - square)", replace: "0.5 * (1.0 + square)" },
];

fn cases(variant: Variant) -> Vec<Case> {
    let settings: [[usize; 5]; 5] =
        [[2, 3, 4, 30, 3], [0, 1, 1, 1, 1], [1, 9, 10, 33, 2], [0, 17, 17, 64, 1], [3, 4, 5, 7, 5]];
    settings.map(|setting| case(variant, setting)).into()
}

/// Position in the order, rows, rows of a full batch, values of an image, samples.
fn case((likelihood, format): Variant, setting: [usize; 5]) -> Case {
    let [first, rows, capacity, n, samples] = setting;
    let (mut layout, mut program) = (Layout::default(), Program::default());
    let (order, _) = sample(first + rows, 0);
    let images = place::images(&mut layout, format, 2, order.len(), n);
    layout.words(Role::Order, "order", &order);
    let t = gather(&images, &order[first..]);
    let given = Given::new(&mut layout, likelihood, rows * samples, capacity * samples, n);
    let scores = random(31, rows * samples, 4, 1.0); // the weights among them of either sign, which no kernel may depend on
    let scores_at = layout.input(Role::Activations, "scores", &scores, capacity * samples);
    let weights = scores.column(2).to_owned();
    let (found, _) = likelihood_backward(&given.outputs(), &values(&t), &weights, likelihood);
    let analysis = |part: usize| {
        Array2::from_shape_fn((rows * samples, n), |(row, j)| {
            Approx::exact(weights[row]) * given.analyse(likelihood, row, j, &t)[part]
        })
    };
    let mut gradients = Outputs {
        values: layout.output(Role::Signals, "doutputs", capacity * samples, n),
        log_vars: Matrix::default(),
    };
    layout.expect(Role::Signals, gradients.values, &found.slice(s![.., ..n]).to_owned(), &analysis(1));
    let of_log_var = match likelihood.variance() {
        Variance::None => None,
        Variance::Decoded => Some(found.slice(s![.., n..]).to_owned()),
        // each row alone: the sum over the rows is the update's
        Variance::Learned => Some(Array2::from_shape_fn((rows * samples, n), |(row, j)| {
            let log_var = given.log_var.as_ref().expect("it is learned")[j];
            weights[row] * likelihood.pixel(given.values[[row, j]], log_var, t[[row / samples, j]].value).log_var
        })),
    };
    if let Some(expected) = of_log_var {
        gradients.log_vars = layout.output(Role::Signals, "dlog_vars", capacity * samples, n);
        layout.expect(Role::Signals, gradients.log_vars, &expected, &analysis(2));
    }
    launch(&mut program, given.at, scores_at, gradients, capacity, (likelihood, format))
        .expect("operands of one shape");
    layout.case(format!("{setting:?}"), program, batch(first, rows, 0), 1)
}
