//! Images as PNG files.

use std::io::Cursor;
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ImageBuffer, PixelWithColorType};

use crate::files::write_atomically;
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
