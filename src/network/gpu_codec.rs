//! Encoding and decoding on a device: while one batch is under way, the host packs the next and unpacks the one before.

use super::{Encoding, Network, packed, padded, rows, step};
use crate::{
    Result,
    gpu::{Batch, Batches, Format, Gpu, Matrix, Memory, Part, Precision, Prepared, Program, Readback, Role, vec4s},
    kernels::linear::Finish,
    model::{Model, Param, Rows, Variance},
    oracle::reparameterize,
};
use std::{collections::VecDeque, ops::Range, sync::Arc};

/// Rows a batch may have: enough to fill a device, few enough that the activations stay small. A model whose activations of so many
/// rows are larger than a buffer has batches of fewer.
const ROWS: usize = 1024;
/// Batches under way at a time.
const IN_FLIGHT: usize = 3;

const LOG_VAR_MIN: f32 = reparameterize::LOG_VAR_MIN as f32;
const LOG_VAR_MAX: f32 = reparameterize::LOG_VAR_MAX as f32;

/// A model on a device, with a program for each thing it is asked.
pub(super) struct GpuCodec {
    pub(super) gpu: Arc<Gpu>,
    net: Network,
    pub(super) memory: Memory,
    batches: Batches,
    readbacks: Vec<Readback>,
    encoding: Prepared,
    encoding_bytes: Prepared,
    decoding: Prepared,
    decoding_outputs: Prepared,
}

impl GpuCodec {
    pub(super) fn new(gpu: Arc<Gpu>, model: &Model, params: &[Param]) -> Result<GpuCodec> {
        let laid_out = |rows| Network::new(model, rows, gpu.tilings_of(Precision::F32)).with_outputs();
        let mut net = laid_out(ROWS);
        while net.rows > 1 && net.check_size(&gpu).is_err() {
            net = laid_out(net.rows / 2);
        }
        let rows = net.rows;
        let mut memory = Memory::default();
        net.upload_params(&gpu, &mut memory, params)?;
        net.create_inference(&gpu, &mut memory)?;
        net.create_batch(&gpu, &mut memory, Format::F32)?;
        let encoding = |format| {
            let mut program = Program::new(net.tilings);
            step::encoding(&mut program, &net, format, false)?;
            gpu.prepare(&program, &memory)
        };
        let images = if model.variance == Variance::None { Finish::Sigmoid } else { Finish::Identity };
        let outputs = vec4s(model.input) * model.outputs() / model.input;
        let largest = 16 * (rows * (3 * vec4s(model.latent)).max(outputs)) as u64;
        Ok(GpuCodec {
            encoding: encoding(Format::F32)?,
            encoding_bytes: encoding(Format::U8)?,
            decoding: gpu.prepare(&step::decoding(&net, images)?, &memory)?,
            decoding_outputs: gpu.prepare(&step::decoding(&net, Finish::Identity)?, &memory)?,
            batches: Batches::new(&gpu, 1)?,
            readbacks: (0..IN_FLIGHT).map(|_| Readback::new(&gpu, largest)).collect::<Result<_>>()?,
            gpu,
            net,
            memory,
        })
    }

    /// Encodes `[count, input]`, with checked labels, `[count]`, where the encoder reads them.
    pub(super) fn encode(&self, x: Rows, labels: Option<&[u8]>) -> Result<Encoding> {
        let (input, middle) = (self.net.model.input, &self.net.middle);
        let program = match Format::of(x) {
            Format::U8 => &self.encoding_bytes,
            Format::F32 => &self.encoding,
        };
        // Code, μ and log σ² lie one behind the other: one copy brings all.
        let last = if self.net.parts().variational { middle.log_var } else { middle.code.output };
        let span =
            |rows: usize| 4 * ((last.start - middle.code.output.start) as usize + rows * vec4s(last.columns as usize));
        let relative = |matrix: Matrix| Matrix { start: matrix.start - middle.code.output.start, ..matrix };
        let mut all = Encoding::default();
        self.each_batch(
            program,
            x.len() / input,
            |rows| (middle.code.output, span(rows)),
            |range| {
                let part = x.slice(range.start * input..range.end * input);
                self.memory.write(&self.gpu, Role::Images, 0, &packed(part, input))?;
                self.write_labels(labels, range)
            },
            |range, packed| {
                let part = |matrix| rows(packed, relative(matrix), range.len());
                if self.net.model.has_code() {
                    all.code.extend(part(middle.code.output));
                }
                if self.net.parts().variational {
                    all.mu.extend(part(middle.mu));
                    // The device keeps log σ² as the layer gives it; every use of it is of the bounded one.
                    all.log_var.extend(part(middle.log_var).into_iter().map(|v| v.clamp(LOG_VAR_MIN, LOG_VAR_MAX)));
                }
            },
        )?;
        Ok(all)
    }

    /// Decodes latents `[count, latent]` with checked labels, `[count]` where the model has them: to images, or with
    /// `outputs` to what the decoder gives.
    pub(super) fn decode(&self, z: &[f32], labels: Option<&[u8]>, outputs: bool) -> Result<Vec<f32>> {
        let (latent, to) = (self.net.model.latent, self.net.outputs.values);
        let program = if outputs { &self.decoding_outputs } else { &self.decoding };
        let behind = (outputs && self.net.model.variance == Variance::Decoded).then_some(self.net.outputs.log_vars);
        let count = z.len() / latent;
        let mut images = Vec::with_capacity(count * self.net.model.input);
        let row = 4 * vec4s(to.columns as usize);
        let before = behind.map_or(0, |behind| 4 * (behind.start - to.start) as usize);
        self.each_batch(
            program,
            count,
            |rows| (to, before + rows * row),
            |range| {
                let packed = padded(&z[range.start * latent..range.end * latent], latent);
                let offset = 16 * step::decoder_input(&self.net).start as u64;
                self.memory.write(&self.gpu, Role::Activations, offset, bytemuck::cast_slice(&packed))?;
                self.write_labels(labels, range)
            },
            |range, packed| match (behind, to.columns % 4) {
                (None, 0) => images.extend_from_slice(packed),
                (None, _) => images.extend(rows(packed, Matrix { start: 0, ..to }, range.len())),
                (Some(_), _) => {
                    let part = |start: usize| rows(&packed[start..], Matrix { start: 0, ..to }, range.len());
                    let (means, log_vars) = (part(0), part(before));
                    let pairs = means.chunks(to.columns as usize).zip(log_vars.chunks(to.columns as usize));
                    images.extend(pairs.flat_map(|(means, log_vars)| [means, log_vars].concat()));
                }
            },
        )?;
        Ok(images)
    }

    /// Puts the labels of a batch on the device, where there are labels.
    fn write_labels(&self, labels: Option<&[u8]>, range: Range<usize>) -> Result<()> {
        let Some(labels) = labels else { return Ok(()) };
        let labels: Vec<u32> = labels[range].iter().map(|&label| label.into()).collect();
        self.memory.write(&self.gpu, Role::Labels, 0, bytemuck::cast_slice(&labels))
    }

    /// Runs `program` over `count` rows, batch after batch: `fill` puts a range of rows on the device, `region` says
    /// which activations hold its results (their start, and how many values for so many rows), `take` gets them.
    fn each_batch(
        &self,
        program: &Prepared,
        count: usize,
        region: impl Fn(usize) -> (Matrix, usize),
        fill: impl Fn(Range<usize>) -> Result<()>,
        mut take: impl FnMut(Range<usize>, &[f32]),
    ) -> Result<()> {
        let mut under_way = VecDeque::new();
        let ranges = (0..count).step_by(self.net.rows).map(|first| first..count.min(first + self.net.rows));
        let mut waiting = ranges.zip(self.readbacks.iter().cycle());
        loop {
            if under_way.len() < IN_FLIGHT
                && let Some((range, readback)) = waiting.next()
            {
                fill(range.clone())?;
                let (from, values) = region(range.len());
                self.batches.write(&self.gpu, &[Batch { rows: range.len() as u32, ..Batch::default() }]);
                let bytes = 4 * values as u64;
                let back = (readback, &self.memory, Role::Activations, 16 * from.start as u64, bytes);
                under_way.push_back((
                    self.gpu.submit(&self.batches, &[Part::Step(program, 0)], Some(back)),
                    range,
                    readback,
                    bytes,
                ));
                continue;
            }
            let Some((submission, range, readback, bytes)) = under_way.pop_front() else { return Ok(()) };
            self.gpu.wait_for(submission, "encoding and decoding")?;
            readback.with(bytes, |bytes| take(range, bytemuck::cast_slice(bytes)))?;
        }
    }
}
