//! The file of a training trace, format `training-trace-1` or `-2`: safetensors with the run's settings as metadata strings.

use super::trace::{Decoded, Expected, FirstStep, Trace};
use crate::model::{Adam, Likelihood, Loss, Model, Objective, Param, Reduction, Variance};
use crate::{Error, Result};
use ndarray::{Array, Array1, Array2, Array3, Dimension, IntoDimension};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;

const FIRST_FORMAT: &str = "training-trace-1";
/// What the article has not: activations, conditions, likelihoods, objectives, schedules.
const SECOND_FORMAT: &str = "training-trace-2";

impl Trace {
    /// Reads and validates a trace; an error says what is wrong with the file.
    pub fn load(path: &Path) -> Result<Trace> {
        Trace::parse(path, &std::fs::read(path).map_err(Error::io("read", path))?)
    }

    /// As [`Trace::load`], of a file's content; errors call it `path`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Trace> {
        let header = SafeTensors::read_metadata(bytes);
        let (_, header) = header.map_err(|e| Error::malformed(path, format!("not a safetensors file: {e}")))?;
        let tensors = SafeTensors::deserialize(bytes);
        let tensors = tensors.map_err(|e| Error::malformed(path, format!("not a safetensors file: {e}")))?;
        File { path, settings: header.metadata().clone().unwrap_or_default(), tensors }.trace()
    }
}

struct File<'a> {
    path: &'a Path,
    settings: HashMap<String, String>,
    tensors: SafeTensors<'a>,
}

impl File<'_> {
    fn trace(&self) -> Result<Trace> {
        let second = match self.setting("format")? {
            FIRST_FORMAT => false,
            SECOND_FORMAT => true,
            format => {
                let problem = format!(
                    "metadata: format is {format:?}, this program reads {FIRST_FORMAT:?} and {SECOND_FORMAT:?}"
                );
                return Err(self.problem(problem));
            }
        };
        let (input, hidden): (usize, Vec<usize>) = (self.number("input")?, self.list("hidden")?);
        let mut model =
            Model::new(self.variant("model")?, input, hidden, self.number("latent")?, self.number("classes")?);
        let mut adam = Adam {
            lr: self.number("lr")?,
            beta1: self.number("beta1")?,
            beta2: self.number("beta2")?,
            epsilon: self.number("epsilon")?,
            ..Adam::default()
        };
        let mut objective = Objective::elbo(Loss::BCE_SUM, self.number("beta")?);
        if second {
            objective.loss = self.likelihood()?;
            adam.weight_decay = self.number("weight_decay")?;
            adam.clip = Some(self.number("clip")?).filter(|&most| most > 0.0);
            (objective.bound, objective.samples) = (self.variant("objective")?, self.number("samples")?);
            (model.activation, model.bottleneck) = (self.variant("activation")?, self.variant("bottleneck")?);
            (model.condition, model.variance) = (self.variant("condition")?, objective.loss.likelihood.variance());
        } else {
            objective.loss = self.variant("loss")?;
        }
        model.validate().map_err(|e| self.problem(format!("metadata: {e}")))?;
        let (steps, batch): (usize, usize) = (self.number("steps")?, self.number("batch")?);
        if steps == 0 || batch == 0 || objective.samples == 0 {
            let problem =
                format!("{steps} steps of batch {batch}, {} samples; each must be at least 1", objective.samples);
            return Err(self.problem(format!("metadata: {problem}")));
        }
        self.reject_strangers(&model)?;

        let (gaussian, samples) = (model.kind.is_variational(), objective.samples);
        let latents = |name: &str| -> Result<Option<Array2<f64>>> {
            gaussian.then(|| self.f64s(name, (batch, model.latent))).transpose()
        };
        let eps = match (gaussian, second) {
            (false, _) => None,
            (true, false) => Some(self.f32s("eps", (steps, batch, model.latent))?),
            (true, true) => {
                let eps = self.f32s("eps", (steps, samples, batch, model.latent))?;
                Some(Array3::from_shape_fn((steps, batch * samples, model.latent), |(step, row, j)| {
                    eps[[step, row % samples, row / samples, j]]
                }))
            }
        };
        let labels = model.kind.is_conditional().then(|| self.labels((steps, batch), model.classes)).transpose()?;
        let decoded = match second {
            false => Decoded::Reconstruction(self.f64s("first.reconstruction", (batch, model.input))?),
            true => {
                let outputs = self.f64s("first.decoder_output", (samples, batch, model.outputs()))?;
                Decoded::Outputs(Array2::from_shape_fn((batch * samples, model.outputs()), |(row, j)| {
                    outputs[[row % samples, row / samples, j]]
                }))
            }
        };
        let log_weights = match objective.bound.is_weighted() {
            true => Some(self.f64s("first.log_weights", (samples, batch))?.t().as_standard_layout().into_owned()),
            false => None,
        };
        Ok(Trace {
            path: self.path.to_path_buf(),
            init: self.params("init", &model, |name, shape| {
                Ok(self.f32s(name, shape)?.into_iter().map(f64::from).collect())
            })?,
            x: match model.variance {
                Variance::None => self.pixels((steps, batch, model.input))?,
                Variance::Learned | Variance::Decoded => self.f32s("x", (steps, batch, model.input))?,
            },
            eps,
            labels,
            lr: if second { self.f64s("lr", steps)? } else { Array1::from_elem(steps, adam.lr) },
            beta: if second { self.f64s("beta", steps)? } else { Array1::from_elem(steps, objective.beta) },
            expected: Expected {
                loss: self.f64s("loss", steps)?,
                reconstruction_loss: self.f64s("reconstruction_loss", steps)?,
                kl: self.f64s("kl", steps)?,
                first: FirstStep {
                    decoded,
                    log_weights,
                    mu: latents("first.mu")?,
                    log_var: latents("first.log_var")?,
                    gradients: self.params("grad", &model, |name, shape| {
                        Ok(self.f64s(name, shape)?.into_raw_vec_and_offset().0)
                    })?,
                },
                params: self
                    .params("final", &model, |name, shape| Ok(self.f64s(name, shape)?.into_raw_vec_and_offset().0))?,
            },
            model,
            objective,
            adam,
        })
    }

    /// The loss of the second format's `likelihood`.
    fn likelihood(&self) -> Result<Loss> {
        let (likelihood, reduction) = match self.setting("likelihood")? {
            "mean_squared_error" => (Likelihood::SquaredError, Reduction::Mean),
            "squared_error" => (Likelihood::SquaredError, Reduction::Sum),
            "bernoulli" => (Likelihood::Bernoulli, Reduction::Sum),
            "gaussian" => (Likelihood::Gaussian, Reduction::Sum),
            "gaussian_heteroscedastic" => (Likelihood::GaussianHeteroscedastic, Reduction::Sum),
            other => return Err(self.problem(format!("metadata: likelihood is {other:?}, which this program lacks"))),
        };
        Ok(Loss { likelihood, reduction })
    }

    fn problem(&self, problem: impl Into<String>) -> Error {
        Error::malformed(self.path, problem)
    }

    fn setting(&self, key: &str) -> Result<&str> {
        let value = self.settings.get(key).ok_or_else(|| self.problem(format!("metadata: no {key:?}")))?;
        Ok(value)
    }

    fn number<T: FromStr<Err: std::fmt::Display>>(&self, key: &str) -> Result<T> {
        self.parsed(key, self.setting(key)?)
    }

    fn list(&self, key: &str) -> Result<Vec<usize>> {
        self.setting(key)?.split(',').map(|width| self.parsed(key, width.trim())).collect()
    }

    fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, key: &str, text: &str) -> Result<T> {
        text.parse().map_err(|e| self.problem(format!("metadata: {key} is {text:?}: {e}")))
    }

    fn variant<'de, T: Deserialize<'de>>(&self, key: &str) -> Result<T> {
        let value = self.setting(key)?.to_owned().into_deserializer();
        T::deserialize(value).map_err(|e: serde::de::value::Error| self.problem(format!("metadata: {key}: {e}")))
    }

    /// A tensor named after a parameter the model does not have means that file and model disagree.
    fn reject_strangers(&self, model: &Model) -> Result<()> {
        let known = model.shapes();
        for name in self.tensors.names() {
            let Some((group @ ("init" | "grad" | "final"), param)) = name.split_once('.') else { continue };
            if !known.iter().any(|known| known.name == param) {
                let problem =
                    format!("tensor {name}: the model of the metadata has no {param} to hold a {group} value");
                return Err(self.problem(problem));
            }
        }
        Ok(())
    }

    fn params(
        &self,
        group: &str,
        model: &Model,
        read: impl Fn(&str, ndarray::IxDyn) -> Result<Vec<f64>>,
    ) -> Result<Vec<Param>> {
        let values = |param: Param| {
            let values = read(&format!("{group}.{}", param.name), ndarray::IxDyn(&param.shape))?;
            Ok(Param { values, ..param })
        };
        model.shapes().into_iter().map(values).collect()
    }

    fn f64s<D: IntoDimension>(&self, name: &str, shape: D) -> Result<Array<f64, D::Dim>> {
        let values = self.tensor(name, Dtype::F64, shape, f64::from_le_bytes)?;
        self.finite(name, values.iter().copied())?;
        Ok(values)
    }

    fn f32s<D: IntoDimension>(&self, name: &str, shape: D) -> Result<Array<f32, D::Dim>> {
        let values = self.tensor(name, Dtype::F32, shape, f32::from_le_bytes)?;
        self.finite(name, values.iter().copied().map(f64::from))?;
        Ok(values)
    }

    fn pixels<D: IntoDimension>(&self, shape: D) -> Result<Array<f32, D::Dim>> {
        let x = self.f32s("x", shape)?;
        match x.iter().enumerate().find(|(_, x)| !(0.0..=1.0).contains(*x)) {
            Some((i, x)) => Err(self.problem(format!("tensor x: value {i} is {x}, outside [0, 1]"))),
            None => Ok(x),
        }
    }

    fn labels(&self, shape: (usize, usize), classes: usize) -> Result<Array2<u8>> {
        let labels = self.tensor("label", Dtype::I32, shape, i32::from_le_bytes)?;
        let narrow = labels.iter().enumerate().map(|(i, &label)| match u8::try_from(label) {
            Ok(narrow) if (narrow as usize) < classes => Ok(narrow),
            _ => Err(self.problem(format!("tensor label: value {i} is {label}, not in 0 … {}", classes - 1))),
        });
        let narrow = narrow.collect::<Result<Vec<u8>>>()?;
        Ok(Array2::from_shape_vec(shape, narrow).expect("as many labels as before"))
    }

    fn finite(&self, name: &str, values: impl Iterator<Item = f64>) -> Result<()> {
        match values.enumerate().find(|(_, value)| !value.is_finite()) {
            Some((i, value)) => Err(self.problem(format!("tensor {name}: value {i} is {value}"))),
            None => Ok(()),
        }
    }

    fn tensor<T, const N: usize, D: IntoDimension>(
        &self,
        name: &str,
        dtype: Dtype,
        shape: D,
        decode: fn([u8; N]) -> T,
    ) -> Result<Array<T, D::Dim>> {
        let shape = shape.into_dimension();
        let tensor = self.tensors.tensor(name).map_err(|_| self.problem(format!("no tensor {name}")))?;
        if tensor.dtype() != dtype || tensor.shape() != shape.slice() {
            let (found, expected) = ((tensor.dtype(), tensor.shape()), (dtype, shape.slice()));
            let problem =
                format!("tensor {name} is {:?} {:?}, expected {:?} {:?}", found.0, found.1, expected.0, expected.1);
            return Err(self.problem(problem));
        }
        let values = tensor.data().chunks_exact(N).map(|bytes| decode(bytes.try_into().expect("chunks of N bytes")));
        Ok(Array::from_shape_vec(shape, values.collect()).expect("safetensors checked the length"))
    }
}
