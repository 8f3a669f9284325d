//! Black and white images from gray ones, drawn anew for an epoch.

use crate::{
    gpu::{Args as _, Needs, Program, Role, Spec, Work, args, fold, source},
    random::Stream,
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/binarize.wgsl`.
    pub struct Args {
        /// Words of four pixels.
        count: u32,
        /// Invocations along x.
        width: u32,
        /// Seed, low word.
        seed_low: u32,
        /// Seed, high word.
        seed_high: u32,
        /// Epoch, low word.
        epoch_low: u32,
        /// Epoch, high word.
        epoch_high: u32,
        /// Number of the stream.
        stream: u32,
    }
}

pub(crate) const WORKGROUP: u32 = 64;

/// The kernel.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec {
    name: "binarize".into(),
    sources: vec![source!("kernels/binarize.wgsl"), source!("parts/philox.wgsl")],
    bindings: vec![Role::Images.read_write(), Role::Gray.read()],
    args: Args::FIELDS,
    workgroup: [WORKGROUP, 1, 1],
    needs: Needs::Nothing,
    trusted: true,
});

/// The arguments for one epoch of a split of `words`; everything but the epoch is the same in all epochs.
pub fn arguments(words: usize, seed: u64, epoch: u64) -> Args {
    folded(words, seed, epoch, grid(words)[0])
}

/// Workgroups along x and y.
fn grid(words: usize) -> [usize; 2] {
    fold(words.div_ceil(WORKGROUP as usize))
}

fn folded(words: usize, seed: u64, epoch: u64, x: usize) -> Args {
    Args {
        count: words as u32,
        width: x as u32 * WORKGROUP,
        seed_low: seed as u32,
        seed_high: (seed >> 32) as u32,
        epoch_low: epoch as u32,
        epoch_high: (epoch >> 32) as u32,
        stream: Stream::Binarize as u32,
    }
}

/// Adds the images of an epoch, `words` of four pixels each, to the program.
pub fn launch(program: &mut Program, words: usize, seed: u64, epoch: u64) {
    launch_folded(program, words, seed, epoch, grid(words));
}

pub(crate) fn launch_folded(program: &mut Program, words: usize, seed: u64, epoch: u64, [x, y]: [usize; 2]) {
    let args = folded(words, seed, epoch, x);
    program.launch(&SPEC, &args, [x * WORKGROUP as usize, y], Work::elementwise([1, 4 * words], 8 * words));
}
