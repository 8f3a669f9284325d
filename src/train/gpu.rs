//! Training on the GPU: rows stay on the device where they fit, a submit holds many steps, only losses come back.

use super::{
    DeviceMemory, Watch, evaluation_rows,
    exchange::{added_up, weighed},
    loops::{Loop, Span, Task, Together},
    placement::Layout,
};
use crate::{
    Result,
    data::Dataset,
    gpu::{Batch, Gpu, Memory, Role},
    kernels::update::Epilogue,
    network::{Network, packed, step},
    peers::{Batching, Peers},
    random::Stream,
    run::{EpochLosses, Settings, State},
};
use std::{borrow::Cow, sync::Arc, time::Instant};

/// A model in training on a device.
pub struct GpuTrainer {
    gpu: Arc<Gpu>,
    settings: Settings,
    peers: Peers,
    training: Loop,
    evaluation: Loop,
    /// What learning takes where other processes have a share of each batch.
    together: Option<Together>,
    /// Rows of each of the two shards that rows pass through the device in, which training and evaluation share; 0 where all are there.
    shard_rows: usize,
    /// Steps taken.
    step: u64,
}

impl GpuTrainer {
    /// Puts model and data on the device.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) where memory is short or the driver refuses;
    /// [`Error::Invalid`](crate::Error::Invalid) where the memory that training may take is too small.
    pub fn new(gpu: Arc<Gpu>, settings: &Settings, data: &Dataset) -> Result<GpuTrainer> {
        GpuTrainer::among(Peers::alone(), gpu, settings, data)
    }

    /// The same, for a model that several processes train.
    ///
    /// # Errors
    /// As [`GpuTrainer::new`].
    pub fn among(peers: Peers, gpu: Arc<Gpu>, settings: &Settings, data: &Dataset) -> Result<GpuTrainer> {
        let (corruption, mut tilings) = (settings.corruption, gpu.usable(settings.tilings));
        if !peers.is_alone() {
            tilings.spans = 1; // gradients are stored once, not by spans of rows
        }
        let rows = evaluation_rows(data.test.count, settings.objective.samples);
        let batchings = [(data.train.count, settings.batch), (data.test.count, rows)];
        let batchings = batchings.map(|(count, batch)| Batching { count, batch, share: peers.share() });
        let [training, judging] = batchings.map(|batching| {
            let rows = batching.own_batch().max(1); // an evaluation of fewer rows than processes
            Network::for_objective(&settings.model, &settings.objective, rows, tilings)
        });
        let mut net = training.with_corruption(corruption, settings.seed, false).with_clipping(settings.adam.clip);
        net.stores_gradients = !peers.is_alone();
        net.check_size(&gpu)?;
        let judging = judging.with_corruption(corruption, settings.seed, true);
        judging.check_size(&gpu)?;
        let layout = Layout { settings, data, training: &net, evaluation: &judging, batchings };
        let shard_rows = layout.shard_rows(&gpu)?;
        let shards = shard_rows.map(|rows| layout.create_shards(&gpu, rows)).transpose()?;

        let epilogue = if peers.is_alone() { Epilogue::Adam } else { Epilogue::Store };
        let (program, table) = step::training(&net, &settings.objective, settings.format, epilogue)?;
        let [of_training, of_evaluation] = batchings;
        let mut memory = Memory::default();
        net.upload_params(&gpu, &mut memory, &settings.model.initialise_by(settings.init_scheme, settings.seed))?;
        net.create_learning(&gpu, &mut memory, &table)?;
        let images = match (&shards, settings.binarization.is_drawn()) {
            (Some(_), _) => Cow::Borrowed(&data.train),
            (None, true) => {
                memory.upload(&gpu, Role::Gray, &packed(data.train.images.rows(), settings.model.input))?;
                Cow::Borrowed(&data.train)
            }
            (None, false) => settings.in_epoch(&data.train, 0),
        };
        let task =
            Task { net, memory, program, split: &images, settings, stream: Stream::Noise, batching: of_training };
        let training = Loop::new(&gpu, task, shards.as_ref())?;

        let program = step::evaluation(&judging, &settings.objective, settings.format, true)?;
        let mut memory = Memory::default();
        memory.share(&training.memory, Role::Params);
        let images = match &shards {
            Some(_) => Cow::Borrowed(&data.test),
            None => settings.judged(&data.test),
        };
        let (stream, batching) = (Stream::Evaluation, of_evaluation);
        let task = Task { net: judging, memory, program, split: &images, settings, stream, batching };
        let evaluation = Loop::new(&gpu, task, shards.as_ref())?;
        let together = (!peers.is_alone()).then(|| Together::new(&gpu, peers, &training)).transpose()?;
        let (shard_rows, settings) = (shard_rows.unwrap_or(0), settings.clone());
        Ok(GpuTrainer { gpu, settings, peers, training, evaluation, together, shard_rows, step: 0 })
    }

    /// As [`Trainer::go_on`](super::Trainer::go_on).
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) at the first loss that is not.
    pub fn go_on(&mut self, epoch: u64, done: EpochLosses, watch: &mut Watch) -> Result<EpochLosses> {
        let (batching, settings) = (self.training.batching(), &self.settings);
        let (steps, first_step) = (batching.steps(), self.step - done.steps as u64);
        let record = |entry: u64| {
            let step = first_step + entry;
            let (adam, objective) = settings.at(step, steps);
            let (own, whole) = (batching.rows(entry as usize).len(), batching.whole(entry as usize));
            let (objective, _) = weighed(&objective, own, whole);
            Batch { index: words(step), kl_weight: objective.beta as f32, ..Batch::adam(&adam, step + 1) }
        };
        let span = Span { done, steps, first_step };
        let losses = match &mut self.together {
            Some(together) => self.training.run_together(&self.gpu, span, epoch, record, watch, together)?,
            None => self.training.run(&self.gpu, span, Some(epoch), record, watch)?,
        };
        self.step = first_step + losses.steps as u64;
        Ok(losses)
    }

    /// Seconds that a step takes when an epoch ends after `steps` of them, with all that is done around a step: the epoch's order,
    /// noise, submits, the sums of losses and their way back.
    ///
    /// # Errors
    /// As [`GpuTrainer::go_on`].
    pub(super) fn seconds_per_step(&mut self, steps: usize) -> Result<f64> {
        let (start, kl_weight) = (Instant::now(), self.settings.objective.beta as f32);
        let record = Batch { kl_weight, ..Batch::adam(&self.settings.adam, 1) };
        let span = Span { done: EpochLosses::default(), steps, first_step: 0 };
        self.training.run(&self.gpu, span, Some(0), |_| record, &mut |_| true)?;
        Ok(start.elapsed().as_secs_f64() / steps as f64)
    }

    /// The losses of the test split, with as many draws of z per image as in training.
    ///
    /// # Errors
    /// As [`GpuTrainer::go_on`].
    pub fn evaluate(&mut self) -> Result<EpochLosses> {
        let kl_weight = self.settings.objective.beta as f32;
        let record = |index: u64| Batch { index: words(index), kl_weight, ..Batch::default() };
        let span = Span { done: EpochLosses::default(), steps: self.evaluation.own_steps(), first_step: self.step };
        added_up(self.peers, self.evaluation.run(&self.gpu, span, None, record, &mut |_| true))
    }

    /// Parameters, moments and step.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::Error::DeviceLost) where the device is lost.
    pub fn state(&self) -> Result<State> {
        let net = &self.training.net;
        let tensor = |role| -> Result<_> {
            Ok(net.unpack(&self.training.memory.read(&self.gpu, role, 0, net.param_bytes() as usize / 4)?))
        };
        Ok(State {
            double: false,
            step: self.step,
            params: tensor(Role::Params)?,
            first_moment: tensor(Role::FirstMoment)?,
            second_moment: tensor(Role::SecondMoment)?,
        })
    }

    /// Continues from `state`.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) where the state is another model's.
    pub fn restore(&mut self, state: &State) -> Result<()> {
        let tensors = [
            (Role::Params, &state.params),
            (Role::FirstMoment, &state.first_moment),
            (Role::SecondMoment, &state.second_moment),
        ];
        for (role, params) in tensors {
            let packed = self.training.net.pack(params)?;
            self.training.memory.write(&self.gpu, role, 0, bytemuck::cast_slice(&packed))?;
        }
        self.step = state.step;
        Ok(())
    }

    /// Device memory held by buffers; those of the way back to the host are the host's.
    pub fn device_memory(&self) -> DeviceMemory {
        let (training, evaluation) = (&self.training.memory, &self.evaluation.memory);
        let both =
            |roles: &[Role]| roles.iter().map(|&role| training.bytes(role) + evaluation.bytes(role)).sum::<u64>();
        let parameters = [Role::Params, Role::FirstMoment, Role::SecondMoment, Role::Gradients]; // evaluation shares those of training
        let [images, order] = match self.shard_rows {
            0 => [both(&[Role::Images, Role::Gray]), both(&[Role::Labels, Role::Order])],
            _ => [2 * training.bytes(Role::Images), 2 * training.bytes(Role::Labels) + training.bytes(Role::Order)],
        };
        DeviceMemory {
            images,
            parameters: parameters.iter().map(|&role| training.bytes(role)).sum(),
            activations: both(&[Role::Activations, Role::Signals, Role::Noise, Role::Partials]),
            other: order
                + both(&[Role::Layers, Role::Losses])
                + self.training.argument_bytes()
                + self.evaluation.argument_bytes()
                + self.together.as_ref().map_or(0, Together::argument_bytes),
            shard_rows: self.shard_rows,
        }
    }

    /// Dispatches of one training step.
    pub fn dispatches_per_step(&self) -> usize {
        self.training.dispatches() + self.together.as_ref().map_or(0, Together::dispatches)
    }
}

fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}
