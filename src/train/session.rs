//! A run in training: begun or resumed, one epoch after the other, everything written as it comes.

use super::{DeviceMemory, Progress, Trainer, Watch, resumed::left};
use crate::{
    Error, Result,
    data::Dataset,
    device::Device,
    files::write_atomically,
    gpu::Tilings,
    model::Param,
    network,
    peers::Peers,
    run::{
        BEST, Begun, Claim, Config, EpochLosses, Figures, Keep, Metrics, Place, Run, Settings, State, best, checkpoint,
        clear_failure, epoch_file, record_failure,
    },
};
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

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
    /// What is done of the epoch after them.
    pub(super) begun: Option<Begun>,
    /// When the checkpoint was written last, and the last step whose state is known to be finite.
    saved: Instant,
    finite: u64,
    claim: Option<Claim>,
    /// The processes that train the run.
    pub(super) peers: Peers,
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
    /// Bytes that training may take of a GPU's memory; none: as it was.
    pub gpu_memory: Option<u64>,
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
        Session::begin_among(Peers::alone(), claim, settings, weights, device, data)
    }

    /// The same, for a run that several processes train: the first has the directory, and all must come to the same calls.
    ///
    /// # Errors
    /// As [`Session::begin_in`] and [`Trainer::among`]; [`Error::CheckFailed`] where processes begin otherwise than the first.
    pub fn begin_among(
        peers: Peers,
        claim: Option<Claim>,
        settings: &Settings,
        weights: Option<&[Param]>,
        device: Device,
        data: Dataset,
    ) -> Result<Session> {
        let data = judged(settings, data);
        let begun = || {
            let mut trainer = Trainer::among(peers, &device, settings, &data)?;
            if let Some(weights) = weights {
                settings.model.expect(weights)?;
                let fresh = trainer.state()?;
                trainer.restore(&State { params: weights.to_vec(), ..fresh })?;
            }
            let state = trainer.state()?;
            Ok((trainer, state))
        };
        let (trainer, state) = peers.all_or_none(begun())?; // before the directory is touched: a device that fails leaves it as it was
        let config = Config::new(settings, &data, &device);
        let mut session = Session {
            config,
            device,
            data,
            trainer,
            epoch: 0,
            metrics: Vec::new(),
            begun: None,
            saved: Instant::now(),
            finite: 0,
            claim,
            peers,
        };
        session.expect_same_start(&state)?;
        if let Some(claim) = &mut session.claim {
            claim.clear()?;
            claim.keep();
            write_config(claim.dir(), &session.config)?;
            session.save(&state)?;
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
        Session::resume_among(Peers::alone(), run, Some(claim), changes, device, data)
    }

    /// The same, for a run that several processes train, as many as there are now: the first has the directory.
    ///
    /// # Errors
    /// As [`Session::resume_in`] and [`Session::begin_among`].
    pub fn resume_among(
        peers: Peers,
        run: &Run,
        claim: Option<Claim>,
        changes: &Changes,
        device: Device,
        data: Dataset,
    ) -> Result<Session> {
        let then = &run.config;
        let (state, Place { epoch, begun }, metrics) = peers.all_or_none(left(run, &data))?;
        let epochs = changes.epochs.unwrap_or(then.epochs);
        let lr = changes.lr.unwrap_or(then.adam.lr);
        let tilings = match &device {
            Device::Gpu(gpu) => {
                Some(network::fit(&then.model, &then.objective, gpu.usable(changes.tilings.or(then.tilings))))
            }
            Device::Oracle => None,
        };
        let mut config = then.resumed(epoch, epochs.max(epoch), lr, &device, tilings);
        config.gpu_memory = changes.gpu_memory.or(then.gpu_memory);
        let data = judged(&config.settings(), data);
        let mut trainer = peers.all_or_none(Trainer::among(peers, &device, &config.settings(), &data))?;
        trainer.restore(&state)?;
        let (saved, finite) = (Instant::now(), state.step);
        let session = Session { config, device, data, trainer, epoch, metrics, begun, saved, finite, claim, peers };
        session.expect_same_start(&state)?;
        if epoch < epochs && session.claim.is_some() {
            clear_failure(&run.dir)?;
            write_config(&run.dir, &session.config)?;
            Metrics::write(&run.dir.join("metrics.jsonl"), &session.metrics)?;
        }
        Ok(session)
    }

    /// Trains the next epoch, or what is left of it, evaluates, and writes metrics, weights and checkpoint; the weights of the best epoch so
    /// far, and of those to be kept, in files of their own too. Within the epoch the checkpoint is written as often as
    /// [`Keeping::save_every`](crate::run::Keeping::save_every) says.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where `watch` stops it: the checkpoint is written then, and the next call or a resumed run goes on after the
    /// last step that was done. As [`Trainer::go_on`]; [`Error::NotFinite`] where a parameter or moment is not finite. What earlier epochs
    /// left stays as it is then, and the run's directory says why it failed.
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
        let Begun { losses: train, seconds } = self.train_rest(watch)?;
        let (first, last) = (self.finite + 1, (self.epoch + 1) * train.steps as u64);
        let state = self.finite_state()?;
        self.expect_same_weights(&state)?;
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
        self.begun = None;
        self.save(&state)?;
        Ok(metrics)
    }

    /// Trains what is left of the epoch. Where a checkpoint is due the trainer stops, so that its state is that of a step, and goes on.
    fn train_rest(&mut self, watch: &mut Watch) -> Result<Begun> {
        let steps = self.data.train.count.div_ceil(self.config.batch);
        loop {
            let (start, done) = (Instant::now(), self.begun.unwrap_or_default());
            let every = self.claim.as_ref().and(self.config.keeping.save_every);
            let (saved, mut goes_on) = (self.saved, true);
            let losses = self.trainer.go_on(self.epoch, done.losses, &mut |progress| {
                let elapsed = progress.elapsed + Duration::from_secs_f64(done.seconds);
                goes_on = watch(&Progress { elapsed, ..*progress });
                goes_on && every.is_none_or(|minutes| saved.elapsed().as_secs_f64() < 60.0 * minutes)
            })?;
            goes_on = !self.peers.any(!goes_on);
            let begun = Begun { losses, seconds: done.seconds + start.elapsed().as_secs_f64() };
            if losses.steps == steps {
                return Ok(begun);
            }
            self.begun = Some(begun);
            let state = self.finite_state()?;
            self.save_checkpoint(&state)?;
            if !goes_on {
                let interrupted = Error::Interrupted(format!("after {} of {steps} steps", losses.steps));
                return self.peers.told_by_first(Err(interrupted));
            }
        }
    }

    /// The state of the trainer, which is finite.
    fn finite_state(&mut self) -> Result<State> {
        let state = self.trainer.state()?;
        self.peers.told_by_first(state.expect_finite(self.finite + 1, state.step))?;
        self.finite = state.step;
        Ok(state)
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
    fn save(&mut self, state: &State) -> Result<()> {
        let Some(dir) = self.dir() else { return Ok(()) };
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
        self.save_checkpoint(state)
    }

    fn save_checkpoint(&mut self, state: &State) -> Result<()> {
        let Some(dir) = self.dir() else { return Ok(()) };
        let place = Place { epoch: self.epoch, begun: self.begun };
        checkpoint::save_state(&dir.join("checkpoint.safetensors"), state, &place, self.config.seed)?;
        self.saved = Instant::now();
        Ok(())
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

    /// Steps done of the epoch after them.
    pub fn steps_begun(&self) -> usize {
        self.begun.map_or(0, |begun| begun.losses.steps)
    }

    /// The current weights.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where the device is lost.
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
