//! Data sets that are known by name: where they come from, and the hashes that their publishers give.

use std::path::{Path, PathBuf};

use md5::Md5;
use sha2::{Digest, Sha256};

use super::download::{self, Hash, Remote};
use super::mnist::{self, PARTS};
use super::{bytes, hex, idx};
use crate::{Error, Result};

/// A data set in the four files that MNIST has.
pub struct Known {
    /// What `--data` calls it.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Addresses that a file's name is added to, in the order they are tried.
    pub mirrors: &'static [&'static str],
    /// In the order of [`PARTS`].
    files: [Published; 4],
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
pub static ALL: [Known; 3] = [
    Known {
        name: "mnist",
        about: "handwritten digits, 60,000 and 10,000 of 28 x 28",
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://cdn.jsdelivr.net/gh/fgnt/mnist@master/",
        ],
        files: [
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
        ],
    },
    Known {
        name: "fashion-mnist",
        about: "pieces of clothing in ten classes, 60,000 and 10,000 of 28 x 28",
        mirrors: &["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
        files: [
            Published::md5("8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            Published::md5("25c81989df183df01b3e8a0aad5dffbe"),
            Published::md5("bef4ecab320f06d8554ea6380940ec79"),
            Published::md5("bb300cfdad3c16e7a12a480ee83cd310"),
        ],
    },
    Known {
        name: "kmnist",
        about: "cursive Japanese characters in ten classes, 60,000 and 10,000 of 28 x 28",
        mirrors: &["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"],
        files: [
            Published::md5("bdb82020997e1d708af4cf47b453dcf7"),
            Published::md5("e144d726b3acfaa3e44228e80efcd344"),
            Published::md5("5c965bf0a639b31b8f53240b1b52f4d7"),
            Published::md5("7320c461ea6c1c855c0b718fb2a4b134"),
        ],
    },
];

/// What is known of a file of a data set that lies on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is not there.
    Missing,
    /// It is the publisher's.
    Right,
    /// It is another file, or a damaged one: why.
    Wrong(String),
    /// It is there uncompressed, and the publisher's hash is of the compressed file alone.
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
        let missing: Vec<Remote> = (PARTS.iter().zip(&self.files))
            .filter(|(part, _)| part.find(folder).is_none())
            .map(|(part, file)| Remote { name: part.file, bytes: file.bytes, hash: file.hash })
            .collect();
        let own = || self.mirrors.iter().map(|mirror| mirror.to_string()).collect();
        let mirrors = Some(settings.mirrors.clone().unwrap_or_else(own));
        download::fetch(&missing, folder, &download::Settings { mirrors, ..settings.clone() })?;
        Ok(missing.len())
    }

    /// Whether each file is in `folder`.
    pub fn present(&self, folder: &Path) -> [bool; 4] {
        PARTS.each_ref().map(|part| part.find(folder).is_some())
    }

    /// The name and the state of each file in `folder`.
    pub fn verify(&self, folder: &Path) -> Vec<(&'static str, State)> {
        let state = |(part, file): (&mnist::Part, &Published)| {
            let Some(path) = part.find(folder) else { return State::Missing };
            match self.checked(&path, part, file) {
                Ok(state) => state,
                Err(error) => State::Wrong(error.to_string()),
            }
        };
        PARTS.iter().zip(&self.files).map(|(part, file)| (part.file, state((part, file)))).collect()
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
        self.files.each_ref().map(|file| file.raw)
    }
}
