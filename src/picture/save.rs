//! Files that are whole or absent: written beside their place, then renamed into it.

use std::io::{Cursor, Write};
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ImageBuffer, PixelWithColorType};

use crate::{Error, Result};

/// Writes an 8-bit gray or RGB image as PNG, atomically; an existing file is replaced.
///
/// # Errors
/// [`Error::Invalid`] for an image that PNG cannot hold, [`Error::Io`] where the file cannot be written; both name the path.
pub fn save_png<P: PixelWithColorType<Subpixel = u8>>(path: &Path, image: &ImageBuffer<P, Vec<u8>>) -> Result<()> {
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_with_encoder(PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive))
        .map_err(|e| Error::invalid(path.display().to_string(), format!("cannot be encoded as PNG: {e}")))?;
    write_atomically(path, bytes.get_ref())
}

/// Writes `bytes` to a new file beside `path`, forces them to disk and renames it to `path`: no reader sees half a file, and
/// a failure leaves what was there.
///
/// # Errors
/// [`Error::Io`] naming the path.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".part");
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
