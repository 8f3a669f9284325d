//! Every dispatch of a training step by itself.

use super::{spread, steps::settings};
use crate::{
    Error, Result,
    check::report::kernel,
    gpu::{Dispatch, Gpu},
    kernels::{latent, latent_backward, linear, linear_backward, output, update::Entry},
    train::Rehearsal,
};
use serde::Serialize;

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct KernelLine {
    /// The kernel, or a variant of it.
    pub name: &'static str,
    /// What it worked on.
    pub shape: String,
    /// Median, in microseconds.
    pub us: f64,
    /// The fastest block.
    pub us_least: f64,
    /// The slowest block.
    pub us_greatest: f64,
    /// Floating-point operations of the matrix products per second, in billions.
    pub gflops: f64,
    /// Bytes that must be read and written, per second, in billions.
    pub gbytes_per_s: f64,
}

/// Times every dispatch of a step of `batch` images, after checking each kernel against the oracle.
///
/// # Errors
/// [`Error::CheckFailed`] where a kernel is wrong, [`Error::Gpu`] where the device is lost.
pub fn kernels(gpu: &Gpu, batch: usize, quick: bool) -> Result<Vec<KernelLine>> {
    let settings = settings(gpu, batch)?;
    let rehearsal = Rehearsal::new(gpu, &settings, gpu.usable(settings.tilings))?;
    let (blocks, seconds) = if quick { (3, 0.05) } else { (7, 0.2) };
    let mut lines = Vec::new();
    for (number, dispatch) in rehearsal.program.dispatches.iter().enumerate() {
        let report = kernel(gpu, dispatch.spec, &(dispatch.spec.cases)())?;
        if let Some(fault) = report.fault {
            return Err(Error::CheckFailed(format!("{} is wrong and was not timed: {fault}", report.name)));
        }
        let prepared = rehearsal.prepare(Some(number))?;
        let time = |times: usize| rehearsal.seconds(&prepared, times);
        let pace = time(3)?.min(time(3)?);
        let times = ((seconds / pace.max(1e-7)) as usize).clamp(3, 10_000);
        let (median, least, greatest) = spread((0..blocks).map(|_| time(times)).collect::<Result<_>>()?);
        let (shape, operations, bytes) = work(dispatch, &rehearsal.table, batch);
        lines.push(KernelLine {
            name: dispatch.spec.name,
            shape,
            us: 1e6 * median,
            us_least: 1e6 * least,
            us_greatest: 1e6 * greatest,
            gflops: operations / median / 1e9,
            gbytes_per_s: bytes / median / 1e9,
        });
    }
    Ok(lines)
}

/// Shape, operations of the matrix products, and bytes that must be moved.
fn work(dispatch: &Dispatch, table: &[Entry], batch: usize) -> (String, f64, f64) {
    let product =
        |m: usize, k: usize, n: usize, bytes: usize| (format!("{m}x{k}x{n}"), (2 * m * k * n) as f64, bytes as f64);
    match dispatch.spec.name.split([' ', ',']).next() {
        Some("linear") => {
            let args: &linear::Args = bytemuck::from_bytes(&dispatch.args);
            let (k, n) = (4 * args.k4 as usize, args.n as usize);
            let pixel = if dispatch.spec.name.contains("u8") { 1 } else { 4 };
            product(batch, k, n, pixel * batch * k + 4 * (k * n + batch * n))
        }
        Some("output") => {
            let args: &output::Args = bytemuck::from_bytes(&dispatch.args);
            let (k, n) = (4 * args.k4 as usize, args.n as usize);
            product(batch, k, n, batch * n + 4 * (batch * k + k * n + batch * n))
        }
        Some("linear_backward") => {
            let args: &linear_backward::Args = bytemuck::from_bytes(&dispatch.args);
            let (k, n) = (args.k as usize, args.n as usize);
            product(batch, n, k, 4 * (batch * n + k * n + 2 * batch * k))
        }
        Some("latent") => {
            let args: &latent::Args = bytemuck::from_bytes(&dispatch.args);
            middle(batch, args.width as usize, args.latent as usize)
        }
        Some("latent_backward") => {
            let args: &latent_backward::Args = bytemuck::from_bytes(&dispatch.args);
            middle(batch, args.width as usize, args.latent as usize)
        }
        _ => {
            let weights: usize = table.iter().map(|layer| (layer.k * layer.n) as usize).sum();
            let rows: usize = table.iter().map(|layer| (layer.k + layer.n) as usize).sum();
            (format!("{batch} rows, {weights}"), (2 * batch * weights) as f64, (24 * weights + 4 * batch * rows) as f64)
        }
    }
}

/// The middle of a model reads and writes its weights once and a few rows per image.
fn middle(batch: usize, width: usize, latent: usize) -> (String, f64, f64) {
    let weights = 2 * width * latent + 2 * latent * latent;
    let bytes = 4 * (weights + batch * (2 * width + 5 * latent));
    (format!("{batch}x{width}x{latent}"), (2 * batch * weights) as f64, bytes as f64)
}
