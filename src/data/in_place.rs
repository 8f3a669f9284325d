//! Files that stay on disk while a model trains on them.

use std::fs::File;
use std::path::Path;

use super::metadata;
use crate::model::Source;
use crate::{Error, Result};

/// Files whose format allows it stay on disk, and their rows are read as they are needed, from so many bytes on: a smaller one is soon
/// read, and may then be changed while a model trains on it.
const ON_DISK_FROM: u64 = 64 << 20;

/// The length of a file that is to stay on disk, where that begins at `from` bytes; none of smaller ones.
pub(super) fn stays_on_disk(path: &Path, from: Option<u64>) -> Result<Option<u64>> {
    Ok(Some(metadata(path)?.len()).filter(|length| *length >= from.unwrap_or(ON_DISK_FROM)))
}

/// Opens a file whose rows are read as they are needed.
pub(super) fn open_file(path: &Path) -> Result<Source> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    Ok(Source { file, path: path.to_path_buf() })
}
