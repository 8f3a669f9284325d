//! The proof that the check can fail: every shader is changed, one token at a time, and its cases must reject each change.
//!
//! Hand-written mutants stand in each SPEC. The automatic ones change every arithmetic and comparison operator, constant,
//! component, `min` and `max` of every shader file once, and take away every barrier. A mutant is killed if any case of any
//! kernel that contains the file rejects it, or if the driver refuses it; one that naga refuses is not a mutant and not counted.
//! Mutants run with WebGPU's runtime checks and with a bound on every loop, so that none of them can hang or harm the device.

use super::{
    Case,
    run::run,
    wgsl::{Edit, bound_loops, edits, shuffled},
};
use crate::{
    Error, Result,
    gpu::{Gpu, Source, Spec},
    kernels,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Rounds that a loop of a mutant may make: more than any loop of a case does.
const ROUNDS: u32 = 600;

/// An automatic mutant that no case can kill, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equivalent {
    /// The shader file.
    pub file: &'static str,
    /// The changed line.
    pub line: &'static str,
    /// Why the change changes nothing that a case could see.
    pub reason: &'static str,
}

include!("equivalent.rs");

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// A case rejected it, or the driver refused it.
    Killed,
    /// Every case accepted it.
    Survived,
    /// It is no valid WGSL.
    Invalid,
}

/// A mutant that was run.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The shader file, or the kernel of a hand-written mutant.
    pub of: String,
    /// Its number among the mutants of the file, its line, and the line as it was changed.
    pub change: String,
    /// What became of it.
    pub fate: Fate,
    /// Why a survivor is equivalent, where that is known.
    pub equivalent: Option<&'static str>,
}

/// How the mutants fared.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MutantReport {
    /// The hand-written mutants.
    pub hand_written: Vec<Outcome>,
    /// The automatic ones that were run.
    pub automatic: Vec<Outcome>,
}

impl MutantReport {
    /// Whether all hand-written mutants and 95 % of the automatic ones were killed.
    pub fn ok(&self) -> bool {
        self.hand_written.iter().all(|mutant| mutant.fate == Fate::Killed) && self.share_killed() >= 0.95
    }

    /// The share of the valid automatic mutants that were killed.
    pub fn share_killed(&self) -> f64 {
        let count = |fate| self.automatic.iter().filter(|mutant| mutant.fate == fate).count() as f64;
        let (killed, survived) = (count(Fate::Killed), count(Fate::Survived));
        killed / (killed + survived).max(1.0)
    }
}

impl fmt::Display for MutantReport {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (title, outcomes) in
            [("hand-written, by kernel", &self.hand_written), ("automatic, by file", &self.automatic)]
        {
            let mut table: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
            for outcome in outcomes {
                table.entry(&outcome.of).or_default()[outcome.fate as usize] += 1;
            }
            writeln!(f, "{title:<36} {:>6} {:>9} {:>8}", "killed", "survived", "invalid")?;
            for (of, [killed, survived, invalid]) in &table {
                writeln!(f, "{of:<36} {killed:>6} {survived:>9} {invalid:>8}")?;
            }
            for outcome in outcomes.iter().filter(|outcome| outcome.fate == Fate::Survived) {
                let reason = outcome.equivalent.unwrap_or("NOT KILLED");
                writeln!(f, "  {} {}\n      {reason}", outcome.of, outcome.change)?;
            }
        }
        write!(f, "{:.1} % of the automatic mutants killed", 100.0 * self.share_killed())
    }
}

/// A kernel's SPEC with its cases, those that killed last first.
struct Subject {
    spec: &'static Spec,
    cases: Vec<Case>,
    /// Whether it is known to pass unchanged, with bounded loops and in any order of invocations.
    sound: bool,
}

/// Runs the hand-written mutants and every `sample`-th automatic one (1 for all) on `gpu`, which should have been opened with
/// runtime checks; `progress` is told each mutant's fate.
///
/// # Errors
/// [`Error::CheckFailed`] where a hand-written mutant's text does not occur exactly once, or where a kernel fails its cases
/// unchanged; [`Error::Gpu`] where the device is lost.
pub fn run_mutants(gpu: &Gpu, sample: usize, mut progress: impl FnMut(&Outcome)) -> Result<MutantReport> {
    let mut subjects: Vec<Subject> = kernels::ALL
        .iter()
        .copied()
        .flatten()
        .map(|spec| Subject { spec, cases: (spec.cases)(), sound: false })
        .collect();
    let mut report = MutantReport::default();
    let mut done = BTreeSet::new();
    for subject in &mut subjects {
        let text = subject.spec.shader();
        for mutant in subject.spec.mutants {
            let mut holders = subject.spec.sources.iter().filter(|source| source.text.contains(mutant.find));
            let (Some(source), None, 1) = (holders.next(), holders.next(), text.matches(mutant.find).count()) else {
                let problem = format!("{}: `{}` does not occur exactly once", subject.spec.name, mutant.find);
                return Err(Error::CheckFailed(problem));
            };
            // variants of a kernel share files, and one of them is enough
            if !done.insert((source.file, mutant.find, mutant.replace)) {
                continue;
            }
            let changed = text.replace(mutant.find, mutant.replace);
            let fate = if valid(&changed) { subject.fate(gpu, &changed)? } else { Fate::Invalid };
            let change = format!("`{}` → `{}`", mutant.find, mutant.replace);
            let outcome = Outcome { of: subject.spec.name.into(), change, fate, equivalent: None };
            progress(&outcome);
            report.hand_written.push(outcome);
            gpu.forget_pipelines();
        }
    }
    for (number, (source, edit)) in automatic().into_iter().enumerate() {
        if number % sample == sample / 2 {
            let outcome = automatic_outcome(gpu, &mut subjects, source, &edit)?;
            progress(&outcome);
            report.automatic.push(outcome);
            gpu.forget_pipelines();
        }
    }
    Ok(report)
}

/// Every automatic mutant, valid or not, file by file.
pub fn automatic() -> Vec<(Source, Edit)> {
    let mut files: Vec<Source> = Vec::new();
    for source in kernels::ALL.iter().copied().flatten().flat_map(|spec| spec.sources) {
        if !files.iter().any(|known| known.file == source.file) {
            files.push(*source);
        }
    }
    files.into_iter().flat_map(|source| edits(source.text).into_iter().map(move |edit| (source, edit))).collect()
}

fn automatic_outcome(gpu: &Gpu, subjects: &mut [Subject], source: Source, edit: &Edit) -> Result<Outcome> {
    let (line, changed) = edit.describe(source.text);
    let mut fate = Fate::Invalid;
    for subject in subjects.iter_mut().filter(|subject| subject.spec.sources.contains(&source)) {
        let parts = subject.spec.sources.iter();
        let text = parts.map(|part| if *part == source { edit.apply(part.text) } else { part.text.into() });
        let text = text.collect::<Vec<_>>().join("\n");
        if !valid(&text) {
            continue;
        }
        fate = subject.fate(gpu, &text)?;
        // a software driver runs a workgroup's invocations in order, which can hide a race
        for text in shuffled(&text) {
            if fate == Fate::Survived {
                fate = subject.fate(gpu, &text)?;
            }
        }
        if fate == Fate::Killed {
            break;
        }
    }
    let known = EQUIVALENT.iter().find(|known| known.file == source.file && known.line == changed);
    let equivalent = known.filter(|_| fate == Fate::Survived).map(|known| known.reason);
    Ok(Outcome { of: source.file.into(), change: format!("line {line}: {changed}"), fate, equivalent })
}

fn valid(text: &str) -> bool {
    let validates = |module| {
        let (flags, capabilities) = (naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        naga::valid::Validator::new(flags, capabilities).validate(&module).is_ok()
    };
    naga::front::wgsl::parse_str(text).is_ok_and(validates)
}

impl Subject {
    fn fate(&mut self, gpu: &Gpu, text: &str) -> Result<Fate> {
        if !self.sound {
            let unchanged = self.spec.shader();
            for text in shuffled(&unchanged).into_iter().chain([unchanged]) {
                if let Some(fault) = self.fault(gpu, &text)? {
                    let problem = format!("{} fails before it is changed: {fault}", self.spec.name);
                    return Err(Error::CheckFailed(problem));
                }
            }
            self.sound = true;
        }
        Ok(if self.fault(gpu, text)?.is_some() { Fate::Killed } else { Fate::Survived })
    }

    /// The first fault that a case finds with `text`; that case comes first the next time.
    fn fault(&mut self, gpu: &Gpu, text: &str) -> Result<Option<String>> {
        let text = bound_loops(text, ROUNDS);
        for number in 0..self.cases.len() {
            let fault = match run(gpu, &self.cases[number], Some(&text)) {
                Ok(Ok(_)) => continue,
                Ok(Err(fault)) => fault.to_string(),
                Err(Error::Gpu { problem, .. }) if !problem.contains("lost") => problem,
                Err(error) => return Err(error),
            };
            let fault = format!("{}: {fault}", self.cases[number].name);
            self.cases[..=number].rotate_right(1);
            return Ok(Some(fault));
        }
        Ok(None)
    }
}
