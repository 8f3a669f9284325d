//! `y = scale · x + shift`, many times over: the multiply-adds that a device does at most. Benches measure with it.

use crate::gpu::{Args as _, Matrix, Needs, Program, Role, Spec, Work, args, source, vec4s};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/peak.wgsl`.
    pub struct Args {
        /// Start of x, which y replaces, in activations.
        start: u32,
        /// Vec4 of a row.
        count: u32,
        /// Rounds of eight multiply-adds.
        rounds: u32,
        /// What is multiplied by.
        scale: f32,
        /// What is added.
        shift: f32,
    }
}

/// Rows of x.
pub const ROWS: usize = 4;
/// Multiply-adds of a round on each element.
pub const DEPTH: usize = 8;

/// The kernel.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec {
    name: "peak".into(),
    sources: vec![source!("kernels/peak.wgsl")],
    bindings: vec![Role::Activations.read_write()],
    args: Args::FIELDS,
    workgroup: [64, 1, 1],
    needs: Needs::Nothing,
    trusted: true,
});

/// Adds `rounds` rounds on `x` `[4, columns]`, in place.
pub fn launch(program: &mut Program, x: Matrix, rounds: usize, scale: f32, shift: f32) {
    let count = vec4s(x.columns as usize);
    let elements = ROWS * 4 * count;
    let work = Work {
        shape: format!("{elements}x{}", DEPTH * rounds),
        operations: (2 * elements * DEPTH * rounds) as f64, // here of the multiply-adds
        bytes: (8 * elements) as f64,
    };
    let args = Args { start: x.start, count: count as u32, rounds: rounds as u32, scale, shift };
    program.launch(&SPEC, &args, [count, 1], work);
}
