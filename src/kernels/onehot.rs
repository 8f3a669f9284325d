//! `onehot(y)[i, class] = 1` where `class = y[i]`, else 0.

use crate::gpu::{Args as _, Matrix, Needs, Program, Role, Spec, Work, args, source, vec4s};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/onehot.wgsl`.
    pub struct Args {
        /// Start of onehot(y) in activations.
        onehot: u32,
        /// Columns.
        classes: u32,
    }
}

/// The kernel.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec {
    name: "onehot".into(),
    sources: vec![source!("kernels/onehot.wgsl"), source!("parts/batch.wgsl")],
    bindings: vec![Role::Activations.read_write(), Role::Order.read(), Role::Labels.read()],
    args: Args::FIELDS,
    workgroup: [8, 8, 1],
    needs: Needs::Nothing,
    trusted: true,
});

/// Adds `onehot(y)` `[rows, classes]` of the batch's labels to the program.
pub fn launch(program: &mut Program, onehot: Matrix) {
    let args = Args { onehot: onehot.start, classes: onehot.columns };
    let (rows, columns) = (onehot.rows as usize, onehot.columns as usize);
    program.launch(&SPEC, &args, [vec4s(columns), rows], Work::elementwise([rows, columns], 4 * rows * (columns + 2)));
}
