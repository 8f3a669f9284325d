//! One step of Adam on every parameter from gradients computed before.

use crate::gpu::{Access, Args as _, Program, Role, Spec, args, fold, source};

args! {
    /// As in `shaders/adam.wgsl`.
    pub struct Args {
        /// Parameters, in vec4.
        count4: u32,
        /// Invocations along x.
        width: u32,
    }
}

const WORKGROUP: u32 = 64;

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "adam",
    sources: &[source!("adam.wgsl"), source!("common/batch.wgsl"), source!("common/learn_adam.wgsl")],
    bindings: &[
        (Role::Params, Access::ReadWrite),
        (Role::FirstMoment, Access::ReadWrite),
        (Role::SecondMoment, Access::ReadWrite),
        (Role::Gradients, Access::Read),
    ],
    args: Args::FIELDS,
    workgroup: [WORKGROUP, 1, 1],
    cases: Vec::new,
    mutants: &[],
}];

/// Adds one step of Adam on the first `count4` vec4 of the params.
pub fn launch(program: &mut Program, count4: usize) {
    let [x, y] = fold(count4.div_ceil(WORKGROUP as usize));
    let width = x * WORKGROUP as usize;
    program.launch(&SPECS[0], &Args { count4: count4 as u32, width: width as u32 }, [width, y]);
}
