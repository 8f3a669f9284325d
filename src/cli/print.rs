//! Standard output and standard error that may be full or closed.

use crate::{Error, Result};
use std::{
    fmt::Arguments,
    io::{Write, stderr, stdout},
    path::Path,
};

/// Writes a line of progress to standard error. A line that cannot be written is dropped: the work is worth more than its report.
pub fn to_stderr(line: Arguments) {
    let _ = writeln!(stderr().lock(), "{line}");
}

/// Writes `text` to standard output.
///
/// # Errors
/// [`Error::Io`] where it cannot be written: a result that is lost is a failure.
pub fn to_stdout(text: Arguments) -> Result<()> {
    let mut out = stdout().lock();
    out.write_fmt(text).and_then(|()| out.flush()).map_err(Error::io("write", Path::new("standard output")))
}

/// As [`to_stderr`], with the arguments of `format!`.
macro_rules! progress {
    ($($arguments:tt)*) => { $crate::cli::print::to_stderr(format_args!($($arguments)*)) };
}

/// As [`to_stdout`], with the arguments of `format!` and a line break behind.
macro_rules! result {
    ($($arguments:tt)*) => { $crate::cli::print::to_stdout(format_args!("{}\n", format_args!($($arguments)*))) };
}
pub(super) use {progress, result};
