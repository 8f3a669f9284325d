//! MNIST and everything that comes in the same four IDX files (Fashion-MNIST, KMNIST, …).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::download;
use super::idx::{self, Content, Idx, IdxImages};
use super::known::{Known, State};
use super::parts::Parts;
use super::table::{Reading, Table};
use super::{Dataset, Found, Split};
use crate::{Error, Result};

/// One of the four files.
pub struct Part {
    /// Its name in [`Dataset::hashes`].
    key: &'static str,
    /// What its file name begins with.
    stem: &'static str,
    /// Sizes in its header: 3 for images, 1 for labels.
    pub(super) rank: usize,
    /// Its name as it is published, compressed.
    pub(super) file: &'static str,
}

/// The four files.
pub static PARTS: [Part; 4] = [
    Part { key: "train-images", stem: "train-images", rank: 3, file: "train-images-idx3-ubyte.gz" },
    Part { key: "train-labels", stem: "train-labels", rank: 1, file: "train-labels-idx1-ubyte.gz" },
    Part { key: "test-images", stem: "t10k-images", rank: 3, file: "t10k-images-idx3-ubyte.gz" },
    Part { key: "test-labels", stem: "t10k-labels", rank: 1, file: "t10k-labels-idx1-ubyte.gz" },
];

impl Part {
    /// Its file in a folder: `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, as such or with `.gz`. A symbolic link
    /// whose target is missing counts: reading it says so.
    pub(super) fn find(&self, dir: &Path) -> Option<PathBuf> {
        let Part { stem, rank, .. } = self;
        let names =
            ["", ".gz"].iter().flat_map(|end| ["-", "."].map(|joint| format!("{stem}{joint}idx{rank}-ubyte{end}")));
        names.map(|name| dir.join(name)).find(|path| path.symlink_metadata().is_ok())
    }
}

/// Where MNIST is kept if nobody says otherwise: the environment's `WGVAE_DATA`, else `wgvae/mnist` in the platform's
/// folder for caches.
pub fn default_dir() -> Option<PathBuf> {
    match std::env::var_os("WGVAE_DATA").filter(|value| !value.is_empty()) {
        Some(dir) => Some(dir.into()),
        None => dirs::cache_dir().map(|cache| cache.join("wgvae").join("mnist")),
    }
}

/// A known data set from [`Known::folder`], after a download of what is missing there; and a line that says so.
///
/// # Errors
/// A failed download; a file that is damaged or not the publisher's. Files that are there are never replaced.
pub fn open(known: &Known, dir: Option<&Path>, settings: &download::Settings) -> Result<(Dataset, String)> {
    let (folder, name) = (known.folder(dir)?, title(known));
    let missing = known.fetch(&folder, settings)?;
    let dataset = read(&folder)?;
    let differs = |part: &Part, problem: String| {
        let path = part.find(&folder).unwrap_or_else(|| folder.clone());
        let problem = format!(
            "{problem}; delete the file to have it downloaded, or name the folder with --data to train on what it holds"
        );
        Err(Error::malformed(&path, problem))
    };
    for (part, raw) in PARTS.iter().zip(known.raw()) {
        match (raw, &dataset.hashes.get(part.key)) {
            (Some(raw), Some(found)) if *found != raw => {
                return differs(part, format!("SHA-256 of the uncompressed file is {found}, {name}'s is {raw}"));
            }
            _ => {}
        }
    }
    if known.raw().contains(&None) {
        for (part, (_, state)) in PARTS.iter().zip(known.verify(&folder)) {
            if let State::Wrong(problem) = state {
                return differs(part, problem);
            }
        }
    }
    let mut dataset = known.prepared(dataset, &folder)?;
    dataset.name = known.name.into();
    let base = dir.map_or(folder.clone(), Path::to_path_buf);
    dataset.directory = Some(std::path::absolute(&base).map_err(Error::io("read", &base))?)
        .filter(|_| dir.is_some() || known.name == "mnist");
    let from = match missing {
        0 => format!("{name} from {}", folder.display()),
        all if all == PARTS.len() => format!("{name}, downloaded to {}", folder.display()),
        some => format!("{name} from {}, {some} of its 4 files downloaded", folder.display()),
    };
    Ok((dataset, from))
}

/// Its name in a sentence.
fn title(known: &Known) -> &'static str {
    if known.name == "mnist" { "MNIST" } else { known.name }
}

/// What one of the files holds.
enum File {
    Images(IdxImages),
    Labels(Idx),
}

impl File {
    fn holds_numbers(&self) -> bool {
        matches!(self, File::Images(IdxImages { content: Content::Numbers(_), .. }))
    }
}

/// Whether a folder has any of the four files.
pub fn is_idx_folder(dir: &Path) -> bool {
    PARTS.iter().any(|part| part.find(dir).is_some())
}

/// The data set of a folder's IDX files; without labels where both files of labels are missing.
///
/// # Errors
/// Files that are missing or damaged, splits of different image sizes, numbers of images and labels that differ, and a
/// test label that no training image has reached; values that are no pixels.
pub fn read(dir: &Path) -> Result<Dataset> {
    match found(dir, &Reading::default())? {
        Found::Divided(dataset) => Ok(dataset),
        _ => Err(Error::malformed(dir, "holds real values, expected pixels")),
    }
}

/// What a folder's IDX files hold: images, or a table where a value is no pixel, `reading` asks for a scale, or a run has one.
///
/// # Errors
/// As [`read`], but for values that are no pixels.
pub(super) fn found(dir: &Path, reading: &Reading) -> Result<Found> {
    let paths = PARTS.each_ref().map(|part| part.find(dir));
    let labelled = paths[1].is_some() || paths[3].is_some();
    let missing: Vec<&str> = (PARTS.iter().zip(&paths))
        .filter(|(part, path)| path.is_none() && (labelled || part.rank == 3))
        .map(|(part, _)| part.file)
        .collect();
    if !missing.is_empty() {
        let found: Vec<_> = paths.iter().flatten().filter_map(|path| path.file_name()?.to_str()).collect();
        let found = if found.is_empty() { "none of the others".to_string() } else { found.join(", ") };
        let problem = format!("missing {} (compressed or not); found {found}", missing.join(", "));
        return Err(Error::malformed(dir, problem));
    }

    let read = |as_numbers: bool| -> Vec<Option<Result<File>>> {
        let read = |(part, path): (&Part, &Option<PathBuf>)| {
            path.as_ref().map(|path| match part.rank {
                3 => idx::images(path, reading.on_disk_from, as_numbers).map(File::Images),
                rank => idx::read(path, rank).map(File::Labels),
            })
        };
        PARTS.par_iter().zip(&paths).map(read).collect() // unpacking is most of the time
    };
    let mut files = read(reading.scale.is_some() || reading.recipe.is_some());
    if files.iter().flatten().flatten().any(File::holds_numbers) {
        files = read(true); // of both parts
    }
    let mut hashes = BTreeMap::new();
    let mut load = |i: usize| -> Result<Option<(File, &Path)>> {
        let (Some(path), Some(file)) = (&paths[i], files[i].take()) else { return Ok(None) };
        let file = file?;
        let (File::Images(IdxImages { sha256, .. }) | File::Labels(Idx { sha256, .. })) = &file;
        hashes.insert(PARTS[i].key.to_string(), sha256.clone());
        Ok(Some((file, path)))
    };
    let mut split = |images: usize, labels: usize| -> Result<(Split, Content, [usize; 2])> {
        let Some((File::Images(IdxImages { shape: [count, height, width], content, .. }), path)) = load(images)? else {
            unreachable!("a missing file of images is an error above")
        };
        let labels = load(labels)?;
        let labels = match labels {
            Some((File::Labels(Idx { values, .. }), labels_path)) if values.len() != count => {
                let problem =
                    format!("{} labels, expected {count}, one for each image of {}", values.len(), path.display());
                return Err(Error::malformed(labels_path, problem));
            }
            Some((File::Labels(Idx { values, .. }), _)) => Some(values),
            _ => None,
        };
        Ok((Split { labels, count, ..Split::default() }, content, [height, width]))
    };
    let (train, of_train, sides) = split(0, 1)?;
    let (test, of_test, test_sides) = split(2, 3)?;
    if sides != test_sides {
        let path = paths[2].as_deref().unwrap_or(dir);
        let ([height, width], [train_height, train_width]) = (test_sides, sides);
        let problem =
            format!("images of {width}x{height} pixels, expected {train_width}x{train_height} as for training");
        return Err(Error::malformed(path, problem));
    }
    if let (Some(train), Some(test)) = (&train.labels, &test.labels) {
        let classes = train.iter().max().map_or(0, |largest| *largest as usize + 1);
        if let Some(i) = test.iter().position(|label| *label as usize >= classes) {
            let path = paths[3].as_deref().unwrap_or(dir);
            let problem =
                format!("label {i} is {}, expected less than {classes}, the classes of the training labels", test[i]);
            return Err(Error::malformed(path, problem));
        }
    }
    let name = dir.display().to_string();
    match (of_train, of_test) {
        (Content::Pixels(of_train), Content::Pixels(of_test)) => {
            let (train, test) = (Split { images: of_train, ..train }, Split { images: of_test, ..test });
            Ok(Found::Divided(Dataset::with_hashes(name, sides, train, test, hashes)))
        }
        (Content::Numbers(of_train), Content::Numbers(of_test)) => {
            let [train_path, test_path] = [0, 2].map(|i| paths[i].as_deref().unwrap_or(dir));
            let train = Table::of_rows(train_path, of_train.into(), sides, train.labels.as_deref());
            let test = Table::of_rows(test_path, of_test.into(), sides, test.labels.as_deref());
            Ok(Found::Parts(Box::new(Parts { name, train, test, hashes })))
        }
        _ => unreachable!("where one part holds numbers, both are read as numbers"),
    }
}
