//! How a source that is not divided is divided into what a model is trained on and what it is judged on.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::random::Permutation;
use crate::{Error, Result};

/// How a source that is not divided is divided. The same number of rows is always divided alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Division {
    /// A seventh is for test: 70,000 images give MNIST's 60,000 and 10,000.
    #[default]
    Seventh,
    /// This share of the rows is for test. With 0 every row is trained on, and the model is judged on the same rows.
    Share(f64),
    /// All rows are for training, those of this file for test.
    File(PathBuf),
}

impl Division {
    /// The rows for training and those for test: chosen by a fixed permutation and in its order, or, where all are for training, in
    /// the order they have.
    ///
    /// # Errors
    /// [`Error::Malformed`] for fewer than two rows, of which one is to be for test, or more than 2^32; [`Error::Invalid`] for a share
    /// that is none.
    pub(super) fn rows(&self, path: &Path, count: usize) -> Result<[Vec<u32>; 2]> {
        let wrong = |problem: String| Error::malformed(path, problem);
        let number = u32::try_from(count).map_err(|_| wrong(format!("{count} rows, expected at most 2^32")))?;
        let test = match self {
            Division::Seventh => count / 7,
            Division::Share(0.0) => return Ok([(0..number).collect(), (0..number).collect()]),
            Division::Share(share) if (0.0..1.0).contains(share) => (share * count as f64).round() as usize,
            Division::Share(share) => {
                return Err(Error::invalid("--test-share", format!("is {share}, expected at least 0 and below 1")));
            }
            Division::File(_) => return Ok([(0..number).collect(), Vec::new()]),
        };
        if count < 2 {
            let problem = format!("{count} images, expected at least 2: one to train on, one to test");
            return Err(wrong(problem));
        }
        let order: Vec<u32> = Permutation::new(0, 0, number).items().collect();
        let (train, test) = order.split_at(count - test.clamp(1, count - 1));
        Ok([train.to_vec(), test.to_vec()])
    }

    /// What was done, behind a count of rows.
    pub(super) fn words(&self) -> String {
        match self {
            Division::Seventh => "; a seventh was set apart for the test".into(),
            Division::Share(0.0) => "; all are for training, and the test is on the same".into(),
            Division::Share(share) => format!("; {share} of them were set apart for the test"),
            Division::File(path) => format!("; those for the test are of {}", path.display()),
        }
    }

    /// The same for a run, which is resumed from anywhere.
    pub(super) fn recorded(&self) -> Result<Division> {
        match self {
            Division::File(path) => std::path::absolute(path).map(Division::File).map_err(Error::io("read", path)),
            other => Ok(other.clone()),
        }
    }

    /// Whether nothing was said.
    pub fn is_seventh(&self) -> bool {
        *self == Division::Seventh
    }
}
