//! Training traces: runs of a model recorded elsewhere, replayed here to learn who is right.
//!
//! An engine replays a trace by taking [`Trace::steps`] one after the other and handing what came out, a [`Replay`], to
//! [`Trace::compare`]. [`replay_oracle`] does it with the f64 oracle.

use crate::gpu::Precision;
use crate::model::{Adam, Model, Objective, Param, sigmoid};
use crate::oracle::{
    norm::{clip_scale, norm},
    step::{Inputs, Losses, Oracle},
};
use crate::{Error, Result};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis};
use std::path::PathBuf;

/// A recorded run: its inputs, and what came out of it.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Where it was read from.
    pub path: PathBuf,
    /// The model's shape.
    pub model: Model,
    /// What its steps minimised.
    pub objective: Objective,
    /// How its steps were taken, but for what differs from step to step.
    pub adam: Adam,
    /// Learning rate of each step, `[steps]`.
    pub lr: Array1<f64>,
    /// β of each step, `[steps]`.
    pub beta: Array1<f64>,
    /// Parameters before the first step, float32 values.
    pub init: Vec<Param>,
    /// `[steps, batch, input]`
    pub x: Array3<f32>,
    /// ε, `[steps, batch · samples, latent]`, the samples of an image one after the other; VAE and CVAE.
    pub eps: Option<Array3<f32>>,
    /// `[steps, batch]`; CVAE.
    pub labels: Option<Array2<u8>>,
    /// What the recorded run gave.
    pub expected: Expected,
}

/// What a recorded run gave.
#[derive(Clone, Debug)]
pub struct Expected {
    /// reconstruction + β · kl of each step, `[steps]`.
    pub loss: Array1<f64>,
    /// `[steps]`
    pub reconstruction_loss: Array1<f64>,
    /// Without β, `[steps]`.
    pub kl: Array1<f64>,
    /// The first step.
    pub first: FirstStep,
    /// Parameters after the last step.
    pub params: Vec<Param>,
}

/// What the first step shows.
#[derive(Clone, Debug)]
pub struct FirstStep {
    /// What the decoder gave.
    pub decoded: Decoded,
    /// ln p(x | z) + β (ln p(z) − ln q(z | x)) of each sample, `[batch, samples]`; of objectives with weights.
    pub log_weights: Option<Array2<f64>>,
    /// `[batch, latent]`; VAE and CVAE.
    pub mu: Option<Array2<f64>>,
    /// `[batch, latent]`; VAE and CVAE.
    pub log_var: Option<Array2<f64>>,
    /// The gradient of every parameter, in the order of [`Model::layers`].
    pub gradients: Vec<Param>,
}

/// What a decoder gave for the samples of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// The sigmoid of its logits, `[batch, input]`.
    Reconstruction(Array2<f64>),
    /// Logits, or means and where it gives them log-variances behind, `[batch · samples, outputs]`.
    Outputs(Array2<f64>),
}

/// What one step is fed.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// `[batch, input]`, in [0, 1].
    pub x: ArrayView2<'a, f32>,
    /// ε, `[batch · samples, latent]`; VAE and CVAE.
    pub eps: Option<ArrayView2<'a, f32>>,
    /// `[batch]`; CVAE.
    pub labels: Option<&'a [u8]>,
    /// What it minimises, with the β of this step.
    pub objective: Objective,
    /// How it is taken, with the learning rate of this step.
    pub adam: Adam,
}

/// What an engine gave when it replayed a trace.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The first step.
    pub first: FirstStep,
    /// The losses of each step.
    pub losses: Vec<Losses>,
    /// Parameters after the last step, in the order of [`Model::layers`].
    pub params: Vec<Param>,
}

/// The greatest relative errors that pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// For losses, and all quantities of the first step.
    pub values: f64,
    /// For the change of each parameter over the run.
    pub change: f64,
}

impl Limits {
    /// For float32 engines.
    pub const F32: Limits = Limits { values: 1e-5, change: 1e-4 };
    /// For products of operands rounded to f16, each by up to 2⁻¹¹, 5e-4: thousands of times as far as float32 rounds. Where a
    /// gradient is small beside its rounding, Adam takes a step of the same size all the same. The largest seen are 1.8e-3 (a KL
    /// divergence near 0) and 0.10 (twenty steps of the small AE).
    pub const MIXED: Limits = Limits { values: 5e-3, change: 0.2 };
    /// For the f64 oracle.
    pub const ORACLE: Limits = Limits { values: 1e-10, change: 1e-8 };

    /// For a GPU whose products have this precision.
    pub fn of(precision: Precision) -> Limits {
        match precision {
            Precision::F32 => Limits::F32,
            Precision::Mixed => Limits::MIXED,
        }
    }
}

/// One compared tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// `loss`, `first.mu`, `grad.encoder.0.weight`, `final.encoder.0.weight`, …
    pub name: String,
    /// ‖ours − theirs‖ / ‖theirs‖; for `final.*` of the change since the start. Infinite where theirs is 0 and ours is not.
    pub relative_error: f64,
    /// The greatest that passes.
    pub limit: f64,
}

impl Quantity {
    /// Whether the error is within the limit; NaN is not.
    pub fn ok(&self) -> bool {
        self.relative_error <= self.limit
    }
}

impl Trace {
    /// What each step is fed, first to last.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = Step<'_>> {
        (0..self.x.len_of(Axis(0))).map(|step| Step {
            x: self.x.index_axis(Axis(0), step),
            eps: self.eps.as_ref().map(|eps| eps.index_axis(Axis(0), step)),
            labels: self
                .labels
                .as_ref()
                .map(|labels| labels.index_axis(Axis(0), step).to_slice().expect("labels are read in standard layout")),
            objective: Objective { beta: self.beta[step], ..self.objective },
            adam: Adam { lr: self.lr[step], ..self.adam },
        })
    }

    /// What a trace has as the gradients of its first step: scaled to the norm to which its steps clip them, if they do.
    pub(super) fn clipped(&self, mut gradients: Vec<Param>) -> Vec<Param> {
        if let Some(most) = self.adam.clip {
            let scale = clip_scale(norm(gradients.iter().flat_map(|gradient| &gradient.values)), most);
            gradients.iter_mut().flat_map(|gradient| &mut gradient.values).for_each(|value| *value *= scale);
        }
        gradients
    }

    /// Every quantity of the trace beside the replay's. Fails where the replay lacks one or has it in another shape.
    pub fn compare(&self, replay: &Replay, limits: Limits) -> Result<Vec<Quantity>> {
        let mut table = Table { trace: self, quantities: Vec::new() };
        let losses = |pick: fn(&Losses) -> f64| replay.losses.iter().map(pick).collect::<Vec<f64>>();
        let (theirs, first) = (&self.expected, &self.expected.first);
        for (name, ours, theirs) in [
            ("loss", losses(|l| l.loss), &theirs.loss),
            ("reconstruction_loss", losses(|l| l.reconstruction), &theirs.reconstruction_loss),
            ("kl", losses(|l| l.kl), &theirs.kl),
        ] {
            table.push(name, &ours, theirs, limits.values)?;
        }
        let Decoded::Outputs(ours) = &replay.first.decoded else {
            return Err(self.problem("the replay gave images instead of what the decoder gives".into()));
        };
        match &first.decoded {
            Decoded::Reconstruction(theirs) => {
                table.push("first.reconstruction", &ours.mapv(sigmoid), theirs, limits.values)?;
            }
            Decoded::Outputs(theirs) => table.push("first.decoder_output", ours, theirs, limits.values)?,
        }
        let optional = [
            ("first.mu", &replay.first.mu, &first.mu),
            ("first.log_var", &replay.first.log_var, &first.log_var),
            ("first.log_weights", &replay.first.log_weights, &first.log_weights),
        ];
        for (name, ours, theirs) in optional {
            if let Some(theirs) = theirs {
                let ours = ours.as_ref().ok_or_else(|| self.problem(format!("the replay gave no {name}")))?;
                table.push(name, ours, theirs, limits.values)?;
            }
        }
        for (theirs, ours) in first.gradients.iter().zip(table.matched(&first.gradients, &replay.first.gradients)?) {
            table.push(&format!("grad.{}", theirs.name), &ours.values, &theirs.values, limits.values)?;
        }
        let finals = theirs.params.iter().zip(table.matched(&theirs.params, &replay.params)?);
        for ((theirs, ours), init) in finals.zip(&self.init) {
            let change =
                |param: &Param| -> Vec<f64> { param.values.iter().zip(&init.values).map(|(a, b)| a - b).collect() };
            table.push(&format!("final.{}", theirs.name), &change(ours), &change(theirs), limits.change)?;
        }
        Ok(table.quantities)
    }

    fn problem(&self, problem: String) -> Error {
        Error::malformed(&self.path, problem)
    }
}

struct Table<'a> {
    trace: &'a Trace,
    quantities: Vec<Quantity>,
}

impl Table<'_> {
    fn push<'v>(
        &mut self,
        name: &str,
        ours: impl IntoIterator<Item = &'v f64, IntoIter: ExactSizeIterator>,
        theirs: impl IntoIterator<Item = &'v f64, IntoIter: ExactSizeIterator>,
        limit: f64,
    ) -> Result<()> {
        let (ours, theirs) = (ours.into_iter(), theirs.into_iter());
        if ours.len() != theirs.len() {
            let problem = format!("the replay gave {} values of {name}, the trace has {}", ours.len(), theirs.len());
            return Err(self.trace.problem(problem));
        }
        self.quantities.push(Quantity { name: name.into(), relative_error: relative_error(ours.zip(theirs)), limit });
        Ok(())
    }

    /// The replay's tensors, once they are known to be those of the trace.
    fn matched<'r>(&self, theirs: &[Param], ours: &'r [Param]) -> Result<&'r [Param]> {
        let names = |params: &[Param]| params.iter().map(|param| param.name.clone()).collect::<Vec<_>>();
        match names(theirs) == names(ours) {
            true => Ok(ours),
            false => {
                Err(self.trace.problem(format!("the replay gave {:?}, the trace has {:?}", names(ours), names(theirs))))
            }
        }
    }
}

/// ‖ours − theirs‖ / ‖theirs‖ of pairs (ours, theirs); 0 where both are 0.
fn relative_error<'v>(pairs: impl Iterator<Item = (&'v f64, &'v f64)>) -> f64 {
    let (difference, size) =
        pairs.fold((0.0, 0.0), |(difference, size), (a, b)| (difference + (a - b) * (a - b), size + b * b));
    if difference == 0.0 { 0.0 } else { (difference / size).sqrt() }
}

/// Replays a trace on the f64 oracle.
pub fn replay_oracle(trace: &Trace) -> Result<Replay> {
    let mut network = Oracle::new(&trace.model, &trace.init)?;
    let (mut first, mut losses) = (None, Vec::new());
    for step in trace.steps() {
        let (x, eps) = (step.x.mapv(f64::from), step.eps.map(|eps| eps.mapv(f64::from)));
        let batch =
            Inputs { x: x.view(), corrupted: None, eps: eps.as_ref().map(|eps| eps.view()), labels: step.labels };
        if first.is_none() {
            let (forward, log_weights) = network.log_weights(&batch, &step.objective)?;
            let (_, gradients) = network.gradients(&batch, &step.objective)?;
            let (mu, log_var) = forward.latent.gaussian.map(|q| (q.mu, q.log_var)).unzip();
            let log_weights = Some(log_weights);
            let (decoded, gradients) = (Decoded::Outputs(forward.outputs), trace.clipped(gradients));
            first = Some(FirstStep { decoded, log_weights, mu, log_var, gradients });
        }
        losses.push(network.train_step(&batch, &step.objective, &step.adam)?);
    }
    let first = first.expect("a trace has at least one step, as its loading made sure");
    Ok(Replay { first, losses, params: network.params() })
}
