//! Training: the loop over epochs and what it leaves behind. One trainer runs on the GPU, one on the f64 oracle.

mod agreement;
mod cpu;
mod exchange;
mod gpu;
mod loops;
mod memory;
mod pictures;
mod placement;
mod rehearsal;
mod resumed;
mod session;
mod shards;
mod trainer;
pub mod tuning;

pub use cpu::OracleTrainer;
pub use gpu::GpuTrainer;
pub use loops::{loss_arguments, steps_per_submit};
pub use memory::DeviceMemory;
pub use session::{Changes, Session};
pub use trainer::Trainer;

use crate::run::EpochLosses;
use std::time::Duration;

/// How far an epoch is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps finished.
    pub done: usize,
    /// Steps of the epoch.
    pub steps: usize,
    /// Losses so far.
    pub losses: EpochLosses,
    /// Time spent on the epoch.
    pub elapsed: Duration,
}

/// Progress callback; returning false stops the epoch after the steps under way.
pub type Watch<'a> = dyn FnMut(&Progress) -> bool + 'a;

/// Images of an evaluation batch of `count` images with so many samples of each. Part of what makes a figure reproducible: the draws
/// of z are numbered by it.
pub fn evaluation_rows(count: usize, samples: usize) -> usize {
    count.clamp(1, (500 / samples).max(1))
}
