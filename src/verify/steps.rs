//! Whole training steps of the three models on a device, against the oracle's.

use crate::{
    Result,
    data::glyphs,
    device::Device,
    gpu::{Gpu, Precision},
    model::{Kind, Likelihood, Model, Objective, Param},
    run::{Settings, State},
    train::Trainer,
};
use serde::Serialize;
use std::sync::Arc;

/// Some tensors of a training state.
type Tensors = fn(&State) -> &[Param];

/// What is compared, and its largest ‖Δgpu − Δoracle‖ / ‖Δoracle‖, Δ being the change that the steps make in all of it. Adam's first
/// steps change a parameter by the sign of its gradient, however small; in mixed precision the sign of one that f16 cannot tell from 0
/// is chance, and the parameters differ by 2 √p where a share p of them has such gradients. The first moments, which are sums of the
/// gradients of both steps, have no such jump; the limit is twice the largest that was seen of them.
fn compared(precision: Precision) -> (Tensors, &'static str, f64) {
    match precision {
        Precision::F32 => (|state| &state.params, "parameters", 1e-3),
        Precision::Mixed => (|state| &state.first_moment, "gradients", 1.5e-2),
    }
}

/// Images of a full batch, and of the partial one after it.
const ROWS: [usize; 2] = [32, 9];

/// What was found of one model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelReport {
    /// `ae`, `vae` or `cvae`
    pub model: &'static str,
    /// `parameters`; in mixed precision `gradients`, as Adam's first moments hold them.
    pub compared: &'static str,
    /// ‖Δgpu − Δoracle‖ / ‖Δoracle‖
    pub relative_error: f64,
    /// What it may be.
    pub limit: f64,
    /// Whether it is.
    pub ok: bool,
}

/// Takes two steps of each of the article's models, from the same parameters on both sides.
///
/// # Errors
/// [`Error::DeviceLost`](crate::Error::DeviceLost) where the device is lost, [`Error::NotFinite`](crate::Error::NotFinite) where a loss is not.
pub fn models(gpu: &Arc<Gpu>) -> Result<Vec<ModelReport>> {
    let likelihoods = [Likelihood::SquaredError, Likelihood::SquaredError, Likelihood::Bernoulli];
    let models = Kind::ALL.into_iter().zip(likelihoods.into_iter().cycle());
    let report = |(kind, likelihood): (Kind, Likelihood)| {
        let (model, objective) = (kind.name(), Objective::new(kind, likelihood));
        let (of, compared, limit) = compared(gpu.precision());
        let relative_error = apart(gpu, kind, objective, of)?;
        Ok(ModelReport { model, compared, relative_error, limit, ok: relative_error <= limit })
    };
    models.map(report).collect()
}

fn apart(gpu: &Arc<Gpu>, kind: Kind, objective: Objective, of: Tensors) -> Result<f64> {
    let data = glyphs::dataset(0, ROWS.iter().sum(), 1);
    let model = Model::new(kind, data.pixels(), [256], 8, data.classes);
    let settings = Settings { batch: ROWS[0], ..Settings::new(model, objective) };
    let mut ours = Trainer::new(&Device::Gpu(Arc::clone(gpu)), &settings, &data)?;
    let mut theirs = Trainer::new(&Device::Oracle, &settings, &data)?;
    let start = ours.state()?;
    theirs.restore(&start)?;
    for trainer in [&mut ours, &mut theirs] {
        trainer.train_epoch(0)?;
    }
    let (ours, theirs) = (ours.state()?, theirs.state()?);
    let (mut difference, mut change) = (0.0, 0.0);
    for ((start, ours), theirs) in of(&start).iter().zip(of(&ours)).zip(of(&theirs)) {
        for ((start, ours), theirs) in start.values.iter().zip(&ours.values).zip(&theirs.values) {
            difference += (ours - theirs).powi(2);
            change += (theirs - start).powi(2);
        }
    }
    Ok((difference / change).sqrt())
}
