//! The proof that the check can fail: every shader is changed, one token at a time, and its cases must reject each change.
//!
//! Hand-written mutants stand in each SPEC. The automatic ones change every arithmetic and comparison operator, constant,
//! component, `min` and `max` of every shader file once, and take away every barrier. A mutant is killed if any case of any
//! kernel that contains the file rejects it, or if the driver refuses it; one that naga refuses is not a mutant and not counted.
//! Mutants run with WebGPU's runtime checks and with a bound on every loop, so that none of them can hang or harm the device;
//! one that crashes the driver all the same ends only the process it runs in, see [`supervise`](super::supervise).
//!
//! A survivor is run again with its invocations in other orders, which shows races, and with every load watched, which shows
//! reads out of range whose values are dropped.

use super::{
    Case,
    case::{GUARD, UNWRITTEN},
    run::run,
    wgsl::{Edit, bound_loops, edits, shuffled, watch_loads},
};
use crate::{
    Error, Result,
    gpu::{Gpu, Source, Spec},
    kernels,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, ptr,
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

/// One change of one shader file.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The kernel whose SPEC lists it and whose cases must reject it; for an automatic one, any kernel with the file will do.
    pub kernel: Option<&'static Spec>,
    /// The file.
    pub source: Source,
    /// The change.
    pub edit: Edit,
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// A case rejected it, or the driver refused it.
    Killed,
    /// It ended or hung the process that ran it, twice: killed, though by no case.
    Crashed,
    /// Every case accepted it.
    Survived,
    /// It is no valid WGSL.
    Invalid,
}

/// A mutant that was run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The shader file, or the kernel of a hand-written mutant.
    pub of: String,
    /// Its line, and the line as it was changed.
    pub change: String,
    /// What became of it.
    pub fate: Fate,
    /// What killed it; why a survivor is equivalent, where that is known.
    pub reason: Option<String>,
}

/// What a run of mutants says as it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// This kernel is run unchanged: it must pass.
    Proves(String),
    /// The mutant of this number is run.
    Begins(usize),
    /// What became of it, and what killed it.
    Ended(usize, Fate, Option<String>),
    /// The run cannot go on.
    Failed(String),
}

/// How the mutants fared.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MutantReport {
    /// The hand-written mutants.
    pub hand_written: Vec<Outcome>,
    /// The automatic ones that were run.
    pub automatic: Vec<Outcome>,
}

impl Mutation {
    /// The change with its fate.
    pub fn outcome(&self, fate: Fate, killer: Option<String>) -> Outcome {
        let (line, changed) = self.edit.describe(self.source.text);
        let known = EQUIVALENT.iter().find(|known| known.file == self.source.file && known.line == changed);
        let equivalent = known.filter(|_| fate == Fate::Survived).map(|known| known.reason.to_string());
        Outcome {
            of: self.kernel.map_or(self.source.file, |spec| spec.name).into(),
            change: format!("line {line}: {changed}"),
            fate,
            reason: killer.or(equivalent),
        }
    }

    /// Whether cases of `spec` may reject it.
    fn concerns(&self, spec: &'static Spec) -> bool {
        self.kernel.map_or(spec.sources.contains(&self.source), |kernel| ptr::eq(kernel, spec))
    }

    /// The whole shader of `spec` with the change.
    fn shader(&self, spec: &Spec) -> String {
        spec.shader_of(|part| if *part == self.source { self.edit.apply(part.text) } else { part.text.into() })
    }
}

impl Outcome {
    /// Whether it survived though nothing is known that makes it equivalent.
    pub fn unexplained(&self) -> bool {
        self.fate == Fate::Survived && self.reason.is_none()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}\n      {}", self.of, self.change, self.reason.as_deref().unwrap_or("NOT KILLED"))
    }
}

impl MutantReport {
    /// Adds what became of `mutation`.
    pub fn add(&mut self, mutation: &Mutation, outcome: Outcome) {
        if mutation.kernel.is_some() { &mut self.hand_written } else { &mut self.automatic }.push(outcome);
    }

    /// Whether all hand-written mutants were killed, and of the automatic ones 95 % or all that are not known to be equivalent.
    pub fn ok(&self) -> bool {
        let killed = |mutant: &Outcome| matches!(mutant.fate, Fate::Killed | Fate::Crashed);
        let enough = self.share_killed() >= 0.95 || !self.automatic.iter().any(Outcome::unexplained);
        self.hand_written.iter().all(killed) && enough
    }

    /// The share of the valid automatic mutants that were killed; all, where there is none.
    pub fn share_killed(&self) -> f64 {
        let count = |fate| self.automatic.iter().filter(|mutant| mutant.fate == fate).count() as f64;
        let (killed, survived) = (count(Fate::Killed) + count(Fate::Crashed), count(Fate::Survived));
        if survived == 0.0 { 1.0 } else { killed / (killed + survived) }
    }
}

impl fmt::Display for MutantReport {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (title, outcomes) in
            [("hand-written, by kernel", &self.hand_written), ("automatic, by file", &self.automatic)]
        {
            let mut table: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
            for outcome in outcomes {
                table.entry(&outcome.of).or_default()[outcome.fate as usize] += 1;
            }
            writeln!(f, "{title:<36} {:>6} {:>8} {:>9} {:>8}", "killed", "crashed", "survived", "invalid")?;
            for (of, [killed, crashed, survived, invalid]) in &table {
                writeln!(f, "{of:<36} {killed:>6} {crashed:>8} {survived:>9} {invalid:>8}")?;
            }
            for outcome in outcomes.iter().filter(|outcome| matches!(outcome.fate, Fate::Crashed | Fate::Survived)) {
                writeln!(f, "  {outcome}")?;
            }
        }
        write!(f, "{:.1} % of the automatic mutants killed", 100.0 * self.share_killed())
    }
}

fn specs() -> impl Iterator<Item = &'static Spec> {
    kernels::ALL.iter().copied().flatten()
}

/// Every mutant, valid or not: the hand-written ones, then the automatic ones file by file. Its place is its number.
///
/// # Errors
/// [`Error::CheckFailed`] where the text that a hand-written mutant changes does not occur exactly once.
pub fn mutations() -> Result<Vec<Mutation>> {
    let (mut mutations, mut known) = (Vec::new(), BTreeSet::new());
    for spec in specs() {
        for mutant in spec.mutants {
            let mut places = spec.sources.iter().flat_map(|source| {
                source.text.match_indices(mutant.find).map(move |(at, found)| (*source, at..at + found.len()))
            });
            let (Some((source, at)), None) = (places.next(), places.next()) else {
                let problem = format!("{}: `{}` does not occur exactly once", spec.name, mutant.find);
                return Err(Error::CheckFailed(problem));
            };
            // variants of a kernel share files, and one of them is enough
            if known.insert((source.file, mutant.find, mutant.replace)) {
                mutations.push(Mutation {
                    kernel: Some(spec),
                    source,
                    edit: Edit { at, replace: mutant.replace.into() },
                });
            }
        }
    }
    let mut files = BTreeSet::new();
    for source in specs().flat_map(|spec| spec.sources).filter(|source| files.insert(source.file)) {
        mutations.extend(edits(source.text).into_iter().map(|edit| Mutation { kernel: None, source: *source, edit }));
    }
    Ok(mutations)
}

/// The numbers of the hand-written mutants and of every `sample`-th automatic one (1 for all), of files with `only` in their name
/// and of kernels that `gpu` runs.
pub fn select(gpu: &Gpu, mutations: &[Mutation], sample: usize, only: &str) -> Vec<usize> {
    let by_hand = mutations.iter().filter(|mutation| mutation.kernel.is_some()).count();
    let sampled = |number: usize| number < by_hand || (number - by_hand) % sample == sample / 2;
    let runs = |mutation: &Mutation| specs().any(|spec| gpu.runs(spec) && mutation.concerns(spec));
    let selected =
        |&number: &usize| sampled(number) && mutations[number].source.file.contains(only) && runs(&mutations[number]);
    (0..mutations.len()).filter(selected).collect()
}

/// Runs the mutants of these `numbers` on `gpu`, which should have been opened with runtime checks, and tells what happens.
///
/// # Errors
/// [`Error::CheckFailed`] where a kernel fails its cases unchanged; [`Error::Gpu`] where the device is lost.
pub fn run_mutants(gpu: &Gpu, mutations: &[Mutation], numbers: &[usize], mut tell: impl FnMut(Event)) -> Result<()> {
    let mut subjects: Vec<Subject> = specs()
        .filter(|spec| gpu.runs(spec))
        .map(|spec| Subject { spec, cases: (spec.cases)(), sound: false })
        .collect();
    for &number in numbers {
        let (fate, killer) = fate(gpu, &mut subjects, &mutations[number], number, &mut tell)?;
        tell(Event::Ended(number, fate, killer));
        gpu.forget_pipelines();
    }
    Ok(())
}

fn fate(
    gpu: &Gpu,
    subjects: &mut [Subject],
    mutation: &Mutation,
    number: usize,
    tell: &mut impl FnMut(Event),
) -> Result<(Fate, Option<String>)> {
    let mut fate = Fate::Invalid;
    for subject in subjects.iter_mut().filter(|subject| mutation.concerns(subject.spec)) {
        if !subject.sound {
            tell(Event::Proves(subject.spec.name.into()));
            subject.prove(gpu)?;
        }
        let text = mutation.shader(subject.spec);
        if !valid(&text) {
            continue;
        }
        tell(Event::Begins(number));
        if let Some(fault) = subject.fault(gpu, &text)? {
            return Ok((Fate::Killed, Some(format!("{}: {fault}", subject.spec.name))));
        }
        fate = Fate::Survived;
    }
    Ok((fate, None))
}

fn valid(text: &str) -> bool {
    use naga::valid::{Capabilities, ValidationFlags, Validator};
    let capabilities = Capabilities::SUBGROUP | Capabilities::SHADER_FLOAT16 | Capabilities::COOPERATIVE_MATRIX;
    let validates = |module| Validator::new(ValidationFlags::all(), capabilities).validate(&module).is_ok();
    naga::front::wgsl::parse_str(text).is_ok_and(validates)
}

/// A kernel's SPEC with its cases, those that killed last first.
struct Subject {
    spec: &'static Spec,
    cases: Vec<Case>,
    /// Whether it is known to pass unchanged, in every way that mutants are run.
    sound: bool,
}

impl Subject {
    /// Holds the kernel to its cases as it is.
    fn prove(&mut self, gpu: &Gpu) -> Result<()> {
        let unchanged = self.spec.shader();
        let fault = match valid(&unchanged) {
            true => self.fault(gpu, &unchanged)?,
            false => Some("it is not valid".into()),
        };
        self.sound = fault.is_none();
        match fault {
            Some(fault) => Err(Error::CheckFailed(format!("{} fails before it is changed: {fault}", self.spec.name))),
            None => Ok(()),
        }
    }

    /// The first fault that a case finds with `text`, in whatever way it is run; that case comes first the next time.
    fn fault(&mut self, gpu: &Gpu, text: &str) -> Result<Option<String>> {
        // a software driver runs a workgroup's invocations in order, which can hide a race
        let ways = [text.to_string()].into_iter().chain(shuffled(text)).chain([watch_loads(text, [GUARD, UNWRITTEN])]);
        for text in ways.map(|text| bound_loops(&text, ROUNDS)) {
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
        }
        Ok(None)
    }
}
