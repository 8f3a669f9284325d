//! Training rehearsed on made-up images: what the choice of tilings times.

use super::GpuTrainer;
use crate::{
    Result,
    data::{Dataset, Split},
    gpu::{Format, Gpu, Tilings},
    model::Adam,
    run::Settings,
};
use std::sync::Arc;

/// Seconds that one measurement should take: about 256 steps of the article's net at batch 32 on a fast GPU, as many as a submit
/// then has at least.
const SPAN: f64 = 10e-3;
/// Bytes that the images of a rehearsal may take.
const IMAGE_BYTES: usize = 16 << 20;
/// Most steps of a measurement: several submits, where a step is short.
const MOST_STEPS: usize = 1024;

/// Seconds of a training step with `tilings`, the least of three measurements. The trainer is the one that trains, and what it
/// does around a step is in the measurement: noise, the sums of losses, their way back, the submit itself.
///
/// # Errors
/// [`Error::OutOfMemory`](crate::Error::OutOfMemory) where memory is short,
/// [`Error::DeviceLost`](crate::Error::DeviceLost) where the device is lost.
pub(super) fn seconds(gpu: &Arc<Gpu>, settings: &Settings, tilings: Tilings) -> Result<f64> {
    let rehearsed = Settings {
        adam: Adam { lr: 0.0, ..settings.adam }, // so that no loss grows out of bounds on black images
        tilings: Some(tilings),
        ..settings.clone()
    };
    let most = (IMAGE_BYTES / (settings.format.bytes() * settings.batch * settings.model.input)).clamp(1, MOST_STEPS);
    let mut trainer = GpuTrainer::new(Arc::clone(gpu), &rehearsed, &black(most * settings.batch, settings))?;
    trainer.seconds_per_step(1)?; // a driver may compile kernels at their first use
    let (mut steps, mut pace) = (1, trainer.seconds_per_step(1)?);
    for _ in 0..2 {
        // a submit of few steps takes longer per step, and leads to too few: again from what it led to
        steps = ((SPAN / pace) as usize).clamp(1, most);
        pace = trainer.seconds_per_step(steps)?;
    }
    (0..2).try_fold(pace, |least, _| Ok(least.min(trainer.seconds_per_step(steps)?)))
}

/// `count` black images to train on, of the first class where the model has classes, and one to test.
fn black(count: usize, settings: &Settings) -> Dataset {
    let model = &settings.model;
    let split = |count: usize| Split {
        images: match settings.format {
            Format::U8 => vec![0_u8; count * model.input].into(),
            Format::F32 => vec![0_f32; count * model.input].into(),
        },
        count,
        labels: model.kind.is_conditional().then(|| vec![0; count]),
        ..Split::default()
    };
    Dataset {
        name: "black images".into(),
        width: model.input,
        height: 1,
        classes: model.classes,
        train: split(count),
        test: split(1),
        ..Dataset::default()
    }
}
