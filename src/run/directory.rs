//! A run's directory, read.

use super::{Config, Metrics, checkpoint};
use crate::{Error, Result, device::Device, model::Param, network::Codec};
use std::path::{Path, PathBuf};

/// A finished or unfinished run on disk.
///
/// ```no_run
/// use wgvae::{device::Device, run::Run};
///
/// # fn main() -> wgvae::Result<()> {
/// let run = Run::open("vae".as_ref())?;
/// let codec = run.codec(&Device::best()?)?;
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

    /// The last name in its directory's path.
    pub fn name(&self) -> String {
        let whole = self.dir.canonicalize().unwrap_or_else(|_| self.dir.clone());
        whole.file_name().map_or_else(|| whole.display().to_string(), |name| name.to_string_lossy().into_owned())
    }

    /// The weights of its last finished epoch.
    ///
    /// # Errors
    /// [`Error::Invalid`] where no epoch is finished; as [`checkpoint::load_weights`].
    pub fn weights(&self) -> Result<Vec<Param>> {
        let path = self.dir.join("model.safetensors");
        if !path.is_file() {
            let problem = "has no model.safetensors: no epoch was finished";
            return Err(Error::invalid(self.dir.display().to_string(), problem));
        }
        checkpoint::load_weights(&path, &self.config.model)
    }

    /// Its model with those weights, on a device: encodes and decodes.
    ///
    /// # Errors
    /// As [`Run::weights`] and [`Codec::new`].
    pub fn codec(&self, device: &Device) -> Result<Codec> {
        let codec = Codec::new(device, &self.config.model, &self.weights()?)?;
        Ok(codec.named(&self.config.data.class_names))
    }

    /// Its metrics, an entry per epoch.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming the first line that is damaged or missing.
    pub fn metrics(&self) -> Result<Vec<Metrics>> {
        Metrics::read(&self.dir.join("metrics.jsonl"))
    }
}
