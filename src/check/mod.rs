//! check

pub mod trace;
mod trace_file;
