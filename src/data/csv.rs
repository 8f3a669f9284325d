//! A table of numbers as a data set: a row per image, a column per pixel, and a column `label` where there is one.

use std::path::Path;

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::{Content, Names, Split, Whole, bytes, sides};
use crate::{Error, Result};

/// Reads a `.csv` file. A first row without any number, or with a cell `label`, is a header; that column then holds
/// labels (whole numbers in 0 … 255). Values are 0 … 1 if none is larger than 1, else 0 … 255. Returns what the file holds
/// and what that was made of.
///
/// # Errors
/// [`Error::Malformed`] with line and column for a cell that is no number or out of range, and for rows of unequal
/// lengths; for no row at all.
pub fn read(path: &Path) -> Result<(Content, String)> {
    let text = bytes(path)?;
    let mut rows = ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(&text[..]);
    let wrong = |problem: String| Error::malformed(path, problem);

    let (mut values, mut labels, mut lines) = (Vec::<f32>::new(), Vec::new(), Vec::new());
    let (mut header, mut label_column, mut columns) = (false, None, 0);
    let mut row = StringRecord::new();
    let mut counter = Lines { text: &text, offset: 0, line: 1 };
    let mut first = true;
    loop {
        let line = counter.of_next_row(rows.position().byte() as usize);
        match rows.read_record(&mut row) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                return Err(match error.into_kind() {
                    ErrorKind::Io(error) => Error::io("read", path)(error),
                    ErrorKind::Utf8 { err, .. } => wrong(format!("line {line} is not UTF-8 text: {err}")),
                    other => wrong(format!("line {line}: {other:?}")),
                });
            }
        }
        if std::mem::take(&mut first) {
            columns = row.len();
            label_column = row.iter().position(|name| name.eq_ignore_ascii_case("label"));
            header = label_column.is_some() || row.iter().all(|cell| cell.parse::<f32>().is_err());
            if header {
                continue;
            }
        }
        if row.len() != columns {
            return Err(wrong(format!("line {line}: {} fields, expected {columns} fields as in the first", row.len())));
        }
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
        lines.push(line);
    }

    let pixels = columns - usize::from(label_column.is_some());
    if pixels == 0 || lines.is_empty() {
        return Err(wrong(format!("{} rows of {pixels} pixels, expected at least 1 row of at least 1", lines.len())));
    }
    let largest = values.iter().copied().fold(0.0, f32::max);
    let (scale, range) = if largest <= 1.0 { (255.0, "0 to 1") } else { (1.0, "0 to 255") };
    let images = Split {
        images: values.iter().map(|value| (value * scale).round() as u8).collect::<Vec<_>>().into(),
        labels: label_column.map(|_| labels),
        count: lines.len(),
        names: Names::Lines(lines),
    };
    let sides = sides(pixels);
    let mut note = format!("rows of {pixels} values, taken as {range} since the largest is {largest}");
    if !header && sides[0] == 1 && pixels > 1 && (pixels - 1).isqrt().pow(2) == pixels - 1 {
        note += "; if the first column holds labels, add a header that calls it `label`";
    }
    Ok((Content::Whole(Whole::new(path, sides, images)), note))
}

/// Counts the lines of a text as editors do: each ends in `\n`, `\r\n` or `\r`. (The CSV reader counts `\n` alone, and where
/// it stands before it skips what is left of the last line and blank ones.)
struct Lines<'a> {
    text: &'a [u8],
    /// Where the line `line` has been counted to.
    offset: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first row at or after `offset`, which is not before that of the last call.
    fn of_next_row(&mut self, offset: usize) -> u64 {
        let blank = self.text[offset..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
        let end = offset + blank;
        for i in self.offset..end {
            let ends = match self.text[i] {
                b'\n' => true,
                b'\r' => self.text.get(i + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends);
        }
        self.offset = end;
        self.line
    }
}
