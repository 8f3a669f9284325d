//! The values of a table: in memory, or in a file that they are read from as they are needed.

use crate::model::Numbers;
use crate::{Error, Result};

/// Values of a table, row by row; a value that is missing is NaN, and one that is not finite is as it stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// `[rows, columns]`
    Held(Vec<f64>),
    /// The rows of a file: all, or those that were picked.
    OnDisk(Numbers, Option<Vec<u32>>),
}

impl From<Vec<f64>> for Cells {
    fn from(values: Vec<f64>) -> Cells {
        Cells::Held(values)
    }
}

impl Cells {
    /// Number of rows of `width` values.
    pub fn count(&self, width: usize) -> usize {
        match self {
            Cells::Held(values) => values.len() / width,
            Cells::OnDisk(numbers, None) => numbers.count(),
            Cells::OnDisk(_, Some(items)) => items.len(),
        }
    }

    /// Hands each value of the rows `rows` of `width` values to `take`, with its row and column.
    ///
    /// # Errors
    /// [`Error::Io`] where the file that they are in cannot be read.
    pub fn each(
        &self,
        rows: impl Iterator<Item = usize>,
        width: usize,
        mut take: impl FnMut(usize, usize, f64),
    ) -> Result<()> {
        for row in rows {
            match self {
                Cells::Held(values) => {
                    values[row * width..][..width].iter().enumerate().for_each(|(j, &value)| take(row, j, value));
                }
                Cells::OnDisk(numbers, items) => {
                    let item = items.as_ref().map_or(row, |items| items[row] as usize);
                    let read = numbers.each(item, |j, value| take(row, j, value));
                    read.map_err(Error::io("read", numbers.path()))?;
                }
            }
        }
        Ok(())
    }

    /// The rows `items` of `width` values, in this order.
    pub fn pick(&self, items: &[u32], width: usize) -> Cells {
        match self {
            Cells::Held(values) => {
                Cells::Held(items.iter().flat_map(|&i| &values[i as usize * width..][..width]).copied().collect())
            }
            Cells::OnDisk(numbers, None) => Cells::OnDisk(numbers.clone(), Some(items.to_vec())),
            Cells::OnDisk(numbers, Some(known)) => {
                let items = items.iter().map(|&i| known[i as usize]).collect();
                Cells::OnDisk(numbers.clone(), Some(items))
            }
        }
    }
}
