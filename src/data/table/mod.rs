//! Tables: named columns of numbers, one of which may hold labels.
//!
//! A file of numbers is read as a [`Table`]. It becomes images of bytes where it looks like images, and else rows of real values that
//! are scaled by what its training rows say ([`Recipe`]).

use std::path::{Path, PathBuf};

use super::{Names, Split, Whole, sides};
use crate::error::one_line;
use crate::model::{Color, Numbers, OnDisk, Seen, Values};
use crate::{Error, Result};

mod cells;
pub mod delimited;
#[cfg(feature = "parquet")]
mod encoded;
mod labels;
#[cfg(feature = "parquet")]
mod pages;
#[cfg(feature = "parquet")]
pub(super) mod parquet;
mod recipe;
mod select;

pub use cells::Cells;
pub use labels::LabelColumn;
pub use recipe::{Missing, Recipe, Scale};
pub use select::Selection;

/// How files are read: what is asked for, and what an earlier run knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The only columns that a model sees, in this order; empty for all.
    pub columns: Vec<String>,
    /// Columns that it does not see.
    pub except: Vec<String>,
    /// The column of labels, or a `.npy` file of them; unless told, the column of the run, or one that is called `label`.
    pub labels: Option<String>,
    /// The column of labels of a run; new data need not have it.
    pub run_labels: Option<String>,
    /// How columns are scaled; [`Scale::Standard`] unless told.
    pub scale: Option<Scale>,
    /// What is done about missing values.
    pub missing: Missing,
    /// The columns of a run, and how they are scaled.
    pub recipe: Option<Recipe>,
    /// The class names of a run.
    pub class_names: Vec<String>,
    /// Whether pictures that cannot be read are left out of a folder, instead of an error.
    pub skip_bad: bool,
    /// What becomes of pictures in colour; unless told, gray.
    pub color: Option<Color>,
    /// The size `[height, width]` that pictures are scaled to; none: they are of one size.
    pub size: Option<[usize; 2]>,
    /// Bytes from which on a file stays on disk, where its format allows, rather than being read into memory; none for 64 MiB.
    pub on_disk_from: Option<u64>,
}

impl Reading {
    /// The `.npy` file of labels, where `--labels` names one.
    pub fn label_file(&self) -> Option<&Path> {
        self.labels
            .as_deref()
            .map(Path::new)
            .filter(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("npy")))
    }

    /// What `--labels` named, for a run, which is resumed from anywhere.
    pub(super) fn recorded_labels(&self) -> Result<Option<String>> {
        match self.label_file() {
            Some(path) => {
                let path = std::path::absolute(path).map_err(Error::io("read", path))?;
                Ok(Some(path.display().to_string()))
            }
            None => Ok(self.labels.clone()),
        }
    }

    /// The first option that says that a file is a table, where one is given.
    pub fn wants_table(&self) -> Option<&'static str> {
        let options = [
            ("--columns", !self.columns.is_empty()),
            ("--except", !self.except.is_empty()),
            ("--scale", self.scale.is_some()),
            ("--missing", self.missing != Missing::Refuse),
        ];
        options.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }
}

/// Named columns of numbers, as a file holds them.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The file.
    pub path: PathBuf,
    /// Names of the columns of numbers.
    pub columns: Vec<String>,
    /// Whether the columns have names of their own: `age`, unlike `3` or `pixel3`.
    pub named: bool,
    /// A row as `[height, width]`, where the file says so.
    pub sides: Option<[usize; 2]>,
    /// What each of their pixels is.
    pub color: Color,
    /// `[rows, columns]`
    pub values: Cells,
    /// Where there is a column of labels.
    pub labels: Option<LabelColumn>,
    /// What the rows are called.
    pub names: Names,
}

impl Table {
    /// The rows of an array, `[height, width]` each, whose columns have no names of their own: they are called `ROWxCOLUMN`.
    pub(super) fn of_rows(path: &Path, values: Cells, [height, width]: [usize; 2], labels: Option<&[u8]>) -> Table {
        Table {
            path: path.to_path_buf(),
            columns: (0..height).flat_map(|y| (0..width).map(move |x| format!("{y}x{x}"))).collect(),
            named: false,
            sides: Some([height, width]),
            color: Color::Gray,
            values,
            labels: labels.map(|labels| {
                let mut column = LabelColumn::default();
                labels.iter().for_each(|label| column.push(&label.to_string()));
                column
            }),
            names: Names::InOrder,
        }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.values.count(self.columns.len())
    }

    /// The value of white, where this is a file of images: all values are in [0, 1], or all are whole and in 0 to 255; columns have
    /// no names of their own; and neither an option nor a run's recipe says that it is a table.
    ///
    /// # Errors
    /// As [`Cells::each`].
    pub fn white(&self, reading: &Reading) -> Result<Option<f64>> {
        if self.named || reading.wants_table().is_some() || reading.recipe.is_some() {
            return Ok(None);
        }
        let (mut shares, mut bytes) = (true, true);
        for row in 0..self.count() {
            self.values.each(row..row + 1, self.columns.len(), |_, _, value| {
                shares &= (0.0..=1.0).contains(&value);
                bytes &= (0.0..=255.0).contains(&value) && value.fract() == 0.0;
            })?;
            if !shares && !bytes {
                return Ok(None);
            }
        }
        Ok(Some(if shares { 1.0 } else { 255.0 }))
    }

    /// Images of bytes.
    ///
    /// # Errors
    /// As [`LabelColumn::classes`].
    pub fn into_images(self, white: f64, reading: &Reading) -> Result<Whole> {
        let (labels, class_names) = self.classes(reading)?;
        let count = self.count();
        let images: Values = match self.values {
            Cells::Held(values) => {
                values.iter().map(|value| (value * 255.0 / white).round() as u8).collect::<Vec<u8>>().into()
            }
            Cells::OnDisk(numbers, items) => on_disk(numbers, Seen::Pixels(white), items),
        };
        let images = Split { images, labels, count, names: self.names };
        let sides = self.sides.unwrap_or_else(|| sides(self.columns.len()));
        let whole = Whole::new(&self.path, sides, images).with_class_names(class_names);
        Ok(Whole { color: self.color, ..whole })
    }

    /// Rows as a model sees them: by the recipe of a run, or by one that is fitted to the rows `train`. Constant columns come with them
    /// in words.
    ///
    /// # Errors
    /// As [`Recipe::fit`] and [`LabelColumn::classes`].
    pub fn into_rows(self, reading: &Reading, train: &[u32]) -> Result<(Whole, String)> {
        let (recipe, constant) = match &reading.recipe {
            Some(recipe) => (recipe.clone(), Vec::new()),
            None => Recipe::fit(&self, train, reading.scale.unwrap_or_default(), reading.missing)?,
        };
        let note = match constant.as_slice() {
            [] => String::new(),
            [one] => format!("; column {one} is constant, and kept"),
            several => format!("; columns {} are constant, and kept", shown(several)),
        };
        let (labels, class_names) = self.classes(reading)?;
        let count = self.count();
        let values: Values = match self.values {
            Cells::Held(values) => recipe.apply(&values).into(),
            Cells::OnDisk(numbers, items) => on_disk(numbers, recipe.seen(), items),
        };
        let rows = Split { images: values, labels, count, names: self.names };
        let sides = self.sides.filter(|_| self.color.is_gray()).unwrap_or([1, self.columns.len()]);
        let whole = Whole::new(&self.path, sides, rows).with_class_names(class_names);
        Ok((Whole { table: Some(recipe), ..whole }, note))
    }

    /// The table without the rows that [`Missing::Drop`] leaves out; what was missing in words.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming row and column of the first missing value, where that is to be refused, and of the first missing label;
    /// where no row is left.
    pub fn settled(self, missing: Missing) -> Result<(Table, String)> {
        let width = self.columns.len();
        let bad_label = |i: usize| self.labels.as_ref().is_some_and(|labels| is_missing(labels.of(i)));
        let (mut place, mut cells) = (None, 0);
        let mut rows: Vec<usize> = Vec::new();
        for i in 0..self.count() {
            let before = cells;
            self.values.each(i..i + 1, width, |row, column, value| {
                if !value.is_finite() {
                    cells += 1;
                    place.get_or_insert((row, column, value));
                }
            })?;
            rows.extend((cells > before || bad_label(i)).then_some(i));
        }
        let Some(&first) = rows.first() else { return Ok((self, String::new())) };
        let unlabelled = rows.iter().copied().find(|&i| bad_label(i));
        let counted = format!("{cells} such values in {} of {} rows", rows.len(), self.count());
        match (missing, place, unlabelled) {
            (Missing::Drop, ..) if rows.len() == self.count() => {
                Err(Error::malformed(&self.path, "every row lacks a value, so that --missing drop leaves none"))
            }
            (Missing::Drop, ..) => {
                let note =
                    format!("; {} rows without all values left out ({} the first)", rows.len(), self.names.of(first));
                let mut left_out = rows.iter().peekable();
                let is_kept = |i: &usize| left_out.next_if_eq(&i).is_none();
                let kept: Vec<u32> = (0..self.count()).filter(is_kept).map(|i| i as u32).collect();
                Ok((self.pick(&kept), note))
            }
            (_, _, Some(row)) => {
                let problem = format!("{} has no label: leave such rows out with --missing drop", self.names.of(row));
                Err(Error::malformed(&self.path, problem))
            }
            (Missing::Mean, ..) => Ok((self, format!("; the column's mean stands in for {counted}"))),
            (Missing::Refuse, place, None) => {
                let (row, column, value) = place.expect("a row lacks a label or a value");
                let (row, column) = (self.names.of(row), &self.columns[column]);
                let what = if value.is_nan() { "is missing" } else { "is infinite" };
                let problem = format!(
                    "{row}, column {column}: the value {what} ({counted}): give --missing mean or --missing drop"
                );
                Err(Error::malformed(&self.path, problem))
            }
        }
    }

    /// The rows `items`, in this order.
    fn pick(&self, items: &[u32]) -> Table {
        let width = self.columns.len();
        Table {
            path: self.path.clone(),
            columns: self.columns.clone(),
            values: self.values.pick(items, width),
            labels: self.labels.as_ref().map(|labels| labels.pick(items)),
            names: self.names.pick(items),
            ..*self
        }
    }

    /// The label of each row, where there are labels, and the names of the classes.
    fn classes(&self, reading: &Reading) -> Result<(Option<Vec<u8>>, Vec<String>)> {
        match &self.labels {
            Some(labels) => {
                let (numbers, names) = labels.classes(&self.path, &reading.class_names)?;
                Ok((Some(numbers), names))
            }
            None => Ok((None, reading.class_names.clone())),
        }
    }
}

/// Rows of a file as a model sees them.
fn on_disk(numbers: Numbers, seen: Seen, items: Option<Vec<u32>>) -> Values {
    let all = OnDisk::new(numbers, seen);
    items.map_or_else(|| all.clone(), |items| all.pick(&items)).into()
}

/// Whether a cell says that its value is missing.
fn is_missing(cell: &str) -> bool {
    ["", "na", "n/a", "nan", "null", "none", "?"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// Names in a line, the first ones where there are many.
pub fn shown(names: &[String]) -> String {
    one_line(&match names.split_at_checked(12) {
        Some((first, rest)) if !rest.is_empty() => format!("{}, … ({} in all)", first.join(", "), names.len()),
        _ => names.join(", "),
    })
}
