//! What a training step has to do at least.

use crate::{
    Result,
    gpu::{Format, Tilings, Work},
    kernels::update::Epilogue,
    model::Model,
    network::{Network, step},
    run::Settings,
};

/// The work of a whole step, and the number of its dispatches.
///
/// # Errors
/// As [`step::training`].
pub(super) fn of_step(settings: &Settings, tilings: Tilings) -> Result<(Work, usize)> {
    let net = Network::for_objective(&settings.model, &settings.objective, settings.batch, tilings);
    let (program, _) = step::training(&net, &settings.objective, Format::U8, Epilogue::Adam)?;
    let bytes = program.dispatches.iter().map(|dispatch| dispatch.work.bytes).sum();
    let operations = operations(&settings.model, settings.batch);
    Ok((Work { shape: settings.batch.to_string(), operations, bytes }, program.dispatches.len()))
}

/// Operations of one step's matrix products: forward, weight gradients, and input gradients of all layers but the first.
pub(super) fn operations(model: &Model, batch: usize) -> f64 {
    let layers = model.layers();
    let weights = |skip: usize| layers.iter().skip(skip).map(|layer| layer.out * layer.inp).sum::<usize>();
    (2 * batch * (2 * weights(0) + weights(1))) as f64
}
