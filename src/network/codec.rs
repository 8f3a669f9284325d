//! Inference: encodes images and decodes latents in batches, on either device.

use super::gpu_codec::GpuCodec;
use crate::{
    Error, Result,
    device::Device,
    model::{Model, OUTPUT_LOG_VAR, Param, Rows, class_name},
    oracle::step::Oracle,
};
use ndarray::{Array2, ArrayView2};
use std::sync::Arc;

/// Rows the oracle works on at a time.
const ROWS: usize = 1024;

/// Encoder outputs for a batch of images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoding {
    /// `[count, latent]`; empty where μ reads the encoder's last hidden layer.
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

    fn extend(&mut self, part: Encoding) {
        self.code.extend(part.code);
        self.mu.extend(part.mu);
        self.log_var.extend(part.log_var);
    }
}

/// A model ready to encode and decode.
///
/// ```
/// use wgvae::{device::Device, model::*, network::Codec};
///
/// # fn main() -> wgvae::Result<()> {
/// let model = Model::new(Kind::Vae, 4, [3], 2, 0);
/// let codec = Codec::new(&Device::Oracle, &model, &model.initialise(0))?; // or a run's weights, on a GPU
/// let encoding = codec.encode(&[0.0, 1.0, 1.0, 0.0], None)?; // one image of four pixels
/// let image = codec.decode(encoding.mean(), None)?;
/// assert_eq!((encoding.mu.len(), encoding.log_var.len(), image.len()), (2, 2, 4));
/// # Ok(())
/// # }
/// ```
pub struct Codec {
    pub(super) model: Model,
    /// The learned log σ² of a Gaussian likelihood, `[input]`.
    output_log_var: Vec<f64>,
    /// Names of the classes; empty where they are known by their numbers alone.
    class_names: Vec<String>,
    pub(super) engine: Engine,
}

pub(super) enum Engine {
    Gpu(Box<GpuCodec>),
    Oracle(Box<Oracle>),
}

impl Codec {
    /// Puts a model with its parameters on a device.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the parameters are not the model's, [`Error::OutOfMemory`] where memory is short.
    pub fn new(device: &Device, model: &Model, params: &[Param]) -> Result<Codec> {
        model.validate()?;
        let engine = match device {
            Device::Gpu(gpu) => Engine::Gpu(Box::new(GpuCodec::new(Arc::clone(gpu), model, params)?)),
            Device::Oracle => Engine::Oracle(Box::new(Oracle::new(model, params)?)),
        };
        let output_log_var = params.iter().find(|param| param.name == OUTPUT_LOG_VAR);
        let output_log_var = output_log_var.map(|param| param.values.clone()).unwrap_or_default();
        Ok(Codec { model: model.clone(), output_log_var, class_names: Vec::new(), engine })
    }

    /// The same model, whose classes have these names.
    pub fn named(self, class_names: &[String]) -> Codec {
        Codec { class_names: class_names.to_vec(), ..self }
    }

    /// The name of class `label`; its number where classes have no names.
    pub fn class_name(&self, label: usize) -> String {
        class_name(&self.class_names, label)
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Encodes `x`, `[count, input]`: images, each value in [0, 1], or rows of real values. A CVAE whose encoder sees the label needs `labels`, `[count]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `x` is no whole number of images, or labels are missing, too few, or no class.
    pub fn encode(&self, x: &[f32], labels: Option<&[u8]>) -> Result<Encoding> {
        self.encode_rows(Rows::Floats(x), labels)
    }

    /// Encodes rows as data sets hold them, `[count, input]`: images of one byte per pixel, or real values.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn encode_rows(&self, x: Rows, labels: Option<&[u8]>) -> Result<Encoding> {
        let labels = self.encoder_labels(labels, whole("rows", x.len(), self.model.input)?)?;
        match &self.engine {
            Engine::Gpu(codec) => codec.encode(x, labels),
            Engine::Oracle(network) => encode(network, x, labels),
        }
    }

    /// Decodes latents `z`, `[count, latent]` (an AE's codes), to images `[count, input]` in [0, 1], or to the means of a Gaussian,
    /// which no bounds hold. A CVAE needs `labels`, `[count]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `z` is no whole number of latents, or labels are missing, too few, or no class.
    pub fn decode(&self, z: &[f32], labels: Option<&[u8]>) -> Result<Vec<f32>> {
        self.decoded(z, labels, false)
    }

    /// What the likelihood of an image is computed from, `[count, outputs]`: logits, or the means of a Gaussian and, where the decoder
    /// gives them, log-variances behind them.
    ///
    /// # Errors
    /// As [`Codec::decode`].
    pub fn decode_outputs(&self, z: &[f32], labels: Option<&[u8]>) -> Result<Vec<f32>> {
        self.decoded(z, labels, true)
    }

    /// The learned log σ² of a Gaussian likelihood, `[input]`; empty without one.
    pub fn output_log_var(&self) -> &[f64] {
        &self.output_log_var
    }

    fn decoded(&self, z: &[f32], labels: Option<&[u8]>, outputs: bool) -> Result<Vec<f32>> {
        let latent = self.model.latent;
        let count = whole("latents", z.len(), latent)?;
        let labels = self.labels(labels, count)?;
        let network = match &self.engine {
            Engine::Gpu(codec) => return codec.decode(z, labels, outputs),
            Engine::Oracle(network) => network,
        };
        let mut images = Vec::with_capacity(count * self.model.input);
        for (number, z) in z.chunks(ROWS * latent).enumerate() {
            let labels = labels.map(|labels| &labels[number * ROWS..number * ROWS + z.len() / latent]);
            let z: Vec<f64> = z.iter().copied().map(f64::from).collect();
            let z = view(&z, latent);
            images.extend(floats(&if outputs {
                network.decode_outputs(&z, labels)?
            } else {
                network.decode(&z, labels)?
            }));
        }
        Ok(images)
    }

    /// Encodes images and decodes the mean: `[count, input]` to `[count, input]`.
    ///
    /// # Errors
    /// As [`Codec::encode`] and [`Codec::decode`].
    pub fn reconstruct(&self, x: &[f32], labels: Option<&[u8]>) -> Result<Vec<f32>> {
        self.decode(self.encode(x, labels)?.mean(), labels)
    }

    /// The labels that an encoder reads, checked; none where it reads none.
    fn encoder_labels<'a>(&self, labels: Option<&'a [u8]>, count: usize) -> Result<Option<&'a [u8]>> {
        if self.model.concatenated() == 0 { Ok(None) } else { self.labels(labels, count) }
    }

    /// The labels a CVAE decodes with, checked; none for the other models.
    pub(super) fn labels<'a>(&self, labels: Option<&'a [u8]>, count: usize) -> Result<Option<&'a [u8]>> {
        if !self.model.kind.is_conditional() {
            return Ok(None);
        }
        let labels = labels.ok_or_else(|| Error::invalid("labels", "a CVAE needs labels, and none were given"))?;
        if labels.len() != count {
            return Err(Error::invalid("labels", format!("{} for {count} rows", labels.len())));
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

/// Encodes on the oracle.
fn encode(network: &Oracle, x: Rows, labels: Option<&[u8]>) -> Result<Encoding> {
    let (mut all, input) = (Encoding::default(), network.model().input);
    let count = x.len() / input;
    for first in (0..count).step_by(ROWS) {
        let rows = first..count.min(first + ROWS);
        let labels = labels.map(|labels| &labels[rows.clone()]);
        let x = x.slice(rows.start * input..rows.end * input).doubles();
        let found = network.encode(&view(&x, input), labels)?;
        let (mu, log_var) = found.gaussian.map(|q| (floats(&q.mu), floats(&q.log_var))).unwrap_or_default();
        let code = found.code.map(|code| floats(&code.output)).unwrap_or_default();
        all.extend(Encoding { code, mu, log_var });
    }
    Ok(all)
}

/// Number of rows of `width` values in so many `values`.
fn whole(what: &str, values: usize, width: usize) -> Result<usize> {
    match values % width {
        0 => Ok(values / width),
        _ => Err(Error::invalid(what, format!("{values} values are no whole number of rows of {width}"))),
    }
}

fn floats(values: &Array2<f64>) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn view(values: &[f64], width: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((values.len() / width, width), values).expect("whole rows, as was checked")
}
