//! Weights and whole training states as safetensors files.

use super::State;
use crate::{
    Error, Result,
    files::write_atomically,
    model::{Model, Param},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, path::Path};

const FIRST: &str = "adam.first_moment.";
const SECOND: &str = "adam.second_moment.";
const POSITION: &str = "wgvae.position";

/// How far a run is.
#[derive(Serialize, Deserialize)]
struct Position {
    step: u64,
    epoch: u64,
    seed: u64,
}

/// Writes weights alone, float32, by PyTorch's names and in its shapes.
///
/// # Errors
/// [`Error::Io`] naming the path.
pub fn save_weights(path: &Path, params: &[Param]) -> Result<()> {
    let tensors = params.iter().map(|param| (param.name.clone(), param)).collect();
    save(path, tensors, false, HashMap::from([("format".into(), "pt".into())]))
}

/// Reads the weights of `model`, float32 or float64.
///
/// # Errors
/// [`Error::Malformed`] naming every tensor that is missing, has another shape or type, is not finite, or is not the model's.
pub fn load_weights(path: &Path, model: &Model) -> Result<Vec<Param>> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let file = parse(path, &bytes)?;
    let names: Vec<String> = model.shapes().into_iter().map(|param| param.name).collect();
    let mut problems: Vec<String> = file
        .names()
        .into_iter()
        .filter(|name| !names.iter().any(|known| known == name))
        .map(|name| format!("{name} is not a tensor of this model"))
        .collect();
    problems.sort();
    let (params, missing) = read(&file, model, "");
    problems.extend(missing);
    finish(path, params, problems)
}

/// Writes all that a run needs to go on.
///
/// # Errors
/// [`Error::Io`] naming the path.
pub fn save_state(path: &Path, state: &State, epoch: u64, seed: u64) -> Result<()> {
    let all = [("", &state.params), (FIRST, &state.first_moment), (SECOND, &state.second_moment)];
    let tensors = all
        .into_iter()
        .flat_map(|(prefix, params)| params.iter().map(move |param| (format!("{prefix}{}", param.name), param)))
        .collect();
    // One key, because a map of several would be written in any order and make other bytes each time.
    let position = serde_json::to_string(&Position { step: state.step, epoch, seed }).expect("three numbers");
    save(path, tensors, state.double, HashMap::from([(POSITION.into(), position)]))
}

/// Reads a state of `model` and the epochs that were finished.
///
/// # Errors
/// [`Error::Malformed`] naming what is missing or wrong.
pub fn load_state(path: &Path, model: &Model, seed: u64) -> Result<(State, u64)> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let file = parse(path, &bytes)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| Error::malformed(path, error.to_string()))?;
    let text = header.metadata().as_ref().and_then(|metadata| metadata.get(POSITION));
    let position: Position = text
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| Error::malformed(path, "is no checkpoint: its metadata do not say how far the run was"))?;
    if position.seed != seed {
        return Err(Error::malformed(path, format!("is of seed {}, config.json of seed {seed}", position.seed)));
    }
    let double = file.tensors().first().is_some_and(|(_, tensor)| tensor.dtype() == Dtype::F64);
    let [(params, a), (first_moment, b), (second_moment, c)] =
        ["", FIRST, SECOND].map(|prefix| read(&file, model, prefix));
    let state = State { double, step: position.step, params, first_moment, second_moment };
    finish(path, (state, position.epoch), [a, b, c].concat())
}

fn save(path: &Path, tensors: Vec<(String, &Param)>, double: bool, metadata: HashMap<String, String>) -> Result<()> {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, param)| match double {
            true => param.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            false => param.values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect(),
        })
        .collect();
    let dtype = if double { Dtype::F64 } else { Dtype::F32 };
    let views: Vec<_> = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, param), bytes)| {
            (name, TensorView::new(dtype, param.shape.clone(), bytes).expect("as many bytes as the shape asks for"))
        })
        .collect();
    let whole =
        safetensors::serialize(views, Some(metadata)).map_err(|error| Error::malformed(path, error.to_string()))?;
    write_atomically(path, &whole)
}

fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>> {
    SafeTensors::deserialize(bytes)
        .map_err(|error| Error::malformed(path, format!("is no whole safetensors file: {error}")))
}

/// The tensors of `model` behind `prefix`, and what is wrong with them.
fn read(file: &SafeTensors, model: &Model, prefix: &str) -> (Vec<Param>, Vec<String>) {
    let (mut params, mut problems) = (Vec::new(), Vec::new());
    for mut param in model.shapes() {
        let name = format!("{prefix}{}", param.name);
        match file.tensor(&name) {
            Err(_) => problems.push(format!("{name} is missing")),
            Ok(tensor) if tensor.shape() != param.shape => {
                problems.push(format!("{name} is {:?}, expected {:?}", tensor.shape(), param.shape));
            }
            Ok(tensor) => match values(&tensor) {
                None => problems.push(format!("{name} is {:?}, expected F32 or F64", tensor.dtype())),
                Some(values) if values.iter().any(|value| !value.is_finite()) => {
                    problems.push(format!("{name} has a value that is not finite"));
                }
                Some(values) => param.values = values,
            },
        }
        params.push(param);
    }
    (params, problems)
}

fn values(tensor: &TensorView) -> Option<Vec<f64>> {
    let bytes = tensor.data();
    match tensor.dtype() {
        Dtype::F32 => Some(bytes.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word) as f64).collect()),
        Dtype::F64 => Some(bytes.as_chunks().0.iter().map(|&word| f64::from_le_bytes(word)).collect()),
        _ => None,
    }
}

fn finish<T>(path: &Path, found: T, problems: Vec<String>) -> Result<T> {
    match problems.is_empty() {
        true => Ok(found),
        false => Err(Error::malformed(path, problems.join("; "))),
    }
}
