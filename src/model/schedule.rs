//! How the learning rate and the weight of the KL divergence change over the steps of a run.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Learning rate and share of β at each step. The default is constant.
///
/// ```
/// use wgvae::model::{Rate, Schedule, Step};
///
/// let schedule = Schedule { rate: Rate::Cosine { lr_end: 1e-5 }, warm_up: 10 };
/// let step = |index| Step { index, steps_per_epoch: 600, epochs: 20 };
/// assert_eq!((schedule.lr(1e-3, step(0)), schedule.beta_share(step(0))), (1e-3, 1.0 / 6000.0));
/// assert_eq!((schedule.lr(1e-3, step(6000)), schedule.beta_share(step(6000))), (5.05e-4, 1.0)); // halfway
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The learning rate.
    #[serde(flatten)]
    pub rate: Rate,
    /// Epochs over which the weight of the KL divergence rises to β, by equal amounts at every step; 0: it is β from the start.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm_up: u64,
}

fn is_zero(epochs: &u64) -> bool {
    *epochs == 0
}

/// How the learning rate changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "lowercase")]
pub enum Rate {
    /// Not at all.
    #[default]
    Constant,
    /// Along half a period of a cosine over all epochs (Loshchilov and Hutter, 2017, without restarts).
    Cosine {
        /// What it would be one step after the last.
        lr_end: f64,
    },
    /// lr · 10^(−i/7) for 3ⁱ epochs, i = 0 … 7 (Burda, Grosse and Salakhutdinov, 2016), whatever the number of epochs: a run of
    /// fewer ends in an earlier stage, and a longer one goes on at lr / 10.
    Stages,
}

/// Stages of [`Rate::Stages`].
const STAGES: u32 = 8;

/// A step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number, counted from 0.
    pub index: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// Epochs of the run.
    pub epochs: u64,
}

impl Schedule {
    /// The learning rate of a step, `lr` being that of the first:
    /// `lr_end + ½ (lr − lr_end) (1 + cos(π t / T))` along a cosine, for step t of T.
    pub fn lr(&self, lr: f64, step: Step) -> f64 {
        match self.rate {
            Rate::Constant => lr,
            Rate::Cosine { lr_end } => {
                let share = step.index as f64 / (step.epochs as f64 * step.steps_per_epoch as f64);
                lr_end + 0.5 * (lr - lr_end) * (1.0 + (PI * share.min(1.0)).cos())
            }
            Rate::Stages => lr * 10.0_f64.powf(-f64::from(stage(step.index / step.steps_per_epoch)) / 7.0),
        }
    }

    /// What the weight of the KL divergence is multiplied by at a step: `min(1, (t + 1) / warm_up)`, `warm_up` in steps.
    pub fn beta_share(&self, step: Step) -> f64 {
        match self.warm_up {
            0 => 1.0,
            epochs => ((step.index + 1) as f64 / (epochs as f64 * step.steps_per_epoch as f64)).min(1.0),
        }
    }

    /// Epochs after which there is nothing left to change, where the schedule says.
    pub fn epochs(&self) -> Option<u64> {
        match self.rate {
            Rate::Constant | Rate::Cosine { .. } => None,
            Rate::Stages => Some((0..STAGES).map(|stage| 3_u64.pow(stage)).sum()),
        }
    }

    /// Checks that the last learning rate is usable.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option.
    pub fn validate(&self) -> Result<()> {
        match self.rate {
            Rate::Cosine { lr_end } if !lr_end.is_finite() || lr_end < 0.0 => {
                Err(Error::invalid("--lr-end", format!("is {lr_end}, expected a number of at least 0")))
            }
            Rate::Constant | Rate::Cosine { .. } | Rate::Stages => Ok(()),
        }
    }
}

/// The stage of an epoch, counted from 0.
fn stage(epoch: u64) -> u32 {
    let mut end = 0;
    let later = (0..STAGES - 1).take_while(|&stage| {
        end += 3_u64.pow(stage);
        epoch >= end
    });
    later.count() as u32
}
