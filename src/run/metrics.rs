//! `metrics.jsonl`: one line per epoch.

use crate::{Error, Result, files::write_atomically};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};

/// Losses per image, whatever the batch size and however the objective reduces them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Squared error, or nats.
    pub reconstruction: f64,
    /// Nats; 0 for an AE.
    pub kl: f64,
    /// reconstruction + β · kl
    pub loss: f64,
}

/// A line of `metrics.jsonl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Epochs finished.
    pub epoch: u64,
    /// Steps taken.
    pub step: u64,
    /// Averages over the epoch, as the model learnt.
    pub train: Figures,
    /// Average over the epoch's steps of the norm of their gradients, before clipping; where they are clipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// After the epoch, one draw of z per image.
    pub test: Figures,
    /// Latents whose mean varies by more than 0.01 over the test images after the epoch; an AE has no such figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_units: Option<usize>,
    /// Training images per second, without evaluation and writing.
    pub images_per_s: f64,
    /// Seconds of training, without evaluation and writing.
    pub seconds: f64,
}

impl Metrics {
    /// Reads every line of the file at `path`.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming the first line that is damaged, or that is not of the epoch after the line before it.
    pub fn read(path: &Path) -> Result<Vec<Metrics>> {
        let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
        let mut all: Vec<Metrics> = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let metrics: Metrics = serde_json::from_str(line)
                .map_err(|error| Error::malformed(path, format!("line {number}: {error}")))?;
            if metrics.epoch != number {
                let problem = format!("line {number} is of epoch {}, expected epoch {number}", metrics.epoch);
                return Err(Error::malformed(path, problem));
            }
            all.push(metrics);
        }
        Ok(all)
    }

    /// Replaces the file at `path` with `all`.
    ///
    /// # Errors
    /// [`Error::Io`] naming the path.
    pub fn write(path: &Path, all: &[Metrics]) -> Result<()> {
        let lines = all.iter().map(|metrics| serde_json::to_string(metrics).expect("plain numbers") + "\n");
        write_atomically(path, lines.collect::<String>().as_bytes())
    }
}
