//! The check: what a kernel is given, what it must return, and how near; the proof that the check can fail; training traces.

pub mod case;
pub mod checked;
pub mod comparison;
pub mod layout;
pub mod mutants;
pub mod replay;
pub mod report;
pub mod run;
pub mod steps;
pub mod supervise;
pub mod tolerance;
pub mod trace;
mod trace_file;
pub mod wgsl;

pub use case::Case;
