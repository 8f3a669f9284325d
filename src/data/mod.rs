//! Data sources: every one becomes images of bytes or rows of real values, a [`Dataset`] to train on or a [`Whole`] that a model is
//! applied to.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::model::class_name;
use crate::{Error, Result, memory};

pub(crate) use hash::hex;
use hash::{sha256, sha256_of_rows};
use in_place::{open_file, stays_on_disk};
use known::Known;
use parts::Parts;
use refusals::{expect_all_columns, expect_images, expect_pictures};
use table::{Table, shown};

mod dataset;
pub mod digits;
mod division;
pub mod download;
pub mod emnist;
mod folder;
pub mod glyphs;
mod hash;
pub mod idx;
mod in_place;
pub mod known;
pub mod mnist;
mod names;
pub(crate) mod npy;
mod npz;
mod parts;
mod pictures;
mod refusals;
mod source;
pub mod stroke;
pub mod table;
#[cfg(feature = "download")]
mod transfer;

pub use dataset::{Content, Dataset, Images, Split, Subset, Whole, rows_f32};
pub use division::Division;
pub use names::Names;
pub use source::Source;
pub use table::{Missing, Reading, Recipe, Scale};

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
    /// How files are read.
    pub reading: Reading,
    /// How a source that is not divided is divided.
    pub division: Division,
    /// Where data sets that are known by name are downloaded from.
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
            reading: Reading::default(),
            division: Division::default(),
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
    let (found, mut from) = read(source, data_dir, options)?;
    let divided = options.division.words();
    let (mut dataset, divided) = match found {
        Found::Divided(_) | Found::Parts(_) if !options.division.is_seventh() => {
            let problem = "divide data, and these come as two parts already";
            return Err(Error::invalid("--test-share, --test", problem));
        }
        Found::Divided(dataset) => (dataset, String::new()),
        Found::Parts(parts) => {
            let (dataset, note) = parts.into_rows(&options.reading, options.train_limit)?;
            from += &note;
            (dataset, String::new())
        }
        Found::Images(whole) => (divide(whole, options)?, divided),
        Found::Table(table) => {
            let train = options.division.rows(&table.path, table.count())?[0].clone();
            let fitted = &train[..options.train_limit.unwrap_or(train.len()).min(train.len())];
            let (whole, note) = table.into_rows(&options.reading, fitted)?;
            from += &note;
            (divide(whole, options)?, divided)
        }
    };
    if let Source::Path(path) = source {
        // a run is resumed from anywhere
        dataset.name = std::path::absolute(path).map_err(Error::io("read", path))?.display().to_string();
    }
    dataset.labels = options.reading.recorded_labels()?;
    dataset.division = options.division.recorded()?;
    dataset.skip_bad = options.reading.skip_bad;
    expect_pictures(&options.reading, &dataset)?;
    dataset.limit(options.train_limit, options.test_limit);
    report(&format!("{from} ({}{divided})", dataset.summary()));
    Ok(dataset)
}

/// Divides a source for training, or puts the file beside it that is for test.
fn divide(whole: Whole, options: &Options) -> Result<Dataset> {
    let path = PathBuf::from(&whole.name);
    let Division::File(test) = &options.division else {
        let [train, test] = options.division.rows(&path, whole.images.count)?;
        return Ok(whole.divided(&train, &test));
    };
    let reading = Reading {
        recipe: whole.table.clone(),
        class_names: whole.class_names.clone(),
        columns: Vec::new(),
        except: Vec::new(),
        scale: None,
        color: Some(whole.color),
        ..options.reading.clone()
    };
    let found = match open_path(test, &reading)?.0 {
        Found::Images(found) => found,
        Found::Table(table) => table.into_rows(&reading, &[])?.0,
        Found::Divided(_) | Found::Parts(_) => {
            return Err(Error::malformed(test, "comes as two parts, expected one that is for test"));
        }
    };
    if found.size() != whole.size() || found.table.is_some() != whole.table.is_some() {
        let problem = format!("holds rows of {}, expected {} as of {}", found.size(), whole.size(), whole.name);
        return Err(Error::malformed(test, problem));
    }
    let trained = whole.images.labels.iter().flatten().max();
    if let (Some(most), Some(labels)) = (trained, &found.images.labels)
        && let Some(row) = labels.iter().position(|label| label > most)
    {
        let class = class_name(&found.class_names, labels[row] as usize);
        let problem = format!("{}: the class {class} is that of no row to train on", found.images.names.of(row));
        return Err(Error::malformed(test, problem));
    }
    Ok(whole.beside(found))
}

/// Opens a source for a trained model: one that is not divided stays whole and in its order, and a single row is enough.
/// Else as [`open`], without limits. The columns of a table are scaled as `reading` has it of the model's run, or else by all rows.
///
/// # Errors
/// As [`open`].
pub fn open_whole(
    source: &Source,
    data_dir: Option<&Path>,
    reading: &Reading,
    report: &mut dyn FnMut(&str),
) -> Result<Content> {
    let options = Options { reading: reading.clone(), ..Options::default() };
    let (found, mut from) = read(source, data_dir, &options)?;
    let content = match found {
        Found::Divided(dataset) => Content::Divided(dataset),
        Found::Parts(parts) => {
            let (dataset, note) = parts.into_rows(reading, None)?;
            from += &note;
            Content::Divided(dataset)
        }
        Found::Images(whole) => Content::Whole(whole),
        Found::Table(table) => {
            let all: Vec<u32> = (0..table.count() as u32).collect();
            let (whole, note) = table.into_rows(reading, &all)?;
            from += &note;
            Content::Whole(whole)
        }
    };
    let summary = match &content {
        Content::Divided(dataset) => dataset.summary(),
        Content::Whole(whole) => whole.summary(),
    };
    report(&format!("{from} ({summary})"));
    Ok(content)
}

/// What a source holds, tables not scaled yet.
enum Found {
    /// As [`Content::Divided`].
    Divided(Dataset),
    /// A table that is divided.
    Parts(Box<Parts>),
    /// Images that are not divided.
    Images(Whole),
    /// A table without missing values, or whose missing values have something that stands in for them.
    Table(Table),
}

/// What a source holds, and where it is from.
fn read(source: &Source, data_dir: Option<&Path>, options: &Options) -> Result<(Found, String)> {
    if !matches!(source, Source::Path(_)) {
        expect_images(&options.reading)?;
    }
    let divided = |(dataset, from)| (Found::Divided(dataset), from);
    match source {
        Source::Auto => match mnist::open(&known::ALL[0], data_dir, &options.download) {
            Ok(opened) => Ok(divided(opened)),
            Err(error) => {
                let why = format!("MNIST {}: using the built-in glyphs", reason(&error));
                Ok(divided((glyphs(options)?, why)))
            }
        },
        Source::Mnist => mnist::open(&known::ALL[0], data_dir, &options.download).map(divided),
        Source::Known(name) => match Known::find(name) {
            Some(known) => mnist::open(known, data_dir, &options.download).map(divided),
            None => Err(Error::invalid("--data", format!("{name} is no data set that is known by name"))),
        },
        Source::Glyphs => Ok(divided((glyphs(options)?, format!("the built-in glyphs, seed {}", options.glyph_seed)))),
        Source::Path(path) => open_path(path, &options.reading),
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
    folder per class), a .npy or .npz file, or a table in a .csv, .tsv or .parquet file";

/// What is at a path, decided by its kind and its extension, and a line about it.
fn open_path(path: &Path, reading: &Reading) -> Result<(Found, String)> {
    let kind = metadata(path)?;
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let (found, note) = if kind.is_dir() && mnist::is_idx_folder(path) {
        (mnist::found(path, reading)?, "IDX files".into())
    } else if kind.is_dir() {
        folder::read(path, reading)?
    } else if kind.is_file() && extension == "npy" {
        npy::read(path, reading)?
    } else if kind.is_file() && extension == "npz" {
        npz::read(path, reading)?
    } else if kind.is_file() && (extension == "csv" || extension == "tsv") {
        let table = table::delimited::read(path, reading)?;
        let note = format!("a table of {} columns", table.columns.len());
        (Found::Table(table), note)
    } else if kind.is_file() && extension == "parquet" {
        match open_parquet(path, reading)? {
            (Found::Images(images), note) => return Ok((Found::Images(images), format!("{}: {note}", path.display()))),
            table => table,
        }
    } else {
        return Err(Error::malformed(path, format!("not a data set: {ACCEPTED}")));
    };
    let (found, note) = settled(found, note, reading)?;
    Ok((found, format!("{}: {note}", path.display())))
}

#[cfg(feature = "parquet")]
use table::parquet::read as open_parquet;

/// The error of a program that was built without a reader of Parquet.
#[cfg(not(feature = "parquet"))]
fn open_parquet(path: &Path, _: &Reading) -> Result<(Found, String)> {
    Err(Error::malformed(
        path,
        "this build of wgvae reads no Parquet: build it with --features parquet, or convert the file to .csv",
    ))
}

/// What a file of numbers is: images, or a table whose missing values are dealt with.
fn settled(found: Found, note: String, reading: &Reading) -> Result<(Found, String)> {
    if let Found::Parts(parts) = found {
        expect_all_columns(reading)?;
        if let Some(recipe) = reading.recipe.as_ref().filter(|recipe| recipe.columns != parts.train.columns) {
            let (own, run) = (&parts.train.columns, &recipe.columns);
            let problem = format!("has {} columns ({}), and the run has others: {}", own.len(), shown(own), shown(run));
            return Err(Error::malformed(&parts.train.path, problem));
        }
        let (parts, missing) = parts.settled(reading.missing)?;
        return Ok((Found::Parts(Box::new(parts)), format!("{note} of real values{missing}")));
    }
    let Found::Table(table) = found else {
        let labelled = reading.label_file().is_some(); // they have been read
        expect_images(&Reading { labels: reading.labels.clone().filter(|_| !labelled), ..reading.clone() })?;
        return Ok((found, note));
    };
    if let Some(white) = table.white(reading)? {
        let mut note = format!("{note}, taken as images of 0 to {white} (--scale makes it a table)");
        let images = table.into_images(white, reading)?;
        let pixels = images.width * images.height;
        if images.classes == 0 && images.height == 1 && pixels > 1 && (pixels - 1).isqrt().pow(2) == pixels - 1 {
            note += "; if the first column holds labels, add a header that calls it `label`, or name it with --labels";
        }
        return Ok((Found::Images(images), note));
    }
    let (table, missing) = table.settled(reading.missing)?;
    Ok((Found::Table(table), note + &missing))
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

/// The sides `[height, width]` of images of which only the number of pixels is known: square where that is possible.
fn sides(pixels: usize) -> [usize; 2] {
    let side = pixels.isqrt();
    if side * side == pixels { [side, side] } else { [1, pixels] }
}
