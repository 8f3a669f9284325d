//! Recorded training runs as plain data, for a script that replays and compares them as [`replay_gpu`](crate::verify::replay::replay_gpu)
//! and [`Trace::compare`] do.

use super::{Place, Plan, compressed};
use crate::{
    Result,
    gpu::{Format, Matrix, Program, Role, Tiling, Tilings},
    kernels::update::uniform,
    model::Variance,
    network::{Network, straight},
    verify::{
        replay::{Programs, packed, record},
        trace::{Decoded, Limits, Trace},
    },
};
use ndarray::{Array2, Axis};
use serde::Serialize;

/// A recorded run.
#[derive(Serialize)]
pub(super) struct Replay {
    name: String,
    /// With the programs `gradients`, `reconstruct` and `step`.
    pub(super) plan: Plan,
    /// Words of the record of each step.
    records: Vec<Vec<u32>>,
    /// What each step is fed: buffer and words.
    inputs: Vec<(&'static str, usize)>,
    /// The words of all inputs, step by step; compressed.
    fed: String,
    /// Losses of every step.
    losses: Vec<Series>,
    /// The norm to which gradients are clipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    clip: Option<f64>,
    /// What is compared after the first step's gradients, and after the last step.
    first: Vec<Quantity>,
    last: Vec<Quantity>,
    /// Float64 values of all quantities, one after the other; compressed.
    expected: String,
}

/// A loss of every step: for each, the sum over `terms` of scale · Σ words of the step's partial sums.
#[derive(Serialize)]
struct Series {
    name: &'static str,
    limit: f64,
    terms: Vec<Term>,
    expected: Vec<f64>,
}

/// A range of the partial sums, and its scale in each step.
#[derive(Serialize)]
struct Term {
    start: usize,
    count: usize,
    scales: Vec<f64>,
}

/// A compared tensor.
#[derive(Serialize)]
struct Quantity {
    name: String,
    limit: f64,
    buffer: &'static str,
    places: Vec<Place>,
    of: Of,
    /// Of the columns that are summed.
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<[f64; 2]>,
}

/// What of the values found is compared.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Of {
    /// They themselves.
    Value,
    /// The sigmoid of each.
    Sigmoid,
    /// They, scaled as clipping scales all gradients.
    Gradient,
    /// What they changed since the start.
    Change,
    /// The weighted sum of each row's.
    Sum,
}

/// `trace` for a page.
///
/// # Errors
/// As [`Programs::of`] and [`Plan::program`].
pub(super) fn replay(trace: &Trace) -> Result<Replay> {
    let programs = Programs::of(trace, Tilings::all(Tiling::Registers))?;
    let (inputs, fed) = inputs(trace);
    let records = trace.steps().zip(1..).map(|(fed, t)| bytemuck::cast_slice(&[record(&fed, t)]).to_vec()).collect();
    let mut compared = Compared::default();
    let first = compared.first(trace, &programs.net);
    let last = compared.last(trace, &programs.net);
    Ok(Replay {
        name: trace.path.display().to_string(),
        plan: plan(trace, &programs)?,
        records,
        inputs,
        fed: compressed(bytemuck::cast_slice(&fed)),
        losses: losses(trace, &programs.net),
        clip: trace.adam.clip,
        first,
        last,
        expected: compressed(bytemuck::cast_slice(&compared.expected)),
    })
}

fn plan(trace: &Trace, programs: &Programs) -> Result<Plan> {
    let net = &programs.net;
    let mut plan = Plan::new(net.samples);
    plan.upload(Role::Params, bytemuck::cast_slice(&net.pack(&trace.init)?));
    let sizes = net.step_sizes(1).into_iter().chain(net.batch_sizes(Format::F32)).chain(net.learning_sizes());
    for (role, bytes) in sizes.chain([(Role::Gradients, net.param_bytes()), (Role::Losses, 16)]) {
        plan.buffer(role, bytes);
    }
    plan.upload(Role::Order, bytemuck::cast_slice(&straight(net.rows)));
    plan.upload_for(Role::Layers.uniform(), bytemuck::cast_slice(&uniform(&programs.table)));
    let named: [(_, &Program); 3] =
        [("gradients", &programs.gradients), ("reconstruct", &programs.reconstructing), ("step", &programs.training)];
    named.into_iter().try_for_each(|(name, program)| plan.program(name, program))?;
    Ok(plan)
}

/// What each step is fed, and the words of all of it.
fn inputs(trace: &Trace) -> (Vec<(&'static str, usize)>, Vec<u32>) {
    let (mut inputs, mut words) = (Vec::new(), Vec::new());
    for fed in trace.steps() {
        inputs.clear(); // the same for every step
        let mut push = |role: Role, own: Vec<u32>| {
            inputs.push((role.name(), own.len()));
            words.extend(own);
        };
        push(Role::Images, packed(&fed.x).into_iter().map(f32::to_bits).collect());
        if let Some(eps) = fed.eps {
            push(Role::Noise, eps.iter().map(|value| value.to_bits()).collect());
        }
        if let Some(labels) = fed.labels {
            push(Role::Labels, labels.iter().map(|&label| label.into()).collect());
        }
    }
    (inputs, words)
}

/// The losses, as the partial sums of a step give them.
fn losses(trace: &Trace, net: &Network) -> Vec<Series> {
    let [steps, batch] = [trace.x.len_of(Axis(0)), net.rows];
    let [tiles, all] = [net.partials.tiles, net.partials.stride].map(|count| count as usize);
    let scale = trace.objective.loss.reduction.scale(batch, trace.model.input);
    let reconstruction = || Term { start: 0, count: tiles, scales: vec![scale; steps] };
    let kl = |scales: Vec<f64>| Term { start: tiles, count: batch, scales };
    let bounds = || Term { start: tiles + batch, count: all - tiles - batch, scales: vec![1.0; steps] };
    let variational = trace.model.kind.is_variational();
    let weighted = || match (trace.objective.bound.is_weighted(), variational) {
        (true, _) => vec![bounds()],
        (false, true) => vec![reconstruction(), kl(trace.beta.to_vec())],
        (false, false) => vec![reconstruction()],
    };
    let expected = &trace.expected;
    let divergence = if variational { vec![kl(vec![1.0; steps])] } else { Vec::new() };
    [
        ("loss", weighted(), &expected.loss),
        ("reconstruction_loss", vec![reconstruction()], &expected.reconstruction_loss),
        ("kl", divergence, &expected.kl),
    ]
    .map(|(name, terms, expected)| Series { name, limit: Limits::F32.values, terms, expected: expected.to_vec() })
    .into()
}

/// The values of quantities, in their order.
#[derive(Default)]
struct Compared {
    expected: Vec<f64>,
}

impl Compared {
    fn push(
        &mut self,
        name: &str,
        role: Role,
        places: Vec<Place>,
        of: Of,
        expected: impl IntoIterator<Item = f64>,
    ) -> Quantity {
        self.expected.extend(expected);
        let limit = if matches!(of, Of::Change) { Limits::F32.change } else { Limits::F32.values };
        Quantity { name: name.into(), limit, buffer: role.name(), places, of, weights: None }
    }

    fn activation(&mut self, name: &str, matrix: Matrix, of: Of, expected: &Array2<f64>) -> Quantity {
        self.push(name, Role::Activations, vec![matrix.into()], of, expected.iter().copied())
    }

    /// What the first step shows, before its update.
    fn first(&mut self, trace: &Trace, net: &Network) -> Vec<Quantity> {
        let first = &trace.expected.first;
        let mut all = Vec::new();
        match &first.decoded {
            Decoded::Reconstruction(images) => {
                all.push(self.activation("first.reconstruction", net.outputs.values, Of::Sigmoid, images));
            }
            Decoded::Outputs(outputs) => {
                let (values, log_vars) = outputs.view().split_at(Axis(1), trace.model.input);
                all.push(self.activation("first.decoder_output", net.outputs.values, Of::Value, &values.to_owned()));
                if trace.model.variance == Variance::Decoded {
                    let name = "first.decoder_output, log-variances";
                    all.push(self.activation(name, net.outputs.log_vars, Of::Value, &log_vars.to_owned()));
                }
            }
        }
        if let Some(mu) = &first.mu {
            all.push(self.activation("first.mu", net.middle.mu, Of::Value, mu));
        }
        if let Some(log_var) = &first.log_var {
            all.push(self.activation("first.log_var", net.middle.log_var, Of::Value, log_var));
        }
        if let Some(log_weights) = &first.log_weights {
            let loss_and_ratio = Matrix { columns: 2, ..net.scores };
            let quantity = self.activation("first.log_weights", loss_and_ratio, Of::Sum, log_weights);
            all.push(Quantity { weights: Some([-1.0, trace.beta[0]]), ..quantity });
        }
        for (gradient, places) in first.gradients.iter().zip(net.places()) {
            let places = places.into_iter().map(Place::from).collect();
            let name = format!("grad.{}", gradient.name);
            all.push(self.push(&name, Role::Gradients, places, Of::Gradient, gradient.values.iter().copied()));
        }
        all
    }

    /// How far the parameters came.
    fn last(&mut self, trace: &Trace, net: &Network) -> Vec<Quantity> {
        let finals = trace.expected.params.iter().zip(&trace.init).zip(net.places());
        let change = |(param, init): (&f64, &f64)| param - init;
        finals
            .map(|((param, init), places)| {
                let places = places.into_iter().map(Place::from).collect();
                let expected = param.values.iter().zip(&init.values).map(change);
                self.push(&format!("final.{}", param.name), Role::Params, places, Of::Change, expected)
            })
            .collect()
    }
}
