//! Losses added up over an epoch, and an epoch that is not at its end.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Losses added up over the images of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// More seconds than any epoch takes, and fewer than a duration holds.
const MOST_SECONDS: f64 = 1e12;

/// An epoch of which some steps are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// Losses of the steps that are done.
    pub losses: EpochLosses,
    /// Seconds of training that they took.
    pub seconds: f64,
}

impl Begun {
    /// Whether this can be part of an epoch of `steps` steps over `count` images.
    pub fn is_within(&self, steps: usize, count: usize) -> bool {
        let EpochLosses { reconstruction, kl, bound, gradient_norm, .. } = self.losses;
        let are_finite = [reconstruction, kl, bound, gradient_norm].iter().all(|number| number.is_finite());
        let has_steps = (1..steps).contains(&self.losses.steps) && self.losses.count == count;
        has_steps && are_finite && (0.0..MOST_SECONDS).contains(&self.seconds)
    }
}
