//! One NumPy array as a data set: `[n, height, width]` (an axis of 1 more does no harm) or `[n, pixels]`.

use std::io::Cursor;
use std::path::Path;

use ndarray::{ArrayD, Dimension};
use ndarray_npy::{ReadNpyError, ReadNpyExt, ReadableElement};

use super::{Dataset, divide, sides};
use crate::{Error, Result};

/// Reads a `.npy` file of u8 in 0 … 255 or f32 or f64 in [0, 1]; the first axis counts the images, a seventh of
/// which become the test split. Returns the data set and what it was made of.
///
/// # Errors
/// [`Error::Malformed`] for another type or shape, fewer than two images, and a value out of range, with its index.
pub fn read(path: &Path) -> Result<(Dataset, String)> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    if let Some(array) = array::<u8>(path, &bytes)? {
        return finish(path, array, "u8 array");
    }
    if let Some(array) = array::<f32>(path, &bytes)? {
        return finish(path, to_bytes(path, array.mapv(f64::from))?, "f32 array, rounded to 256 grays");
    }
    if let Some(array) = array::<f64>(path, &bytes)? {
        return finish(path, to_bytes(path, array)?, "f64 array, rounded to 256 grays");
    }
    Err(Error::malformed(path, "holds values of another type than u8, f32 or f64"))
}

/// The array, where its values are of this type.
fn array<T: ReadableElement>(path: &Path, bytes: &[u8]) -> Result<Option<ArrayD<T>>> {
    match ArrayD::<T>::read_npy(Cursor::new(bytes)) {
        Ok(array) => Ok(Some(array)),
        Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
        Err(error) => Err(Error::malformed(path, format!("not a whole .npy file: {error}"))),
    }
}

fn to_bytes(path: &Path, array: ArrayD<f64>) -> Result<ArrayD<u8>> {
    if let Some((index, value)) = array.indexed_iter().find(|(_, value)| !(0.0..=1.0).contains(*value)) {
        let problem = format!("the value at {:?} is {value}, expected 0 to 1 (or u8)", index.as_array_view().to_vec());
        return Err(Error::malformed(path, problem));
    }
    Ok(array.mapv(|value| (value * 255.0).round() as u8))
}

fn finish(path: &Path, array: ArrayD<u8>, note: &str) -> Result<(Dataset, String)> {
    let shape = array.shape().to_vec();
    let image = match shape.as_slice() {
        [_, image @ ..] => image.iter().copied().filter(|size| *size != 1).collect::<Vec<_>>(),
        [] => Vec::new(),
    };
    let sides = match (shape.len(), image.as_slice()) {
        (2, &[pixels]) => sides(pixels),
        (3 | 4, &[height, width]) => [height, width],
        (3, _) => [shape[1], shape[2]],
        _ => {
            return Err(Error::malformed(path, format!("shape {shape:?}, expected [n, height, width] or [n, pixels]")));
        }
    };
    if shape.contains(&0) {
        return Err(Error::malformed(path, format!("shape {shape:?}, expected no axis of 0")));
    }
    let images: Vec<u8> = array.iter().copied().collect(); // row by row, whatever order the file has
    let (train, test) = divide(path, &images, None, sides[0] * sides[1])?;
    Ok((
        Dataset::new(path.display().to_string(), sides, train, test),
        format!("{note} {shape:?}, a seventh for the test"),
    ))
}
