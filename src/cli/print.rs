//! Standard output and standard error that may be full or closed.

use crate::{Error, Result};
use std::{
    fmt::Arguments,
    io::{Write, stderr, stdout},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether progress is told.
static SILENT: AtomicBool = AtomicBool::new(false);

/// Ends the progress of this process: of several that train together, one tells it.
pub fn silence() {
    SILENT.store(true, Ordering::Relaxed);
}

/// Whether progress is not told.
pub fn is_silent() -> bool {
    SILENT.load(Ordering::Relaxed)
}

/// Writes a line of progress to standard error. A line that cannot be written is dropped: the work is worth more than its report.
pub fn to_stderr(line: Arguments) {
    let _ = writeln!(stderr().lock(), "{line}");
}

/// As [`to_stderr`], unless the process is silent.
pub fn tell(line: Arguments) {
    if !is_silent() {
        to_stderr(line);
    }
}

/// Writes `text` to standard output.
///
/// # Errors
/// [`Error::Io`] where it cannot be written: a result that is lost is a failure.
pub fn to_stdout(text: Arguments) -> Result<()> {
    let mut out = stdout().lock();
    out.write_fmt(text).and_then(|()| out.flush()).map_err(Error::io("write", Path::new("standard output")))
}

/// Rows of cells as lines of text, the columns of which stand below each other; those of numbers end at their right.
pub fn aligned(rows: &[Vec<String>], is_number: impl Fn(usize) -> bool) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match is_number(column) {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    rows.iter().map(line).collect()
}

/// As [`tell`], with the arguments of `format!`.
macro_rules! progress {
    ($($arguments:tt)*) => { $crate::cli::print::tell(format_args!($($arguments)*)) };
}

/// As [`to_stdout`], with the arguments of `format!` and a line break behind.
macro_rules! result {
    ($($arguments:tt)*) => { $crate::cli::print::to_stdout(format_args!("{}\n", format_args!($($arguments)*))) };
}
pub(super) use {progress, result};
