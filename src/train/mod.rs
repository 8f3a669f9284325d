//! Training: the loop over epochs and what it leaves behind. One trainer runs on the GPU, one on the f64 oracle.

pub mod checkpoint;
mod config;
mod cpu;
mod gpu;
mod memory;
mod pictures;
mod rehearsal;
mod run;
mod trainer;
pub mod tuning;

pub use config::{Config, DataConfig, DeviceConfig};
pub use cpu::OracleTrainer;
pub use gpu::GpuTrainer;
pub use memory::DeviceMemory;
pub use rehearsal::Rehearsal;
pub use run::{Figures, Metrics, Run, Session};
pub use trainer::Trainer;

use crate::{
    Error, Result,
    gpu::Tilings,
    model::{Adam, Corruption, Model, Objective, Param},
};
use std::time::Duration;

/// What is trained and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The model.
    pub model: Model,
    /// What a step minimises.
    pub objective: Objective,
    /// The optimizer.
    pub adam: Adam,
    /// Noise on the input of training and of its evaluations; none: the input is clean.
    pub corruption: Option<Corruption>,
    /// Rows of a full batch; the last batch of an epoch may be smaller.
    pub batch: usize,
    /// Decides initial parameters, order and noise.
    pub seed: u64,
    /// How products are cut on a GPU; none, or where the adapter lacks them: [`Gpu::tilings`](crate::gpu::Gpu::tilings).
    pub tilings: Option<Tilings>,
}

impl Settings {
    /// Checks that every number is usable.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option.
    pub fn validate(&self) -> Result<()> {
        self.model.validate()?;
        if self.batch == 0 {
            return Err(Error::invalid("--batch", "must be at least 1"));
        }
        let decay = |name: &str, beta: f64| match (0.0..1.0).contains(&beta) {
            true => Ok(()),
            false => Err(Error::invalid(name, format!("is {beta}, expected at least 0 and below 1"))),
        };
        decay("--beta1", self.adam.beta1)?;
        decay("--beta2", self.adam.beta2)?;
        let positive = |name: &str, value: f64, least: f64| match value.is_finite() && value >= least {
            true => Ok(()),
            false => Err(Error::invalid(name, format!("is {value}, expected a number of at least {least}"))),
        };
        positive("--lr", self.adam.lr, 0.0)?;
        positive("--epsilon", self.adam.epsilon, 0.0)?;
        positive("--beta", self.objective.beta, 0.0)?;
        self.corruption.map_or(Ok(()), |corruption| corruption.validate())
    }
}

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
}

impl EpochLosses {
    /// Adds the losses of the next step, `first_step` being the number of steps before the epoch.
    ///
    /// # Errors
    /// [`Error::NotFinite`] where one of them is not finite.
    pub fn add(&mut self, first_step: u64, reconstruction: f64, kl: f64) -> Result<()> {
        self.steps += 1;
        for (what, value) in [("the reconstruction loss", reconstruction), ("the KL divergence", kl)] {
            if !value.is_finite() {
                return Err(Error::NotFinite { what: what.into(), step: first_step + self.steps as u64 });
            }
        }
        self.reconstruction += reconstruction;
        self.kl += kl;
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

/// Called as an epoch goes on; false stops it.
pub type Watch<'a> = dyn FnMut(&Progress) -> bool + 'a;

/// All that a run needs to go on: parameters, Adam's moments and the step.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Whether the values are float64 (the oracle) rather than float32 (a GPU).
    pub double: bool,
    /// Steps taken.
    pub step: u64,
    /// Parameters by name.
    pub params: Vec<Param>,
    /// Adam's first moment of each.
    pub first_moment: Vec<Param>,
    /// Adam's second moment of each.
    pub second_moment: Vec<Param>,
}

/// Rows of an evaluation batch. Part of what makes a figure reproducible: the draws of z are numbered by it.
pub fn evaluation_rows(count: usize) -> usize {
    count.clamp(1, 500)
}
