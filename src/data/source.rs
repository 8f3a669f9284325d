//! What `--data` names.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::known::Known;
use crate::{Error, Result};

/// What `--data` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// MNIST from disk, else downloaded, else the built-in glyphs.
    #[default]
    Auto,
    /// MNIST from disk, else downloaded.
    Mnist,
    /// Another data set that is known by name, from disk, else downloaded.
    Known(&'static str),
    /// The built-in glyphs.
    Glyphs,
    /// IDX files or images in a folder, a `.npy` or a `.csv` file. A folder that is called `mnist` is `./mnist`.
    Path(PathBuf),
}

impl Source {
    /// The source of this name; any name but `auto`, `glyphs` and those of [`known::ALL`](super::known::ALL) is a path, whatever its
    /// encoding.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty name.
    pub fn parse(name: &OsStr) -> Result<Source> {
        Ok(match name.to_str() {
            Some("") => return Err(Error::invalid("--data", "is empty, expected auto, mnist, glyphs or a path")),
            Some("auto") => Source::Auto,
            Some("mnist") => Source::Mnist,
            Some("glyphs") => Source::Glyphs,
            other => match other.and_then(Known::find) {
                Some(known) => Source::Known(known.name),
                None => Source::Path(name.into()),
            },
        })
    }

    /// Checks that `config.json`, which is UTF-8, can name the source: what is trained on must be found again.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a path that is not UTF-8.
    pub fn expect_recordable(&self) -> Result<()> {
        let Source::Path(path) = self else { return Ok(()) };
        match std::path::absolute(path).map_err(Error::io("read", path))?.to_str() {
            Some(_) => Ok(()),
            None => {
                let problem = format!(
                    "{} is not UTF-8, and a run's config.json could not name it: rename it to train on it",
                    path.display()
                );
                Err(Error::invalid("--data", problem))
            }
        }
    }
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Source> {
        Source::parse(OsStr::new(text))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Source::Auto => write!(f, "auto"),
            Source::Mnist => write!(f, "mnist"),
            Source::Known(name) => write!(f, "{name}"),
            Source::Glyphs => write!(f, "glyphs"),
            Source::Path(path) => write!(f, "{}", path.display()),
        }
    }
}
