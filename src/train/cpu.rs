//! Training on the f64 oracle: `--device cpu`, and the truth a GPU run is held against.

use super::{Progress, Watch, evaluation_rows};
use crate::{
    Error, Result,
    data::{Dataset, Split},
    memory,
    model::{Objective, Values},
    oracle::{
        corrupt::corrupt,
        noise::noise,
        order::order,
        step::{Inputs, Losses, Oracle},
    },
    random::philox::{EVALUATION, Stream},
    run::{EpochLosses, Settings, State},
};
use ndarray::{Array2, Zip};
use std::time::Instant;

/// A model in training on the processor.
pub struct OracleTrainer {
    settings: Settings,
    network: Oracle,
    /// As the settings are given them, gray.
    train: Split,
    /// In black and white, where it is made so.
    test: Split,
}

impl OracleTrainer {
    /// A model at its start.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the data lack what the model needs.
    pub fn new(settings: &Settings, data: &Dataset) -> Result<OracleTrainer> {
        let model = &settings.model;
        if model.kind.is_conditional() && (data.train.labels.is_none() || data.test.labels.is_none()) {
            return Err(Error::no_labels());
        }
        memory::expect_room(bytes(settings, data))
            .map_err(|problem| Error::invalid("--hidden, --latent, --batch", format!("training {problem}")))?;
        Ok(OracleTrainer {
            network: Oracle::new(model, &model.initialise_by(settings.init_scheme, settings.seed))?,
            settings: settings.clone(),
            train: data.train.clone(),
            test: settings.judged(&data.test).into_owned(),
        })
    }

    /// As [`Trainer::go_on`](super::Trainer::go_on).
    ///
    /// # Errors
    /// [`Error::NotFinite`] at the first loss that is not.
    pub fn go_on(&mut self, epoch: u64, done: EpochLosses, watch: &mut Watch) -> Result<EpochLosses> {
        let Settings { objective, batch, seed, .. } = self.settings;
        let (start, first_step) = (Instant::now(), self.network.steps() - done.steps as u64);
        let order = order(seed, epoch, self.train.count as u32);
        let mut losses = EpochLosses { count: self.train.count, ..done };
        let (steps, train) = (order.len().div_ceil(batch), self.settings.in_epoch(&self.train, epoch));
        for rows in order.chunks(batch).skip(done.steps) {
            let index = self.network.steps();
            let gathered = Gathered::new(&self.settings, &train, rows, Stream::Noise, index);
            let (adam, weighed) = self.settings.at(index, steps);
            let step = self.network.train_step(&gathered.batch(), &weighed, &adam)?;
            let scale = objective.loss.reduction.scale(rows.len(), self.settings.model.input);
            let norm = self.network.gradient_norm().unwrap_or_default();
            losses.add(first_step, [step.reconstruction / scale, step.kl, bound(&objective, &step), norm])?;
            let progress = Progress { done: losses.steps, steps, losses, elapsed: start.elapsed() };
            if !watch(&progress) {
                break;
            }
        }
        Ok(losses)
    }

    /// The losses of the test split, with as many draws of z per image as in training.
    ///
    /// # Errors
    /// As [`OracleTrainer::go_on`].
    pub fn evaluate(&mut self) -> Result<EpochLosses> {
        let objective = self.settings.objective;
        let mut losses = EpochLosses { count: self.test.count, ..EpochLosses::default() };
        let straight: Vec<u32> = (0..self.test.count as u32).collect();
        for (entry, rows) in straight.chunks(evaluation_rows(self.test.count, objective.samples)).enumerate() {
            let gathered = Gathered::new(&self.settings, &self.test, rows, Stream::Evaluation, entry as u64);
            let found = self.network.losses(&gathered.batch(), &objective)?;
            let scale = objective.loss.reduction.scale(rows.len(), self.settings.model.input);
            let bound = bound(&objective, &found);
            losses.add(self.network.steps(), [found.reconstruction / scale, found.kl, bound, 0.0])?;
        }
        Ok(losses)
    }

    /// Parameters, moments and step.
    pub fn state(&self) -> State {
        let (first_moment, second_moment) = self.network.moments();
        State { double: true, step: self.network.steps(), params: self.network.params(), first_moment, second_moment }
    }

    /// Continues from `state`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the state is another model's.
    pub fn restore(&mut self, state: &State) -> Result<()> {
        self.network = Oracle::new(&self.settings.model, &state.params)?;
        self.network.resume(&state.first_moment, &state.second_moment, state.step)
    }
}

/// The negative of a bound with weights; 0 for other objectives.
fn bound(objective: &Objective, losses: &Losses) -> f64 {
    if objective.bound.is_weighted() { losses.loss } else { 0.0 }
}

/// The least memory that training takes, in bytes: the parameters, both moments and gradients, the copies of a checkpoint, and the
/// activations of a batch with their gradients. None where that is more than 64 bits can say.
fn bytes(settings: &Settings, data: &Dataset) -> Option<u64> {
    let samples = settings.objective.samples;
    let rows = settings.batch.min(data.train.count).max(evaluation_rows(data.test.count, samples)) as u64;
    let (mut parameters, mut columns) = (0_u64, settings.model.input as u64);
    for layer in settings.model.layers() {
        parameters = parameters.checked_add((layer.out as u64).checked_mul(layer.inp as u64 + 1)?)?;
        columns = columns.checked_add(2 * layer.out as u64)?;
    }
    parameters
        .checked_mul(7)?
        .checked_add(rows.checked_mul(samples as u64)?.checked_mul(columns)?)?
        .checked_mul(size_of::<f64>() as u64)
}

/// One batch, gathered.
struct Gathered {
    x: Array2<f64>,
    corrupted: Option<Array2<f64>>,
    eps: Array2<f64>,
    labels: Option<Vec<u8>>,
}

impl Gathered {
    fn new(settings: &Settings, split: &Split, rows: &[u32], stream: Stream, index: u64) -> Gathered {
        let pixels = settings.model.input;
        let image = |row: u32| row as usize * pixels..(row as usize + 1) * pixels;
        let mut x = Array2::zeros((rows.len(), pixels));
        Zip::from(x.rows_mut()).and(rows).par_for_each(|mut x, &row| match &split.images {
            Values::Bytes(bytes) => {
                x.iter_mut().zip(&bytes[image(row)]).for_each(|(x, &byte)| *x = f64::from(byte) / 255.0);
            }
            Values::Floats(floats) => {
                x.iter_mut().zip(&floats[image(row)]).for_each(|(x, &value)| *x = f64::from(value));
            }
            Values::OnDisk(_) => {
                let values = split.images.rows().slice(image(row)).doubles();
                x.iter_mut().zip(values).for_each(|(x, value)| *x = value);
            }
        });
        let entry = if stream == Stream::Evaluation { EVALUATION + index } else { index };
        let normals = if settings.model.kind.is_variational() { settings.model.latent } else { 0 };
        Gathered {
            corrupted: settings.corruption.map(|corruption| corrupt(&x, &corruption, settings.seed, entry)),
            x,
            eps: noise(settings.seed, stream, index, rows.len() * settings.objective.samples, normals),
            labels: split.labels.as_ref().map(|labels| rows.iter().map(|&row| labels[row as usize]).collect()),
        }
    }

    fn batch(&self) -> Inputs<'_> {
        let eps = (self.eps.ncols() > 0).then(|| self.eps.view());
        let corrupted = self.corrupted.as_ref().map(|corrupted| corrupted.view());
        Inputs { x: self.x.view(), corrupted, eps, labels: self.labels.as_deref() }
    }
}
