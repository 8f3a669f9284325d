//! Data sources: every one becomes a [`Dataset`] of bytes.

/// One split of a data set: images as bytes, row after row, with optional labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Split {
    /// `[count, pixels]`, one byte per pixel: 0 is black, 255 white; a model sees `byte / 255`.
    pub images: Vec<u8>,
    /// `[count]`, each below [`Dataset::classes`]; `None` where the source has no labels.
    pub labels: Option<Vec<u8>>,
    /// Number of images.
    pub count: usize,
}

/// A training and a test split of equally large gray images.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What it is, for people: `mnist`, `glyphs`, a path.
    pub name: String,
    /// Pixels per row.
    pub width: usize,
    /// Rows per image.
    pub height: usize,
    /// Number of classes; 0 where the source has no labels.
    pub classes: usize,
    /// What the model is trained on.
    pub train: Split,
    /// What it is judged on.
    pub test: Split,
    /// SHA-256 of the raw bytes of each part (`train-images`, `train-labels`, `test-images`, `test-labels`), in hex.
    pub hashes: std::collections::BTreeMap<String, String>,
}

impl Dataset {
    /// Pixels per image: what a model calls `input`.
    pub fn pixels(&self) -> usize {
        self.width * self.height
    }
}
