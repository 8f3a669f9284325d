//! A table of numbers as a data set: a row per image, a column per pixel, and a column `label` where there is one.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use super::{Dataset, divide, sides};
use crate::{Error, Result};

/// Reads a `.csv` file. A first row without any number, or with a cell `label`, is a header; that column then holds
/// labels (whole numbers in 0 … 255). Values are 0 … 1 if none is larger than 1, else 0 … 255. A seventh of the rows
/// becomes the test split. Returns the data set and what it was made of.
///
/// # Errors
/// [`Error::Malformed`] with line and column for a cell that is no number or out of range, and for rows of unequal
/// lengths; for fewer than two rows.
pub fn read(path: &Path) -> Result<(Dataset, String)> {
    let file = std::fs::File::open(path).map_err(Error::io("read", path))?;
    let mut rows = ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(file);
    let wrong = |problem: String| Error::malformed(path, problem);

    let (mut values, mut labels, mut count) = (Vec::<f32>::new(), Vec::new(), 0_usize);
    let (mut header, mut label_column, mut columns) = (false, None, 0);
    let mut row = StringRecord::new();
    let mut first = true;
    while rows.read_record(&mut row).map_err(|error| wrong(error.to_string()))? {
        if std::mem::take(&mut first) {
            columns = row.len();
            label_column = row.iter().position(|name| name.eq_ignore_ascii_case("label"));
            header = label_column.is_some() || row.iter().all(|cell| cell.parse::<f32>().is_err());
            if header {
                continue;
            }
        }
        let line = row.position().map_or(0, |position| position.line());
        for (column, cell) in row.iter().enumerate() {
            let cell_wrong =
                |expected: &str| wrong(format!("line {line}, column {}: {cell:?}, expected {expected}", column + 1));
            if Some(column) == label_column {
                labels.push(cell.parse::<u8>().map_err(|_| cell_wrong("a label of 0 to 255"))?);
            } else {
                let value = cell.parse::<f32>().map_err(|_| cell_wrong("a number"))?;
                if !(0.0..=255.0).contains(&value) {
                    return Err(cell_wrong("0 to 255, or 0 to 1"));
                }
                values.push(value);
            }
        }
        count += 1;
    }

    let pixels = columns - usize::from(label_column.is_some());
    if pixels == 0 || count == 0 {
        return Err(wrong(format!("{count} rows of {pixels} pixels, expected at least 2 rows of at least 1")));
    }
    let largest = values.iter().copied().fold(0.0, f32::max);
    let (scale, range) = if largest <= 1.0 { (255.0, "0 to 1") } else { (1.0, "0 to 255") };
    let images: Vec<u8> = values.iter().map(|value| (value * scale).round() as u8).collect();
    let (train, test) = divide(path, &images, label_column.map(|_| labels.as_slice()), pixels)?;
    let sides = sides(pixels);
    let mut note =
        format!("rows of {pixels} values, taken as {range} since the largest is {largest}, a seventh for the test");
    if !header && sides[0] == 1 && pixels > 1 && (pixels - 1).isqrt().pow(2) == pixels - 1 {
        note += "; if the first column holds labels, add a header that calls it `label`";
    }
    Ok((Dataset::new(path.display().to_string(), sides, train, test), note))
}
