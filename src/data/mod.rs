//! Data sources: every one becomes images of bytes, a [`Dataset`] to train on or a [`Whole`] that a model is applied to.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{Error, Result, memory};

pub mod csv;
mod dataset;
pub mod digits;
pub mod download;
pub mod folder;
pub mod glyphs;
pub mod idx;
pub mod mnist;
mod names;
pub mod npy;
mod source;
pub mod stroke;

pub use dataset::{Content, Dataset, Images, Split, Subset, Whole, rows_f32};
pub use names::Names;
pub use source::Source;

/// How a source is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of the built-in glyphs.
    pub glyph_seed: u64,
    /// Glyphs in the training split.
    pub glyph_train: usize,
    /// Glyphs in the test split.
    pub glyph_test: usize,
    /// Keep only so many training images, the first ones.
    pub train_limit: Option<usize>,
    /// Keep only so many test images, the first ones.
    pub test_limit: Option<usize>,
    /// Where MNIST is downloaded from.
    pub download: download::Settings,
}

impl Default for Options {
    fn default() -> Options {
        let download = download::Settings::default();
        Options {
            glyph_seed: 0,
            glyph_train: 60_000,
            glyph_test: 10_000,
            train_limit: None,
            test_limit: None,
            download,
        }
    }
}

/// Opens a source for training: one that is not divided is, by [`Whole::divide`]. MNIST is looked for in, and downloaded
/// to, `data_dir`, or else [`mnist::default_dir`]. `report` gets one line that says which data it is, and why.
///
/// # Errors
/// What is missing or damaged, by name; for [`Source::Mnist`] also a download that failed at every mirror.
pub fn open(
    source: &Source,
    data_dir: Option<&Path>,
    options: &Options,
    report: &mut dyn FnMut(&str),
) -> Result<Dataset> {
    let limits = [("--train-limit", options.train_limit), ("--test-limit", options.test_limit)];
    if let Some((option, _)) = limits.into_iter().find(|(_, limit)| *limit == Some(0)) {
        return Err(Error::invalid(option, "is 0, expected at least 1"));
    }
    let (content, from) = read(source, data_dir, options)?;
    let (mut dataset, divided) = match content {
        Content::Divided(dataset) => (dataset, ""),
        Content::Whole(whole) => (whole.divide()?, "; a seventh was set apart for the test"),
    };
    if let Source::Path(path) = source {
        // a run is resumed from anywhere
        dataset.name = std::path::absolute(path).map_err(Error::io("read", path))?.display().to_string();
    }
    dataset.limit(options.train_limit, options.test_limit);
    report(&format!("{from} ({}{divided})", dataset.summary()));
    Ok(dataset)
}

/// Opens a source for a trained model: one that is not divided stays whole and in its order, and a single row is enough.
/// Else as [`open`], without limits.
///
/// # Errors
/// As [`open`].
pub fn open_whole(source: &Source, data_dir: Option<&Path>, report: &mut dyn FnMut(&str)) -> Result<Content> {
    let (content, from) = read(source, data_dir, &Options::default())?;
    let summary = match &content {
        Content::Divided(dataset) => dataset.summary(),
        Content::Whole(whole) => whole.summary(),
    };
    report(&format!("{from} ({summary})"));
    Ok(content)
}

/// What a source holds, and where it is from.
fn read(source: &Source, data_dir: Option<&Path>, options: &Options) -> Result<(Content, String)> {
    let divided = |(dataset, from)| (Content::Divided(dataset), from);
    match source {
        Source::Auto => match mnist::open(data_dir, &options.download) {
            Ok(opened) => Ok(divided(opened)),
            Err(error) => {
                let why = format!("MNIST {}: using the built-in glyphs", reason(&error));
                Ok(divided((glyphs(options)?, why)))
            }
        },
        Source::Mnist => mnist::open(data_dir, &options.download).map(divided),
        Source::Glyphs => Ok(divided((glyphs(options)?, format!("the built-in glyphs, seed {}", options.glyph_seed)))),
        Source::Path(path) => open_path(path),
    }
}

fn glyphs(options: &Options) -> Result<Dataset> {
    let count = |count: usize, limit: Option<usize>| count.min(limit.unwrap_or(count));
    let train = count(options.glyph_train, options.train_limit);
    let test = count(options.glyph_test, options.test_limit);
    let counts = format!("{train} for training and {test} for test");
    if train == 0 || test == 0 {
        return Err(Error::invalid("glyphs", format!("{counts}, expected at least 1 each")));
    }
    let bytes = (train as u64).checked_add(test as u64).and_then(|count| count.checked_mul(glyphs::PIXELS as u64 + 1));
    memory::expect_room(bytes).map_err(|problem| Error::invalid("glyphs", format!("{counts} {problem}")))?;
    Ok(glyphs::dataset(options.glyph_seed, train, test))
}

/// The reason MNIST is unavailable, as the rest of a sentence that starts with "MNIST".
fn reason(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words += &format!(": {error}");
        cause = error.source();
    }
    match error {
        Error::Download { .. } => format!("is not on this machine and could not be downloaded ({words})"),
        _ => format!("cannot be used ({words})"),
    }
}

/// What [`Source::Path`] accepts, for its errors.
const ACCEPTED: &str = "expected a folder of IDX files (train-images-idx3-ubyte, t10k-images-idx3-ubyte and, with labels, \
    train-labels-idx1-ubyte, t10k-labels-idx1-ubyte; plain or .gz), a folder of PNG, JPEG or BMP images (all in one, or one \
    folder per class), a .npy file or a .csv file";

/// What is at a path, decided by its kind and its extension, and a line about it.
fn open_path(path: &Path) -> Result<(Content, String)> {
    let kind = metadata(path)?;
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let (content, note) = if kind.is_dir() && mnist::is_idx_folder(path) {
        (Content::Divided(mnist::read(path)?), "IDX files".into())
    } else if kind.is_dir() {
        folder::read(path)?
    } else if kind.is_file() && extension == "npy" {
        npy::read(path)?
    } else if kind.is_file() && extension == "csv" {
        csv::read(path)?
    } else {
        return Err(Error::malformed(path, format!("not a data set: {ACCEPTED}")));
    };
    Ok((content, format!("{}: {note}", path.display())))
}

/// What a path leads to. A symbolic link whose target is missing is named as such: a listing shows it as if it were there.
fn metadata(path: &Path) -> Result<Metadata> {
    std::fs::metadata(path).map_err(|error| match std::fs::read_link(path) {
        Ok(target) if error.kind() == ErrorKind::NotFound => {
            Error::malformed(path, format!("is a symbolic link to {}, which is not there", target.display()))
        }
        _ => Error::io("read", path)(error),
    })
}

/// The bytes of a file, if there is memory for them.
fn bytes(path: &Path) -> Result<Vec<u8>> {
    let length = metadata(path)?.len();
    memory::expect_room(Some(length)).map_err(|problem| Error::malformed(path, problem))?;
    std::fs::read(path).map_err(Error::io("read", path))
}

/// SHA-256 in hex.
fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The sides `[height, width]` of images of which only the number of pixels is known: square where that is possible.
fn sides(pixels: usize) -> [usize; 2] {
    let side = pixels.isqrt();
    if side * side == pixels { [side, side] } else { [1, pixels] }
}
