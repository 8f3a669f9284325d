//! A trained model at work: images to latents, latents to images, in batches on the device.

use super::{Model, Network, Param, rows, step};
use crate::{
    Error, Result,
    device::Device,
    gpu::{Batch, Batches, Gpu, Matrix, Memory, Part, Prepared, Program, Role, vec4s},
    kernels::Format,
    oracle::step::Network as Oracle,
};
use ndarray::ArrayView2;
use std::sync::Arc;

/// Rows a batch may have: enough to fill a device, few enough that the activations stay small.
const ROWS: usize = 1024;

/// What the encoder says of images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoding {
    /// `[count, latent]`
    pub code: Vec<f32>,
    /// `[count, latent]`; empty for an AE.
    pub mu: Vec<f32>,
    /// log σ², `[count, latent]`; empty for an AE.
    pub log_var: Vec<f32>,
}

impl Encoding {
    /// What is decoded to reconstruct without noise, `[count, latent]`: μ, or an AE's code.
    pub fn mean(&self) -> &[f32] {
        if self.mu.is_empty() { &self.code } else { &self.mu }
    }
}

/// A model ready to encode and decode.
pub struct Codec {
    model: Model,
    engine: Engine,
}

enum Engine {
    Gpu(Box<GpuCodec>),
    Oracle(Box<Oracle>),
}

struct GpuCodec {
    gpu: Arc<Gpu>,
    net: Network,
    memory: Memory,
    batches: Batches,
    encoding: Prepared,
    decoding: Prepared,
}

impl Codec {
    /// Puts a model with its parameters on a device.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the parameters are not the model's, [`Error::Gpu`] where memory is short.
    pub fn new(device: &Device, model: &Model, params: &[Param]) -> Result<Codec> {
        model.validate()?;
        let engine = match device {
            Device::Gpu(gpu) => Engine::Gpu(Box::new(GpuCodec::new(Arc::clone(gpu), model, params)?)),
            Device::Oracle => Engine::Oracle(Box::new(Oracle::new(model, params)?)),
        };
        Ok(Codec { model: model.clone(), engine })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Encodes images `x`, `[count, input]`, each value in [0, 1].
    ///
    /// # Errors
    /// [`Error::Invalid`] where `x` is no whole number of images.
    pub fn encode(&self, x: &[f32]) -> Result<Encoding> {
        let mut all = Encoding::default();
        whole("images", x, self.model.input)?;
        for x in x.chunks(ROWS * self.model.input) {
            let part = match &self.engine {
                Engine::Gpu(codec) => codec.encode(x)?,
                Engine::Oracle(network) => {
                    let x = doubles(x);
                    let found = network.encode(&view(&x, self.model.input))?;
                    let (mu, log_var) = found.gaussian.map(|q| (floats(&q.mu), floats(&q.log_var))).unwrap_or_default();
                    Encoding { code: floats(&found.code), mu, log_var }
                }
            };
            all.code.extend(part.code);
            all.mu.extend(part.mu);
            all.log_var.extend(part.log_var);
        }
        Ok(all)
    }

    /// Decodes latents `z`, `[count, latent]` (an AE's codes), to images `[count, input]`. A CVAE needs `labels`, `[count]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `z` is no whole number of latents, or labels are missing, too few, or no class.
    pub fn decode(&self, z: &[f32], labels: Option<&[u8]>) -> Result<Vec<f32>> {
        let latent = self.model.latent;
        let count = whole("latents", z, latent)?;
        let labels = self.labels(labels, count)?;
        let mut images = Vec::with_capacity(count * self.model.input);
        for (number, z) in z.chunks(ROWS * latent).enumerate() {
            let labels = labels.map(|labels| &labels[number * ROWS..number * ROWS + z.len() / latent]);
            match &self.engine {
                Engine::Gpu(codec) => images.extend(codec.decode(z, labels)?),
                Engine::Oracle(network) => images.extend(floats(&network.decode(&view(&doubles(z), latent), labels)?)),
            }
        }
        Ok(images)
    }

    /// Encodes images and decodes the mean: `[count, input]` to `[count, input]`.
    ///
    /// # Errors
    /// As [`Codec::encode`] and [`Codec::decode`].
    pub fn reconstruct(&self, x: &[f32], labels: Option<&[u8]>) -> Result<Vec<f32>> {
        self.decode(self.encode(x)?.mean(), labels)
    }

    /// The labels a CVAE decodes with, checked; none for the other models.
    fn labels<'a>(&self, labels: Option<&'a [u8]>, count: usize) -> Result<Option<&'a [u8]>> {
        if self.model.kind != super::Kind::Cvae {
            return Ok(None);
        }
        let labels =
            labels.ok_or_else(|| Error::invalid("labels", "a CVAE decodes with labels, and none were given"))?;
        if labels.len() != count {
            return Err(Error::invalid("labels", format!("{} for {count} latents", labels.len())));
        }
        match labels.iter().find(|&&label| label as usize >= self.model.classes) {
            Some(label) => {
                let classes = self.model.classes;
                Err(Error::invalid("label", format!("{label} is none of the {classes} classes 0 to {}", classes - 1)))
            }
            None => Ok(Some(labels)),
        }
    }
}

impl GpuCodec {
    fn new(gpu: Arc<Gpu>, model: &Model, params: &[Param]) -> Result<GpuCodec> {
        let net = Network::new(model, ROWS).with_reconstruction();
        let mut memory = Memory::default();
        memory.upload(&gpu, Role::Params, bytemuck::cast_slice(&net.pack(params)?))?;
        memory.create(&gpu, Role::Activations, net.activation_bytes())?;
        memory.create(&gpu, Role::Images, 16 * (ROWS * vec4s(model.input)) as u64)?;
        let straight: Vec<u32> = (0..ROWS as u32).collect();
        memory.upload(&gpu, Role::Order, bytemuck::cast_slice(&straight))?;
        memory.create(&gpu, Role::Labels, 4 * ROWS as u64)?;
        memory.create(&gpu, Role::Noise, 4)?;
        memory.create(&gpu, Role::Partials, 4 * net.partials.stride as u64)?;
        let mut encoding = Program::default();
        step::forward(&mut encoding, &net, Format::F32, false)?;
        Ok(GpuCodec {
            encoding: gpu.prepare(&encoding, &memory)?,
            decoding: gpu.prepare(&step::decoding(&net)?, &memory)?,
            batches: Batches::new(&gpu, 1),
            gpu,
            net,
            memory,
        })
    }

    fn encode(&self, x: &[f32]) -> Result<Encoding> {
        let count = x.len() / self.net.model.input;
        self.memory.write(&self.gpu, Role::Images, 0, bytemuck::cast_slice(&padded(x, self.net.model.input)))?;
        self.run(&self.encoding, count);
        let middle = &self.net.middle;
        let code = self.read(middle.code, count)?;
        let gaussian = self.net.parts().variational;
        let (mu, log_var) = match gaussian {
            true => (self.read(middle.mu, count)?, self.read(middle.log_var, count)?),
            false => Default::default(),
        };
        Ok(Encoding { code, mu, log_var })
    }

    fn decode(&self, z: &[f32], labels: Option<&[u8]>) -> Result<Vec<f32>> {
        let count = z.len() / self.net.model.latent;
        let input = step::decoder_input(&self.net);
        let z = padded(z, self.net.model.latent);
        self.memory.write(&self.gpu, Role::Activations, 16 * input.start as u64, bytemuck::cast_slice(&z))?;
        if let Some(labels) = labels {
            let labels: Vec<u32> = labels.iter().map(|&label| label.into()).collect();
            self.memory.write(&self.gpu, Role::Labels, 0, bytemuck::cast_slice(&labels))?;
        }
        self.run(&self.decoding, count);
        self.read(self.net.reconstruction, count)
    }

    fn run(&self, program: &Prepared, count: usize) {
        self.batches.write(&self.gpu, &[Batch { rows: count as u32, ..Batch::default() }]);
        self.gpu.submit(&self.batches, &[Part::Step(program, 0)], None);
    }

    /// The first `count` rows of an activation matrix.
    fn read(&self, matrix: Matrix, count: usize) -> Result<Vec<f32>> {
        let width = 4 * vec4s(matrix.columns as usize);
        let packed = self.memory.read(&self.gpu, Role::Activations, 4 * matrix.start as usize, count * width)?;
        Ok(rows(&packed, Matrix { start: 0, ..matrix }, count))
    }
}

/// Number of rows of `width` values in `values`.
fn whole(what: &str, values: &[f32], width: usize) -> Result<usize> {
    match values.len() % width {
        0 => Ok(values.len() / width),
        _ => Err(Error::invalid(what, format!("{} values are no whole number of rows of {width}", values.len()))),
    }
}

/// Rows of `width` values, each padded with zeros to a multiple of four.
fn padded(values: &[f32], width: usize) -> Vec<f32> {
    let space = 4 * vec4s(width);
    values.chunks(width).flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, space - width))).collect()
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

fn floats(values: &ndarray::Array2<f64>) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn view(values: &[f64], width: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((values.len() / width, width), values).expect("whole rows, as was checked")
}
