//! Data sets that are known by name: where they come from, and the hashes that their publishers give.

use std::path::{Path, PathBuf};
use std::time::Duration;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::download::{self, Hash, Remote};
use super::mnist::{self, PARTS};
use super::{Dataset, bytes, emnist, hex, idx};
use crate::{Error, Result};

/// A data set in the four files that MNIST has.
pub struct Known {
    /// What `--data` calls it.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Addresses that a file's name is added to, in the order they are tried.
    pub mirrors: &'static [&'static str],
    files: Files,
}

/// What a data set is published as.
enum Files {
    /// Four files, in the order of [`PARTS`].
    Single([Published; 4]),
    /// A part of EMNIST, whose files have no hash of their own.
    Emnist(emnist::Part),
}

/// A file as its publisher made it.
struct Published {
    /// Its size, where it is known.
    bytes: Option<u64>,
    /// Of the compressed file.
    hash: Hash<'static>,
    /// SHA-256 of the uncompressed file, where it is known.
    raw: Option<&'static str>,
}

impl Published {
    const fn md5(hash: &'static str) -> Published {
        Published { bytes: None, hash: Hash::Md5(hash), raw: None }
    }

    const fn sha256(bytes: u64, hash: &'static str, raw: &'static str) -> Published {
        Published { bytes: Some(bytes), hash: Hash::Sha256(hash), raw: Some(raw) }
    }
}

/// Every data set that is known by name. MNIST's hashes are of files that were read; those of the others are torchvision's.
pub static ALL: [Known; 5] = [
    Known {
        name: "mnist",
        about: "handwritten digits, 60,000 and 10,000 of 28 x 28",
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://cdn.jsdelivr.net/gh/fgnt/mnist@master/",
        ],
        files: Files::Single([
            Published::sha256(
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            Published::sha256(
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            Published::sha256(
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            Published::sha256(
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ]),
    },
    Known {
        name: "fashion-mnist",
        about: "pieces of clothing in ten classes, 60,000 and 10,000 of 28 x 28",
        mirrors: &["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
        files: Files::Single([
            Published::md5("8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            Published::md5("25c81989df183df01b3e8a0aad5dffbe"),
            Published::md5("bef4ecab320f06d8554ea6380940ec79"),
            Published::md5("bb300cfdad3c16e7a12a480ee83cd310"),
        ]),
    },
    Known {
        name: "kmnist",
        about: "cursive Japanese characters in ten classes, 60,000 and 10,000 of 28 x 28",
        mirrors: &["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"],
        files: Files::Single([
            Published::md5("bdb82020997e1d708af4cf47b453dcf7"),
            Published::md5("e144d726b3acfaa3e44228e80efcd344"),
            Published::md5("5c965bf0a639b31b8f53240b1b52f4d7"),
            Published::md5("7320c461ea6c1c855c0b718fb2a4b134"),
        ]),
    },
    Known {
        name: "emnist-digits",
        about: "handwritten digits, 240,000 and 40,000 of 28 x 28",
        mirrors: &EMNIST,
        files: Files::Emnist(emnist::Part { name: "digits", letters: false }),
    },
    Known {
        name: "emnist-letters",
        about: "handwritten letters, large and small in one class, 124,800 and 20,800 of 28 x 28",
        mirrors: &EMNIST,
        files: Files::Emnist(emnist::Part { name: "letters", letters: true }),
    },
];

const EMNIST: [&str; 1] = ["https://biometrics.nist.gov/cs_links/EMNIST/"];

/// What is known of a file of a data set that lies on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is not there.
    Missing,
    /// It is the publisher's.
    Right,
    /// It is another file, or a damaged one: why.
    Wrong(String),
    /// It is there, and no hash of it is known: it is uncompressed and the publisher's hash is of the compressed file alone, or of an archive.
    Unknown,
}

impl Known {
    /// The data set of this name.
    pub fn find(name: &str) -> Option<&'static Known> {
        ALL.iter().find(|known| known.name == name)
    }

    /// The folder that its files lie in: for MNIST `dir` or, unless told, [`mnist::default_dir`]; for the others one of their name within
    /// `dir`, `WGVAE_DATA` or the folder for caches.
    ///
    /// # Errors
    /// [`Error::Invalid`] where none is told and the system names none.
    pub fn folder(&self, dir: Option<&Path>) -> Result<PathBuf> {
        let no_dir = || Error::invalid("--data-dir", "not given, and this system names no folder for caches");
        if self.name == "mnist" {
            return dir.map(Path::to_path_buf).or_else(mnist::default_dir).ok_or_else(no_dir);
        }
        let told = std::env::var_os("WGVAE_DATA").filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = || dirs::cache_dir().map(|cache| cache.join("wgvae"));
        Ok(dir.map(Path::to_path_buf).or(told).or_else(cache).ok_or_else(no_dir)?.join(self.name))
    }

    /// Downloads the files that `folder` lacks, and says how many those were.
    ///
    /// # Errors
    /// As [`download::fetch`].
    pub fn fetch(&self, folder: &Path, settings: &download::Settings) -> Result<usize> {
        let own = || self.mirrors.iter().map(|mirror| mirror.to_string()).collect();
        let mirrors = Some(settings.mirrors.clone().unwrap_or_else(own));
        let settings = download::Settings { mirrors, ..settings.clone() };
        let files = match &self.files {
            Files::Single(files) => files,
            Files::Emnist(part) => {
                // one file of 536 MB: as long as it comes
                let total = settings.total.max(Duration::from_secs(3600));
                return part.fetch(folder, &download::Settings { total, ..settings });
            }
        };
        let missing: Vec<Remote> = (PARTS.iter().zip(files))
            .filter(|(part, _)| part.find(folder).is_none())
            .map(|(part, file)| Remote { name: part.file, bytes: file.bytes, hash: file.hash })
            .collect();
        download::fetch(&missing, folder, &settings)?;
        Ok(missing.len())
    }

    /// What a model is trained on, of the files in `folder` as they are read.
    pub(super) fn prepared(&self, dataset: Dataset, folder: &Path) -> Result<Dataset> {
        match &self.files {
            Files::Single(_) => Ok(dataset),
            Files::Emnist(part) => part.upright(dataset, folder),
        }
    }

    /// Whether each file is in `folder`.
    pub fn present(&self, folder: &Path) -> [bool; 4] {
        PARTS.each_ref().map(|part| part.find(folder).is_some())
    }

    /// The name and the state of each file in `folder`.
    pub fn verify(&self, folder: &Path) -> Vec<(&'static str, State)> {
        let state = |i: usize, part: &mnist::Part| {
            let Some(path) = part.find(folder) else { return State::Missing };
            let Files::Single(files) = &self.files else { return State::Unknown };
            match self.checked(&path, part, &files[i]) {
                Ok(state) => state,
                Err(error) => State::Wrong(error.to_string()),
            }
        };
        PARTS.iter().enumerate().map(|(i, part)| (part.file, state(i, part))).collect()
    }

    /// Whether a file is the publisher's: by what it holds, where that hash is known, else as it is compressed.
    fn checked(&self, path: &Path, part: &mnist::Part, file: &Published) -> Result<State> {
        let (found, expected) = match (file.raw, file.hash) {
            (Some(raw), _) => (idx::read(path, part.rank)?.sha256, raw),
            (None, _) if path.extension().is_none_or(|end| end != "gz") => return Ok(State::Unknown),
            (None, Hash::Sha256(hash)) => (hex(&Sha256::digest(bytes(path)?)), hash),
            (None, Hash::Md5(hash)) => (hex(&Md5::digest(bytes(path)?)), hash),
        };
        match found == expected {
            true => Ok(State::Right),
            false => Ok(State::Wrong(format!("its hash is {found}, that of {} is {expected}", self.name))),
        }
    }

    /// The hash of each uncompressed file, where it is known.
    pub(super) fn raw(&self) -> [Option<&'static str>; 4] {
        match &self.files {
            Files::Single(files) => files.each_ref().map(|file| file.raw),
            Files::Emnist(_) => [None; 4],
        }
    }
}
