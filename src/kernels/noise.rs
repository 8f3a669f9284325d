//! ε ~ N(0, 1) for every step of a submit: Box-Muller on Philox words.

use crate::{
    gpu::{Args as _, Needs, Program, Role, Spec, Work, args, source},
    random::philox::Stream,
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/noise.wgsl`.
    pub struct Args {
        /// Lower word of the seed.
        seed_low: u32,
        /// Upper word of the seed.
        seed_high: u32,
        /// What the numbers are for: a [`Stream`].
        stream: u32,
        /// Normals per step.
        count: u32,
        /// Normals per row.
        width: u32,
    }
}

/// The kernel.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec {
    name: "noise".into(),
    sources: vec![
        source!("kernels/noise.wgsl"),
        source!("parts/batch.wgsl"),
        source!("parts/philox.wgsl"),
        source!("parts/normal.wgsl"),
    ],
    bindings: vec![Role::Noise.read_write()],
    args: Args::FIELDS,
    workgroup: [64, 1, 1],
    needs: Needs::Nothing,
    trusted: true,
});

/// Adds the noise of a submit: for each step the normals of so many rows of `width` normals each.
pub fn launch(program: &mut Program, seed: u64, stream: Stream, [rows, width]: [usize; 2]) {
    let count = rows * width;
    let args = Args {
        seed_low: seed as u32,
        seed_high: (seed >> 32) as u32,
        stream: stream as u32,
        count: count as u32,
        width: width as u32,
    };
    let blocks = (count + 3).div_ceil(4); // the first may begin before the process's own rows
    program.launch(&SPEC, &args, [blocks, 1], Work::elementwise([rows, width], 4 * count));
}
