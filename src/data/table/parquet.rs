//! Tables in Parquet files, column by column; a file that holds pictures is told apart.

use std::panic::catch_unwind;
use std::path::Path;

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use super::super::{Found, Names};
use super::encoded::{self, Pictures};
use super::pages::{Parquet, ParquetFile, damaged};
use super::{LabelColumn, Reading, Selection, Table, shown};
use crate::memory::expect_room;
use crate::model::Color;
use crate::{Error, Result};

/// Rows read at a time.
const ROWS: usize = 8192;

/// What a file holds, and what that was made of: [`Pictures`], unless `reading` says that it is a table, or the columns of numbers that
/// `reading` chooses. That of labels may hold text. A column within another is named by both: `place.height`. A null is a missing
/// value.
///
/// # Errors
/// [`Error::Malformed`] for a damaged file, columns of text, lists and other types that are no numbers, and as [`Selection::new`].
pub(in super::super) fn read(path: &Path, reading: &Reading) -> Result<(Found, String)> {
    // The library panics on some damaged files; nothing of ours is changed when it does.
    let content = catch_unwind(|| read_columns(path, reading)).unwrap_or_else(|_| {
        Err(Error::malformed(
            path,
            "not a whole Parquet file: its reader broke off where a page is not as its header says",
        ))
    });
    match content? {
        Columns::Pictures(pictures) => pictures.images(path, reading),
        Columns::Numbers(table) => {
            let note = format!("a Parquet table of {} columns", table.columns.len());
            Ok((Found::Table(table), note))
        }
    }
}

/// What the columns of a file are.
enum Columns {
    Numbers(Table),
    Pictures(Pictures),
}

fn read_columns(path: &Path, reading: &Reading) -> Result<Columns> {
    let damaged = |error: ParquetError| damaged(path, &error);
    let file = ParquetFile::open(path)?;
    let descriptors = file.schema().columns().to_vec();
    let names: Vec<String> = descriptors.iter().map(|column| column.path().parts().join(".")).collect();
    if reading.wants_table().is_none()
        && reading.recipe.is_none()
        && let Some(column) = encoded::column(path, &file, &names)?
    {
        return encoded::read(path, &file, &names, column, reading).map(Columns::Pictures);
    }
    let selection = Selection::new(path, &names, reading)?;
    let chosen = |i: &usize| (&names[*i], &descriptors[*i]);
    let unfit = |fits: fn(&ColumnDescriptor) -> bool| -> Vec<String> {
        let columns = selection.features.iter().map(chosen);
        columns.filter(|(_, column)| fits(column)).map(|(name, _)| name.clone()).collect()
    };
    for (kind, columns) in
        [("text", unfit(is_text)), ("lists", unfit(is_list)), ("neither numbers nor text", unfit(is_other))]
    {
        if !columns.is_empty() {
            let problem = format!(
                "columns that hold {kind}: {}: leave them out with --except {}, or name the one of labels with --labels",
                shown(&columns),
                columns.join(",")
            );
            return Err(Error::malformed(path, problem));
        }
    }

    let count = file.rows();
    let width = selection.features.len();
    let bytes = count.and_then(|count| count.checked_mul(2 * size_of::<f64>() * width)).map(|bytes| bytes as u64);
    expect_room(bytes).map_err(|problem| Error::malformed(path, format!("its rows {problem}")))?;
    let count = count.unwrap_or_default();
    if count == 0 {
        return Err(Error::malformed(path, "0 rows, expected at least 1"));
    }
    let whole = |name: &str, found: usize| match found == count {
        true => Ok(()),
        false => Err(Error::malformed(path, format!("column {name} has {found} rows, expected {count}"))),
    };

    let mut values = vec![0.0; count * width];
    for (j, &column) in selection.features.iter().enumerate() {
        let found = numbers(&file, column, &descriptors[column]).map_err(damaged)?;
        whole(&names[column], found.len())?;
        values.iter_mut().skip(j).step_by(width).zip(found).for_each(|(to, value)| *to = value);
    }
    let labels = selection.labels.map(|column| labels(&file, column).map_err(damaged)).transpose()?;
    if let (Some(labels), Some(column)) = (&labels, selection.labels) {
        whole(&names[column], labels.len())?;
    }
    let columns: Vec<String> = selection.features.iter().map(|&i| names[i].clone()).collect();
    let numbered = |name: &String| name.ends_with(|end: char| end.is_ascii_digit());
    let named = !columns.iter().all(numbered);
    Ok(Columns::Numbers(Table {
        path: path.to_path_buf(),
        columns,
        named,
        sides: None,
        color: Color::Gray,
        values: values.into(),
        labels,
        names: Names::InOrder,
    }))
}

/// A column of numbers or of text as labels.
pub(super) fn labels(file: &ParquetFile, column: usize) -> Parquet<LabelColumn> {
    let descriptor = file.schema().column(column);
    let mut labels = LabelColumn::default();
    if is_list(&descriptor) {
        return Err(ParquetError::General(format!("column {} holds lists, which are no labels", descriptor.path())));
    }
    match is_text(&descriptor) {
        true => texts(file, column, &descriptor)?.iter().for_each(|cell| labels.push(cell)),
        false => numbers(file, column, &descriptor)?.iter().for_each(|cell| labels.push(&cell.to_string())),
    }
    Ok(labels)
}

pub(super) fn is_list(column: &ColumnDescriptor) -> bool {
    column.max_rep_level() > 0
}

fn is_text(column: &ColumnDescriptor) -> bool {
    column.physical_type() == Type::BYTE_ARRAY && !is_decimal(column)
}

fn is_half(column: &ColumnDescriptor) -> bool {
    matches!(column.logical_type_ref(), Some(LogicalType::Float16))
}

fn is_decimal(column: &ColumnDescriptor) -> bool {
    column.converted_type() == ConvertedType::DECIMAL
}

fn is_other(column: &ColumnDescriptor) -> bool {
    match column.physical_type() {
        Type::BOOLEAN | Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE => false,
        Type::FIXED_LEN_BYTE_ARRAY => !is_half(column),
        Type::INT96 | Type::BYTE_ARRAY => true,
    }
}

/// All values of a column of numbers; NaN for a null.
fn numbers(file: &ParquetFile, column: usize, descriptor: &ColumnDescriptor) -> Parquet<Vec<f64>> {
    let unit = if is_decimal(descriptor) { 10_f64.powi(descriptor.type_scale()) } else { 1.0 };
    let unsigned = [ConvertedType::UINT_32, ConvertedType::UINT_64].contains(&descriptor.converted_type());
    let mut all = Vec::new();
    for part in file.column(column) {
        match part? {
            ColumnReader::BoolColumnReader(part) => {
                each(part, descriptor, |value| f64::from(u8::from(*value)), f64::NAN, &mut all)?
            }
            ColumnReader::Int32ColumnReader(part) if unsigned => {
                each(part, descriptor, |value| f64::from(*value as u32), f64::NAN, &mut all)?;
            }
            ColumnReader::Int32ColumnReader(part) => {
                each(part, descriptor, |value| f64::from(*value) / unit, f64::NAN, &mut all)?
            }
            ColumnReader::Int64ColumnReader(part) if unsigned => {
                each(part, descriptor, |value| *value as u64 as f64, f64::NAN, &mut all)?;
            }
            ColumnReader::Int64ColumnReader(part) => {
                each(part, descriptor, |value| *value as f64 / unit, f64::NAN, &mut all)?
            }
            ColumnReader::FloatColumnReader(part) => {
                each(part, descriptor, |value| f64::from(*value), f64::NAN, &mut all)?
            }
            ColumnReader::DoubleColumnReader(part) => each(part, descriptor, |value| *value, f64::NAN, &mut all)?,
            ColumnReader::FixedLenByteArrayColumnReader(part) => {
                let half =
                    |bytes: &[u8]| bytes.try_into().map_or(f64::NAN, |bytes| half::f16::from_le_bytes(bytes).to_f64());
                each(part, descriptor, |value| half(value.data()), f64::NAN, &mut all)?;
            }
            ColumnReader::ByteArrayColumnReader(_) | ColumnReader::Int96ColumnReader(_) => {
                return Err(ParquetError::General(format!("column {} holds no numbers", descriptor.name())));
            }
        }
    }
    Ok(all)
}

/// All values of a column of text; empty for a null.
fn texts(file: &ParquetFile, column: usize, descriptor: &ColumnDescriptor) -> Parquet<Vec<String>> {
    let text = |value: &ByteArray| String::from_utf8_lossy(value.data()).into_owned();
    byte_arrays(file, column, descriptor, text, String::new())
}

/// All values of a column of bytes, as `value` makes them, and `null` for each that is null.
pub(super) fn byte_arrays<V: Clone>(
    file: &ParquetFile,
    column: usize,
    descriptor: &ColumnDescriptor,
    value: impl Fn(&ByteArray) -> V,
    null: V,
) -> Parquet<Vec<V>> {
    let mut all = Vec::new();
    for part in file.column(column) {
        match part? {
            ColumnReader::ByteArrayColumnReader(part) => each(part, descriptor, &value, null.clone(), &mut all)?,
            _ => return Err(ParquetError::General(format!("column {} holds no bytes", descriptor.name()))),
        }
    }
    Ok(all)
}

/// Appends every value of a part of a column, as `value` makes it, and `null` for each that is null.
fn each<T: DataType, V: Clone>(
    mut part: ColumnReaderImpl<T>,
    descriptor: &ColumnDescriptor,
    value: impl Fn(&T::T) -> V,
    null: V,
    all: &mut Vec<V>,
) -> Parquet<()> {
    let deepest = descriptor.max_def_level(); // of a value that is there; 0 where none can be null
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    loop {
        levels.clear();
        values.clear();
        let (records, ..) = part.read_records(ROWS, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Ok(());
        }
        let mut present = values.iter().map(&value);
        match deepest {
            0 => all.extend(present),
            _ => all.extend(levels.iter().map(|level| match *level == deepest {
                true => present.next().unwrap_or(null.clone()),
                false => null.clone(),
            })),
        }
    }
}
