//! Training: the loop over epochs and what it leaves behind. One trainer runs on the GPU, one on the f64 oracle.

mod cpu;
mod gpu;
mod memory;
mod pictures;
mod rehearsal;
mod session;
mod trainer;
pub mod tuning;

pub use cpu::OracleTrainer;
pub use gpu::{GpuTrainer, loss_arguments, steps_per_submit};
pub use memory::DeviceMemory;
pub use session::{Changes, Session};
pub use trainer::Trainer;

use crate::{Error, Result};
use std::time::Duration;

/// Losses added up over the images of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpochLosses {
    /// Images in the epoch.
    pub count: usize,
    /// Steps whose losses are in the sums.
    pub steps: usize,
    /// Sum of the reconstruction loss (squared error, or nats) over images and pixels.
    pub reconstruction: f64,
    /// Sum of the KL divergence over images, in nats.
    pub kl: f64,
    /// Sum over images of the negative of a bound with weights, in nats; 0 for other objectives.
    pub bound: f64,
    /// Sum over the steps of the norm of their gradients, before clipping; 0 where they are not clipped.
    pub gradient_norm: f64,
}

impl EpochLosses {
    /// Adds reconstruction, KL, bound and gradient norm of the next step, `first_step` being the number of steps before the epoch.
    ///
    /// # Errors
    /// [`Error::NotFinite`] where one of them is not a finite float32, which a GPU would have computed.
    pub fn add(&mut self, first_step: u64, of_step: [f64; 4]) -> Result<()> {
        self.steps += 1;
        let [reconstruction, kl, bound, gradient_norm] = of_step;
        for (what, value) in [
            ("the reconstruction loss", reconstruction),
            ("the KL divergence", kl),
            ("the bound", bound),
            ("the norm of the gradients", gradient_norm),
        ] {
            if !(value as f32).is_finite() {
                let step = first_step + self.steps as u64;
                return Err(Error::NotFinite { what: what.into(), first: step, last: step });
            }
        }
        self.reconstruction += reconstruction;
        self.kl += kl;
        self.bound += bound;
        self.gradient_norm += gradient_norm;
        Ok(())
    }
}

/// How far an epoch is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps finished.
    pub done: usize,
    /// Steps of the epoch.
    pub steps: usize,
    /// Losses so far.
    pub losses: EpochLosses,
    /// Time since the epoch began.
    pub elapsed: Duration,
}

/// Progress callback; returning false cancels the epoch.
pub type Watch<'a> = dyn FnMut(&Progress) -> bool + 'a;

/// Images of an evaluation batch of `count` images with so many samples of each. Part of what makes a figure reproducible: the draws
/// of z are numbered by it.
pub fn evaluation_rows(count: usize, samples: usize) -> usize {
    count.clamp(1, (500 / samples).max(1))
}
