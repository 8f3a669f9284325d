//! The check: what a kernel is given, what it must return, and how near; and the proof that the check can fail.

pub mod case;
pub mod comparison;
pub mod layout;
pub mod report;
pub mod run;
pub mod tolerance;

pub use case::Case;
