//! MNIST and everything that comes in the same four IDX files (Fashion-MNIST, KMNIST, …).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::download::{self, Remote};
use super::idx::{self, Idx};
use super::{Dataset, Names, Split};
use crate::{Error, Result};

/// One of the four files.
struct MnistFile {
    /// Its name in [`Dataset::hashes`].
    key: &'static str,
    /// What its file name begins with.
    stem: &'static str,
    /// Sizes in its header: 3 for images, 1 for labels.
    rank: usize,
    /// MNIST's own file, compressed.
    remote: Remote<'static>,
    /// SHA-256 of MNIST's own file, uncompressed.
    sha256: &'static str,
}

static PARTS: [MnistFile; 4] = [
    MnistFile {
        key: "train-images",
        stem: "train-images",
        rank: 3,
        remote: Remote {
            name: "train-images-idx3-ubyte.gz",
            bytes: 9_912_422,
            sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        },
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    MnistFile {
        key: "train-labels",
        stem: "train-labels",
        rank: 1,
        remote: Remote {
            name: "train-labels-idx1-ubyte.gz",
            bytes: 28_881,
            sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        },
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    MnistFile {
        key: "test-images",
        stem: "t10k-images",
        rank: 3,
        remote: Remote {
            name: "t10k-images-idx3-ubyte.gz",
            bytes: 1_648_877,
            sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        },
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    MnistFile {
        key: "test-labels",
        stem: "t10k-labels",
        rank: 1,
        remote: Remote {
            name: "t10k-labels-idx1-ubyte.gz",
            bytes: 4_542,
            sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
];

impl MnistFile {
    /// Its file in a folder: `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, as such or with `.gz`. A symbolic link
    /// whose target is missing counts: reading it says so.
    fn find(&self, dir: &Path) -> Option<PathBuf> {
        let MnistFile { stem, rank, .. } = self;
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

/// MNIST from `dir`, or else [`default_dir`], after a download of what is missing there; and a line that says so.
///
/// # Errors
/// A failed download; a file that is damaged or not MNIST's. Files that are there are never replaced.
pub fn open(dir: Option<&Path>, settings: &download::Settings) -> Result<(Dataset, String)> {
    let no_dir = || Error::invalid("--data-dir", "not given, and this system names no folder for caches");
    let dir = dir.map(Path::to_path_buf).or_else(default_dir).ok_or_else(no_dir)?;
    let missing: Vec<Remote> = PARTS.iter().filter(|part| part.find(&dir).is_none()).map(|part| part.remote).collect();
    download::fetch(&missing, &dir, settings)?;

    let mut dataset = read(&dir)?;
    for part in &PARTS {
        let found = &dataset.hashes[part.key];
        if found != part.sha256 {
            let path = part.find(&dir).unwrap_or_else(|| dir.clone());
            let problem = format!(
                "SHA-256 of the uncompressed file is {found}, MNIST's is {}; delete the file to have it downloaded, or name \
                 the folder with --data to train on what it holds",
                part.sha256
            );
            return Err(Error::malformed(&path, problem));
        }
    }
    dataset.name = "mnist".into();
    dataset.directory = Some(std::path::absolute(&dir).map_err(Error::io("read", &dir))?);
    let from = match missing.len() {
        0 => format!("MNIST from {}", dir.display()),
        all if all == PARTS.len() => format!("MNIST, downloaded to {}", dir.display()),
        some => format!("MNIST from {}, {some} of its 4 files downloaded", dir.display()),
    };
    Ok((dataset, from))
}

/// Whether a folder has any of the four files.
pub fn is_idx_folder(dir: &Path) -> bool {
    PARTS.iter().any(|part| part.find(dir).is_some())
}

/// The data set of a folder's IDX files; without labels where both files of labels are missing.
///
/// # Errors
/// Files that are missing or damaged, splits of different image sizes, numbers of images and labels that differ, and a
/// test label that no training image has reached.
pub fn read(dir: &Path) -> Result<Dataset> {
    let paths = PARTS.each_ref().map(|part| part.find(dir));
    let labelled = paths[1].is_some() || paths[3].is_some();
    let missing: Vec<&str> = (PARTS.iter().zip(&paths))
        .filter(|(part, path)| path.is_none() && (labelled || part.rank == 3))
        .map(|(part, _)| part.remote.name)
        .collect();
    if !missing.is_empty() {
        let found: Vec<_> = paths.iter().flatten().filter_map(|path| path.file_name()?.to_str()).collect();
        let found = if found.is_empty() { "none of the others".to_string() } else { found.join(", ") };
        let problem = format!("missing {} (compressed or not); found {found}", missing.join(", "));
        return Err(Error::malformed(dir, problem));
    }

    let read = |(part, path): (&MnistFile, &Option<PathBuf>)| path.as_ref().map(|path| idx::read(path, part.rank));
    let mut files: Vec<Option<Result<Idx>>> = PARTS.par_iter().zip(&paths).map(read).collect(); // unpacking is most of the time
    let mut hashes = BTreeMap::new();
    let mut load = |i: usize| -> Result<Option<(Idx, &Path)>> {
        let (Some(path), Some(idx)) = (&paths[i], files[i].take()) else { return Ok(None) };
        let idx = idx?;
        hashes.insert(PARTS[i].key.to_string(), idx.sha256.clone());
        Ok(Some((idx, path)))
    };
    let mut split = |images: usize, labels: usize| -> Result<(Split, [usize; 2])> {
        let (images, path) = load(images)?.expect("a missing file of images is an error above");
        let [count, height, width] = images.shape[..] else { unreachable!("images of rank 3 have three sizes") };
        let labels = load(labels)?;
        if let Some((labels, labels_path)) = &labels
            && labels.values.len() != count
        {
            let problem =
                format!("{} labels, expected {count}, one for each image of {}", labels.values.len(), path.display());
            return Err(Error::malformed(labels_path, problem));
        }
        let labels = labels.map(|(idx, _)| idx.values);
        Ok((Split { images: images.values.into(), labels, count, names: Names::InOrder }, [height, width]))
    };
    let (train, sides) = split(0, 1)?;
    let (test, test_sides) = split(2, 3)?;
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
    Ok(Dataset::with_hashes(dir.display().to_string(), sides, train, test, hashes))
}
