//! Reconstruction loss, KL and bound of every step of a submit, added up from partials in a fixed order.

use crate::gpu::{Args as _, Needs, Program, Role, Spec, Work, args, source};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/loss.wgsl`.
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
        /// Partials of a bound with weights, behind the KLs; 0 where there is none.
        bounds: u32,
    }
}

/// The kernel.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec {
    name: "loss".into(),
    sources: vec![source!("kernels/loss.wgsl"), source!("parts/batch.wgsl")],
    bindings: vec![Role::Partials.read(), Role::Losses.read_write()],
    args: Args::FIELDS,
    workgroup: [256, 1, 1],
    needs: Needs::Nothing,
    trusted: true,
});

/// Adds the sums of a submit to the program; `args` says how the partials lie.
pub fn launch(program: &mut Program, args: &Args) {
    let partials = (args.tiles + args.rows + args.bounds) as usize;
    program.launch(&SPEC, args, [1, 1], Work::elementwise([1, partials], 4 * partials));
}
