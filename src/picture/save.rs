//! Images as PNG files, charts as PNG or SVG.

use std::io::Cursor;
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, RgbImage};

use super::{Plot, raster, svg};
use crate::files::write_atomically;
use crate::{Error, Result};

/// Writes an 8-bit gray or RGB image as PNG, atomically; an existing file is replaced.
///
/// # Errors
/// [`Error::Invalid`] for an image that PNG cannot hold, [`Error::Io`] where the file cannot be written; both name the path.
pub fn save_png(path: &Path, image: &DynamicImage) -> Result<()> {
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_with_encoder(PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive))
        .map_err(|e| Error::invalid(path.display().to_string(), format!("cannot be encoded as PNG: {e}")))?;
    write_atomically(path, bytes.get_ref())
}

impl Plot {
    /// The chart as pixels.
    pub fn to_image(&self) -> RgbImage {
        raster::draw(self)
    }

    /// The chart as an SVG document.
    pub fn to_svg(&self) -> String {
        svg::draw(self)
    }

    /// Writes the chart, as PNG or SVG after the extension of `path`, atomically.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another extension, [`Error::Io`] where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("png") => save_png(path, &self.to_image().into()),
            Some("svg") => write_atomically(path, self.to_svg().as_bytes()),
            _ => Err(Error::invalid(path.display().to_string(), "a chart is written as .png or .svg")),
        }
    }
}
