//! Training on the GPU: the data set stays on the device, a submit holds many steps, only losses come back.

use super::{DeviceMemory, Progress, Watch, evaluation_rows};
use crate::{
    Error, Result,
    data::{Dataset, Split},
    gpu::{Batch, Batches, Gpu, Memory, Part, Prepared, Program, Readback, Role, Submission},
    kernels::{self, binarize, loss, noise, order, update::Epilogue},
    model::Objective,
    network::{Network, packed, step, straight},
    random::{Permutation, Stream},
    run::{EpochLosses, Settings, State},
};
use std::{
    borrow::Cow,
    collections::VecDeque,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a submit should take: long enough to hide its cost, far from the seconds after which drivers give up.
const SUBMIT: Duration = Duration::from_millis(50);
/// Submits under way at a time.
const IN_FLIGHT: usize = 3;
/// Most steps of a submit.
const MAX_SLOTS: usize = 512;
/// Bytes that noise and partials of a submit's steps may take: a sixteenth of those of the images, within bounds. The lower bound
/// holds 256 steps of the article's net at batch 32, however its products are cut.
const SLOT_SHARE: usize = 16;
const SLOT_BYTES: [usize; 2] = [1 << 20, 32 << 20];

/// Most steps of a submit of `net`, where the images of the split take `image_bytes`.
pub fn steps_per_submit(net: &Network, image_bytes: usize) -> usize {
    let slot_bytes = 4 * (net.normals() + net.partials.stride as usize);
    let room = (image_bytes / SLOT_SHARE).clamp(SLOT_BYTES[0], SLOT_BYTES[1]);
    (room / slot_bytes).clamp(1, MAX_SLOTS)
}

/// A model in training on a device.
pub struct GpuTrainer {
    gpu: Arc<Gpu>,
    settings: Settings,
    training: Loop,
    evaluation: Loop,
    /// Steps taken.
    step: u64,
}

/// A program run over the batches of one split.
struct Loop {
    net: Network,
    memory: Memory,
    count: usize,
    slots: usize,
    order: Prepared,
    /// Draws the images of an epoch from the gray ones, where there are such.
    binarize: Option<Prepared>,
    noise: Option<Prepared>,
    step: Prepared,
    loss: Prepared,
    batches: Batches,
    readbacks: Vec<Readback>,
    /// Estimate of one step's duration.
    pace: Option<Duration>,
}

/// Which batches of a split are run.
struct Span {
    /// Losses of the first ones, which were run before.
    done: EpochLosses,
    /// The number of batches, those included.
    steps: usize,
    /// Steps of the run before the first batch.
    first_step: u64,
}

impl GpuTrainer {
    /// Puts model and data on the device.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] where memory is short or the driver refuses.
    pub fn new(gpu: Arc<Gpu>, settings: &Settings, data: &Dataset) -> Result<GpuTrainer> {
        let corruption = settings.corruption;
        let tilings = gpu.usable(settings.tilings);
        let net = Network::for_objective(&settings.model, &settings.objective, settings.batch, tilings)
            .with_corruption(corruption, settings.seed, false)
            .with_clipping(settings.adam.clip);
        net.check_size(&gpu)?;
        let (program, table) = step::training(&net, &settings.objective, settings.format, Epilogue::Adam)?;
        let mut memory = Memory::default();
        net.upload_params(&gpu, &mut memory, &settings.model.initialise_by(settings.init_scheme, settings.seed))?;
        net.create_learning(&gpu, &mut memory, &table)?;
        let images = match settings.binarization.is_drawn() {
            true => {
                memory.upload(&gpu, Role::Gray, &packed(data.train.images.rows(), settings.model.input))?;
                Cow::Borrowed(&data.train)
            }
            false => settings.in_epoch(&data.train, 0),
        };
        let training = Loop::new(&gpu, net, memory, program, &images, settings, Stream::Noise)?;

        let rows = evaluation_rows(data.test.count, settings.objective.samples);
        let net = Network::for_objective(&settings.model, &settings.objective, rows, tilings).with_corruption(
            corruption,
            settings.seed,
            true,
        );
        let program = step::evaluation(&net, &settings.objective, settings.format, true)?;
        let mut memory = Memory::default();
        memory.share(&training.memory, Role::Params);
        let images = settings.judged(&data.test);
        let evaluation = Loop::new(&gpu, net, memory, program, &images, settings, Stream::Evaluation)?;
        Ok(GpuTrainer { gpu, settings: settings.clone(), training, evaluation, step: 0 })
    }

    /// As [`Trainer::go_on`](super::Trainer::go_on).
    ///
    /// # Errors
    /// [`Error::NotFinite`] at the first loss that is not.
    pub fn go_on(&mut self, epoch: u64, done: EpochLosses, watch: &mut Watch) -> Result<EpochLosses> {
        let permutation = Permutation::new(self.settings.seed, epoch, self.training.count as u32);
        self.gpu.set_args(&self.training.order, 0, &order::arguments(&permutation));
        if let Some(binarize) = &self.training.binarize {
            let words = self.training.memory.bytes(Role::Gray) as usize / 4;
            self.gpu.set_args(binarize, 0, &binarize::arguments(words, self.settings.seed, epoch));
        }
        let (steps, settings) = (self.training.steps(), &self.settings);
        let first_step = self.step - done.steps as u64;
        let record = |index: u64| {
            let step = first_step + index;
            let (adam, objective) = settings.at(step, steps);
            Batch { index: words(step), kl_weight: objective.beta as f32, ..Batch::adam(&adam, step + 1) }
        };
        let done = EpochLosses { count: self.training.count, ..done };
        let losses = self.training.run(&self.gpu, Span { done, steps, first_step }, true, record, watch)?;
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
        self.training.run(&self.gpu, span, true, |_| record, &mut |_| true)?;
        Ok(start.elapsed().as_secs_f64() / steps as f64)
    }

    /// The losses of the test split, with as many draws of z per image as in training.
    ///
    /// # Errors
    /// As [`GpuTrainer::go_on`].
    pub fn evaluate(&mut self) -> Result<EpochLosses> {
        let kl_weight = self.settings.objective.beta as f32;
        let record = |index: u64| Batch { index: words(index), kl_weight, ..Batch::default() };
        let done = EpochLosses { count: self.evaluation.count, ..EpochLosses::default() };
        let span = Span { done, steps: self.evaluation.steps(), first_step: self.step };
        self.evaluation.run(&self.gpu, span, false, record, &mut |_| true)
    }

    /// Parameters, moments and step.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where the device is lost.
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
    /// [`Error::Invalid`] where the state is another model's.
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
        DeviceMemory {
            images: both(&[Role::Images, Role::Gray]),
            parameters: parameters.iter().map(|&role| training.bytes(role)).sum(),
            activations: both(&[Role::Activations, Role::Signals, Role::Noise, Role::Partials]),
            other: both(&[Role::Order, Role::Labels, Role::Layers, Role::Losses])
                + self.training.argument_bytes()
                + self.evaluation.argument_bytes(),
        }
    }

    /// Dispatches of one training step.
    pub fn dispatches_per_step(&self) -> usize {
        self.training.step.len()
    }
}

/// How the loss partials of the steps of an epoch of `count` images lie.
pub fn loss_arguments(net: &Network, objective: &Objective, count: usize) -> loss::Args {
    loss::Args {
        tiles: net.partials.tiles,
        rows: if net.model.kind.is_variational() { net.rows as u32 } else { 0 },
        stride: net.partials.stride,
        count: count as u32,
        full: net.rows as u32,
        bounds: if objective.bound.is_weighted() { net.rows as u32 } else { 0 },
    }
}

fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

impl Loop {
    fn new(
        gpu: &Gpu,
        net: Network,
        mut memory: Memory,
        step: Program,
        split: &Split,
        settings: &Settings,
        stream: Stream,
    ) -> Result<Loop> {
        let Settings { seed, objective, .. } = *settings;
        let (count, labelled) = (split.count, net.model.kind.is_conditional());
        let (normals, steps) = (net.normals(), count.div_ceil(net.rows));
        let slots = steps_per_submit(&net, settings.format.bytes() * split.images.len()).min(steps);

        net.create_step(gpu, &mut memory, slots)?;
        memory.upload(gpu, Role::Images, &packed(split.images.rows(), net.model.input))?;
        let labels: Vec<u32> = match &split.labels {
            Some(labels) if labelled => labels.iter().map(|&label| label.into()).collect(),
            None if labelled => return Err(Error::no_labels()),
            _ => vec![0],
        };
        memory.upload(gpu, Role::Labels, bytemuck::cast_slice(&labels))?;
        memory.upload(gpu, Role::Order, bytemuck::cast_slice(&straight(count)))?;
        memory.create(gpu, Role::Losses, LOSS_BYTES * steps as u64)?;

        let prepare = |fill: &dyn Fn(&mut Program)| {
            let mut program = Program::default();
            fill(&mut program);
            gpu.prepare(&program, &memory)
        };
        let losses = loss_arguments(&net, &objective, count);
        Ok(Loop {
            order: prepare(&|program| order::launch(program, &Permutation::new(seed, 0, count as u32)))?,
            binarize: match memory.bytes(Role::Gray) {
                0 => None,
                bytes => Some(prepare(&|program| binarize::launch(program, bytes as usize / 4, seed, 0))?),
            },
            noise: match normals {
                0 => None,
                _ => Some(prepare(&|program| noise::launch(program, seed, stream, normals))?),
            },
            loss: prepare(&|program| kernels::loss::launch(program, &losses))?,
            step: gpu.prepare(&step, &memory)?,
            batches: Batches::sampled(gpu, slots, net.samples)?,
            readbacks: (0..IN_FLIGHT).map(|_| Readback::new(gpu, LOSS_BYTES * slots as u64)).collect::<Result<_>>()?,
            net,
            memory,
            count,
            slots,
            pace: None,
        })
    }

    /// Bytes of the records of steps and the arguments of dispatches.
    fn argument_bytes(&self) -> u64 {
        let programs =
            [Some(&self.order), self.binarize.as_ref(), self.noise.as_ref(), Some(&self.step), Some(&self.loss)];
        self.batches.bytes() + programs.into_iter().flatten().map(Prepared::bytes).sum::<u64>()
    }

    fn steps(&self) -> usize {
        self.count.div_ceil(self.net.rows)
    }

    /// Runs a span of the split's batches. `record` gives what a step's record holds beyond its place; `shuffle` makes the order, and the
    /// images where they are drawn, anew first. Where `watch` says so, it ends after the steps under way.
    /// Up to [`IN_FLIGHT`] submits are under way: the device works on one while the host records the next and reads the losses of
    /// the one before.
    fn run(
        &mut self,
        gpu: &Gpu,
        Span { done, steps, first_step }: Span,
        shuffle: bool,
        record: impl Fn(u64) -> Batch,
        watch: &mut Watch,
    ) -> Result<EpochLosses> {
        let start = Instant::now();
        let (mut losses, mut goes_on) = (done, true);
        let mut under_way: VecDeque<UnderWay> = VecDeque::new();
        let (mut submitted, mut rings, mut finished) = (done.steps, (0..IN_FLIGHT).cycle(), start);
        while losses.steps < steps {
            if goes_on && submitted < steps && under_way.len() < IN_FLIGHT {
                let entries = submitted..submitted + self.next_slots().min(steps - submitted);
                submitted = entries.end;
                let ring = rings.next().expect("a cycle has no end");
                under_way.push_back(self.submit(gpu, shuffle && entries.start == done.steps, entries, ring, &record));
                continue;
            }
            let Some(oldest) = under_way.pop_front() else { break };
            let slots = oldest.slots;
            self.collect(gpu, oldest, first_step, &mut losses)?;
            let now = Instant::now();
            self.pace = Some((now - finished) / slots as u32);
            finished = now;
            let progress = Progress { done: losses.steps, steps, losses, elapsed: start.elapsed() };
            goes_on = goes_on && watch(&progress);
        }
        Ok(losses)
    }

    /// Steps of the next submit: as many as take [`SUBMIT`] at the present pace; one, as long as that is unknown.
    fn next_slots(&self) -> usize {
        let wanted = self.pace.map_or(1, |pace| (SUBMIT.as_secs_f64() / pace.as_secs_f64().max(1e-7)) as usize);
        wanted.clamp(1, self.slots)
    }

    /// Submits the steps `entries` of the epoch: their records, a new order and new images where `shuffle` says so, noise for all, the steps, and the
    /// sums of their losses, which come back through readback `ring`.
    fn submit(
        &self,
        gpu: &Gpu,
        shuffle: bool,
        entries: Range<usize>,
        ring: usize,
        record: &impl Fn(u64) -> Batch,
    ) -> UnderWay {
        let rows = self.net.rows;
        let place = |(slot, entry): (usize, usize)| Batch {
            first: (entry * rows) as u32,
            rows: rows.min(self.count - entry * rows) as u32,
            slot: slot as u32,
            entry: entry as u32,
            ..record(entry as u64)
        };
        let slots = entries.len();
        let records: Vec<Batch> = entries.clone().enumerate().map(place).collect();
        self.batches.write(gpu, &records);
        let mut parts = Vec::with_capacity(slots + 4);
        parts.extend(shuffle.then_some(Part::Submit(&self.order, 1)));
        parts.extend(self.binarize.as_ref().filter(|_| shuffle).map(|binarize| Part::Submit(binarize, 1)));
        parts.extend(self.noise.as_ref().map(|noise| Part::Submit(noise, slots as u32)));
        parts.extend((0..slots as u32).map(|slot| Part::Step(&self.step, slot)));
        parts.push(Part::Submit(&self.loss, slots as u32));
        let [at, bytes] = [entries.start, slots].map(|steps| LOSS_BYTES * steps as u64);
        let readback = (&self.readbacks[ring], &self.memory, Role::Losses, at, bytes);
        UnderWay { submission: gpu.submit(&self.batches, &parts, Some(readback)), slots, ring }
    }

    /// Waits for a submit and adds the losses of its steps.
    fn collect(&self, gpu: &Gpu, done: UnderWay, first_step: u64, losses: &mut EpochLosses) -> Result<()> {
        gpu.wait_for(done.submission, "training")?;
        for losses_of_step in self.readbacks[done.ring].take::<StepLosses>(LOSS_BYTES * done.slots as u64)? {
            losses.add(first_step, losses_of_step.map(f64::from))?;
        }
        Ok(())
    }
}

/// What comes back of a step: reconstruction loss, KL divergence, bound, gradient norm.
type StepLosses = [f32; 4];
const LOSS_BYTES: u64 = size_of::<StepLosses>() as u64;

/// A submit whose losses were not read yet.
struct UnderWay {
    submission: Submission,
    /// Its steps.
    slots: usize,
    /// The readback that its losses come through.
    ring: usize,
}
