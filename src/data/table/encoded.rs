//! Encoded pictures in a column of a Parquet file.

use std::path::Path;

use image::{ImageFormat, guess_format};
use parquet::basic::{ConvertedType, Type};
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::schema::types::ColumnDescriptor;
use rayon::prelude::*;

use super::super::pictures::{Decoded, Encoded, decode};
use super::super::{Found, Names, Split, Whole};
use super::pages::{Parquet, ParquetFile, damaged};
use super::parquet::{byte_arrays, is_list, labels};
use super::{LabelColumn, Reading, Selection, is_missing, shown};
use crate::memory::expect_room;
use crate::{Error, Result};

/// The pictures of a file, row by row, and the labels where it has some.
pub(super) struct Pictures {
    /// The column that they are in.
    column: String,
    /// An empty one where a row has none.
    encoded: Vec<ByteArray>,
    labels: Option<LabelColumn>,
    /// Columns that are neither of both.
    others: Vec<String>,
}

/// The column of pictures, if the file has one: `bytes` beside `path`, as Hugging Face data sets have it, or one of bytes whose first
/// value is a PNG or a JPEG.
///
/// # Errors
/// [`Error::Malformed`] for several such columns, and where the first value cannot be read.
pub(super) fn column(path: &Path, file: &ParquetFile, names: &[String]) -> Result<Option<usize>> {
    let mut found = Vec::new();
    for (i, column) in file.schema().columns().iter().enumerate() {
        if !is_binary(column) || is_list(column) {
            continue;
        }
        let is_picture = |value: ByteArray| {
            let format = guess_format(value.data());
            matches!(format, Ok(ImageFormat::Png | ImageFormat::Jpeg))
        };
        if path_beside(names, i).is_some()
            || first(file, i, column).map_err(|error| damaged(path, &error))?.is_some_and(is_picture)
        {
            found.push(i);
        }
    }
    match found[..] {
        [] => Ok(None),
        [column] => Ok(Some(column)),
        _ => {
            let columns: Vec<String> = found.iter().map(|&i| outer(&names[i]).to_string()).collect();
            Err(Error::malformed(path, format!("its columns {} hold pictures, expected one such", shown(&columns))))
        }
    }
}

/// Reads the pictures in `column`, and the labels that `reading` names.
///
/// # Errors
/// As [`Selection::new`]; [`Error::Malformed`] for a damaged file, no row, a label that is missing, and pictures that are too large for
/// the memory.
pub(super) fn read(
    path: &Path,
    file: &ParquetFile,
    names: &[String],
    column: usize,
    reading: &Reading,
) -> Result<Pictures> {
    let selection = Selection::new(path, names, reading)?;
    let bytes =
        file.rows().and_then(|rows| file.unpacked(column)?.checked_add(rows as u64 * size_of::<ByteArray>() as u64));
    expect_room(bytes).map_err(|problem| Error::malformed(path, format!("its pictures {problem}")))?;
    let encoded =
        byte_arrays(file, column, &file.schema().column(column), ByteArray::clone, ByteArray::from(Vec::new()));
    let encoded = encoded.map_err(|error| damaged(path, &error))?;
    if encoded.is_empty() {
        return Err(Error::malformed(path, "0 rows, expected at least 1"));
    }
    let labels = match selection.labels {
        None => None,
        Some(i) if i == column => {
            return Err(Error::malformed(
                path,
                format!("column {} is asked for as labels and holds pictures", names[i]),
            ));
        }
        Some(i) => {
            let labels = labels(file, i).map_err(|error| damaged(path, &error))?;
            let (name, rows) = (&names[i], encoded.len());
            if labels.len() != rows {
                return Err(Error::malformed(
                    path,
                    format!("column {name} has {} rows, expected {rows}", labels.len()),
                ));
            }
            if let Some(row) = (0..rows).find(|&row| is_missing(labels.of(row))) {
                return Err(Error::malformed(path, format!("row {row}, column {name}: the label is missing")));
            }
            Some(labels)
        }
    };
    let used = [Some(column), selection.labels, path_beside(names, column)];
    let others = (0..names.len()).filter(|&i| !used.contains(&Some(i))).map(|i| names[i].clone()).collect();
    Ok(Pictures { column: outer(&names[column]).into(), encoded, labels, others })
}

impl Pictures {
    /// Images of bytes, and what the file holds in words. Where `reading` has it, pictures that cannot be read are left out.
    ///
    /// # Errors
    /// [`Error::Malformed`] with row and column for a picture that cannot be read or is of another size; as [`LabelColumn::classes`].
    pub(in super::super) fn images(self, path: &Path, reading: &Reading) -> Result<(Found, String)> {
        let column = &self.column;
        let all = self.encoded.iter().enumerate();
        let all: Vec<Encoded> =
            all.map(|(row, bytes)| Encoded::Row { path, row, column, bytes: bytes.data() }).collect();
        let readable = |row: &u32| !reading.skip_bad || all[*row as usize].decoded().is_ok();
        let rows: Vec<u32> = (0..all.len() as u32).into_par_iter().filter(readable).collect();
        let left_out = match all.len() - rows.len() {
            0 => String::new(),
            count if count == all.len() => return Err(Error::malformed(path, "none of its pictures can be read")),
            count => {
                let bad = (0..all.len() as u32).filter(|row| rows.binary_search(row).is_err());
                let bad: Vec<String> = bad.map(|row| format!("row {row}")).collect();
                format!(", {count} that cannot be read left out: {}", shown(&bad))
            }
        };
        let kept: Vec<Encoded> = rows.iter().map(|&row| all[row as usize]).collect();
        let Decoded { bytes, sides, lost } = decode(&kept, None, reading)?;
        let (labels, class_names) = match &self.labels {
            Some(labels) => {
                let (labels, names) = labels.pick(&rows).classes(path, &reading.class_names)?;
                (Some(labels), names)
            }
            None => (None, Vec::new()),
        };
        let others = match &self.others[..] {
            [] => String::new(),
            others => format!(", columns passed over: {}", shown(others)),
        };
        let note = format!("Parquet with pictures in column {column}{others}{left_out}{}", lost.words(reading));
        let names = if kept.len() == all.len() { Names::InOrder } else { Names::Rows(rows) };
        let images = Split { images: bytes.into(), labels, count: kept.len(), names };
        let whole = Whole::new(path, sides, images).with_class_names(class_names);
        let (color, resized) = (reading.color.unwrap_or_default(), reading.size.is_some());
        Ok((Found::Images(Whole { color, resized, ..whole }), note))
    }
}

/// Whether a column holds bytes that are said to be neither text nor a number.
fn is_binary(column: &ColumnDescriptor) -> bool {
    let plain = column.converted_type() == ConvertedType::NONE && column.logical_type_ref().is_none();
    column.physical_type() == Type::BYTE_ARRAY && plain
}

/// The column `X.path` of a column that is `X.bytes`.
fn path_beside(names: &[String], i: usize) -> Option<usize> {
    let beside = format!("{}.path", names[i].strip_suffix(".bytes")?);
    names.iter().position(|name| *name == beside)
}

/// What people call a column of pictures: `image` where it is `image.bytes`.
fn outer(name: &str) -> &str {
    name.strip_suffix(".bytes").unwrap_or(name)
}

/// The first value of a column of bytes that is no null.
fn first(file: &ParquetFile, column: usize, descriptor: &ColumnDescriptor) -> Parquet<Option<ByteArray>> {
    let nullable = descriptor.max_def_level() > 0;
    for part in file.column(column) {
        let ColumnReader::ByteArrayColumnReader(mut part) = part? else {
            return Ok(None);
        };
        loop {
            let (mut levels, mut values) = (Vec::new(), Vec::new());
            let (records, ..) = part.read_records(1, nullable.then_some(&mut levels), None, &mut values)?;
            match values.into_iter().next() {
                Some(value) => return Ok(Some(value)),
                None if records == 0 => break,
                None => {}
            }
        }
    }
    Ok(None)
}
