//! A run and its directory: begun or resumed, one epoch after the other, everything written as it comes.

use super::{Config, DeviceMemory, EpochLosses, Settings, State, Trainer, Watch, checkpoint};
use crate::{Error, Result, data::Dataset, device::Device, files::write_atomically, model::Param};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

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
    /// After the epoch, one draw of z per image.
    pub test: Figures,
    /// Training images per second, without evaluation and writing.
    pub images_per_s: f64,
    /// Seconds of training, without evaluation and writing.
    pub seconds: f64,
}

impl Figures {
    /// Averages per image.
    pub fn new(losses: &EpochLosses, images: usize, beta: f64) -> Figures {
        let (reconstruction, kl) = (losses.reconstruction / images as f64, losses.kl / images as f64);
        Figures { reconstruction, kl, loss: reconstruction + beta * kl }
    }
}

/// A finished or unfinished run on disk.
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
    /// [`Error::Malformed`] naming the first line that is none.
    pub fn metrics(&self) -> Result<Vec<Metrics>> {
        let path = self.dir.join("metrics.jsonl");
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let parse = |(number, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|error| Error::malformed(&path, format!("line {}: {error}", number + 1)))
        };
        text.lines().enumerate().map(parse).collect()
    }
}

/// A run in training.
pub struct Session {
    pub(super) config: Config,
    pub(super) device: Device,
    pub(super) data: Dataset,
    pub(super) trainer: Trainer,
    /// Epochs finished.
    pub(super) epoch: u64,
    dir: Option<PathBuf>,
}

impl Session {
    /// Begins a run. With `dir`, which must be new or empty, everything is written there; it is created only when model
    /// and data are on the device.
    ///
    /// # Errors
    /// As [`Trainer::new`]; [`Error::Invalid`] where `dir` is in use, [`Error::Io`] where it cannot be written.
    pub fn begin(
        settings: &Settings,
        epochs: u64,
        device: Device,
        data: Dataset,
        dir: Option<&Path>,
    ) -> Result<Session> {
        Session::begin_from(settings, None, epochs, device, data, dir)
    }

    /// As [`Session::begin`], from given weights instead of fresh ones.
    ///
    /// # Errors
    /// As [`Session::begin`].
    pub fn begin_from(
        settings: &Settings,
        weights: Option<&[Param]>,
        epochs: u64,
        device: Device,
        data: Dataset,
        dir: Option<&Path>,
    ) -> Result<Session> {
        if let Some(dir) = dir.filter(|dir| dir.exists()) {
            let mut entries = fs::read_dir(dir).map_err(Error::io("read", dir))?;
            if entries.next().is_some() {
                let what = if dir.join("config.json").exists() { "holds a run already" } else { "is not empty" };
                let problem = format!("{what}: name another directory with --out, or go on with --resume");
                return Err(Error::invalid(dir.display().to_string(), problem));
            }
        }
        let mut trainer = Trainer::new(&device, settings, &data)?;
        if let Some(weights) = weights {
            settings.model.expect(weights)?;
            let fresh = trainer.state()?;
            trainer.restore(&State { params: weights.to_vec(), ..fresh })?;
        }
        let config = Config::new(settings, epochs, &data, &device);
        if let Some(dir) = dir {
            let images = dir.join("images");
            fs::create_dir_all(&images).map_err(Error::io("create", &images))?;
            write_atomically(&dir.join("config.json"), config.to_json().as_bytes())?;
        }
        Ok(Session { config, device, data, trainer, epoch: 0, dir: dir.map(Path::to_path_buf) })
    }

    /// Goes on with a run after its last finished epoch, for `epochs` epochs in all where given.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `data` are not those of the run, or its checkpoint is of another kind of device.
    pub fn resume(run: Run, epochs: Option<u64>, device: Device, data: Dataset) -> Result<Session> {
        let Run { dir, mut config } = run;
        config.data.expect(&data)?;
        config.epochs = epochs.unwrap_or(config.epochs);
        let path = dir.join("checkpoint.safetensors");
        let (state, epoch) = checkpoint::load_state(&path, &config.model, config.seed)?;
        if state.double != matches!(device, Device::Oracle) {
            let began =
                if state.double { "the f64 oracle: go on with --device cpu" } else { "a GPU: go on with --device gpu" };
            return Err(Error::invalid("--device", format!("this run was begun on {began}")));
        }
        let mut trainer = Trainer::new(&device, &config.settings(), &data)?;
        trainer.restore(&state)?;
        let session = Session { config, device, data, trainer, epoch, dir: Some(dir) };
        session.trim_metrics()?;
        Ok(session)
    }

    /// Drops lines of epochs that were begun after the checkpoint.
    fn trim_metrics(&self) -> Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let path = dir.join("metrics.jsonl");
        if path.exists() {
            let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
            let kept: String = text.lines().take(self.epoch as usize).map(|line| format!("{line}\n")).collect();
            write_atomically(&path, kept.as_bytes())?;
        }
        write_atomically(&dir.join("config.json"), self.config.to_json().as_bytes())
    }

    /// Trains the next epoch, evaluates, and writes metrics, weights, checkpoint and pictures.
    ///
    /// # Errors
    /// As [`Trainer::train_epoch`]; what earlier epochs left stays as it is.
    pub fn epoch(&mut self, watch: &mut Watch) -> Result<Metrics> {
        let start = Instant::now();
        let train = self.trainer.train_epoch(self.epoch, watch)?;
        let seconds = start.elapsed().as_secs_f64();
        let test = self.trainer.evaluate()?;
        self.epoch += 1;
        let beta = self.config.objective.beta;
        let metrics = Metrics {
            epoch: self.epoch,
            step: self.epoch * train.steps as u64,
            train: Figures::new(&train, train.count, beta),
            test: Figures::new(&test, test.count, beta),
            images_per_s: train.count as f64 / seconds,
            seconds,
        };
        if let Some(dir) = &self.dir {
            self.write(dir, &metrics)?;
        }
        Ok(metrics)
    }

    fn write(&self, dir: &Path, metrics: &Metrics) -> Result<()> {
        let path = dir.join("metrics.jsonl");
        let mut lines =
            if path.exists() { fs::read_to_string(&path).map_err(Error::io("read", &path))? } else { String::new() };
        lines += &serde_json::to_string(metrics).expect("plain numbers");
        lines.push('\n');
        let state = self.trainer.state()?;
        self.draw_pictures(&dir.join("images"))?;
        write_atomically(&path, lines.as_bytes())?;
        checkpoint::save_weights(&dir.join("model.safetensors"), &state.params)?;
        checkpoint::save_state(&dir.join("checkpoint.safetensors"), &state, self.epoch, self.config.seed)
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Epochs finished.
    pub fn epochs_done(&self) -> u64 {
        self.epoch
    }

    /// The current weights.
    ///
    /// # Errors
    /// [`Error::Gpu`] where the device is lost.
    pub fn weights(&self) -> Result<Vec<Param>> {
        Ok(self.trainer.state()?.params)
    }

    /// Device memory that training takes; none on the oracle.
    pub fn device_memory(&self) -> Option<DeviceMemory> {
        self.trainer.device_memory()
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }
}
