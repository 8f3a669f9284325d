//! Reconstruction loss and KL of every step of a submit, added up from partials in a fixed order.

use crate::gpu::{Access, Args as _, Program, Role, Spec, args, source};

args! {
    /// As in `shaders/loss.wgsl`.
    pub struct Args {
        /// Reconstruction partials per step.
        tiles: u32,
        /// KL partials per step; 0 where there is no KL.
        rows: u32,
        /// Partials per step.
        stride: u32,
        /// Images in the epoch.
        count: u32,
        /// Rows of a full batch.
        full: u32,
    }
}

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "loss",
    sources: &[source!("loss.wgsl"), source!("common/batch.wgsl")],
    bindings: &[(Role::Partials, Access::Read), (Role::Losses, Access::ReadWrite)],
    args: Args::FIELDS,
    workgroup: [64, 1, 1],
    cases: Vec::new,
    mutants: &[],
}];

/// Adds the sums of a submit to the program; `args` says how the partials lie.
pub fn launch(program: &mut Program, args: &Args) {
    program.launch(&SPECS[0], args, [1, 1]);
}
