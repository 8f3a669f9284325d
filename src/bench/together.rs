//! Training steps that several processes share, and the sum of their gradients by itself.

use super::{
    spread,
    steps::{model_name, random, tuned},
};
use crate::{
    Result,
    device::Device,
    model::Kind,
    peers::{Number, Peers},
    run::Settings,
    train::Trainer,
};
use serde::Serialize;
use std::{fmt, time::Instant};

/// Blocks of steps, and of sums, that are timed.
const BLOCKS: u64 = 5;
/// Sums of a block.
const SUMS: usize = 20;

/// What was measured of one batch size.
#[derive(Clone, Debug, Serialize)]
pub struct TogetherLine {
    /// Which of the three models.
    pub model: Kind,
    /// The model with its widths.
    pub name: String,
    /// The adapter of the first process, or the oracle.
    pub device: String,
    /// Number of processes.
    pub processes: usize,
    /// Images per step, of all processes.
    pub batch: usize,
    /// Learnable values.
    pub parameters: usize,
    /// Median of the blocks, in microseconds.
    pub us_per_step: f64,
    /// Median of the time that the sum of all gradients takes by itself, in microseconds.
    pub us_per_sum: f64,
}

/// Times steps of the model in `settings` that are shared by all processes, and the sum of their gradients. All must come to this call.
///
/// # Errors
/// As [`Trainer::train_epoch`].
pub fn together(peers: Peers, device: &Device, settings: &Settings, quick: bool) -> Result<TogetherLine> {
    let (model, batch) = (&settings.model, settings.batch);
    let own = Settings { batch: peers.share().of(batch).len().max(1), ..settings.clone() };
    let settings = Settings { batch, ..tuned(device, own)? };
    let mut steps = 2;
    for seconds in [0.05, if quick { 0.2 } else { 1.0 }] {
        let pace = block(peers, device, &settings, steps, 2)?;
        let slowest = peers.gathered(pace.to_bits()).into_iter().map(f64::from_bits).fold(0.0, f64::max); // the same on all
        steps = ((seconds / slowest) as usize).clamp(2, (60_000 / batch).max(2));
    }
    let parameters = model.parameter_count();
    Ok(TogetherLine {
        model: model.kind,
        name: model_name(model),
        device: device.to_string(),
        processes: peers.count(),
        batch,
        parameters,
        us_per_step: 1e6 * block(peers, device, &settings, steps, BLOCKS)?,
        us_per_sum: match device {
            Device::Gpu(_) => 1e6 * sum::<f32>(peers, parameters),
            Device::Oracle => 1e6 * sum::<f64>(peers, parameters),
        },
    })
}

/// Seconds of a step, the median of so many blocks of `steps`, after one to warm up.
fn block(peers: Peers, device: &Device, settings: &Settings, steps: usize, blocks: u64) -> Result<f64> {
    let data = random(steps * settings.batch, &settings.model);
    let mut trainer = Trainer::among(peers, device, settings, &data)?;
    let mut times = Vec::new();
    for epoch in 0..=blocks {
        let start = Instant::now();
        trainer.train_epoch(epoch)?;
        times.push(start.elapsed().as_secs_f64() / steps as f64);
    }
    Ok(spread(times.split_off(1)).0)
}

/// Seconds of a sum over all processes of so many numbers of each.
fn sum<T: Number>(peers: Peers, values: usize) -> f64 {
    let (own, mut sum) = (vec![T::default(); values], vec![T::default(); values]);
    let mut times = Vec::new();
    for _ in 0..=BLOCKS {
        let start = Instant::now();
        (0..SUMS).for_each(|_| peers.add_up(&own, &mut sum));
        times.push(start.elapsed().as_secs_f64() / SUMS as f64);
    }
    spread(times.split_off(1)).0
}

impl fmt::Display for TogetherLine {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let TogetherLine { name, device, processes, batch, parameters, us_per_step, us_per_sum, .. } = self;
        write!(
            f,
            "{name}, batch {batch}, {processes} processes on {device}: {us_per_step:.0} µs per step; the sum of {parameters} \
             gradients alone {us_per_sum:.0} µs"
        )
    }
}
