//! What a resumed run must find where it lies.

use crate::{
    Error, Result,
    data::Dataset,
    run::{Metrics, Place, Run, State, checkpoint},
};

/// What a run has left: the state of its checkpoint, where in the run that is, and the metrics of the epochs before.
///
/// # Errors
/// [`Error::Invalid`] where `data` are not those of the run; [`Error::Malformed`] where its checkpoint is damaged or of another step than
/// it says, or `metrics.jsonl` lacks an epoch.
pub(super) fn left(run: &Run, data: &Dataset) -> Result<(State, Place, Vec<Metrics>)> {
    let then = &run.config;
    then.data.expect(data)?;
    let path = run.dir.join("checkpoint.safetensors");
    let (state, place) = checkpoint::load_state(&path, &then.model, then.seed)?;
    expect_step(state.step, &place, data.train.count, then.batch)
        .map_err(|problem| Error::malformed(&path, problem))?;
    let metrics = metrics_until(run, place.epoch)?;
    Ok((state, place, metrics))
}

/// Checks that step `step` is the one that a run over `count` images in batches of `batch` has at `place`.
fn expect_step(step: u64, place: &Place, count: usize, batch: usize) -> Result<(), String> {
    let (epoch, steps) = (place.epoch, count.div_ceil(batch));
    let end = epoch.saturating_mul(steps as u64);
    match place.begun {
        None if step == end => Ok(()),
        None => Err(format!("says step {step} after epoch {epoch}, which ends with step {end}")),
        Some(begun) if begun.is_within(steps, count) && step.checked_sub(end) == Some(begun.losses.steps as u64) => {
            Ok(())
        }
        Some(begun) => {
            let done = begun.losses.steps;
            Err(format!(
                "says step {step} after {done} steps of epoch {}, whose {steps} begin after step {end}",
                epoch + 1
            ))
        }
    }
}

/// The metrics of the first `epochs` epochs; those of epochs begun after the checkpoint are dropped.
fn metrics_until(run: &Run, epochs: u64) -> Result<Vec<Metrics>> {
    let path = run.dir.join("metrics.jsonl");
    let mut metrics = match epochs {
        0 => Vec::new(),
        _ if !path.is_file() => {
            let problem = format!(
                "is missing, and {epochs} epochs are done: put it back, or begin anew from its weights with --init"
            );
            return Err(Error::malformed(&path, problem));
        }
        _ => run.metrics()?,
    };
    if (metrics.len() as u64) < epochs {
        let problem = format!(
            "ends with epoch {}, and {epochs} epochs are done: put the whole file back, or begin anew from its weights with --init",
            metrics.len()
        );
        return Err(Error::malformed(&path, problem));
    }
    metrics.truncate(epochs as usize);
    Ok(metrics)
}
