//! Files that are whole or absent: written beside their place, then renamed into it.

use crate::{Error, Result};
use std::{io::Write, path::Path};

/// What the names of unfinished files end in; they begin with a dot.
const PART: &str = ".part";

/// Writes `bytes` to a new file beside `path`, forces them to disk and renames it to `path`: no reader sees half a file, and
/// a failure leaves what was there.
///
/// # Errors
/// [`Error::Io`] naming the path.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(PART);
    #[cfg(unix)]
    {
        // The library's default is a private file; ours is as readable as any other the user writes.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(Error::io("write", path))?;
    file.write_all(bytes).map_err(Error::io("write", path))?;
    file.as_file().sync_all().map_err(Error::io("write", path))?;
    file.persist(path).map_err(|e| Error::io("write", path)(e.error))?;
    Ok(())
}

/// Removes the unfinished files that [`write_atomically`] leaves in `folder` where its process is killed; a folder that is not
/// there holds none.
///
/// # Errors
/// [`Error::Io`] naming the file that could not be removed.
pub fn remove_parts(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(PART) {
            std::fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}
