//! IDX files (yann.lecun.com/exdb/mnist): two zero bytes, a type, the number of sizes, big-endian u32 sizes, then the
//! values row by row. Of the types only u8 is read; compression is told by content, never by name.

use std::io::{Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{bytes, sha256};
use crate::{Error, Result, memory};

/// What an IDX file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// Sizes, outermost first; none is 0.
    pub shape: Vec<usize>,
    /// The values, as many as the product of the sizes.
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

/// Reads the bytes of an IDX file; `path` is for messages only. Of a gzip file every member is read.
///
/// # Errors
/// [`Error::Malformed`] for a damaged gzip stream, a page or pointer in place of the file, another magic number, type or
/// rank, a size of 0, sizes too large, and fewer or more values than the sizes announce.
pub fn parse(path: &Path, bytes: &[u8], rank: usize) -> Result<Idx> {
    match bytes {
        [0x1f, 0x8b, ..] => decode(path, MultiGzDecoder::new(bytes), rank, memory::expect_room),
        plain => decode(path, plain, rank, |_| Ok(())), // in memory already: too large a size is found truncated
    }
}

/// Reads an IDX file from `source`; `expect_room` is asked whether that may take so many bytes of memory.
fn decode(
    path: &Path,
    mut source: impl Read,
    rank: usize,
    expect_room: impl Fn(Option<u64>) -> Result<(), String>,
) -> Result<Idx> {
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
    if kind != 8 {
        return Err(wrong(format!("holds values of type 0x{kind:02x} ({}), expected 0x08 (u8)", type_name(kind))));
    }
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
    let Some(count) = count.filter(|count| *count <= isize::MAX as u64 - header as u64) else {
        return Err(wrong(format!("its sizes {words} are too large for this machine's memory")));
    };

    let total = header as u64 + count;
    expect_room(Some(total)).map_err(|problem| wrong(format!("its sizes {words} {problem}")))?;
    let mut source = Cursor::new(std::mem::take(&mut raw)).chain(source);
    fill(&mut source, total, &mut raw)?;
    if (raw.len() as u64) < total {
        let found = raw.len() - header;
        return Err(wrong(format!("truncated: {found} values, expected {count} = {words}")));
    }
    let mut rest = Vec::new();
    if fill(&mut source, 1, &mut rest)? > 0 {
        return Err(wrong(format!("goes on after the {count} = {words} values that its header announces")));
    }
    let sha256 = sha256(&raw);
    raw.drain(..header);
    Ok(Idx { shape: shape.iter().map(|size| *size as usize).collect(), values: raw, sha256 })
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

fn type_name(kind: u8) -> &'static str {
    match kind {
        0x09 => "i8",
        0x0b => "i16",
        0x0c => "i32",
        0x0d => "f32",
        0x0e => "f64",
        _ => "unknown",
    }
}
