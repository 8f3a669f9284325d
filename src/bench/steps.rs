//! Whole training steps of the article's VAE, through the trainer that `wgvae train` uses.

use super::spread;
use crate::{
    Result,
    data::{Dataset, Split},
    device::Device,
    gpu::Gpu,
    models::{Adam, Kind, Loss, Model, Objective},
    oracle::philox::{Stream, block},
    train::{Settings, Trainer, tuning},
};
use serde::Serialize;
use std::time::Instant;

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct StepLine {
    /// `vae`
    pub model: &'static str,
    /// The adapter, or the oracle.
    pub device: String,
    /// Images per step.
    pub batch: usize,
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Width of the latent space.
    pub latent: usize,
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
}

/// The article's VAE, 784-256-8, squared error + 3 KL, with the tilings that `wgvae train` would take.
pub(super) fn settings(gpu: &Gpu, batch: usize) -> Result<Settings> {
    let settings = article(batch);
    let tilings = tuning::tilings(gpu, &settings, tuning::Wish::Auto, &mut |_| ())?;
    Ok(Settings { tilings: Some(tilings), ..settings })
}

fn article(batch: usize) -> Settings {
    Settings {
        model: Model { kind: Kind::Vae, input: 784, hidden: vec![256], latent: 8, classes: 0 },
        objective: Objective { loss: Loss::MseSum, beta: 3.0 },
        adam: Adam::default(),
        corruption: None,
        batch,
        seed: 0,
        tilings: None,
    }
}

/// Operations of one step's matrix products: forward, weight gradients, and input gradients of all layers but the first.
fn operations(model: &Model, batch: usize) -> f64 {
    let layers = model.layers();
    let weights = |skip: usize| layers.iter().skip(skip).map(|layer| layer.out * layer.inp).sum::<usize>();
    (2 * batch * (2 * weights(0) + weights(1))) as f64
}

/// Times steps of `batch` images: a first block to warm up, then the median of five (three if `quick`).
///
/// # Errors
/// As [`Trainer::train_epoch`].
pub fn steps(device: &Device, batch: usize, quick: bool) -> Result<StepLine> {
    let settings = match device {
        Device::Gpu(gpu) => settings(gpu, batch)?,
        Device::Oracle => article(batch),
    };
    let (blocks, seconds) = if quick { (3, 0.2) } else { (5, 1.0) };
    let mut probe = Trainer::new(device, &settings, &random(3 * batch))?;
    probe.train_epoch(0, &mut |_| true)?;
    let start = Instant::now();
    probe.train_epoch(1, &mut |_| true)?;
    let pace = start.elapsed().as_secs_f64() / 3.0;
    drop(probe);

    let count = ((seconds / pace) as usize).clamp(3, (60_000 / batch).max(3));
    let mut trainer = Trainer::new(device, &settings, &random(count * batch))?;
    let mut times = Vec::new();
    for epoch in 0..=blocks {
        let start = Instant::now();
        trainer.train_epoch(epoch, &mut |_| true)?;
        if epoch > 0 {
            times.push(start.elapsed().as_secs_f64() / count as f64);
        }
    }
    let (median, least, greatest) = spread(times);
    Ok(StepLine {
        model: "vae",
        device: device.to_string(),
        batch,
        hidden: 256,
        latent: 8,
        us_per_step: 1e6 * median,
        us_least: 1e6 * least,
        us_greatest: 1e6 * greatest,
        images_per_s: batch as f64 / median,
        gflops: operations(&settings.model, batch) / median / 1e9,
    })
}

/// Images of random bytes: what a step costs does not depend on them.
fn random(count: usize) -> Dataset {
    let split = |count: usize| {
        let words = (0..(784 * count).div_ceil(16) as u32).flat_map(|number| block(0, Stream::Sample, 2, number));
        Split { images: words.flat_map(u32::to_le_bytes).take(784 * count).collect(), labels: None, count }
    };
    let (train, test) = (split(count), split(1));
    Dataset { name: "random bytes".into(), width: 28, height: 28, classes: 0, train, test, hashes: Default::default() }
}
