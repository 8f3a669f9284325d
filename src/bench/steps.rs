//! Whole training steps, through the trainer that `wgvae train` uses.

use super::{
    Limits, spread,
    work::{of_step, operations},
};
use crate::{
    Result,
    data::{Dataset, Split},
    device::Device,
    gpu::Tilings,
    model::{Kind, Likelihood, Model, Objective},
    random::{Stream, stream},
    run::Settings,
    train::{DeviceMemory, Trainer, tuning},
};
use rand::Rng;
use serde::{Serialize, Serializer};
use std::time::Instant;

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct StepLine {
    /// Which of the three models.
    pub model: Kind,
    /// The adapter, or the oracle.
    pub device: String,
    /// Images per step.
    pub batch: usize,
    /// Widths of the encoder's hidden layers; in JSON a number where there is one.
    #[serde(serialize_with = "one_or_many")]
    pub hidden: Vec<usize>,
    /// Width of the latent space.
    pub latent: usize,
    /// Pixels per image.
    pub input: usize,
    /// Median of the blocks, in microseconds.
    pub us_per_step: f64,
    /// The fastest block.
    pub us_least: f64,
    /// The slowest block.
    pub us_greatest: f64,
    /// Images trained on per second.
    pub images_per_s: f64,
    /// Floating-point operations of the matrix products per second, in billions.
    pub gflops: f64,
    /// What [`Limits::roofline_us`] says of the step; `None` for the oracle, as all that follows.
    pub roofline_us: Option<f64>,
    /// Dispatches of a step.
    pub dispatches: Option<usize>,
    /// How the products were cut.
    pub tilings: Option<Tilings>,
    /// Bytes of device memory of the training that was timed, its images included.
    pub device_bytes: Option<u64>,
    /// Bytes of device memory of the images alone.
    pub image_bytes: Option<u64>,
}

impl StepLine {
    /// The model with its widths: `vae 784-256-8`.
    pub fn model_name(&self) -> String {
        name(self.model, self.input, &self.hidden, self.latent)
    }
}

/// A model with its widths.
pub(super) fn model_name(model: &Model) -> String {
    name(model.kind, model.input, &model.hidden, model.latent)
}

fn name(kind: Kind, input: usize, hidden: &[usize], latent: usize) -> String {
    let widths: Vec<String> = [&[input], hidden, &[latent]].concat().iter().map(usize::to_string).collect();
    format!("{kind:?} {}", widths.join("-")).to_lowercase()
}

/// One width as a number, several as a list.
fn one_or_many<S: Serializer>(widths: &[usize], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match widths {
        [width] => width.serialize(serializer),
        widths => widths.serialize(serializer),
    }
}

/// The article's model of this kind, 784-256-8 in batches of 32, as `wgvae train` trains it on MNIST when no option is given.
pub fn article(kind: Kind) -> Settings {
    let classes = if kind.is_conditional() { 10 } else { 0 };
    Settings::new(Model::new(kind, 784, [256], 8, classes), Objective::new(kind, Likelihood::SquaredError))
}

/// `settings` with the tilings that `wgvae train` would take on the device.
pub(super) fn tuned(device: &Device, settings: Settings) -> Result<Settings> {
    let Device::Gpu(gpu) = device else { return Ok(settings) };
    let tilings = tuning::tilings(gpu, &settings, tuning::TilingChoice::Auto, &mut |_| ())?;
    Ok(Settings { tilings: Some(tilings), ..settings })
}

/// How long steps are measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Blocks of steps after the one that warms up.
    pub(super) blocks: u64,
    /// What a block takes.
    pub(super) seconds: f64,
    /// A step that takes longer is measured once.
    pub(super) patience: f64,
}

/// What was measured of a step, in seconds.
pub(super) struct Measured {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) greatest: f64,
    /// Whether there was patience for one step only.
    pub(super) once: bool,
    pub(super) memory: Option<DeviceMemory>,
}

/// Times steps: one to warm up, one for the pace, then a block to warm up again and the blocks that count.
pub(super) fn measure(device: &Device, settings: &Settings, effort: Effort) -> Result<Measured> {
    let batch = settings.batch;
    let mut probe = Trainer::new(device, settings, &random(batch, &settings.model))?;
    probe.train_epoch(0)?;
    let start = Instant::now();
    probe.train_epoch(1)?;
    let pace = start.elapsed().as_secs_f64();
    if pace > effort.patience {
        return Ok(Measured { median: pace, least: pace, greatest: pace, once: true, memory: probe.device_memory() });
    }
    drop(probe);

    let count = ((effort.seconds / pace) as usize).clamp(1, (60_000 / batch).max(1));
    let mut trainer = Trainer::new(device, settings, &random(count * batch, &settings.model))?;
    let mut times = Vec::new();
    for epoch in 0..=effort.blocks {
        let start = Instant::now();
        trainer.train_epoch(epoch)?;
        if epoch > 0 {
            times.push(start.elapsed().as_secs_f64() / count as f64);
        }
    }
    let (median, least, greatest) = spread(times);
    Ok(Measured { median, least, greatest, once: false, memory: trainer.device_memory() })
}

/// Times steps: the median of five blocks of a second, or if `quick` of three shorter ones.
///
/// # Errors
/// As [`Trainer::train_epoch`].
pub(super) fn steps(device: &Device, settings: &Settings, quick: bool, limits: Option<&Limits>) -> Result<StepLine> {
    let (model, batch) = (&settings.model, settings.batch);
    let (blocks, seconds) = if quick { (3, 0.2) } else { (5, 1.0) };
    let measured = measure(device, settings, Effort { blocks, seconds, patience: f64::INFINITY })?;
    let (work, dispatches) = of_step(settings, settings.tilings.unwrap_or_default())?;
    Ok(StepLine {
        model: model.kind,
        device: device.to_string(),
        batch,
        hidden: model.hidden.clone(),
        latent: model.latent,
        input: model.input,
        us_per_step: 1e6 * measured.median,
        us_least: 1e6 * measured.least,
        us_greatest: 1e6 * measured.greatest,
        images_per_s: batch as f64 / measured.median,
        gflops: operations(model, batch) / measured.median / 1e9,
        roofline_us: limits.map(|limits| limits.roofline_us(work.operations, work.bytes, dispatches)),
        dispatches: settings.tilings.map(|_| dispatches),
        tilings: settings.tilings,
        device_bytes: measured.memory.map(|memory| memory.total()),
        image_bytes: measured.memory.map(|memory| memory.images),
    })
}

/// Images of random bytes, and for a CVAE their labels: what a step costs does not depend on them.
pub(super) fn random(count: usize, model: &Model) -> Dataset {
    let (pixels, classes) = (model.input, model.classes);
    let split = |count: usize| {
        let mut images = vec![0; pixels * count];
        stream(0, Stream::Sample, 2).fill_bytes(&mut images);
        let labels = (classes > 0).then(|| (0..count).map(|image| (image % classes) as u8).collect());
        Split { images: images.into(), count, labels, ..Split::default() }
    };
    let (train, test) = (split(count), split(1));
    Dataset { name: "random bytes".into(), width: pixels, height: 1, classes, train, test, ..Dataset::default() }
}
