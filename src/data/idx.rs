//! IDX files (yann.lecun.com/exdb/mnist): two zero bytes, a type, the number of sizes, big-endian u32 sizes, then the
//! values row by row. Values of every type become bytes, as images and labels are; compression is told by content, never by name.

use std::io::{Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{bytes, hex, open_file, sha256, stays_on_disk};
use crate::model::{Element, Endian, Numbers, OnDisk, Seen, Values};
use crate::{Error, Result, memory};

/// What an IDX file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// Sizes, outermost first; none is 0.
    pub shape: Vec<usize>,
    /// The values as bytes, as many as the product of the sizes. Images of floats in [0, 1] are multiplied by 255.
    pub values: Vec<u8>,
    /// SHA-256 in hex of the uncompressed file.
    pub sha256: String,
}

/// Reads an IDX file of `rank` sizes (3 for images, 1 for labels), plain or gzip.
///
/// # Errors
/// A file that cannot be read, and everything [`parse`] refuses.
pub fn read(path: &Path, rank: usize) -> Result<Idx> {
    let bytes = bytes(path)?;
    parse(path, &bytes, rank)
}

/// Images of an IDX file as they are trained on.
pub(super) struct IdxImages {
    /// Count, height and width.
    pub shape: [usize; 3],
    /// `[count, height · width]`
    pub content: Content,
    /// As [`Idx::sha256`].
    pub sha256: String,
}

/// What images are.
pub(super) enum Content {
    /// Bytes.
    Pixels(Values),
    /// Real values.
    Numbers(Vec<f64>),
}

/// Reads images. Those of a file of bytes that is not compressed stay there where it has at least `from` bytes. Values that are no pixels
/// come as numbers; with `as_numbers` all do.
///
/// # Errors
/// As [`read`], but for values that are no bytes.
pub(super) fn images(path: &Path, from: Option<u64>, as_numbers: bool) -> Result<IdxImages> {
    if !as_numbers
        && let Some(length) = stays_on_disk(path, from)?
        && let Some(images) = on_disk(path, length)?
    {
        return Ok(images);
    }
    let Raw { shape, kind, bytes, sha256 } = raw(path, &bytes(path)?, 3)?; // which says what is wrong with a file, too
    let shape = shape.try_into().expect("images of rank 3 have three sizes");
    let content = match (as_numbers, kind) {
        (false, 8) => Content::Pixels(Values::from(bytes)),
        _ => {
            let numbers = numbers(kind, &bytes);
            match as_bytes(kind, &numbers, 3).ok().filter(|_| !as_numbers) {
                Some(pixels) => Content::Pixels(pixels.into()),
                None => Content::Numbers(numbers),
            }
        }
    };
    Ok(IdxImages { shape, content, sha256 })
}

/// The images of a file of `length` bytes where they lie; none where that is not what the file holds.
fn on_disk(path: &Path, length: u64) -> Result<Option<IdxImages>> {
    let mut file = open_file(path)?;
    let mut header = [0; 16];
    let io = Error::io("read", path);
    if file.file.read(&mut header).map_err(io)? < header.len() || header[..4] != [0, 0, 8, 3] {
        return Ok(None);
    }
    let shape = [4, 8, 12].map(|at| u32::from_be_bytes([0, 1, 2, 3].map(|i| header[at + i])) as usize);
    let pixels = shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size as u64));
    if pixels.is_none_or(|pixels| pixels == 0 || pixels != length - header.len() as u64) {
        return Ok(None);
    }
    let mut hash = Sha256::new_with_prefix(header);
    let mut part = vec![0; 1 << 20];
    loop {
        match file.file.read(&mut part).map_err(Error::io("read", path))? {
            0 => break,
            read => hash.update(&part[..read]),
        }
    }
    let (start, sides) = (header.len() as u64, [shape[0], shape[1] * shape[2]]);
    let numbers = Numbers::new(file, start, Element::U8, Endian::Big, sides);
    let content = Content::Pixels(OnDisk::new(numbers, Seen::Pixels(255.0)).into());
    Ok(Some(IdxImages { shape, content, sha256: hex(&hash.finalize()) }))
}

/// Reads the bytes of an IDX file; `path` is for messages only. Of a gzip file every member is read.
///
/// # Errors
/// [`Error::Malformed`] for a damaged gzip stream, a page or pointer in place of the file, another magic number, type or
/// rank, a size of 0, sizes too large, fewer or more values than the sizes announce, and values that are no bytes.
pub fn parse(path: &Path, bytes: &[u8], rank: usize) -> Result<Idx> {
    let Raw { shape, kind, bytes, sha256 } = raw(path, bytes, rank)?;
    let values = match kind {
        8 => bytes,
        _ => as_bytes(kind, &numbers(kind, &bytes), rank).map_err(|problem| Error::malformed(path, problem))?,
    };
    Ok(Idx { shape, values, sha256 })
}

/// A file whose values are as it has them.
struct Raw {
    shape: Vec<usize>,
    /// Type of the values.
    kind: u8,
    bytes: Vec<u8>,
    sha256: String,
}

fn raw(path: &Path, bytes: &[u8], rank: usize) -> Result<Raw> {
    match bytes {
        [0x1f, 0x8b, ..] => {
            decode(path, MultiGzDecoder::new(bytes), rank, |wanted| memory::expect_unpacked(wanted, bytes.len() as u64))
        }
        plain => decode(path, plain, rank, |_| Ok(())), // in memory already: too large a size is found truncated
    }
}

/// Reads an IDX file from `source`; `expect_room` is asked whether that may take so many bytes of memory.
fn decode(
    path: &Path,
    mut source: impl Read,
    rank: usize,
    expect_room: impl Fn(u64) -> Result<(), String>,
) -> Result<Raw> {
    let wrong = |problem: String| Error::malformed(path, problem);
    let fill = |source: &mut dyn Read, limit: u64, bytes: &mut Vec<u8>| {
        let read = source.take(limit).read_to_end(bytes);
        read.map_err(|error| wrong(format!("the gzip stream is damaged after {} bytes: {error}", bytes.len())))
    };

    let mut raw = Vec::new();
    fill(&mut source, 64, &mut raw)?;
    if let Some(other) = mistaken(&raw) {
        return Err(wrong(format!("{other}, expected an IDX file")));
    }
    let &[zero, zero2, kind, sizes, ..] = raw.as_slice() else {
        return Err(wrong(format!("{} bytes, expected an IDX header of {}", raw.len(), 4 + 4 * rank)));
    };
    if (zero, zero2) != (0, 0) {
        let magic = &raw[..4];
        return Err(wrong(format!(
            "begins with the bytes {magic:02x?}, expected [00, 00, 08, {rank:02x}] of an IDX file"
        )));
    }
    let Some(width) = width(kind) else {
        return Err(wrong(format!("holds values of type 0x{kind:02x}, which no IDX file has")));
    };
    if sizes as usize != rank {
        let what = if rank == 3 { "images" } else { "labels" };
        return Err(wrong(format!("has {sizes} sizes, expected {rank} for {what}")));
    }

    let header = 4 + 4 * rank;
    if raw.len() < header {
        return Err(wrong(format!("ends after {} bytes, within its header of {header}", raw.len())));
    }
    let shape: Vec<u64> = raw[4..header]
        .chunks_exact(4)
        .map(|size| u32::from_be_bytes(size.try_into().expect("chunks of four bytes")) as u64)
        .collect();
    let words = shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
    if shape.contains(&0) {
        return Err(wrong(format!("its sizes are {words}, expected none to be 0")));
    }
    let count = shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size));
    let bytes = count.and_then(|count| count.checked_mul(width as u64));
    let (Some(count), Some(bytes)) = (count, bytes.filter(|bytes| *bytes <= isize::MAX as u64 - header as u64)) else {
        return Err(wrong(format!("its sizes {words} are too large for this machine's memory")));
    };

    let total = header as u64 + bytes;
    expect_room(total).map_err(|problem| wrong(format!("its sizes {words} {problem}")))?;
    let mut source = Cursor::new(std::mem::take(&mut raw)).chain(source);
    fill(&mut source, total, &mut raw)?;
    if (raw.len() as u64) < total {
        let found = (raw.len() - header) / width;
        return Err(wrong(format!("truncated: {found} values, expected {count} = {words}")));
    }
    let mut rest = Vec::new();
    if fill(&mut source, 1, &mut rest)? > 0 {
        return Err(wrong(format!("goes on after the {count} = {words} values that its header announces")));
    }
    let sha256 = sha256(&raw);
    raw.drain(..header);
    Ok(Raw { shape: shape.iter().map(|size| *size as usize).collect(), kind, bytes: raw, sha256 })
}

/// What stands in place of an IDX file, where that is something often met.
fn mistaken(head: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(head).trim_start().to_ascii_lowercase();
    if text.starts_with("<!doctype") || text.starts_with("<html") || text.starts_with("<?xml") {
        Some("an HTML or XML page (a failed download)")
    } else if text.starts_with("version https://git-lfs") {
        Some("a Git LFS pointer (fetch the file itself with git lfs pull)")
    } else if text.contains("annex/objects") {
        Some("a git-annex pointer (fetch the file itself with git annex get)")
    } else {
        None
    }
}

/// Bytes of a value.
fn width(kind: u8) -> Option<usize> {
    match kind {
        0x08 | 0x09 => Some(1),
        0x0b => Some(2),
        0x0c | 0x0d => Some(4),
        0x0e => Some(8),
        _ => None,
    }
}

/// Big-endian values as numbers.
fn numbers(kind: u8, raw: &[u8]) -> Vec<f64> {
    match kind {
        0x08 => raw.iter().map(|&byte| f64::from(byte)).collect(),
        0x09 => raw.iter().map(|&byte| f64::from(byte as i8)).collect(),
        0x0b => raw.as_chunks().0.iter().map(|&word| f64::from(i16::from_be_bytes(word))).collect(),
        0x0c => raw.as_chunks().0.iter().map(|&word| f64::from(i32::from_be_bytes(word))).collect(),
        0x0d => raw.as_chunks().0.iter().map(|&word| f64::from(f32::from_be_bytes(word))).collect(),
        _ => raw.as_chunks().0.iter().map(|&word| f64::from_be_bytes(word)).collect(),
    }
}

/// Values of another type than u8 as bytes: whole numbers in 0 to 255 as they are, or images of floats in [0, 1] times 255. The error says
/// which value is neither.
fn as_bytes(kind: u8, numbers: &[f64], rank: usize) -> Result<Vec<u8>, String> {
    let of_floats = kind >= 0x0d && rank == 3;
    if of_floats && numbers.iter().all(|value| (0.0..=1.0).contains(value)) {
        return Ok(numbers.iter().map(|value| (value * 255.0).round() as u8).collect());
    }
    match numbers.iter().position(|value| !(0.0..=255.0).contains(value) || value.fract() != 0.0) {
        Some(i) if rank == 3 => {
            Err(format!("value {i} is {}, expected whole numbers in 0 to 255, or floats in 0 to 1", numbers[i]))
        }
        Some(i) => Err(format!("label {i} is {}, expected a whole number in 0 to 255", numbers[i])),
        None => Ok(numbers.iter().map(|value| *value as u8).collect()),
    }
}
