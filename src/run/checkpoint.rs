//! Weights and whole training states as safetensors files, each with a checksum of its tensors in the metadata.

use super::{Begun, Place, State};
use crate::{
    Error, Result,
    files::write_atomically,
    model::{Model, Param},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, path::Path};

const FIRST: &str = "adam.first_moment.";
const SECOND: &str = "adam.second_moment.";
const POSITION: &str = "wgvae.position";
/// SHA-256 in hex of every tensor's name, shape and bytes.
const CHECKSUM: &str = "wgvae.sha256";

/// The entry under [`POSITION`].
#[derive(Serialize, Deserialize)]
struct Position {
    step: u64,
    epoch: u64,
    seed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begun: Option<Begun>,
}

/// Writes weights alone, float32, by PyTorch's names and in its shapes.
///
/// # Errors
/// [`Error::Io`] naming the path.
pub fn save_weights(path: &Path, params: &[Param]) -> Result<()> {
    let tensors = params.iter().map(|param| (param.name.clone(), param)).collect();
    save(path, tensors, false, ("format".into(), "pt".into()))
}

/// Reads the weights of `model`, float32 or float64.
///
/// # Errors
/// [`Error::Malformed`] where the file's checksum is not that of its tensors, and naming every tensor that is missing, has another
/// shape or type, is not finite, or is not the model's.
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
pub fn save_state(path: &Path, state: &State, place: &Place, seed: u64) -> Result<()> {
    let all = [("", &state.params), (FIRST, &state.first_moment), (SECOND, &state.second_moment)];
    let tensors = all
        .into_iter()
        .flat_map(|(prefix, params)| params.iter().map(move |param| (format!("{prefix}{}", param.name), param)))
        .collect();
    let position = Position { step: state.step, epoch: place.epoch, seed, begun: place.begun };
    let position = serde_json::to_string(&position).expect("plain numbers");
    save(path, tensors, state.double, (POSITION.into(), position))
}

/// Reads a state of `model`, and how far its run was.
///
/// # Errors
/// [`Error::Malformed`] naming what is missing or wrong.
pub fn load_state(path: &Path, model: &Model, seed: u64) -> Result<(State, Place)> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let file = parse(path, &bytes)?;
    let position: Position = metadata(path, &bytes, POSITION)?
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or_else(|| Error::malformed(path, "is no checkpoint: its metadata do not say how far the run was"))?;
    if position.seed != seed {
        return Err(Error::malformed(path, format!("is of seed {}, config.json of seed {seed}", position.seed)));
    }
    let double = file.tensors().first().is_some_and(|(_, tensor)| tensor.dtype() == Dtype::F64);
    let [(params, a), (first_moment, b), (second_moment, c)] =
        ["", FIRST, SECOND].map(|prefix| read(&file, model, prefix));
    let state = State { double, step: position.step, params, first_moment, second_moment };
    let place = Place { epoch: position.epoch, begun: position.begun };
    finish(path, (state, place), [a, b, c].concat())
}

/// Writes tensors with one entry of metadata and their checksum.
fn save(path: &Path, tensors: Vec<(String, &Param)>, double: bool, own: (String, String)) -> Result<()> {
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
            let view = TensorView::new(dtype, param.shape.clone(), bytes).expect("as many bytes as the shape asks for");
            (name.as_str(), view)
        })
        .collect();
    let own = HashMap::from([own, (CHECKSUM.into(), checksum(views.iter().cloned()))]);
    let whole = safetensors::serialize(views, Some(own)).map_err(|error| Error::malformed(path, error.to_string()))?;
    write_atomically(path, &sorted(whole))
}

/// The same file with its metadata sorted by key: the library writes a map in an order that changes from run to run.
fn sorted(mut file: Vec<u8>) -> Vec<u8> {
    let length = u64::from_le_bytes(*file.first_chunk().expect("a file begins with the length of its header")) as usize;
    let header = &mut file[8..8 + length];
    let mut parsed: serde_json::Value = serde_json::from_slice(header).expect("the library writes JSON");
    if let Some(metadata) = parsed.get_mut("__metadata__").and_then(serde_json::Value::as_object_mut) {
        metadata.sort_keys();
    }
    let text = parsed.to_string();
    header.fill(b' '); // as it was padded to a multiple of eight
    header[..text.len()].copy_from_slice(text.as_bytes());
    file
}

/// SHA-256 in hex of the names, shapes and bytes of `tensors`, by rising name.
fn checksum<'a>(tensors: impl Iterator<Item = (&'a str, TensorView<'a>)>) -> String {
    let mut tensors: Vec<_> = tensors.collect();
    tensors.sort_by_key(|(name, _)| *name);
    let mut hash = Sha256::new();
    for (name, tensor) in tensors {
        hash.update(format!("{name} {:?} {:?}\n", tensor.dtype(), tensor.shape()));
        hash.update(tensor.data());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An entry of a file's metadata.
fn metadata(path: &Path, bytes: &[u8], key: &str) -> Result<Option<String>> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| Error::malformed(path, error.to_string()))?;
    Ok(header.metadata().as_ref().and_then(|metadata| metadata.get(key)).cloned())
}

/// The tensors of a file, which must be those of its checksum where it has one: files of other programs have none.
fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| Error::malformed(path, format!("is no whole safetensors file: {error}")))?;
    let tensors = file.tensors();
    let found = checksum(tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.clone())));
    match metadata(path, bytes, CHECKSUM)? {
        Some(written) if written != found => {
            let problem =
                format!("its tensors have SHA-256 {found}, but were written with {written}: it was damaged or changed");
            Err(Error::malformed(path, problem))
        }
        _ => Ok(file),
    }
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
