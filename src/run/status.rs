//! How a run stands: in training, finished, interrupted, or failed and why.

use super::{Claim, Run};
use crate::{Error, Result, error::chain, files::write_atomically};
use serde::Serialize;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The file that says why a run failed. It goes when the run goes on.
pub(crate) const FAILURE: &str = "failure.txt";

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state", content = "reason")]
pub enum Status {
    /// A process trains it.
    Running,
    /// All epochs are done, or its patience is at its end.
    Finished,
    /// It was stopped before its last epoch, by a signal or with its process.
    Interrupted,
    /// It ended with this error.
    Failed(String),
}

impl Status {
    /// In a word, without the reason.
    pub fn name(&self) -> &'static str {
        match self {
            Status::Running => "running",
            Status::Finished => "finished",
            Status::Interrupted => "interrupted",
            Status::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Status::Failed(reason) => write!(f, ": {reason}"),
            _ => Ok(()),
        }
    }
}

impl Run {
    /// How the run stands.
    ///
    /// # Errors
    /// As [`Run::metrics`].
    pub fn status(&self) -> Result<Status> {
        if Claim::is_held(&self.dir) {
            return Ok(Status::Running);
        }
        if let Ok(reason) = fs::read_to_string(self.dir.join(FAILURE)) {
            return Ok(Status::Failed(reason.trim().into()));
        }
        let metrics = if self.epochs_done()? > 0 { self.metrics()? } else { Vec::new() };
        let is_out_of_patience = self.config.keeping.patience_left(&metrics) == Some(0);
        match metrics.len() as u64 >= self.config.epochs || is_out_of_patience {
            true => Ok(Status::Finished),
            false => Ok(Status::Interrupted),
        }
    }

    /// Epochs whose metrics are written.
    ///
    /// # Errors
    /// As [`Run::metrics`].
    pub fn epochs_done(&self) -> Result<u64> {
        match self.dir.join("metrics.jsonl").is_file() {
            true => Ok(self.metrics()?.len() as u64),
            false => Ok(0), // none before the first epoch ends
        }
    }
}

/// Directories of runs in `dir` and below, itself included, by name. Within a run, and behind symbolic links, none are looked for.
///
/// # Errors
/// [`Error::Io`] naming a directory that cannot be read.
pub fn runs_in(dir: &Path) -> Result<Vec<PathBuf>> {
    if dir.join("config.json").is_file() {
        return Ok(vec![dir.to_path_buf()]);
    }
    let entries = fs::read_dir(dir).map_err(Error::io("read", dir))?.flatten();
    let mut below: Vec<PathBuf> =
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect();
    below.sort();
    let mut found = Vec::new();
    for dir in below {
        found.extend(runs_in(&dir)?);
    }
    Ok(found)
}

/// Leaves why a run failed. The error itself is what its user hears of: nothing is done about a directory that cannot be written.
pub(crate) fn record_failure(dir: &Path, error: &Error) {
    let _ = write_atomically(&dir.join(FAILURE), format!("{}\n", chain(error)).as_bytes());
}

/// Removes what [`record_failure`] left.
///
/// # Errors
/// [`Error::Io`] where it cannot be removed.
pub(crate) fn clear_failure(dir: &Path) -> Result<()> {
    let path = dir.join(FAILURE);
    match path.exists() {
        true => fs::remove_file(&path).map_err(Error::io("remove", &path)),
        false => Ok(()),
    }
}
