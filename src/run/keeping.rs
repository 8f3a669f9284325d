//! Which weights of a run are kept beside its last, and when it ends early.

use super::Metrics;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder of a run's event files, which TensorBoard reads.
pub const EVENTS: &str = "tensorboard";

/// The weights of the epoch with the least test loss.
pub const BEST: &str = "best.safetensors";

/// Which weights a run ends with, in `model.safetensors`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// Those of its best epoch, the one with the least test loss.
    Best,
    /// Those of its last epoch.
    #[default]
    Last,
}

impl Keep {
    /// Both.
    pub const ALL: [Keep; 2] = [Keep::Best, Keep::Last];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Keep::Best => "best",
            Keep::Last => "last",
        }
    }
}

/// What of a run is kept, and when it ends early. Its best epoch and its patience are decided by the metrics, so that a resumed run knows
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Keeping {
    /// Epochs in a row without a better test loss after which training ends; none: all epochs are trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// Which weights the run ends with.
    #[serde(default)]
    pub keep: Keep,
    /// The weights of every so many epochs are kept; none: only the best and the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Minutes after which the checkpoint is written within an epoch; none: at the end of epochs alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_every: Option<f64>,
}

impl Keeping {
    /// Whether nothing was asked for.
    pub fn is_default(&self) -> bool {
        *self == Keeping::default()
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option that is 0 or no number.
    pub fn validate(&self) -> Result<()> {
        let zero =
            [("--patience", self.patience), ("--keep-every", self.every)].into_iter().find(|(_, n)| *n == Some(0));
        if let Some(minutes) = self.save_every.filter(|minutes| !minutes.is_finite() || *minutes <= 0.0) {
            return Err(Error::invalid("--save-every", format!("is {minutes}, expected a number of minutes above 0")));
        }
        zero.map_or(Ok(()), |(option, _)| Err(Error::invalid(option, "is 0, expected at least 1 epoch")))
    }

    /// Epochs without a better test loss that may still come after those of `metrics`; none where all epochs are trained.
    pub fn patience_left(&self, metrics: &[Metrics]) -> Option<u64> {
        let since = best(metrics).map_or(0, |best| metrics.len() as u64 - best.epoch);
        self.patience.map(|patience| patience.saturating_sub(since))
    }

    /// Whether the weights of `epoch` are kept in a file of their own.
    pub fn is_kept(&self, epoch: u64) -> bool {
        self.every.is_some_and(|every| epoch.is_multiple_of(every))
    }
}

/// The epoch with the least test loss, the first of several.
pub fn best(metrics: &[Metrics]) -> Option<&Metrics> {
    metrics.iter().min_by(|a, b| a.test.loss.total_cmp(&b.test.loss))
}

/// Where the weights of an epoch are kept.
pub fn epoch_file(dir: &Path, epoch: u64) -> PathBuf {
    dir.join(format!("epoch-{epoch:04}.safetensors"))
}

/// Whether a file is one of [`epoch_file`].
pub fn is_epoch_file(name: &str) -> bool {
    name.strip_prefix("epoch-")
        .and_then(|rest| rest.strip_suffix(".safetensors"))
        .is_some_and(|number| number.len() >= 4 && number.bytes().all(|digit| digit.is_ascii_digit()))
}
