//! Traces replayed on a GPU with the kernels of training.

use super::trace::{Decoded, FirstStep, Replay, Step, Trace};
use crate::{
    Result,
    gpu::{Batch, Batches, Format, Gpu, Matrix, Memory, Part, Program, Role, Tilings, vec4s},
    kernels::update::{Entry, Epilogue},
    model::Variance,
    network::{Network, rows, step},
    oracle::{concat::concat, step::Losses},
};
use ndarray::{Array2, ArrayView2};

/// What replays a trace.
pub struct Programs {
    /// How the model lies in memory.
    pub net: Network,
    /// A step of training, with its update.
    pub training: Program,
    /// The layers of that update.
    pub table: Vec<Entry>,
    /// A step that stores the gradients and updates nothing.
    pub gradients: Program,
    /// What the decoder gives for the images of a step.
    pub reconstructing: Program,
}

impl Programs {
    /// The programs for the model and the batches of `trace`.
    ///
    /// # Errors
    /// As [`step::training`].
    pub fn of(trace: &Trace, tilings: Tilings) -> Result<Programs> {
        let (_, batch, _) = trace.x.dim();
        let net = Network::for_objective(&trace.model, &trace.objective, batch, tilings).with_outputs();
        let net = net.with_clipping(trace.adam.clip);
        let (training, table) = step::training(&net, &trace.objective, Format::F32, Epilogue::Adam)?;
        let (gradients, _) = step::training(&net, &trace.objective, Format::F32, Epilogue::Store)?;
        let reconstructing = step::reconstructing(&net, Format::F32, true)?;
        Ok(Programs { net, training, table, gradients, reconstructing })
    }
}

/// The record of the step `t` of a trace, counted from 1, as the device has it.
pub fn record(fed: &Step<'_>, t: u64) -> Batch {
    Batch { rows: fed.x.nrows() as u32, kl_weight: fed.objective.beta as f32, ..Batch::adam(&fed.adam, t) }
}

/// Replays a trace on a GPU, with the trace's own ε, in the order it was recorded.
///
/// # Errors
/// [`Error::Gpu`](crate::Error::Gpu) where the device refuses.
pub fn replay_gpu(gpu: &Gpu, trace: &Trace) -> Result<Replay> {
    let (steps, batch, _) = trace.x.dim();
    let Programs { net, training, table, gradients, reconstructing } = Programs::of(trace, gpu.tilings())?;

    let mut memory = Memory::default();
    net.upload_params(gpu, &mut memory, &trace.init)?;
    net.create_learning(gpu, &mut memory, &table)?;
    memory.create(gpu, Role::Gradients, net.param_bytes())?;
    memory.create(gpu, Role::Losses, 16)?; // the norm of the gradients
    net.create_step(gpu, &mut memory, 1)?;
    net.create_batch(gpu, &mut memory, Format::F32)?;

    let prepare = |program: &Program| gpu.prepare(program, &memory);
    let (training, gradients, reconstructing) = (prepare(&training)?, prepare(&gradients)?, prepare(&reconstructing)?);
    let batches = Batches::sampled(gpu, 1, net.samples)?;
    let (mut first, mut losses) = (None, Vec::with_capacity(steps));
    for (fed, t) in trace.steps().zip(1..) {
        memory.write(gpu, Role::Images, 0, bytemuck::cast_slice(&packed(&fed.x)))?;
        if let Some(eps) = fed.eps {
            memory.write(gpu, Role::Noise, 0, bytemuck::cast_slice(&eps.iter().copied().collect::<Vec<_>>()))?;
        }
        if let Some(labels) = fed.labels {
            let labels: Vec<u32> = labels.iter().map(|&label| label.into()).collect();
            memory.write(gpu, Role::Labels, 0, bytemuck::cast_slice(&labels))?;
        }
        batches.write(gpu, &[record(&fed, t)]);
        if first.is_none() {
            gpu.submit(&batches, &[Part::Step(&gradients, 0), Part::Step(&reconstructing, 0)], None);
            let activation = |matrix: Matrix| read(gpu, &memory, matrix);
            let gaussian = |matrix: Matrix| net.model.kind.is_variational().then(|| activation(matrix)).transpose();
            let mut decoded = activation(net.outputs.values)?;
            if net.model.variance == Variance::Decoded {
                decoded = concat(&decoded, &activation(net.outputs.log_vars)?);
            }
            let log_weights = match trace.objective.bound.is_weighted() {
                true => {
                    let scores = activation(net.scores)?; // loss and ratio of each sample
                    let weight = |(image, k)| {
                        let row = scores.row(image * net.samples + k);
                        fed.objective.beta * row[1] - row[0]
                    };
                    Some(Array2::from_shape_fn((batch, net.samples), weight))
                }
                false => None,
            };
            let stored = memory.read(gpu, Role::Gradients, 0, net.param_bytes() as usize / 4)?;
            first = Some(FirstStep {
                decoded: Decoded::Outputs(decoded),
                log_weights,
                mu: gaussian(net.middle.mu)?,
                log_var: gaussian(net.middle.log_var)?,
                gradients: trace.clipped(net.unpack(&stored)),
            });
        }
        gpu.submit(&batches, &[Part::Step(&training, 0)], None);
        let partials: Vec<f32> = memory.read(gpu, Role::Partials, 0, net.partials.stride as usize)?;
        let (tiles, behind) = partials.split_at(net.partials.tiles as usize);
        let (row_kl, bounds) = behind.split_at(batch);
        let sum = |values: &[f32]| values.iter().copied().map(f64::from).sum::<f64>();
        let kl = if net.model.kind.is_variational() { sum(row_kl) } else { 0.0 };
        let reconstruction = trace.objective.loss.reduction.scale(batch, trace.model.input) * sum(tiles);
        let loss = match trace.objective.bound.is_weighted() {
            true => sum(bounds),
            false => reconstruction + fed.objective.beta * kl,
        };
        losses.push(Losses { reconstruction, kl, loss });
    }
    let params = net.unpack(&memory.read(gpu, Role::Params, 0, net.param_bytes() as usize / 4)?);
    Ok(Replay { first: first.expect("a trace has steps"), losses, params })
}

/// Rows padded with zeros to a multiple of four.
pub fn packed(x: &ArrayView2<f32>) -> Vec<f32> {
    let mut padded = Array2::zeros((x.nrows(), 4 * vec4s(x.ncols())));
    padded.slice_mut(ndarray::s![.., ..x.ncols()]).assign(x);
    padded.into_raw_vec_and_offset().0
}

fn read(gpu: &Gpu, memory: &Memory, matrix: Matrix) -> Result<Array2<f64>> {
    let (count, columns) = (matrix.rows as usize, matrix.columns as usize);
    let packed = memory.read(gpu, Role::Activations, 4 * matrix.start as usize, 4 * count * vec4s(columns))?;
    let values = rows(&packed, Matrix { start: 0, ..matrix }, count).into_iter().map(f64::from).collect();
    Ok(Array2::from_shape_vec((count, columns), values).expect("rows × columns values"))
}
