//! Data sources: every one becomes a [`Dataset`] of bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::{Error, Result, random::Permutation};

pub mod csv;
pub mod digits;
pub mod download;
pub mod folder;
pub mod glyphs;
pub mod idx;
pub mod mnist;
pub mod npy;
pub mod stroke;

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

impl Split {
    /// Keeps the first `limit` images.
    fn truncate(&mut self, limit: usize, pixels: usize) {
        self.count = self.count.min(limit);
        self.images.truncate(self.count * pixels);
        if let Some(labels) = &mut self.labels {
            labels.truncate(self.count);
        }
    }
}

/// A training and a test split of equally large gray images.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What it is, for people: `mnist`, `glyphs`, a path.
    pub name: String,
    /// The folder that MNIST was read from.
    pub directory: Option<PathBuf>,
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
    /// SHA-256 in hex of each part (`train-images`, `train-labels`, `test-images`, `test-labels`), before any limit: of
    /// an IDX file its uncompressed bytes, of other sources the bytes as they stand in [`Split`].
    pub hashes: BTreeMap<String, String>,
}

impl Dataset {
    /// A data set whose hashes are those of its splits.
    fn new(name: impl Into<String>, sides: [usize; 2], train: Split, test: Split) -> Dataset {
        let mut hashes = BTreeMap::new();
        for (name, split) in [("train", &train), ("test", &test)] {
            hashes.insert(format!("{name}-images"), sha256(&split.images));
            if let Some(labels) = &split.labels {
                hashes.insert(format!("{name}-labels"), sha256(labels));
            }
        }
        Dataset::with_hashes(name, sides, train, test, hashes)
    }

    /// A data set with the hashes of its source; the number of classes is one more than the largest label.
    fn with_hashes(
        name: impl Into<String>,
        [height, width]: [usize; 2],
        train: Split,
        test: Split,
        hashes: BTreeMap<String, String>,
    ) -> Dataset {
        let labels = [&train, &test].into_iter().filter_map(|split| split.labels.as_ref()).flatten();
        let classes = labels.max().map_or(0, |largest| *largest as usize + 1);
        Dataset { name: name.into(), directory: None, width, height, classes, train, test, hashes }
    }

    /// Pixels per image: what a model calls `input`.
    pub fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// Counts and sizes in words.
    fn summary(&self) -> String {
        let labels = match self.classes {
            0 => "no labels".to_string(),
            classes => format!("{classes} classes"),
        };
        let (train, test) = (self.train.count, self.test.count);
        format!("{train} training and {test} test images of {}x{} pixels, {labels}", self.width, self.height)
    }
}

/// Images `indices` of a split as a model sees them: `[indices.len(), pixels]`, each value `byte / 255`.
///
/// # Panics
/// If an index is not below `split.count` or `pixels` is not the size of its images.
pub fn rows_f32(split: &Split, pixels: usize, indices: &[usize]) -> Vec<f32> {
    assert_eq!(
        split.images.len(),
        split.count * pixels,
        "a split of {} images has not {pixels} pixels each",
        split.count
    );
    indices.iter().flat_map(|i| &split.images[i * pixels..(i + 1) * pixels]).map(|byte| *byte as f32 / 255.0).collect()
}

/// What `--data` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// MNIST from disk, else downloaded, else the built-in glyphs.
    #[default]
    Auto,
    /// MNIST from disk, else downloaded.
    Mnist,
    /// The built-in glyphs.
    Glyphs,
    /// IDX files or images in a folder, a `.npy` or a `.csv` file. A folder that is called `mnist` is `./mnist`.
    Path(PathBuf),
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Source> {
        Ok(match text {
            "" => return Err(Error::invalid("--data", "is empty, expected auto, mnist, glyphs or a path")),
            "auto" => Source::Auto,
            "mnist" => Source::Mnist,
            "glyphs" => Source::Glyphs,
            path => Source::Path(path.into()),
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Source::Auto => write!(f, "auto"),
            Source::Mnist => write!(f, "mnist"),
            Source::Glyphs => write!(f, "glyphs"),
            Source::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

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

/// Opens a source. MNIST is looked for in, and downloaded to, `data_dir`, or else [`mnist::default_dir`].
/// `report` gets one line that says which data it is, and why.
///
/// # Errors
/// What is missing or damaged, by name; for [`Source::Mnist`] also a download that failed at every mirror.
pub fn open(
    source: &Source,
    data_dir: Option<&Path>,
    options: &Options,
    report: &mut dyn FnMut(&str),
) -> Result<Dataset> {
    let limits = [("training", options.train_limit), ("test", options.test_limit)];
    if let Some((split, _)) = limits.into_iter().find(|(_, limit)| *limit == Some(0)) {
        return Err(Error::invalid(format!("limit of {split} images"), "is 0, expected at least 1"));
    }
    let (mut dataset, from) = match source {
        Source::Auto => match mnist::open(data_dir, &options.download) {
            Ok(opened) => opened,
            Err(error) => {
                let why = format!("MNIST {}: training on the built-in glyphs", reason(&error));
                (glyphs(options)?, why)
            }
        },
        Source::Mnist => mnist::open(data_dir, &options.download)?,
        Source::Glyphs => (glyphs(options)?, format!("the built-in glyphs, seed {}", options.glyph_seed)),
        Source::Path(path) => open_path(path)?,
    };
    let pixels = dataset.pixels();
    dataset.train.truncate(options.train_limit.unwrap_or(usize::MAX), pixels);
    dataset.test.truncate(options.test_limit.unwrap_or(usize::MAX), pixels);
    report(&format!("{from} ({})", dataset.summary()));
    Ok(dataset)
}

fn glyphs(options: &Options) -> Result<Dataset> {
    let count = |count: usize, limit: Option<usize>| count.min(limit.unwrap_or(count));
    let train = count(options.glyph_train, options.train_limit);
    let test = count(options.glyph_test, options.test_limit);
    if train == 0 || test == 0 {
        return Err(Error::invalid(
            "glyphs",
            format!("{train} for training and {test} for test, expected at least 1 each"),
        ));
    }
    Ok(glyphs::dataset(options.glyph_seed, train, test))
}

/// Why MNIST is not to be had, after the word MNIST.
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

/// The data set at a path, decided by what is there, and a line about it.
fn open_path(path: &Path) -> Result<(Dataset, String)> {
    let kind = std::fs::metadata(path).map_err(Error::io("read", path))?;
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let (dataset, note) = if kind.is_dir() {
        if mnist::is_idx_folder(path) { (mnist::read(path)?, "IDX files".into()) } else { folder::read(path)? }
    } else if extension == "npy" {
        npy::read(path)?
    } else if extension == "csv" {
        csv::read(path)?
    } else {
        return Err(Error::malformed(path, format!("not a data set: {ACCEPTED}")));
    };
    // a run is resumed from anywhere
    let name = std::path::absolute(path).map_err(Error::io("read", path))?.display().to_string();
    Ok((Dataset { name, ..dataset }, format!("{}: {note}", path.display())))
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

/// Divides a source that has no test split: a seventh, chosen by a fixed permutation, becomes one (70,000 images give
/// MNIST's 60,000 and 10,000), and the rest stays in the order of that permutation.
fn divide(path: &Path, images: &[u8], labels: Option<&[u8]>, pixels: usize) -> Result<(Split, Split)> {
    let count = images.len() / pixels;
    if count < 2 {
        return Err(Error::malformed(
            path,
            format!("{count} images, expected at least 2: one to train on, one to test"),
        ));
    }
    let number =
        u32::try_from(count).map_err(|_| Error::malformed(path, format!("{count} images, expected at most 2^32")))?;
    let order: Vec<u32> = Permutation::new(0, 0, number).items().collect();
    let pick = |items: &[u32]| Split {
        images: items.iter().flat_map(|&i| &images[i as usize * pixels..][..pixels]).copied().collect(),
        labels: labels.map(|labels| items.iter().map(|&i| labels[i as usize]).collect()),
        count: items.len(),
    };
    let (train, test) = order.split_at(count - (count / 7).max(1));
    Ok((pick(train), pick(test)))
}
