//! Files that publishers offer, and where and how patiently they are fetched.

use std::time::Duration;

#[cfg(feature = "download")]
pub use super::transfer::fetch;
#[cfg(not(feature = "download"))]
use crate::{Error, Result};

/// A file as its publisher made it.
#[derive(Clone, Copy, Debug)]
pub struct Remote<'a> {
    /// Its name, at the mirrors and on disk.
    pub name: &'a str,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
    /// What it must hash to.
    pub hash: Hash<'a>,
}

/// A hash in hex.
#[derive(Clone, Copy, Debug)]
pub enum Hash<'a> {
    /// SHA-256.
    Sha256(&'a str),
    /// MD5, which some publishers give: it tells damage, not intent.
    Md5(&'a str),
}

/// Where files come from, and how long to wait for them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Addresses that a file's name is added to, in the order they are tried; none: those that the data set is known to have.
    pub mirrors: Option<Vec<String>>,
    /// How long to wait for a name to be resolved, and again for a connection.
    pub connect: Duration,
    /// How long to wait for the next bytes.
    pub stall: Duration,
    /// How long one file may take at one mirror.
    pub total: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            mirrors: None,
            connect: Duration::from_secs(3),
            stall: Duration::from_secs(6),
            total: Duration::from_secs(120),
        }
    }
}

/// Refuses every file: this build has no downloads.
///
/// # Errors
/// [`Error::Download`] of the first file, with what to do instead.
#[cfg(not(feature = "download"))]
pub fn fetch(files: &[Remote], dir: &std::path::Path, _: &Settings) -> Result<()> {
    let refused = |file: &Remote| {
        let problem = format!("this build lacks the feature `download`: put the file into {}", dir.display());
        Err(Error::Download { file: file.name.to_string(), problem })
    };
    files.first().map_or(Ok(()), refused)
}
