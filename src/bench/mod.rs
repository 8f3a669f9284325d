//! Benchmarks: whole training steps, single kernels, and how both grow. A kernel is checked against the oracle before it is timed.

mod dispatches;
mod growth;
mod kernels;
mod limits;
mod scaling;
mod soak;
mod steps;
mod together;
mod work;

pub use growth::Growth;
pub use kernels::KernelLine;
pub use limits::Limits;
pub use scaling::{Plan, Point, scaling};
pub use soak::{OnDevice, Soak, Taken, soak};
pub use steps::{StepLine, article};
pub use together::{TogetherLine, together};

use crate::{Result, device::Device, proofs::Checked, run::Settings};
use serde::Serialize;
use std::fmt;

/// What was measured on one device.
#[derive(Clone, Debug, Serialize)]
pub struct Timings {
    /// The adapter, or the oracle.
    pub device: String,
    /// Its driver; empty for the oracle.
    pub driver: String,
    /// Whether a processor did the work.
    pub software: bool,
    /// The version of this crate.
    pub version: &'static str,
    /// What timed the kernels.
    pub timer: &'static str,
    /// What the device does at best; `None` for the oracle.
    #[serde(flatten)]
    pub limits: Option<Limits>,
    /// Whole steps, a line for each batch size.
    pub steps: Vec<StepLine>,
    /// Every dispatch of those steps.
    pub kernels: Vec<KernelLine>,
}

/// Measures whole steps of the model in `settings` at each batch size, and on a GPU every kernel of them. `quick` takes fewer
/// and shorter blocks.
///
/// # Errors
/// [`Error::CheckFailed`](crate::Error::CheckFailed) where a kernel is wrong, [`Error::Gpu`](crate::Error::Gpu) where the
/// device is lost.
pub fn report(
    device: &Device,
    settings: &Settings,
    batches: &[usize],
    quick: bool,
    progress: &mut dyn FnMut(&str),
) -> Result<Timings> {
    let mut report = Timings {
        device: device.to_string(),
        driver: String::new(),
        software: true,
        version: env!("CARGO_PKG_VERSION"),
        timer: "processor's clock",
        limits: None,
        steps: Vec::new(),
        kernels: Vec::new(),
    };
    let mut checked = Checked::default();
    if let Device::Gpu(gpu) = device {
        report.driver.clone_from(&gpu.adapter().driver);
        report.software = gpu.adapter().is_software();
        if gpu.has_timestamps() {
            report.timer = "device's clock";
        }
        progress("limits of the device");
        report.limits = Some(Limits::measure(gpu, &mut checked)?);
    }
    for &batch in batches {
        progress(&format!("step, batch {batch}"));
        let settings = steps::tuned(device, Settings { batch, ..settings.clone() })?;
        report.steps.push(steps::steps(device, &settings, quick, report.limits.as_ref())?);
        if let (Device::Gpu(gpu), Some(limits)) = (device, &report.limits) {
            progress(&format!("kernels, batch {batch}"));
            report.kernels.extend(kernels::kernels(gpu, &settings, quick, limits, &mut checked)?);
        }
    }
    Ok(report)
}

/// Median, least and greatest of some measurements.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0], values[values.len() - 1])
}

/// The first line of every report.
fn headline(f: &mut fmt::Formatter, device: &str, driver: &str, software: bool) -> fmt::Result {
    let kind = if software { ", software" } else { "" };
    writeln!(f, "wgvae {} on {device} ({driver}{kind})", env!("CARGO_PKG_VERSION"))
}

impl fmt::Display for Timings {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        headline(f, &self.device, &self.driver, self.software)?;
        if let Some(limits) = &self.limits {
            writeln!(f, "{limits}")?;
        }
        let models: Vec<String> = self.steps.iter().map(StepLine::model_name).collect();
        let width = models.iter().map(String::len).max().unwrap_or(0);
        writeln!(
            f,
            "\n{:<width$}  {:>6}  {:>10}  {:>21}  {:>10}  {:>9}  {:>11}  {:>10}  {:>9}  tilings",
            "model",
            "batch",
            "µs/step",
            "least to greatest",
            "images/s",
            "GFLOP/s",
            "roofline µs",
            "dispatches",
            "device MB"
        )?;
        for (step, model) in self.steps.iter().zip(&models) {
            let range = format!("{:.0} to {:.0}", step.us_least, step.us_greatest);
            let roofline = step.roofline_us.map_or("-".into(), |us| format!("{us:.1}"));
            let dispatches = step.dispatches.map_or("-".into(), |count| count.to_string());
            let memory = step.device_bytes.map_or("-".into(), |bytes| format!("{:.1}", bytes as f64 / 1e6));
            let tilings = step.tilings.map_or("-".into(), |tilings| tilings.to_string());
            writeln!(
                f,
                "{model:<width$}  {:>6}  {:>10.1}  {range:>21}  {:>10.0}  {:>9.2}  {roofline:>11}  {dispatches:>10}  {memory:>9}  {tilings}",
                step.batch, step.us_per_step, step.images_per_s, step.gflops
            )?;
        }
        if self.kernels.is_empty() {
            return Ok(());
        }
        let wide =
            |text: fn(&KernelLine) -> &str| self.kernels.iter().map(|k| text(k).chars().count()).max().unwrap_or(0);
        let (names, shapes) = (wide(|kernel| kernel.name), wide(|kernel| &kernel.shape));
        writeln!(f, "\nkernels by the {}; shares of the limits above, the floor's of the kernel's time", self.timer)?;
        writeln!(
            f,
            "{:<names$}  {:<shapes$}  {:>10}  {:>9}  {:>8}  {:>7}  {:>7}  {:>8}",
            "kernel", "shape", "µs", "GFLOP/s", "GB/s", "of copy", "of peak", "floor is"
        )?;
        for kernel in &self.kernels {
            writeln!(
                f,
                "{:<names$}  {:<shapes$}  {:>10.1}  {:>9.2}  {:>8.2}  {:>6.0}%  {:>6.0}%  {:>7.0}%",
                kernel.name,
                kernel.shape,
                kernel.us,
                kernel.gflops,
                kernel.gbytes_per_s,
                100.0 * kernel.share_of_copy,
                100.0 * kernel.share_of_peak,
                100.0 * kernel.share_of_floor
            )?;
        }
        Ok(())
    }
}
