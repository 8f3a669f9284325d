//! NumPy's `.npy`: latents, images and labels as arrays.

use crate::{Error, Result, data::npy::NpyFile, files::write_atomically};
use ndarray::{ArrayD, IxDyn};
use ndarray_npy::{WritableElement, WriteNpyExt};
use std::{io::Cursor, path::Path};

/// Writes `values` as an array of `shape`, row-major, atomically.
///
/// # Errors
/// [`Error::Io`] naming the path.
///
/// # Panics
/// Where there are not as many values as the shape asks for.
pub fn write<T: WritableElement + Clone>(path: &Path, shape: &[usize], values: &[T]) -> Result<()> {
    let array = ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).expect("as many values as the shape asks for");
    let mut bytes = Cursor::new(Vec::new());
    array.write_npy(&mut bytes).map_err(|error| Error::malformed(path, error.to_string()))?;
    write_atomically(path, bytes.get_ref())
}

/// What a file of latents holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Latents {
    /// `[count, latent]`, from float32 or float64.
    Floats(Vec<f32>),
    /// `[count, latent]`, codes of eight bits.
    Bytes(Vec<u8>),
}

/// Reads latents `[count, latent]` (one row may stand alone, `[latent]`) of float32, float64 or uint8, whatever their order in
/// the file.
///
/// # Errors
/// [`Error::Malformed`] for another type or width, no row, and a value that is not finite, with its place.
pub fn read_latents(path: &Path, latent: usize) -> Result<Latents> {
    let file = NpyFile::open(path)?;
    if let Some(array) = file.array::<u8>()? {
        return rows(path, array, latent).map(Latents::Bytes);
    }
    let values = match file.array::<f32>()? {
        Some(array) => rows(path, array, latent)?,
        None => match file.array::<f64>()? {
            Some(array) => rows(path, array.mapv(|value| value as f32), latent)?,
            None => return Err(wrong_type(path, &file, "float32, float64 or, written by encode --u8, uint8")),
        },
    };
    match values.iter().position(|value| !value.is_finite()) {
        Some(i) => {
            let problem = format!("the value in row {}, column {} is {}", i / latent, i % latent, values[i]);
            Err(Error::malformed(path, problem))
        }
        None => Ok(Latents::Floats(values)),
    }
}

/// Reads the labels of `count` images: a vector of uint8, int32 or int64, each of 0 to 255.
///
/// # Errors
/// [`Error::Malformed`] for another type, number or range.
pub fn read_labels(path: &Path, count: usize) -> Result<Vec<u8>> {
    let file = NpyFile::open(path)?;
    let labels = if let Some(array) = file.array::<u8>()? {
        array.mapv(i64::from)
    } else if let Some(array) = file.array::<i64>()? {
        array
    } else if let Some(array) = file.array::<i32>()? {
        array.mapv(i64::from)
    } else {
        return Err(wrong_type(path, &file, "uint8, int32 or int64"));
    };
    if labels.shape() != [count] {
        return Err(Error::malformed(path, format!("shape {:?}, expected [{count}]: a label per row", labels.shape())));
    }
    let label = |(i, &label): (usize, &i64)| {
        u8::try_from(label).map_err(|_| Error::malformed(path, format!("label {label} of row {i} is not 0 to 255")))
    };
    labels.iter().enumerate().map(label).collect()
}

/// Reads the two rows that `encode --u8` writes beside its codes: least and greatest value of each dimension.
///
/// # Errors
/// As [`read_latents`].
pub fn read_range(path: &Path, latent: usize) -> Result<(Vec<f32>, Vec<f32>)> {
    match read_latents(path, latent)? {
        Latents::Floats(values) if values.len() == 2 * latent => {
            Ok((values[..latent].to_vec(), values[latent..].to_vec()))
        }
        _ => Err(Error::malformed(path, format!("expected float32 [2, {latent}]: least and greatest values"))),
    }
}

/// The rows of a `[count, width]` or `[width]` array.
fn rows<T: Copy>(path: &Path, array: ArrayD<T>, width: usize) -> Result<Vec<T>> {
    match *array.shape() {
        [count, columns] if columns == width && count > 0 => {}
        [columns] if columns == width => {}
        ref shape => {
            let problem =
                format!("shape {shape:?}, expected [n, {width}]: the latent of this run has {width} dimensions");
            return Err(Error::malformed(path, problem));
        }
    }
    Ok(array.iter().copied().collect())
}

fn wrong_type(path: &Path, file: &NpyFile, expected: &str) -> Error {
    Error::malformed(path, format!("holds values of type {}, expected {expected}", file.type_name()))
}
