//! Kernels run on all their cases on one device, as a table.

use super::{Proof, run::run};
use crate::{
    Error, Result,
    gpu::{Gpu, Needs, Spec},
};
use serde::Serialize;
use std::{
    collections::BTreeSet,
    fmt,
    panic::resume_unwind,
    sync::{Mutex, PoisonError},
    thread,
    time::Instant,
};

/// Result of one kernel.
#[derive(Clone, Debug, Serialize)]
pub struct KernelReport {
    /// The kernel, or a variant of it.
    pub name: &'static str,
    /// Number of cases it was run on.
    pub cases: usize,
    /// The largest share of its limit that any element used; above 1 is wrong. `None` where a case failed.
    pub worst_share_of_limit: Option<f64>,
    /// Time of all its cases, compilation included, beside another kernel.
    pub milliseconds: f64,
    /// Whether every case passed.
    pub ok: bool,
    /// The first fault of the first case that failed.
    pub fault: Option<String>,
}

/// Results of all kernels on one device.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether every case of every kernel passed.
    pub ok: bool,
    /// The adapter.
    pub device: String,
    /// Its driver.
    pub driver: String,
    /// Every kernel, in the order of a training step.
    pub kernels: Vec<KernelReport>,
    /// Kernels that were not run, because the device lacks what they need.
    pub left_out: Vec<&'static str>,
    /// What the device lacks for them.
    pub lacking: BTreeSet<String>,
}

/// The feature `spec` needs and `gpu` lacks, with the option that enables it where the adapter has it.
fn lacking(gpu: &Gpu, spec: &Spec) -> String {
    match spec.needs {
        Needs::Matrices(edge) if gpu.adapter().matrix_edges.contains(&edge) => {
            format!("{} (which --precision mixed takes)", spec.needs)
        }
        needs => needs.to_string(),
    }
}

/// Runs every case of `proofs` on the adapter of `gpu`; `progress` is told the name of each kernel before its cases run.
/// Compilation is most of it, so where the adapter can be opened twice, two threads share the kernels.
///
/// # Errors
/// [`Error::DeviceLost`] where the device is lost. A wrong result is not an error: the report contains it.
pub fn report(gpu: &Gpu, proofs: &[Proof], progress: impl FnMut(&str) + Send) -> Result<Report> {
    let (run, left_out): (Vec<&Proof>, Vec<&Proof>) = proofs.iter().partition(|proof| gpu.runs(proof.spec));
    let (waiting, progress) = (Mutex::new(run.iter().enumerate()), Mutex::new(progress));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = |gpu: &Gpu| -> Result<Vec<(usize, KernelReport)>> {
        let mut done = Vec::new();
        while let Some((number, proof)) = next() {
            progress.lock().unwrap_or_else(PoisonError::into_inner)(&proof.spec.name);
            let report = kernel(gpu, proof);
            done.push((number, report.inspect_err(|_| while next().is_some() {})?)); // the other thread need not go on
        }
        Ok(done)
    };
    let second = gpu.again().ok();
    let mut kernels = thread::scope(|scope| -> Result<Vec<_>> {
        let other = second.as_ref().map(|gpu| scope.spawn(|| work(gpu)));
        let mut done = work(gpu)?;
        if let Some(other) = other {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(done)
    })?;
    kernels.sort_by_key(|(number, _)| *number);
    let kernels: Vec<KernelReport> = kernels.into_iter().map(|(_, report)| report).collect();
    Ok(Report {
        ok: kernels.iter().all(|kernel| kernel.ok),
        device: gpu.adapter().name.clone(),
        driver: gpu.adapter().driver.clone(),
        kernels,
        lacking: left_out.iter().map(|proof| lacking(gpu, proof.spec)).collect(),
        left_out: left_out.into_iter().map(|proof| proof.spec.name.as_str()).collect(),
    })
}

/// Runs the cases of one kernel.
///
/// # Errors
/// As [`report`].
pub fn kernel(gpu: &Gpu, proof: &Proof) -> Result<KernelReport> {
    let cases = proof.cases();
    let (began, mut worst, mut fault) = (Instant::now(), 0.0_f64, None);
    for case in &cases {
        match run(gpu, case, None) {
            Ok(Ok(share)) => worst = worst.max(share),
            Ok(Err(found)) => fault = fault.or(Some(format!("{}: {found}", case.name))),
            Err(Error::Gpu { problem, .. }) => {
                fault = fault.or(Some(format!("{}: {problem}", case.name)));
            }
            Err(error) => return Err(error),
        }
    }
    if cases.is_empty() {
        fault = Some("it has no cases".into());
    }
    Ok(KernelReport {
        name: &proof.spec.name,
        cases: cases.len(),
        worst_share_of_limit: fault.is_none().then_some(worst),
        milliseconds: began.elapsed().as_secs_f64() * 1e3,
        ok: fault.is_none(),
        fault,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{} ({})", self.device, self.driver)?;
        writeln!(f, "{:<40} {:>5}  {:>14}  {:>8}", "kernel", "cases", "share of limit", "ms")?;
        for kernel in &self.kernels {
            let share = kernel.worst_share_of_limit.map_or("FAILED".into(), |share| format!("{share:.3}"));
            writeln!(f, "{:<40} {:>5}  {share:>14}  {:>8.1}", kernel.name, kernel.cases, kernel.milliseconds)?;
            if let Some(fault) = &kernel.fault {
                writeln!(f, "    {fault}")?;
            }
        }
        let cases: usize = self.kernels.iter().map(|kernel| kernel.cases).sum();
        if !self.left_out.is_empty() {
            let wants = self.lacking.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            writeln!(f, "{} kernels not run, for want of {wants}: others stand in for them", self.left_out.len())?;
        }
        let verdict = if self.ok { "all within their limits" } else { "NOT all within their limits" };
        write!(f, "{} kernels, {cases} cases: {verdict}", self.kernels.len())
    }
}
