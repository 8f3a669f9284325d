//! One NumPy array as a data set: `[n, height, width]` (an axis of 1 more does no harm) or `[n, pixels]`.

use std::io::Cursor;
use std::path::Path;

use ndarray::{ArrayD, Dimension};
use ndarray_npy::{ReadDataError, ReadNpyExt, ReadableElement, npy::header::Header};

use super::{Content, Names, Split, Whole, bytes, sides};
use crate::{Error, Result, memory::expect_room};

/// The longest header that is read, in bytes: NumPy's own limit (`max_header_size`).
const LONGEST_HEADER: usize = 10_000;
/// The most brackets of a header that is parsed: that of an array of numbers has two pairs. Each `[` that is not closed
/// doubles the time the parser takes.
const MOST_BRACKETS: usize = 8;

/// Reads a `.npy` file of u8 in 0 … 255 or f32 or f64 in [0, 1]; the first axis counts the images. Returns what it holds and
/// what that was made of.
///
/// # Errors
/// [`Error::Malformed`] for another type or shape, and a value out of range, with its index.
pub fn read(path: &Path) -> Result<(Content, String)> {
    let file = NpyFile::open(path)?;
    if let Some(array) = file.array::<u8>()? {
        return finish(path, array, "u8 array");
    }
    if let Some(array) = file.array::<f32>()? {
        return finish(path, to_bytes(path, array)?, "f32 array, rounded to 256 grays");
    }
    if let Some(array) = file.array::<f64>()? {
        return finish(path, to_bytes(path, array)?, "f64 array, rounded to 256 grays");
    }
    Err(Error::malformed(path, "holds values of another type than u8, f32 or f64"))
}

/// A `.npy` file whose header has been read.
pub(crate) struct NpyFile<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
    header: Header,
    /// Bytes after the header.
    data: usize,
}

impl NpyFile<'_> {
    /// Reads a file and its header.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it does not begin with a header, or the header is longer than any that NumPy reads.
    pub(crate) fn open(path: &Path) -> Result<NpyFile<'_>> {
        let bytes = bytes(path)?;
        let length = match *bytes {
            [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, low, high, ..] => u16::from_le_bytes([low, high]) as usize,
            [0x93, b'N', b'U', b'M', b'P', b'Y', _, _, a, b, c, d, ..] => u32::from_le_bytes([a, b, c, d]) as usize,
            _ => 0, // no header at all, which the library says
        };
        let text = &bytes[..bytes.len().min(12 + LONGEST_HEADER)];
        let brackets = text.iter().take(12 + length).filter(|byte| b"([{".contains(byte)).count();
        if length > LONGEST_HEADER || brackets > MOST_BRACKETS {
            let problem =
                format!("its header of {length} bytes and {brackets} brackets is not that of an array of numbers");
            return Err(Error::malformed(path, problem));
        }
        let mut cursor = Cursor::new(&bytes);
        let header = Header::from_reader(&mut cursor).map_err(|error| not_whole(path, &error))?;
        let data = bytes.len() - cursor.position() as usize;
        Ok(NpyFile { path, bytes, header, data })
    }

    /// The array, where its values are of this type.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the file does not hold the values that its header announces.
    pub(crate) fn array<T: ReadableElement>(&self) -> Result<Option<ArrayD<T>>> {
        let probe = T::read_to_end_exact_vec(std::io::empty(), &self.header.type_descriptor, 0);
        if let Err(ReadDataError::WrongDescriptor(_)) = probe {
            return Ok(None);
        }
        let shape = &self.header.shape;
        // The library also multiplies the other axes of an array that one axis of 0 makes empty.
        let values = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size.max(1)));
        let announced = values.and_then(|values| values.checked_mul(size_of::<T>()));
        let room = if shape.contains(&0) { isize::MAX as usize } else { self.data };
        if announced.is_none_or(|announced| announced > room) {
            let problem =
                format!("not a whole .npy file: its header announces shape {shape:?}, and {} bytes follow", self.data);
            return Err(Error::malformed(self.path, problem));
        }
        expect_room(announced.map(|bytes| bytes as u64)).map_err(|problem| Error::malformed(self.path, problem))?;
        let array = ArrayD::<T>::read_npy(Cursor::new(&self.bytes));
        array.map(Some).map_err(|error| not_whole(self.path, &error))
    }

    /// NumPy's name for the type of the values.
    pub(crate) fn type_name(&self) -> String {
        self.header.type_descriptor.to_string()
    }
}

/// The library's error in one line.
fn not_whole(path: &Path, error: &dyn std::error::Error) -> Error {
    let words = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    Error::malformed(path, format!("not a whole .npy file: {words}"))
}

fn to_bytes<T: Copy + Into<f64>>(path: &Path, array: ArrayD<T>) -> Result<ArrayD<u8>> {
    let mut values = array.indexed_iter().map(|(index, &value)| (index, value.into()));
    if let Some((index, value)) = values.find(|(_, value)| !(0.0..=1.0).contains(value)) {
        let problem = format!("the value at {:?} is {value}, expected 0 to 1 (or u8)", index.as_array_view().to_vec());
        return Err(Error::malformed(path, problem));
    }
    Ok(array.mapv(|value| (value.into() * 255.0).round() as u8))
}

fn finish(path: &Path, array: ArrayD<u8>, note: &str) -> Result<(Content, String)> {
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
    let images = array.iter().copied().collect::<Vec<_>>().into(); // row by row, whatever order the file has
    let images = Split { images, labels: None, count: shape[0], names: Names::InOrder };
    Ok((Content::Whole(Whole::new(path, sides, images)), format!("{note} {shape:?}")))
}
