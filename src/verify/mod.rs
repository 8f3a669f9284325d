//! What `wgvae verify` does: every kernel's proof, whole steps against the oracle's, and training runs recorded elsewhere.

pub mod recorded;
pub mod replay;
pub mod steps;
pub mod trace;
mod trace_file;

use crate::{
    Result,
    check::report::{Report, report},
    gpu::Gpu,
    proofs,
};

/// Runs every case of every kernel of this crate on the adapter of `gpu`; `progress` is told the name of each before its cases.
///
/// # Errors
/// As [`report`].
pub fn kernels(gpu: &Gpu, progress: impl FnMut(&str) + Send) -> Result<Report> {
    report(gpu, &proofs::ALL, progress)
}
