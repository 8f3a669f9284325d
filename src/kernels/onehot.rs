//! `onehot(y)[i, class] = 1` where `class = y[i]`, else 0.

use crate::gpu::{Access, Args as _, Matrix, Program, Role, Spec, args, source, vec4s};

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
    cases: Vec::new,
    mutants: &[],
}];

/// Adds `onehot(y)` `[rows, classes]` of the batch's labels to the program.
pub fn launch(program: &mut Program, onehot: Matrix) {
    let args = Args { onehot: onehot.start, classes: onehot.columns };
    program.launch(&SPECS[0], &args, [vec4s(onehot.columns as usize), onehot.rows as usize]);
}
