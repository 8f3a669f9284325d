//! Options that do not go with what a source holds.

use super::{Dataset, Reading};
use crate::{Error, Result};

/// Refuses options that only a table has.
pub(super) fn expect_images(reading: &Reading) -> Result<()> {
    match reading.wants_table().or(reading.labels.as_ref().map(|_| "--labels")) {
        Some(option) => Err(Error::invalid(option, "is for the columns of a table, and these data are images")),
        None => Ok(()),
    }
}

/// Refuses options that only pictures have, where they changed nothing.
pub(super) fn expect_pictures(reading: &Reading, dataset: &Dataset) -> Result<()> {
    let only = "only pictures, as PNG, JPEG and BMP have them, are converted";
    match reading.color.filter(|color| *color != dataset.color) {
        Some(color) => {
            let problem = format!("is {}, and these data are {}: {only}", color.name(), dataset.color.name());
            Err(Error::invalid("--color", problem))
        }
        None if reading.size.is_some() && !dataset.resized => {
            Err(Error::invalid("--size", format!("is given, and these data stay as they are: {only}")))
        }
        None => Ok(()),
    }
}

/// Refuses options that choose columns, of data whose columns have no names.
pub(super) fn expect_all_columns(reading: &Reading) -> Result<()> {
    match reading.columns.is_empty() && reading.except.is_empty() && reading.labels.is_none() {
        true => Ok(()),
        false => {
            let problem = "name columns of a table, and the values of IDX files have no names";
            Err(Error::invalid("--columns, --except, --labels", problem))
        }
    }
}
