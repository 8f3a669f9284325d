//! Training on the f64 oracle: `--device cpu`, and the truth a GPU run is held against.

use super::{
    Progress, Watch, evaluation_rows,
    exchange::{Exchange, added_up, weighed},
};
use crate::{
    Error, Result,
    data::{Dataset, Split},
    memory,
    model::{Corruption, Objective, Values},
    oracle::{
        corrupt::corrupt,
        noise::noise,
        order::order,
        step::{Inputs, Losses, Oracle},
    },
    peers::{Batching, Peers},
    random::philox::{EVALUATION, Stream},
    run::{EpochLosses, Settings, State},
};
use ndarray::{Array2, Zip, s};
use std::time::Instant;

/// A model in training on the processor.
pub struct OracleTrainer {
    settings: Settings,
    peers: Peers,
    network: Oracle,
    /// Of the gradients of all processes.
    exchange: Exchange<f64>,
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
        OracleTrainer::among(Peers::alone(), settings, data)
    }

    /// The same, for a model that several processes train.
    ///
    /// # Errors
    /// As [`OracleTrainer::new`].
    pub fn among(peers: Peers, settings: &Settings, data: &Dataset) -> Result<OracleTrainer> {
        let model = &settings.model;
        if model.kind.is_conditional() && (data.train.labels.is_none() || data.test.labels.is_none()) {
            return Err(Error::no_labels());
        }
        memory::expect_room(bytes(settings, data, peers))
            .map_err(|problem| Error::invalid("--hidden, --latent, --batch", format!("training {problem}")))?;
        Ok(OracleTrainer {
            network: Oracle::new(model, &model.initialise_by(settings.init_scheme, settings.seed))?,
            exchange: Exchange::new(peers, model.parameter_count()),
            peers,
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
        let Settings { batch, seed, .. } = self.settings;
        let batching = Batching { count: self.train.count, batch, share: self.peers.share() };
        let (start, first_step) = (Instant::now(), self.network.steps() - done.steps as u64);
        let order = order(seed, epoch, self.train.count as u32);
        let mut losses = EpochLosses { count: self.train.count, ..done };
        let (steps, train) = (batching.steps(), self.settings.in_epoch(&self.train, epoch));
        let mut stops = false;
        for entry in done.steps..steps {
            let index = self.network.steps();
            let (adam, objective) = self.settings.at(index, steps);
            let own = batching.rows(entry);
            let (objective, share) = weighed(&objective, own.len(), batching.whole(entry));
            let rows = &order[batching.positions(entry)];
            let own = match rows.is_empty() {
                true => None,
                false => {
                    let gathered = Gathered::new(&self.settings, &train, rows, own.start, Stream::Noise, index);
                    let step = self.network.store(&gathered.batch(), &objective)?;
                    Some((share, self.sums(&step, rows.len())))
                }
            };
            let (of_step, stopped) = match own {
                Some((_, sums)) if self.peers.is_alone() => (sums, false),
                own => exchange_gradients(&mut self.exchange, &mut self.network, own, stops),
            };
            self.network.learn(&adam);
            let [reconstruction, kl, bound] = of_step;
            let norm = self.network.gradient_norm().unwrap_or_default();
            self.peers.told_by_first(losses.add(first_step, [reconstruction, kl, bound, norm]))?;
            let progress = Progress { done: losses.steps, steps, losses, elapsed: start.elapsed() };
            stops = !watch(&progress);
            if stopped || stops && self.peers.is_alone() {
                break;
            }
        }
        Ok(losses)
    }

    /// Reconstruction loss, KL and bound added up over so many rows, of losses reduced as the objective has it.
    fn sums(&self, losses: &Losses, rows: usize) -> [f64; 3] {
        let Settings { objective, model, .. } = &self.settings;
        let scale = objective.loss.reduction.scale(rows, model.input);
        [losses.reconstruction / scale, losses.kl, bound(objective, losses)]
    }

    /// The losses of the test split, with as many draws of z per image as in training.
    ///
    /// # Errors
    /// As [`OracleTrainer::go_on`].
    pub fn evaluate(&mut self) -> Result<EpochLosses> {
        let objective = self.settings.objective;
        let (count, share) = (self.test.count, self.peers.share());
        let batching = Batching { count, batch: evaluation_rows(count, objective.samples), share };
        let own = || {
            let mut losses = EpochLosses { count, ..EpochLosses::default() };
            for entry in 0..batching.own_steps() {
                let rows: Vec<u32> = batching.positions(entry).map(|row| row as u32).collect();
                let first = batching.rows(entry).start;
                let gathered =
                    Gathered::new(&self.settings, &self.test, &rows, first, Stream::Evaluation, entry as u64);
                let found = self.network.losses(&gathered.batch(), &objective)?;
                let [reconstruction, kl, bound] = self.sums(&found, rows.len());
                losses.add(self.network.steps(), [reconstruction, kl, bound, 0.0])?;
            }
            Ok(losses)
        };
        added_up(self.peers, own())
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

/// Makes of the stored gradients those of the whole batch. `own` is their weight and the losses of the own rows, none where there are no
/// rows. Gives the losses of the batch, and whether a process is to stop.
fn exchange_gradients(
    exchange: &mut Exchange<f64>,
    network: &mut Oracle,
    own: Option<(f64, [f64; 3])>,
    stops: bool,
) -> ([f64; 3], bool) {
    let (weight, losses) = own.unwrap_or_default();
    match own {
        Some(_) => exchange.own().iter_mut().zip(network.stored()).for_each(|(own, stored)| *own = weight * *stored),
        None => exchange.own().fill(0.0),
    }
    let (sums, losses, stopped) = exchange.run(losses, stops);
    network.stored().zip(sums).for_each(|(stored, sum)| *stored = *sum);
    (losses, stopped)
}

/// The negative of a bound with weights; 0 for other objectives.
fn bound(objective: &Objective, losses: &Losses) -> f64 {
    if objective.bound.is_weighted() { losses.loss } else { 0.0 }
}

/// The least memory that training takes, in bytes: the parameters, both moments and gradients, the copies of a checkpoint, and the
/// activations of a batch with their gradients. None where that is more than 64 bits can say.
fn bytes(settings: &Settings, data: &Dataset, peers: Peers) -> Option<u64> {
    let samples = settings.objective.samples;
    let batches = [settings.batch.min(data.train.count), evaluation_rows(data.test.count, samples)];
    let rows = batches.map(|batch| peers.share().of(batch).len()).into_iter().max().unwrap_or_default() as u64;
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
    /// `rows` of `split`, of which the first is number `first` of its batch.
    fn new(settings: &Settings, split: &Split, rows: &[u32], first: usize, stream: Stream, index: u64) -> Gathered {
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
        let samples = settings.objective.samples;
        // what is drawn is numbered from the first row of the batch
        let corrupted = |corruption: Corruption| {
            let mut batch = Array2::zeros((first + rows.len(), pixels));
            batch.slice_mut(s![first.., ..]).assign(&x);
            corrupt(&batch, &corruption, settings.seed, entry).slice_move(s![first.., ..])
        };
        let eps = noise(settings.seed, stream, index, (first + rows.len()) * samples, normals);
        Gathered {
            corrupted: settings.corruption.map(corrupted),
            x,
            eps: eps.slice_move(s![first * samples.., ..]),
            labels: split.labels.as_ref().map(|labels| rows.iter().map(|&row| labels[row as usize]).collect()),
        }
    }

    fn batch(&self) -> Inputs<'_> {
        let eps = (self.eps.ncols() > 0).then(|| self.eps.view());
        let corrupted = self.corrupted.as_ref().map(|corrupted| corrupted.view());
        Inputs { x: self.x.view(), corrupted, eps, labels: self.labels.as_deref() }
    }
}
