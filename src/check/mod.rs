//! The check: what a kernel is given, what it must return, and how near.

pub mod replay;
pub mod trace;
mod trace_file;

/// One check of one kernel.
#[derive(Clone, Debug)]
pub struct Case {
    /// What sets it apart.
    pub name: String,
}
