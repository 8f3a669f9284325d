//! The check: proves a compute shader against an oracle in f64, and that the proof can fail. It knows no kernel of this crate.
//!
//! A [`Proof`] is a [`Spec`](crate::gpu::Spec), cases and mutants. A [`Case`] is one launch with the content of every buffer before
//! and after it. [`layout`] makes cases, surrounding every tensor with guards; [`tolerance`] derives how far float32 may lie from
//! the oracle; [`report`](mod@report) runs cases on a device and tells what was wrong; [`mutants`] changes the shader, one token
//! at a time, and demands that a case rejects each change.

pub mod case;
pub mod comparison;
pub mod fate;
pub mod layout;
pub mod mutants;
mod proof;
pub mod report;
pub mod run;
pub mod supervise;
pub mod tolerance;
pub mod wgsl;

pub use case::Case;
pub use proof::{Mutant, Proof};
