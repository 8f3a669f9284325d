//! Benchmarks: whole training steps and single kernels. A kernel is checked against the oracle before it is timed.

mod kernels;
mod steps;

pub use kernels::{KernelLine, kernels};
pub use steps::{StepLine, steps};

use crate::{Result, device::Device};
use serde::Serialize;
use std::fmt;

/// What was measured on one device.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
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
    /// Bandwidth of a copy within device memory, reads and writes counted; `None` for the oracle.
    pub copy_gbytes_per_s: Option<f64>,
    /// Whole steps of the article's VAE.
    pub steps: Vec<StepLine>,
    /// Every dispatch of those steps.
    pub kernels: Vec<KernelLine>,
}

/// Measures whole steps at each batch size, and on a GPU every kernel of them. `quick` takes fewer and shorter blocks.
///
/// # Errors
/// [`Error::CheckFailed`](crate::Error::CheckFailed) where a kernel is wrong, [`Error::Gpu`](crate::Error::Gpu) where the
/// device is lost.
pub fn report(device: &Device, batches: &[usize], quick: bool, progress: &mut dyn FnMut(&str)) -> Result<Report> {
    let mut report = Report {
        device: device.to_string(),
        driver: String::new(),
        software: true,
        version: env!("CARGO_PKG_VERSION"),
        timer: "processor's clock",
        copy_gbytes_per_s: None,
        steps: Vec::new(),
        kernels: Vec::new(),
    };
    if let Device::Gpu(gpu) = device {
        report.driver.clone_from(&gpu.adapter().driver);
        report.software = gpu.adapter().is_software();
        report.copy_gbytes_per_s = Some(gpu.copy_bandwidth()? / 1e9);
        if gpu.has_timestamps() {
            report.timer = "device's clock";
        }
    }
    for &batch in batches {
        progress(&format!("step, batch {batch}"));
        report.steps.push(steps(device, batch, quick)?);
        if let Device::Gpu(gpu) = device {
            progress(&format!("kernels, batch {batch}"));
            report.kernels.extend(kernels(gpu, batch, quick)?);
        }
    }
    Ok(report)
}

/// Median, least and greatest of some measurements.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0], values[values.len() - 1])
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let kind = if self.software { ", software" } else { "" };
        writeln!(f, "wgvae {} on {} ({}{kind})", self.version, self.device, self.driver)?;
        writeln!(
            f,
            "\n{:<8} {:>6}  {:>10}  {:>21}  {:>10}  {:>9}",
            "model", "batch", "µs/step", "least to greatest", "images/s", "GFLOP/s"
        )?;
        for step in &self.steps {
            let range = format!("{:.0} to {:.0}", step.us_least, step.us_greatest);
            writeln!(
                f,
                "{:<8} {:>6}  {:>10.1}  {range:>21}  {:>10.0}  {:>9.2}",
                step.model, step.batch, step.us_per_step, step.images_per_s, step.gflops
            )?;
        }
        if let Some(copy) = self.copy_gbytes_per_s {
            writeln!(f, "\nkernels by the {}; a copy within device memory reaches {copy:.1} GB/s", self.timer)?;
            writeln!(
                f,
                "{:<32} {:<20} {:>10}  {:>9}  {:>8}  {:>8}",
                "kernel", "shape", "µs", "GFLOP/s", "GB/s", "of copy"
            )?;
            for kernel in &self.kernels {
                writeln!(
                    f,
                    "{:<32} {:<20} {:>10.1}  {:>9.2}  {:>8.2}  {:>7.0}%",
                    kernel.name,
                    kernel.shape,
                    kernel.us,
                    kernel.gflops,
                    kernel.gbytes_per_s,
                    100.0 * kernel.gbytes_per_s / copy
                )?;
            }
        }
        Ok(())
    }
}
