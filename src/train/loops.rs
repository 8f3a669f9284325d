//! A program run over the batches of one split: a submit holds many steps, and only losses come back.

mod together;

pub(super) use together::Together;

use super::{
    Progress, Watch,
    shards::{Feed, Rows, Shards},
};
use crate::{
    Error, Result,
    data::Split,
    gpu::{Batch, Batches, Gpu, Memory, Part, Prepared, Program, Readback, Role, Submission, vec4s},
    kernels::{self, binarize, loss, noise, order},
    model::Objective,
    network::{Network, packed, straight},
    peers::{Batching, Share},
    random::{Permutation, Stream, philox::EVALUATION},
    run::{EpochLosses, Settings},
};
use std::{
    cell::Cell,
    collections::VecDeque,
    ops::Range,
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

/// A program run over the batches of one split.
pub(super) struct Loop {
    pub net: Network,
    pub memory: Memory,
    /// What is done with every epoch's rows, where they are all on the device.
    resident: Option<Resident>,
    /// Where they are not.
    shards: Option<Shards>,
    batching: Batching,
    slots: usize,
    noise: Option<Prepared>,
    /// A step on the rows of `memory`, or on those of either shard.
    step: Vec<Prepared>,
    loss: Prepared,
    batches: Batches,
    readbacks: Vec<Readback>,
    settings: Settings,
    /// Estimate of one step's duration.
    pace: Cell<Option<Duration>>,
}

/// Which batches of a split are run.
pub(super) struct Span {
    /// Losses of the first ones, which were run before.
    pub done: EpochLosses,
    /// The number of batches, those included.
    pub steps: usize,
    /// Steps of the run before the first batch.
    pub first_step: u64,
}

/// What an epoch begins with, where all rows are on the device.
struct Resident {
    order: Prepared,
    /// Draws the images of an epoch from the gray ones, where there are such.
    binarize: Option<Prepared>,
}

/// What a loop is made of.
pub(super) struct Task<'a> {
    pub net: Network,
    /// Parameters, and what learning keeps.
    pub memory: Memory,
    /// A step.
    pub program: Program,
    pub split: &'a Split,
    pub settings: &'a Settings,
    /// Whence z is drawn.
    pub stream: Stream,
    /// How the rows of the split are taken.
    pub batching: Batching,
}

impl Loop {
    /// A loop over a split that is put on the device whole or, where there are shards, passes through them.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] where memory is short, [`Error::Invalid`] where labels are missing.
    pub(super) fn new(gpu: &Gpu, task: Task, shards: Option<&[Memory; 2]>) -> Result<Loop> {
        match shards {
            Some(shards) => Loop::streamed(gpu, task, shards),
            None => Loop::resident(gpu, task),
        }
    }

    /// A loop over a split that is put on the device whole.
    fn resident(gpu: &Gpu, mut task: Task) -> Result<Loop> {
        let (split, memory, seed) = (task.split, &mut task.memory, task.settings.seed);
        memory.upload(gpu, Role::Images, &packed(split.images.rows(), task.net.model.input))?;
        let labels: Vec<u32> = match &split.labels {
            Some(labels) if task.net.model.kind.is_conditional() => labels.iter().map(|&label| label.into()).collect(),
            _ => vec![0],
        };
        memory.upload(gpu, Role::Labels, bytemuck::cast_slice(&labels))?;
        memory.upload(gpu, Role::Order, bytemuck::cast_slice(&straight(split.count)))?;
        let order = Permutation::new(seed, 0, split.count as u32);
        let resident = Resident {
            order: prepare(gpu, memory, |program| order::launch(program, &order))?,
            binarize: match memory.bytes(Role::Gray) as usize / 4 {
                0 => None,
                words => Some(prepare(gpu, memory, |program| binarize::launch(program, words, seed, 0))?),
            },
        };
        let image_bytes = task.settings.format.bytes() * split.images.len();
        let (program, mut this) = Loop::stepless(gpu, task, image_bytes)?;
        this.step.push(gpu.prepare(&program, &this.memory)?);
        Ok(Loop { resident: Some(resident), ..this })
    }

    /// A loop over a split that passes through two shards: `shards` have the buffers of their rows and labels, the first also that of
    /// the order.
    fn streamed(gpu: &Gpu, mut task: Task, shards: &[Memory; 2]) -> Result<Loop> {
        let (width, batching, split) = (task.net.model.input, task.batching, task.split);
        let row_bytes = 4 * task.settings.format.bytes() * vec4s(width);
        let shard_rows = shards[0].bytes(Role::Images) as usize / row_bytes;
        let labels = split.labels.clone().filter(|_| task.net.model.kind.is_conditional());
        let rows = Rows {
            split: Split { labels, ..split.clone() },
            width,
            row_bytes,
            batching,
            batches: (shard_rows / task.net.rows).max(1), // one, where a split has fewer rows than a batch
        };
        [Role::Images, Role::Labels, Role::Order].into_iter().for_each(|role| task.memory.share(&shards[0], role));
        let (program, mut this) = Loop::stepless(gpu, task, 0)?;
        for shard in shards {
            let mut memory = this.memory.clone();
            [Role::Images, Role::Labels].into_iter().for_each(|role| memory.share(shard, role));
            this.step.push(gpu.prepare(&program, &memory)?);
        }
        Ok(Loop { shards: Some(Shards::new(shards.clone(), rows)), ..this })
    }

    /// A loop without its step, whose program comes with it.
    fn stepless(gpu: &Gpu, task: Task, image_bytes: usize) -> Result<(Program, Loop)> {
        let Task { net, mut memory, program, split, settings, stream, batching } = task;
        let Settings { seed, objective, .. } = *settings;
        if net.model.kind.is_conditional() && split.labels.is_none() {
            return Err(Error::no_labels());
        }
        let (normals, steps) = (net.normals(), batching.steps());
        let slots = steps_per_submit(&net, image_bytes).min(steps);
        net.create_step(gpu, &mut memory, slots)?;
        memory.create(gpu, Role::Losses, LOSS_BYTES * steps as u64)?;
        let losses = loss_arguments(&net, &objective, batching.own_count());
        let this = Loop {
            resident: None,
            shards: None,
            noise: match normals {
                0 => None,
                _ => Some(prepare(gpu, &memory, |program| noise::launch(program, seed, stream, net.normals_by_row()))?),
            },
            step: Vec::new(),
            loss: prepare(gpu, &memory, |program| kernels::loss::launch(program, &losses))?,
            batches: Batches::sampled(gpu, slots, net.samples)?,
            readbacks: (0..IN_FLIGHT).map(|_| Readback::new(gpu, LOSS_BYTES * slots as u64)).collect::<Result<_>>()?,
            net,
            memory,
            batching,
            slots,
            settings: settings.clone(),
            pace: Cell::new(None),
        };
        Ok((program, this))
    }

    /// Bytes of the records of steps and the arguments of dispatches.
    pub(super) fn argument_bytes(&self) -> u64 {
        let resident = self.resident.iter().flat_map(|resident| [Some(&resident.order), resident.binarize.as_ref()]);
        let programs = resident.flatten().chain(&self.noise).chain(&self.step).chain([&self.loss]);
        self.batches.bytes() + programs.map(Prepared::bytes).sum::<u64>()
    }

    /// Batches of the split that this process has rows of.
    pub(super) fn own_steps(&self) -> usize {
        self.batching.own_steps()
    }

    /// How the rows of the split are taken.
    pub(super) fn batching(&self) -> Batching {
        self.batching
    }

    /// Dispatches of a step.
    pub(super) fn dispatches(&self) -> usize {
        self.step[0].len()
    }

    /// Runs a span of the split's batches, in the order of `epoch` and with its draws, or as the split has them. `record` gives what a
    /// step's record holds beyond its place. Where `watch` says so, it ends after the steps under way.
    pub(super) fn run(
        &self,
        gpu: &Gpu,
        span: Span,
        epoch: Option<u64>,
        record: impl Fn(u64) -> Batch,
        watch: &mut Watch,
    ) -> Result<EpochLosses> {
        self.with_rows(gpu, span.done.steps..span.steps, epoch, |shuffle, feed| {
            self.run_span(gpu, span, shuffle, feed, record, watch)
        })
    }

    /// Sees to it that the rows of the batches `steps` come in the order of `epoch` and with its draws, or as the split has them, while
    /// `work` runs them. It is told whether the order, and the images where they are drawn, are to be made anew first, and has what
    /// brings the rows that are streamed.
    fn with_rows<R>(
        &self,
        gpu: &Gpu,
        steps: Range<usize>,
        epoch: Option<u64>,
        work: impl FnOnce(bool, Option<Feed>) -> R,
    ) -> R {
        let seed = self.settings.seed;
        let order = epoch.map(|epoch| Permutation::new(seed, epoch, self.batching.count as u32));
        if let Some(shards) = &self.shards {
            let drawn = self.settings.drawn(epoch.unwrap_or(EVALUATION));
            return shards.feed(steps, order, drawn, |feed| work(false, Some(feed)));
        }
        if let (Some(resident), Some(order), Some(epoch)) = (&self.resident, &order, epoch) {
            gpu.set_args(&resident.order, 0, &order::arguments(order));
            if let Some(binarize) = &resident.binarize {
                let words = self.memory.bytes(Role::Gray) as usize / 4;
                gpu.set_args(binarize, 0, &binarize::arguments(words, seed, epoch));
            }
        }
        work(epoch.is_some(), None)
    }

    /// Runs a span. Up to [`IN_FLIGHT`] submits are under way: the device works on one while the host records the next and
    /// reads the losses of the one before.
    fn run_span(
        &self,
        gpu: &Gpu,
        Span { done, steps, first_step }: Span,
        shuffle: bool,
        mut feed: Option<Feed>,
        record: impl Fn(u64) -> Batch,
        watch: &mut Watch,
    ) -> Result<EpochLosses> {
        let start = Instant::now();
        let (mut losses, mut goes_on) = (EpochLosses { count: self.batching.count, ..done }, true);
        let mut under_way: VecDeque<UnderWay> = VecDeque::new();
        let (mut submitted, mut rings, mut finished) = (done.steps, (0..IN_FLIGHT).cycle(), start);
        while losses.steps < steps {
            if goes_on && submitted < steps && under_way.len() < IN_FLIGHT {
                let shard_end = (submitted / self.shard() + 1).saturating_mul(self.shard());
                let end = (submitted + self.next_slots()).min(steps).min(shard_end).min(self.alike_end(submitted));
                let entries = submitted..end;
                submitted = entries.end;
                if let Some(feed) = &mut feed {
                    feed.advance(gpu, &entries)?;
                }
                let ring = rings.next().expect("a cycle has no end");
                under_way.push_back(self.submit(gpu, shuffle && entries.start == done.steps, entries, ring, &record));
                continue;
            }
            let Some(oldest) = under_way.pop_front() else { break };
            let slots = oldest.slots;
            self.collect(gpu, oldest, first_step, &mut losses)?;
            let now = Instant::now();
            self.pace.set(Some((now - finished) / slots as u32));
            finished = now;
            let progress = Progress { done: losses.steps, steps, losses, elapsed: start.elapsed() };
            goes_on = goes_on && watch(&progress);
        }
        Ok(losses)
    }

    /// Batches that the device holds at a time in one place: those of a shard, or all.
    fn shard(&self) -> usize {
        self.shards.as_ref().map_or(usize::MAX, Shards::batches)
    }

    /// End of the batches from `entry` on that can be in one submit: the noise of a submit is of the same rows of each batch, and the
    /// last batch may be shared out otherwise.
    fn alike_end(&self, entry: usize) -> usize {
        let last = self.batching.steps() - 1;
        if self.batching.share == Share::WHOLE || entry == last { usize::MAX } else { last }
    }

    /// Steps of the next submit: as many as take [`SUBMIT`] at the present pace; one, as long as that is unknown.
    fn next_slots(&self) -> usize {
        let wanted = self.pace.get().map_or(1, |pace| (SUBMIT.as_secs_f64() / pace.as_secs_f64().max(1e-7)) as usize);
        wanted.clamp(1, self.slots)
    }

    /// Submits the steps `entries` of the epoch, all of one shard: their records, a new order and new images where `shuffle` says so, noise
    /// for all, the steps, and the sums of their losses, which come back through readback `ring`.
    fn submit(
        &self,
        gpu: &Gpu,
        shuffle: bool,
        entries: Range<usize>,
        ring: usize,
        record: &impl Fn(u64) -> Batch,
    ) -> UnderWay {
        let slots = entries.len();
        let records: Vec<Batch> =
            entries.clone().enumerate().map(|(slot, entry)| self.placed(slot, entry, record)).collect();
        self.batches.write(gpu, &records);
        let mut parts = Vec::with_capacity(slots + 4);
        if let Some(resident) = self.resident.as_ref().filter(|_| shuffle) {
            parts.push(Part::Submit(&resident.order, 1));
            parts.extend(resident.binarize.as_ref().map(|binarize| Part::Submit(binarize, 1)));
        }
        let step = &self.step[entries.start / self.shard() % 2];
        parts.extend(self.noise.as_ref().map(|noise| Part::Submit(noise, slots as u32)));
        parts.extend((0..slots as u32).map(|slot| Part::Step(step, slot)));
        parts.push(Part::Submit(&self.loss, slots as u32));
        let [at, bytes] = [entries.start, slots].map(|steps| LOSS_BYTES * steps as u64);
        let readback = (&self.readbacks[ring], &self.memory, Role::Losses, at, bytes);
        UnderWay { submission: gpu.submit(&self.batches, &parts, Some(readback)), slots, ring }
    }

    /// The record of batch `entry` in a slot of its submit.
    fn placed(&self, slot: usize, entry: usize, record: &impl Fn(u64) -> Batch) -> Batch {
        let (rows, positions) = (self.batching.rows(entry), self.batching.positions(entry));
        let first = match &self.shards {
            Some(shards) => entry % shards.batches() * self.net.rows,
            None => positions.start,
        };
        Batch {
            first: first as u32,
            rows: rows.len() as u32,
            slot: slot as u32,
            entry: entry as u32,
            row: rows.start as u32,
            ..record(entry as u64)
        }
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

/// A program of what `fill` launches, on `memory`.
fn prepare(gpu: &Gpu, memory: &Memory, fill: impl FnOnce(&mut Program)) -> Result<Prepared> {
    let mut program = Program::default();
    fill(&mut program);
    gpu.prepare(&program, memory)
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

/// What comes back of a step: reconstruction loss, KL divergence, bound, gradient norm.
type StepLosses = [f32; 4];
pub(super) const LOSS_BYTES: u64 = size_of::<StepLosses>() as u64;

/// A submit whose losses were not read yet.
struct UnderWay {
    submission: Submission,
    /// Its steps.
    slots: usize,
    /// The readback that its losses come through.
    ring: usize,
}
