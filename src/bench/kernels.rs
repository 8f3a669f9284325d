//! Every dispatch of a training step by itself.

use super::{Limits, dispatches::Dispatches, spread};
use crate::{
    Result,
    gpu::{Gpu, Work},
    proofs::Checked,
    run::Settings,
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
    /// Share of the copy's bandwidth; above 1 where caches hold what the kernel reads.
    pub share_of_copy: f64,
    /// Share of the peak of multiply-adds.
    pub share_of_peak: f64,
    /// Share of its time that an empty dispatch takes.
    pub share_of_floor: f64,
}

/// Times every dispatch of a step, each kernel after it was checked against the oracle.
///
/// # Errors
/// As [`Checked::check`], [`Error::DeviceLost`](crate::Error::DeviceLost) where the device is lost.
pub(super) fn kernels(
    gpu: &Gpu,
    settings: &Settings,
    quick: bool,
    limits: &Limits,
    checked: &mut Checked,
) -> Result<Vec<KernelLine>> {
    let step = Dispatches::new(gpu, settings, gpu.usable(settings.tilings))?;
    let (blocks, seconds) = if quick { (3, 0.05) } else { (7, 0.2) };
    let mut lines = Vec::new();
    checked.check(gpu, &step.program)?;
    for (number, dispatch) in step.program.dispatches.iter().enumerate() {
        let prepared = step.prepare(number)?;
        let time = |times: usize| step.seconds(&prepared, times);
        let pace = time(3)?.min(time(3)?);
        let times = ((seconds / pace.max(1e-7)) as usize).clamp(3, 10_000);
        let (median, least, greatest) = spread((0..blocks).map(|_| time(times)).collect::<Result<_>>()?);
        let Work { shape, operations, bytes } = dispatch.work.clone();
        let (gflops, gbytes_per_s) = (operations / median / 1e9, bytes / median / 1e9);
        lines.push(KernelLine {
            name: &dispatch.spec.name,
            shape,
            us: 1e6 * median,
            us_least: 1e6 * least,
            us_greatest: 1e6 * greatest,
            gflops,
            gbytes_per_s,
            share_of_copy: gbytes_per_s / limits.copy_gbytes_per_s,
            share_of_peak: gflops / limits.peak_gflops,
            share_of_floor: limits.floor_us / (1e6 * median),
        });
    }
    Ok(lines)
}
