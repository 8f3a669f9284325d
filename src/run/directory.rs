//! A run's directory, read.

use super::{Config, Metrics, checkpoint};
use crate::{Error, Result, model::Param};
use std::path::{Path, PathBuf};

/// A finished or unfinished run on disk.
///
/// ```no_run
/// use wgvae::{device::Device, network::Codec, run::Run};
///
/// # fn main() -> wgvae::Result<()> {
/// let run = Run::open("vae".as_ref())?;
/// let codec = Codec::new(&Device::Oracle, &run.config.model, &run.weights()?)?;
/// println!("{} epochs; the last: {:?}", run.metrics()?.len(), run.metrics()?.last());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Run {
    /// Its directory.
    pub dir: PathBuf,
    /// Its configuration.
    pub config: Config,
}

impl Run {
    /// Opens the run in `dir`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `dir` is no run, [`Error::Malformed`] where its configuration is damaged.
    pub fn open(dir: &Path) -> Result<Run> {
        let path = dir.join("config.json");
        if !path.is_file() {
            let problem = if dir.is_dir() { "is no run: it has no config.json" } else { "there is no such directory" };
            return Err(Error::invalid(dir.display().to_string(), problem));
        }
        Ok(Run { dir: dir.to_path_buf(), config: Config::load(&path)? })
    }

    /// The weights of its last finished epoch.
    ///
    /// # Errors
    /// As [`checkpoint::load_weights`].
    pub fn weights(&self) -> Result<Vec<Param>> {
        checkpoint::load_weights(&self.dir.join("model.safetensors"), &self.config.model)
    }

    /// Its metrics, an entry per epoch.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming the first line that is damaged or missing.
    pub fn metrics(&self) -> Result<Vec<Metrics>> {
        Metrics::read(&self.dir.join("metrics.jsonl"))
    }
}
