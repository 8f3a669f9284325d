//! Proof of [`kernels::concat`](crate::kernels::concat).

use super::{
    place::{self, batch},
    shapes::sample,
    variants,
};
use crate::{
    check::{
        Case, Mutant, Proof,
        layout::{Layout, gather, random},
        tolerance::{exact, values},
    },
    gpu::{Format, Program, Role},
    kernels::{
        concat::{SPECS, launch},
        linear::Input,
    },
    oracle::{concat::concat, onehot::onehot},
};
use ndarray::{Axis, concatenate};

/// A proof of each variant.
pub fn proofs() -> Vec<Proof> {
    variants(&SPECS, MUTANTS, cases)
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "place < args.classes", replace: "place <= args.classes" },
    Mutant { find: "j < args.n {", replace: "j <= args.n {" },
    Mutant { find: "[place % 4u]", replace: "[j % 4u]" },
    Mutant { find: "id.y >= batch.rows", replace: "id.y > batch.rows" },
];

fn cases(format: Option<Format>) -> Vec<Case> {
    let case = |[first, rows, capacity, n, classes]: [usize; 5]| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let (order, labels) = sample(first + rows, classes);
        let labels: Vec<u32> = order[first..].iter().map(|&item| labels[item as usize]).collect();
        let hot = onehot(&labels, classes);
        let onehot = layout.input(Role::Activations, "onehot", &hot, capacity);
        let (x, found) = match format {
            Some(format) => {
                let images = place::images(&mut layout, format, 2, order.len(), n);
                layout.words(Role::Order, "order", &order);
                (Input::Images(format), gather(&images, &order[first..]))
            }
            None => {
                let x = random(2, rows, n, 1.0);
                let at = layout.input(Role::Activations, "x", &x, capacity);
                (Input::Activations(at), exact(&x))
            }
        };
        let y = layout.output(Role::Activations, "y", capacity, n + classes);
        let analysis = concatenate(Axis(1), &[found.view(), exact(&hot).view()]).expect("as many rows");
        layout.expect(Role::Activations, y, &concat(&values(&found), &hot), &analysis);
        launch(&mut program, x, onehot, y).expect("operands of one shape");
        layout.case(format!("{rows} of {capacity} rows, {n} and {classes}"), program, batch(first, rows, 0), 1)
    };
    // in the last, a column past the last class is padding of y, but in onehot(y) the next row's first
    [[3, 9, 17, 33, 10], [0, 1, 1, 1, 1], [5, 7, 8, 30, 3], [1, 8, 9, 32, 4], [0, 16, 24, 6, 13], [2, 5, 6, 33, 4]]
        .map(case)
        .into()
}
