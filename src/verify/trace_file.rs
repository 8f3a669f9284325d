//! The file of a training trace, format `training-trace-1`: safetensors with the run's settings as metadata strings.

use super::trace::{Expected, FirstStep, Trace};
use crate::model::{Activation, Adam, Model, Objective, Param};
use crate::{Error, Result};
use ndarray::{Array, Array2, Dimension, IntoDimension};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;

const FORMAT: &str = "training-trace-1";

impl Trace {
    /// Reads and validates a trace; an error says what is wrong with the file.
    pub fn load(path: &Path) -> Result<Trace> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let header = SafeTensors::read_metadata(&bytes);
        let (_, header) = header.map_err(|e| Error::malformed(path, format!("not a safetensors file: {e}")))?;
        let tensors = SafeTensors::deserialize(&bytes);
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
        let format = self.setting("format")?;
        if format != FORMAT {
            return Err(self.problem(format!("metadata: format is {format:?}, this program reads {FORMAT:?}")));
        }
        let model = Model {
            kind: self.variant("model")?,
            input: self.number("input")?,
            hidden: self.list("hidden")?,
            latent: self.number("latent")?,
            classes: self.number("classes")?,
            activation: Activation::Relu, // the format knows no other
        };
        model.validate().map_err(|e| self.problem(format!("metadata: {e}")))?;
        let objective = Objective { loss: self.variant("loss")?, beta: self.number("beta")? };
        let adam = Adam {
            lr: self.number("lr")?,
            beta1: self.number("beta1")?,
            beta2: self.number("beta2")?,
            epsilon: self.number("epsilon")?,
            ..Adam::default()
        };
        let (steps, batch): (usize, usize) = (self.number("steps")?, self.number("batch")?);
        if steps == 0 || batch == 0 {
            return Err(self.problem(format!("metadata: {steps} steps of batch {batch}; both must be at least 1")));
        }
        self.reject_strangers(&model)?;

        let gaussian = model.kind.is_variational();
        let latents = |name: &str| -> Result<Option<Array2<f64>>> {
            gaussian.then(|| self.f64s(name, (batch, model.latent))).transpose()
        };
        let eps = gaussian.then(|| self.f32s("eps", (steps, batch, model.latent))).transpose()?;
        let labels = model.kind.is_conditional().then(|| self.labels((steps, batch), model.classes)).transpose()?;
        Ok(Trace {
            path: self.path.to_path_buf(),
            init: self.params("init", &model, |name, shape| {
                Ok(self.f32s(name, shape)?.into_iter().map(f64::from).collect())
            })?,
            x: self.pixels((steps, batch, model.input))?,
            eps,
            labels,
            expected: Expected {
                loss: self.f64s("loss", steps)?,
                reconstruction_loss: self.f64s("reconstruction_loss", steps)?,
                kl: self.f64s("kl", steps)?,
                first: FirstStep {
                    reconstruction: self.f64s("first.reconstruction", (batch, model.input))?,
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
        let layers = model.layers();
        for name in self.tensors.names() {
            let Some((group @ ("init" | "grad" | "final"), param)) = name.split_once('.') else { continue };
            let known = layers.iter().any(|layer| {
                param.strip_prefix(layer.name.as_str()).is_some_and(|rest| rest == ".weight" || rest == ".bias")
            });
            if !known {
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
        let tensors = model.layers().into_iter().flat_map(|layer| {
            [
                (format!("{}.weight", layer.name), vec![layer.out, layer.inp]),
                (format!("{}.bias", layer.name), vec![layer.out]),
            ]
        });
        tensors
            .map(|(name, shape)| {
                let values = read(&format!("{group}.{name}"), ndarray::IxDyn(&shape))?;
                Ok(Param { name, shape, values })
            })
            .collect()
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
