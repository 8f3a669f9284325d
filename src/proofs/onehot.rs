//! Proof of [`kernels::onehot`](crate::kernels::onehot).

use super::{place::batch, shapes::sample};
use crate::{
    check::{Case, Mutant, Proof, layout::Layout, tolerance::exact},
    gpu::{Program, Role},
    kernels::onehot::{SPEC, launch},
    oracle::onehot::onehot,
};

/// The kernel's proof.
pub fn proofs() -> Vec<Proof> {
    vec![Proof::new(&SPEC, MUTANTS, cases)]
}

const MUTANTS: &[Mutant] = &[
    Mutant { find: "order[batch.first + id.y]", replace: "order[id.y]" },
    Mutant { find: "id.y >= batch.rows", replace: "id.y > batch.rows" },
    Mutant { find: "labels[order[batch.first + id.y]]", replace: "labels[batch.first + id.y]" },
];

fn cases() -> Vec<Case> {
    let case = |(first, rows, capacity, classes): (usize, usize, usize, usize)| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let (order, labels) = sample(first + rows, classes);
        layout.words(Role::Order, "order", &order);
        layout.words(Role::Labels, "labels", &labels);
        let found = layout.output(Role::Activations, "onehot", capacity, classes);
        let batch_labels: Vec<u32> = order[first..].iter().map(|&item| labels[item as usize]).collect();
        let expected = onehot(&batch_labels, classes);
        layout.expect(Role::Activations, found, &expected, &exact(&expected));
        launch(&mut program, found);
        layout.case(format!("{rows} of {capacity} rows, {classes} classes"), program, batch(first, rows, 0), 1)
    };
    [(3, 9, 17, 10), (0, 1, 1, 1), (5, 7, 8, 3), (1, 8, 8, 33), (0, 16, 24, 4)].map(case).into()
}
