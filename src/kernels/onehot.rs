//! `onehot(y)[i, class] = 1` where `class = y[i]`, else 0.

use crate::{
    check::{
        Case,
        layout::{Layout, batch},
        tolerance::exact,
    },
    gpu::{Access, Args as _, Matrix, Mutant, Needs, Program, Role, Spec, args, source, vec4s},
    oracle::onehot::onehot,
};

args! {
    /// As in `shaders/onehot.wgsl`.
    pub struct Args {
        /// Start of onehot(y) in activations.
        onehot: u32,
        /// Columns.
        classes: u32,
    }
}

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "onehot",
    sources: &[source!("onehot.wgsl"), source!("common/batch.wgsl")],
    bindings: &[(Role::Activations, Access::ReadWrite), (Role::Order, Access::Read), (Role::Labels, Access::Read)],
    args: Args::FIELDS,
    workgroup: [8, 8, 1],
    needs: Needs::Nothing,
    cases,
    mutants: &[
        Mutant { find: "order[batch.first + id.y]", replace: "order[id.y]" },
        Mutant { find: "id.y >= batch.rows", replace: "id.y > batch.rows" },
        Mutant { find: "labels[order[batch.first + id.y]]", replace: "labels[batch.first + id.y]" },
    ],
}];

/// Adds `onehot(y)` `[rows, classes]` of the batch's labels to the program.
pub fn launch(program: &mut Program, onehot: Matrix) {
    let args = Args { onehot: onehot.start, classes: onehot.columns };
    program.launch(&SPECS[0], &args, [vec4s(onehot.columns as usize), onehot.rows as usize]);
}

fn cases() -> Vec<Case> {
    let case = |(first, rows, capacity, classes): (usize, usize, usize, usize)| {
        let (mut layout, mut program) = (Layout::default(), Program::default());
        let (order, labels) = super::sample(first + rows, classes);
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
