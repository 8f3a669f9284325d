//! One step of Adam on every parameter from gradients computed before: added up over spans of rows, clipped by their norm.

use crate::gpu::{Args as _, Needs, Program, Role, Spec, Work, args, fold, source};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/adam.wgsl`.
    pub struct Args {
        /// Parameters, in vec4.
        count4: u32,
        /// Invocations along x.
        width: u32,
        /// Spans of rows whose gradients are added up.
        spans: u32,
        /// The norm above which gradients are scaled down; 0: they are not clipped.
        most: f32,
    }
}

pub(crate) const WORKGROUP: u32 = 64;

/// The kernel.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec {
    name: "adam".into(),
    sources: vec![source!("kernels/adam.wgsl"), source!("parts/batch.wgsl"), source!("parts/learn_adam.wgsl")],
    bindings: vec![
        Role::Params.read_write(),
        Role::FirstMoment.read_write(),
        Role::SecondMoment.read_write(),
        Role::Gradients.read(),
        Role::Losses.read(),
    ],
    args: Args::FIELDS,
    workgroup: [WORKGROUP, 1, 1],
    needs: Needs::Nothing,
    trusted: true,
});

/// Adds one step of Adam on the first `count4` vec4 of the params, from gradients added up over `spans` and, where `most` is given,
/// scaled down to that norm; their norm is the one among the step's losses.
pub fn launch(program: &mut Program, count4: usize, spans: u32, most: Option<f64>) {
    launch_folded(program, count4, spans, most, fold(count4.div_ceil(WORKGROUP as usize)));
}

pub(crate) fn launch_folded(program: &mut Program, count4: usize, spans: u32, most: Option<f64>, [x, y]: [usize; 2]) {
    let width = x * WORKGROUP as usize;
    let work = Work::elementwise([1, 4 * count4], (6 + spans as usize) * 16 * count4); // gradients are read; parameters and moments both ways
    let args = Args { count4: count4 as u32, width: width as u32, spans, most: most.unwrap_or(0.0) as f32 };
    program.launch(&SPEC, &args, [width, y], work);
}
