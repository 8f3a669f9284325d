//! A trainer on whichever device was chosen.

use super::{DeviceMemory, GpuTrainer, OracleTrainer, Watch};
use crate::{
    Error, Result,
    data::Dataset,
    device::Device,
    gpu::Format,
    model::Likelihood,
    peers::Peers,
    run::{EpochLosses, Settings, State},
};
use std::sync::Arc;

/// A model in training.
pub enum Trainer {
    /// On a GPU.
    Gpu(Box<GpuTrainer>),
    /// On the f64 oracle.
    Oracle(Box<OracleTrainer>),
}

impl Trainer {
    /// Puts model and data on the device.
    ///
    /// # Errors
    /// [`Error::Invalid`] where settings, model and data do not fit each other, [`Error::OutOfMemory`] where memory is short.
    pub fn new(device: &Device, settings: &Settings, data: &Dataset) -> Result<Trainer> {
        Trainer::among(Peers::alone(), device, settings, data)
    }

    /// The same, for a model that several processes train: each has a share of the rows of every batch, and all must come to the same
    /// calls of the trainer.
    ///
    /// # Errors
    /// As [`Trainer::new`]; [`Error::Invalid`] where a process has no row of a batch.
    pub fn among(peers: Peers, device: &Device, settings: &Settings, data: &Dataset) -> Result<Trainer> {
        settings.validate()?;
        if settings.batch < peers.count() {
            let problem =
                format!("is {}, and {} processes train: each takes at least a row", settings.batch, peers.count());
            return Err(Error::invalid("--batch", problem));
        }
        if data.pixels() != settings.model.input {
            let problem = format!("{} pixels, but the images have {}", settings.model.input, data.pixels());
            return Err(Error::invalid("the model's input", problem));
        }
        for split in [&data.train, &data.test] {
            let (format, found) = (settings.format, Format::of(split.images.rows()));
            if found != format {
                return Err(Error::invalid(
                    "the format of the rows",
                    format!("{format}, but those of the data are {found}"),
                ));
            }
        }
        expect_range(settings, data)?;
        if settings.model.kind.is_conditional() && data.classes != settings.model.classes {
            let problem = format!("{}, but the labels have {}", settings.model.classes, data.classes);
            return Err(Error::invalid("the model's classes", problem));
        }
        Ok(match device {
            Device::Gpu(gpu) => Trainer::Gpu(Box::new(GpuTrainer::among(peers, Arc::clone(gpu), settings, data)?)),
            Device::Oracle => Trainer::Oracle(Box::new(OracleTrainer::among(peers, settings, data)?)),
        })
    }

    /// Trains on every image once, in the order of `epoch`.
    ///
    /// # Errors
    /// As [`Trainer::go_on`].
    pub fn train_epoch(&mut self, epoch: u64) -> Result<EpochLosses> {
        self.go_on(epoch, EpochLosses::default(), &mut |_| true)
    }

    /// Trains on the images of `epoch`, in its order, that come after the steps in `done`, and adds their losses to it. `watch` is told how
    /// far it is and can stop it: fewer steps are in the losses then, and the state is that after the last of them.
    ///
    /// # Errors
    /// [`Error::NotFinite`] at the first loss that is not, [`Error::DeviceLost`] where the device is lost.
    pub fn go_on(&mut self, epoch: u64, done: EpochLosses, watch: &mut Watch) -> Result<EpochLosses> {
        match self {
            Trainer::Gpu(trainer) => trainer.go_on(epoch, done, watch),
            Trainer::Oracle(trainer) => trainer.go_on(epoch, done, watch),
        }
    }

    /// The losses of the test split, with one draw of z per image.
    ///
    /// # Errors
    /// [`Error::NotFinite`] where one is not.
    pub fn evaluate(&mut self) -> Result<EpochLosses> {
        match self {
            Trainer::Gpu(trainer) => trainer.evaluate(),
            Trainer::Oracle(trainer) => trainer.evaluate(),
        }
    }

    /// Parameters, moments and step.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where the device is lost.
    pub fn state(&self) -> Result<State> {
        match self {
            Trainer::Gpu(trainer) => trainer.state(),
            Trainer::Oracle(trainer) => Ok(trainer.state()),
        }
    }

    /// Device memory held by buffers; none on the oracle, which has no device.
    pub fn device_memory(&self) -> Option<DeviceMemory> {
        match self {
            Trainer::Gpu(trainer) => Some(trainer.device_memory()),
            Trainer::Oracle(_) => None,
        }
    }

    /// Continues from `state`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the state is another model's.
    pub fn restore(&mut self, state: &State) -> Result<()> {
        match self {
            Trainer::Gpu(trainer) => trainer.restore(state),
            Trainer::Oracle(trainer) => trainer.restore(state),
        }
    }
}

/// Refuses real values outside of [0, 1] where the decoder gives logits: no sigmoid reaches them.
fn expect_range(settings: &Settings, data: &Dataset) -> Result<()> {
    let likelihood = settings.objective.loss.likelihood;
    let (rows, width) = (data.train.images.rows(), data.pixels());
    if rows.are_pixels() || !Likelihood::OF_LOGITS.contains(&likelihood) {
        return Ok(());
    }
    let outside = |row: usize| {
        let values = rows.slice(row * width..(row + 1) * width).floats();
        let column = values.iter().position(|value| !(0.0..=1.0).contains(value))?;
        Some((row, column, values[column]))
    };
    match (0..data.train.count).find_map(outside) {
        Some((row, column, value)) => {
            let column = data.table.as_ref().map_or(column.to_string(), |table| table.columns[column].clone());
            let problem = format!(
                "{} is of values in 0 to 1, and column {column} of {} is {} as the model sees it: take --likelihood gaussian, or \
                 --scale unit",
                likelihood.full_name(),
                data.train.names.of(row),
                value
            );
            Err(Error::invalid("--likelihood", problem))
        }
        None => Ok(()),
    }
}
