//! A table in two parts: one to train on, one to test.

use std::collections::BTreeMap;

use super::table::{Reading, Table};
use super::{Dataset, Missing};
use crate::Result;

/// Both parts as their files hold them.
pub(super) struct Parts {
    pub name: String,
    pub train: Table,
    pub test: Table,
    /// As [`Dataset::hashes`].
    pub hashes: BTreeMap<String, String>,
}

impl Parts {
    /// The parts without the rows that are left out for missing values, and what was missing in words.
    ///
    /// # Errors
    /// As [`Table::settled`].
    pub(super) fn settled(self, missing: Missing) -> Result<(Parts, String)> {
        let (train, of_train) = self.train.settled(missing)?;
        let (test, of_test) = self.test.settled(missing)?;
        Ok((Parts { train, test, ..self }, of_train + &of_test))
    }

    /// Rows as a model sees them: by the recipe of a run, or by one that is fitted to the first `limit` rows of the training part. Constant
    /// columns come with them in words.
    ///
    /// # Errors
    /// As [`Table::into_rows`].
    pub(super) fn into_rows(self, reading: &Reading, limit: Option<usize>) -> Result<(Dataset, String)> {
        let fitted = self.train.count().min(limit.unwrap_or(usize::MAX));
        let fitted: Vec<u32> = (0..fitted as u32).collect();
        let (train, note) = self.train.into_rows(reading, &fitted)?;
        let reading =
            Reading { recipe: train.table.clone(), class_names: train.class_names.clone(), ..reading.clone() };
        let test = self.test.into_rows(&reading, &[])?.0;
        let dataset = Dataset {
            class_names: train.class_names,
            table: train.table,
            ..Dataset::with_hashes(self.name, [train.height, train.width], train.images, test.images, self.hashes)
        };
        Ok((dataset, note))
    }
}
