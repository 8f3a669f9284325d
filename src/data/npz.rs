//! A `.npz` archive of NumPy arrays as a data set: `x`, the rows, and where it has one `y`, their labels.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::npy::{NpyFile, found, labels};
use super::table::{Reading, shown};
use super::{Found, memory};
use crate::{Error, Result};

/// Reads the arrays `x` and `y` of an archive, stored or deflated. Labels that `reading` asks for count more than `y`.
///
/// # Errors
/// [`Error::Malformed`] for an archive that is damaged or has no `x`, and as the reader of `.npy`.
pub(super) fn read(path: &Path, reading: &Reading) -> Result<(Found, String)> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let mut archive = ZipArchive::new(file).map_err(|error| damaged(path, &error))?;
    let Some(x) = array(path, &mut archive, "x.npy")? else {
        let names: Vec<String> =
            archive.file_names().flatten().map(|name| name.trim_end_matches(".npy").to_string()).collect();
        return Err(Error::malformed(path, format!("has no array x, the rows; it has {}", shown(&names))));
    };
    let y = match reading.labels {
        Some(_) => None,
        None => array(path, &mut archive, "y.npy")?,
    };
    let y = y.map(|bytes| labels(&NpyFile::parse(path, bytes)?)).transpose()?;
    found(NpyFile::parse(path, x)?, y, reading)
}

/// The bytes of a member, at most as many as the archive announces, if there is memory for them.
fn array(path: &Path, archive: &mut ZipArchive<File>, name: &str) -> Result<Option<Vec<u8>>> {
    let length = std::fs::metadata(path).map_err(Error::io("read", path))?.len();
    let member = match archive.by_name(name) {
        Ok(member) => member,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(damaged(path, &error)),
    };
    let (size, packed) = (member.size(), member.compressed_size().min(length));
    memory::expect_unpacked(size, packed).map_err(|problem| Error::malformed(path, format!("its {name} {problem}")))?;
    let mut bytes = Vec::new();
    member.take(size).read_to_end(&mut bytes).map_err(|error| {
        Error::malformed(path, format!("its {name} is damaged after {} bytes: {error}", bytes.len()))
    })?;
    Ok(Some(bytes))
}

/// The library's error in one line.
fn damaged(path: &Path, error: &ZipError) -> Error {
    let words = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    Error::malformed(path, format!("not a whole .npz archive: {words}"))
}
