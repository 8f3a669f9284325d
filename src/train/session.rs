//! A run in training: begun or resumed, one epoch after the other, everything written as it comes.

use super::{DeviceMemory, EpochLosses, Trainer, Watch};
use crate::{
    Error, Result,
    data::Dataset,
    device::Device,
    files::write_atomically,
    gpu::Tilings,
    model::Param,
    network::{self, Codec, active_units, variances},
    run::{
        BEST, Claim, Config, Figures, Keep, Metrics, Run, Settings, State, best, checkpoint, clear_failure, epoch_file,
        record_failure,
    },
};
use std::{collections::BTreeMap, path::Path, time::Instant};

/// A run in training.
pub struct Session {
    pub(super) config: Config,
    pub(super) device: Device,
    pub(super) data: Dataset,
    pub(super) trainer: Trainer,
    /// Epochs finished.
    pub(super) epoch: u64,
    /// Metrics of the epochs finished.
    metrics: Vec<Metrics>,
    claim: Option<Claim>,
}

/// What a resumed run does otherwise from then on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Changes {
    /// Epochs in all; none: as many as the run was to have.
    pub epochs: Option<u64>,
    /// Learning rate; none: the run's.
    pub lr: Option<f64>,
    /// How products are cut on a GPU; none: as they were.
    pub tilings: Option<Tilings>,
}

impl Session {
    /// Begins a run. With `dir`, which must be new or empty, everything is written there.
    ///
    /// # Errors
    /// As [`Trainer::new`] and [`Claim::begin`].
    pub fn begin(settings: &Settings, device: Device, data: Dataset, dir: Option<&Path>) -> Result<Session> {
        let claim = dir.map(|dir| Claim::begin(dir, false)).transpose()?;
        Session::begin_in(claim, settings, None, device, data)
    }

    /// Begins a run in a directory claimed before, from `weights` or from fresh ones. A run that lies there is replaced, once model and
    /// data are on the device. Leaves the configuration and the checkpoint of step 0.
    ///
    /// # Errors
    /// As [`Trainer::new`]; [`Error::Io`] where the directory cannot be written.
    pub fn begin_in(
        claim: Option<Claim>,
        settings: &Settings,
        weights: Option<&[Param]>,
        device: Device,
        data: Dataset,
    ) -> Result<Session> {
        let data = judged(settings, data);
        let mut trainer = Trainer::new(&device, settings, &data)?;
        if let Some(weights) = weights {
            settings.model.expect(weights)?;
            let fresh = trainer.state()?;
            trainer.restore(&State { params: weights.to_vec(), ..fresh })?;
        }
        let config = Config::new(settings, &data, &device);
        let mut session = Session { config, device, data, trainer, epoch: 0, metrics: Vec::new(), claim };
        if let Some(claim) = &mut session.claim {
            claim.clear()?;
            claim.keep();
            write_config(claim.dir(), &session.config)?;
            session.save(&session.trainer.state()?)?;
        }
        Ok(session)
    }

    /// Goes on with the run in `dir` after its last checkpoint. On another kind of device than it was begun on it goes on as well,
    /// and sums are rounded otherwise. Where all epochs are done, nothing is written.
    ///
    /// # Errors
    /// As [`Run::open`], [`Claim::resume`] and [`Session::resume_in`].
    pub fn resume(dir: &Path, changes: &Changes, device: Device, data: Dataset) -> Result<Session> {
        let run = Run::open(dir)?;
        let claim = Claim::resume(&run)?;
        Session::resume_in(&run, claim, changes, device, data)
    }

    /// As [`Session::resume`], in a directory claimed before.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `data` are not those of the run; [`Error::Malformed`] where its checkpoint is damaged or of another step
    /// than it says, or `metrics.jsonl` lacks an epoch.
    pub fn resume_in(run: &Run, claim: Claim, changes: &Changes, device: Device, data: Dataset) -> Result<Session> {
        let then = &run.config;
        then.data.expect(&data)?;
        let path = run.dir.join("checkpoint.safetensors");
        let (state, epoch) = checkpoint::load_state(&path, &then.model, then.seed)?;
        let steps = epoch * data.train.count.div_ceil(then.batch) as u64;
        if state.step != steps {
            let problem = format!("says step {} after epoch {epoch}, which ends with step {steps}", state.step);
            return Err(Error::malformed(&path, problem));
        }
        let metrics = metrics_until(run, epoch)?;
        let epochs = changes.epochs.unwrap_or(then.epochs);
        let lr = changes.lr.unwrap_or(then.adam.lr);
        let tilings = match &device {
            Device::Gpu(gpu) => {
                Some(network::fit(&then.model, &then.objective, gpu.usable(changes.tilings.or(then.tilings))))
            }
            Device::Oracle => None,
        };
        let config = then.resumed(epoch, epochs.max(epoch), lr, &device, tilings);
        let data = judged(&config.settings(), data);
        let mut trainer = Trainer::new(&device, &config.settings(), &data)?;
        trainer.restore(&state)?;
        let session = Session { config, device, data, trainer, epoch, metrics, claim: Some(claim) };
        if epoch < epochs {
            clear_failure(&run.dir)?;
            write_config(&run.dir, &session.config)?;
            Metrics::write(&run.dir.join("metrics.jsonl"), &session.metrics)?;
        }
        Ok(session)
    }

    /// Trains the next epoch, evaluates, and writes metrics, weights and checkpoint; the weights of the best epoch so far, and of those to be
    /// kept, in files of their own too.
    ///
    /// # Errors
    /// As [`Trainer::train_epoch`]; [`Error::NotFinite`] where a parameter or moment is not finite. What earlier epochs left stays as it
    /// is then, and the run's directory says why it failed.
    pub fn epoch(&mut self, watch: &mut Watch) -> Result<Metrics> {
        let metrics = self.next_epoch(watch);
        if let (Err(error), Some(claim)) = (&metrics, &self.claim)
            && !matches!(error, Error::Interrupted(_))
        {
            record_failure(claim.dir(), error);
        }
        metrics
    }

    fn next_epoch(&mut self, watch: &mut Watch) -> Result<Metrics> {
        let start = Instant::now();
        let train = self.trainer.train_epoch(self.epoch, watch)?;
        let seconds = start.elapsed().as_secs_f64();
        let (first, last) = (self.epoch * train.steps as u64 + 1, (self.epoch + 1) * train.steps as u64);
        let state = self.trainer.state()?;
        state.expect_finite(first, last)?;
        let test = self.trainer.evaluate().map_err(|error| match error {
            Error::NotFinite { what, .. } => {
                Error::NotFinite { what: format!("{what} of the test images"), first, last }
            }
            other => other,
        })?;
        let active_units = self.active_units(&state)?;
        self.epoch += 1;
        let metrics = Metrics {
            epoch: self.epoch,
            step: last,
            train: self.figures(&train),
            gradient_norm: self.config.adam.clip.map(|_| train.gradient_norm / train.steps as f64),
            test: self.figures(&test),
            active_units,
            images_per_s: train.count as f64 / seconds,
            seconds,
        };
        self.metrics.push(metrics);
        self.save(&state)?;
        Ok(metrics)
    }

    /// Latents of a variational model that are in use on the test images; none where the device has no room for the parameters once
    /// more: an epoch is not lost for want of this figure.
    fn active_units(&self, state: &State) -> Result<Option<usize>> {
        if !self.config.model.kind.is_variational() {
            return Ok(None);
        }
        let codec = match Codec::new(&self.device, &self.config.model, &state.params) {
            Err(Error::Gpu { .. }) => return Ok(None),
            codec => codec?,
        };
        let encoding = codec.encode_rows(self.data.test.images.rows(), self.data.test.labels.as_deref())?;
        Ok(Some(active_units(&variances(&encoding, self.config.model.latent))))
    }

    /// Averages per image.
    fn figures(&self, losses: &EpochLosses) -> Figures {
        let [reconstruction, kl, bound] =
            [losses.reconstruction, losses.kl, losses.bound].map(|sum| sum / losses.count as f64);
        let objective = &self.config.objective;
        let loss = if objective.bound.is_weighted() { bound } else { reconstruction + objective.beta * kl };
        Figures { reconstruction, kl, loss }
    }

    /// Writes metrics, weights and, last, the checkpoint: a resumed run begins after it and drops what is newer.
    fn save(&self, state: &State) -> Result<()> {
        let Some(dir) = self.claim.as_ref().map(Claim::dir) else { return Ok(()) };
        Metrics::write(&dir.join("metrics.jsonl"), &self.metrics)?;
        if let Some(last) = self.metrics.last() {
            let keeping = &self.config.keeping;
            let is_best = best(&self.metrics).is_some_and(|best| best.epoch == last.epoch);
            let mut files = vec![dir.join("model.safetensors")];
            files.extend(is_best.then(|| dir.join(BEST)));
            files.extend(keeping.is_kept(self.epoch).then(|| epoch_file(dir, self.epoch)));
            files.iter().try_for_each(|file| checkpoint::save_weights(file, &state.params))?;
            if self.is_done() && keeping.keep == Keep::Best && !is_best {
                let best = checkpoint::load_weights(&dir.join(BEST), &self.config.model)?;
                checkpoint::save_weights(&dir.join("model.safetensors"), &best)?;
            }
        }
        checkpoint::save_state(&dir.join("checkpoint.safetensors"), state, self.epoch, self.config.seed)
    }

    /// Keeps in the configuration which options the run was begun with.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be written.
    pub fn keep_options(&mut self, options: BTreeMap<String, String>) -> Result<()> {
        self.config.options = options;
        self.claim.as_ref().map_or(Ok(()), |claim| write_config(claim.dir(), &self.config))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The directory, where the run has one.
    pub fn dir(&self) -> Option<&Path> {
        self.claim.as_ref().map(Claim::dir)
    }

    /// Whether no epoch is left to train: all are done, or the test loss has not become better for as many as there is patience for.
    pub fn is_done(&self) -> bool {
        self.epoch >= self.config.epochs || self.patience_left() == Some(0)
    }

    /// Epochs without a better test loss that may still come; none where all epochs are trained.
    pub fn patience_left(&self) -> Option<u64> {
        self.config.keeping.patience_left(&self.metrics)
    }

    /// Metrics of the epoch with the least test loss.
    pub fn best(&self) -> Option<&Metrics> {
        best(&self.metrics)
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

/// Data with the test images that a run is judged on.
fn judged(settings: &Settings, data: Dataset) -> Dataset {
    let test = settings.judged(&data.test).into_owned();
    Dataset { test, ..data }
}

fn write_config(dir: &Path, config: &Config) -> Result<()> {
    write_atomically(&dir.join("config.json"), config.to_json().as_bytes())
}

/// The metrics of the first `epochs` epochs; those of epochs begun after the checkpoint are dropped.
fn metrics_until(run: &Run, epochs: u64) -> Result<Vec<Metrics>> {
    let path = run.dir.join("metrics.jsonl");
    let mut metrics = match epochs {
        0 => Vec::new(),
        _ if !path.is_file() => {
            let problem = format!(
                "is missing, and {epochs} epochs are done: put it back, or begin anew from its weights with --init"
            );
            return Err(Error::malformed(&path, problem));
        }
        _ => run.metrics()?,
    };
    if (metrics.len() as u64) < epochs {
        let problem = format!(
            "ends with epoch {}, and {epochs} epochs are done: put the whole file back, or begin anew from its weights with --init",
            metrics.len()
        );
        return Err(Error::malformed(&path, problem));
    }
    metrics.truncate(epochs as usize);
    Ok(metrics)
}
