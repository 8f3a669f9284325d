//! Tables as text: `.csv` and `.tsv`, a line per row.

use std::path::Path;

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::super::{Names, bytes};
use super::{LabelColumn, Reading, Selection, Table, is_missing, shown};
use crate::model::Color;
use crate::{Error, Result};

/// Reads a file whose values a comma, semicolon, tab or bar separates, whichever its first line has most of; a `.tsv` file has tabs.
/// The first row is a header where it holds no number, a cell `label`, or a name that is asked for; else columns are numbered from
/// 1. A number may be quoted; between semicolons it may have a decimal comma. `true` and `false` are 1 and 0.
///
/// # Errors
/// [`Error::Malformed`] with line and column for a cell that is no number, for columns of text, and for rows of unequal lengths; for
/// no row at all; as [`Selection::new`].
pub fn read(path: &Path, reading: &Reading) -> Result<Table> {
    let text = bytes(path)?;
    let separator = separator(path, &text);
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(separator)
        .from_reader(&text[..]);
    let wrong = |problem: String| Error::malformed(path, problem);

    let mut counter = Lines { text: &text, offset: 0, line: 1 };
    let (mut reader, mut lines, mut row) = (None, Vec::new(), StringRecord::new());
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
        let reader = match &mut reader {
            Some(reader) => reader,
            None => {
                let first: &mut Reader = reader.insert(Reader::new(path, &row, reading)?);
                first.decimal_comma = separator == b';';
                if first.named {
                    continue;
                }
                first
            }
        };
        if row.len() != reader.names.len() {
            let (found, expected) = (row.len(), reader.names.len());
            return Err(wrong(format!("line {line}: {found} fields, expected {expected} fields as in the first")));
        }
        reader.take(&row, line);
        lines.push(line);
    }
    match reader {
        Some(reader) if !lines.is_empty() => reader.finish(path, lines),
        Some(reader) => Err(wrong(format!("0 rows of {} columns, expected at least 1 row", reader.names.len()))),
        None => Err(wrong("0 rows, expected at least 1".into())),
    }
}

/// The separator that the first line has most of, outside of quotes; a comma where it has none.
fn separator(path: &Path, text: &[u8]) -> u8 {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv")) {
        return b'\t';
    }
    let (mut quoted, mut counts) = (false, [0_usize; 4]);
    for byte in text.iter().take_while(|byte| !b"\r\n".contains(byte)) {
        quoted ^= *byte == b'"';
        if let Some(i) = SEPARATORS.iter().position(|separator| separator == byte && !quoted) {
            counts[i] += 1;
        }
    }
    let most = counts.into_iter().max().unwrap_or_default();
    SEPARATORS[counts.iter().position(|count| *count == most).unwrap_or_default()]
}

/// Of those that are equally frequent the first is taken.
const SEPARATORS: [u8; 4] = *b",;\t|";

/// What has been read so far.
struct Reader {
    /// Of all columns.
    names: Vec<String>,
    /// Whether they stand in the file.
    named: bool,
    selection: Selection,
    decimal_comma: bool,
    values: Vec<f64>,
    labels: LabelColumn,
    /// By column that a model sees: cells that are no numbers, and the first of them with its line.
    texts: Vec<(usize, Option<(String, u64)>)>,
}

impl Reader {
    fn new(path: &Path, first: &StringRecord, reading: &Reading) -> Result<Reader> {
        let recipe = reading.recipe.iter().flat_map(|recipe| &recipe.columns);
        let asked: Vec<&String> =
            reading.columns.iter().chain(&reading.except).chain(&reading.labels).chain(recipe).collect();
        let is_name = |cell: &str| number(cell, false).is_none();
        let known = |cell: &str| cell.eq_ignore_ascii_case("label") || asked.iter().any(|name| *name == cell);
        let named = first.iter().all(is_name) || first.iter().any(|cell| is_name(cell) && known(cell));
        let name = |(i, cell): (usize, &str)| match cell {
            _ if !named => (i + 1).to_string(),
            "" => format!("column {}", i + 1),
            name => name.to_string(),
        };
        let names: Vec<String> = first.iter().enumerate().map(name).collect();
        let selection = Selection::new(path, &names, reading)?;
        let texts = vec![(0, None); selection.features.len()];
        let (values, labels) = (Vec::new(), LabelColumn::default());
        Ok(Reader { names, named, selection, decimal_comma: false, values, labels, texts })
    }

    fn take(&mut self, row: &StringRecord, line: u64) {
        for (&column, (count, first)) in self.selection.features.iter().zip(&mut self.texts) {
            let cell = &row[column];
            let value = number(cell, self.decimal_comma);
            if value.is_none() && !is_missing(cell) {
                *count += 1;
                first.get_or_insert_with(|| (cell.to_string(), line));
            }
            self.values.push(value.unwrap_or(f64::NAN));
        }
        if let Some(column) = self.selection.labels {
            self.labels.push(&row[column]);
        }
    }

    fn finish(self, path: &Path, lines: Vec<u64>) -> Result<Table> {
        let columns: Vec<String> = self.selection.features.iter().map(|&i| self.names[i].clone()).collect();
        let texts = || {
            columns.iter().zip(&self.texts).filter_map(|(name, (count, first))| Some((name, count, first.as_ref()?)))
        };
        // A column is one of text where most of its cells are; else a cell is wrong.
        let of_text: Vec<String> = texts()
            .filter(|(_, count, _)| 2 * **count > lines.len() && lines.len() > 1)
            .map(|(name, ..)| name.clone())
            .collect();
        if let Some((_, _, (cell, line))) = texts().find(|(name, ..)| of_text.contains(name)) {
            let (columns, them) = if of_text.len() > 1 { ("columns", "them") } else { ("column", "it") };
            let problem = format!(
                "{columns} {} hold text ({cell:?} in line {line}): leave {them} out with --except {}, or name the one of labels with --labels",
                shown(&of_text),
                of_text.join(",")
            );
            return Err(Error::malformed(path, problem));
        }
        if let Some((name, _, (cell, line))) = texts().min_by_key(|(.., (_, line))| *line) {
            return Err(Error::malformed(path, format!("line {line}, column {name}: {cell:?}, expected a number")));
        }
        let numbered = |name: &String| name.ends_with(|end: char| end.is_ascii_digit());
        Ok(Table {
            path: path.to_path_buf(),
            named: self.named && !columns.iter().all(numbered),
            columns,
            sides: None,
            color: Color::Gray,
            values: self.values.into(),
            labels: self.selection.labels.map(|_| self.labels),
            names: Names::Lines(lines),
        })
    }
}

/// The number in a cell; none where it holds none.
fn number(cell: &str, decimal_comma: bool) -> Option<f64> {
    match cell.parse() {
        Ok(number) => Some(number),
        Err(_) if cell.eq_ignore_ascii_case("true") => Some(1.0),
        Err(_) if cell.eq_ignore_ascii_case("false") => Some(0.0),
        Err(_) if decimal_comma && !cell.contains('.') => cell.replacen(',', ".", 1).parse().ok(),
        Err(_) => None,
    }
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
