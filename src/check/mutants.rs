//! The proof that the check can fail: every shader is changed, one token at a time, and its cases must reject each change.
//!
//! Hand-written mutants stand in each [`Proof`]. The automatic ones change every arithmetic and comparison operator, constant,
//! component, `min` and `max` of every shader file once, and take away every barrier. A mutant is killed if any case of any
//! kernel that contains the file rejects it, or if the driver refuses it; one that naga refuses is not a mutant and not counted.
//! Mutants run with WebGPU's runtime checks and with a bound on every loop, so that none of them can hang or harm the device;
//! one that crashes the driver all the same ends only the process it runs in, see [`supervise`](super::supervise).
//!
//! A survivor is run again with its invocations in other orders, which shows races, and with every load watched, which shows
//! reads out of range whose values are dropped.

use super::{
    Case, Proof,
    case::{GUARD, UNWRITTEN},
    fate::{Equivalent, Event, Fate, MutantReport, Outcome},
    run::run,
    wgsl::{Edit, bound_loops, edits, shuffled, watch_loads},
};
use crate::{
    Error, Result,
    gpu::{Gpu, Source, Spec},
};
use std::{collections::BTreeSet, ptr};

/// Rounds that a loop of a mutant may make: more than any loop of a case does.
const ROUNDS: u32 = 600;

/// One change of one shader file.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The kernel whose proof lists it and whose cases must reject it; for an automatic one, any kernel with the file will do.
    pub kernel: Option<&'static Spec>,
    /// The file.
    pub source: Source,
    /// The change.
    pub edit: Edit,
}

impl Mutation {
    /// Whether a proof lists it.
    pub fn hand_written(&self) -> bool {
        self.kernel.is_some()
    }

    /// The change with its fate, and where it survived, the reason among those of `known` equivalents.
    pub fn outcome(&self, fate: Fate, killer: Option<String>, known: &[Equivalent]) -> Outcome {
        let (line, changed) = self.edit.describe(self.source.text);
        let known = known.iter().find(|known| known.file == self.source.file && known.line == changed);
        let equivalent = known.filter(|_| fate == Fate::Survived).map(|known| known.reason.to_string());
        Outcome {
            of: self.kernel.map_or(self.source.file, |spec| &spec.name).into(),
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

/// Every mutant of `proofs`, valid or not: the hand-written ones, then the automatic ones file by file. Its place is its number.
///
/// # Errors
/// [`Error::CheckFailed`] where the text that a hand-written mutant changes does not occur exactly once.
pub fn mutations(proofs: &[Proof]) -> Result<Vec<Mutation>> {
    let (mut mutations, mut known) = (Vec::new(), BTreeSet::new());
    for Proof { spec, mutants, .. } in proofs {
        for mutant in mutants {
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
    for source in proofs.iter().flat_map(|proof| &proof.spec.sources).filter(|source| files.insert(source.file)) {
        mutations.extend(edits(source.text).into_iter().map(|edit| Mutation { kernel: None, source: *source, edit }));
    }
    Ok(mutations)
}

/// The numbers of the hand-written mutants and of every `sample`-th automatic one (1 for all), of files with `only` in their name
/// and of kernels that `gpu` runs.
pub fn select(gpu: &Gpu, proofs: &[Proof], mutations: &[Mutation], sample: usize, only: &str) -> Vec<usize> {
    let by_hand = mutations.iter().filter(|mutation| mutation.kernel.is_some()).count();
    let sampled = |number: usize| number < by_hand || (number - by_hand) % sample == sample / 2;
    let runs = |mutation: &Mutation| proofs.iter().any(|proof| gpu.runs(proof.spec) && mutation.concerns(proof.spec));
    let selected =
        |&number: &usize| sampled(number) && mutations[number].source.file.contains(only) && runs(&mutations[number]);
    (0..mutations.len()).filter(selected).collect()
}

/// Runs the mutants of these `numbers` on `gpu`, which should have been opened with runtime checks, and tells what happens.
///
/// # Errors
/// [`Error::CheckFailed`] where a kernel fails its cases unchanged; [`Error::DeviceLost`] where the device is lost.
pub fn run_mutants(
    gpu: &Gpu,
    proofs: &[Proof],
    mutations: &[Mutation],
    numbers: &[usize],
    mut tell: impl FnMut(Event),
) -> Result<()> {
    let mut subjects: Vec<Subject> = proofs
        .iter()
        .filter(|proof| gpu.runs(proof.spec))
        .map(|proof| Subject { spec: proof.spec, cases: proof.cases(), sound: false })
        .collect();
    for &number in numbers {
        let (fate, killer) = fate(gpu, &mut subjects, &mutations[number], number, &mut tell)?;
        tell(Event::Ended(number, fate, killer));
        gpu.forget_pipelines();
    }
    Ok(())
}

/// Runs every mutant of `proofs` in this process, and reasons for survivors among `known` equivalents. A mutant that crashes
/// the driver ends the process: see [`supervise`](super::supervise) for many.
///
/// # Errors
/// As [`mutations`] and [`run_mutants`].
pub fn report(gpu: &Gpu, proofs: &[Proof], known: &[Equivalent]) -> Result<MutantReport> {
    let (mutations, mut report) = (mutations(proofs)?, MutantReport::default());
    let numbers: Vec<usize> = (0..mutations.len()).collect();
    run_mutants(gpu, proofs, &mutations, &numbers, |event| {
        if let Event::Ended(number, fate, killer) = event {
            report.add(mutations[number].hand_written(), mutations[number].outcome(fate, killer, known));
        }
    })?;
    Ok(report)
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
            tell(Event::Proves(subject.spec.name.clone()));
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

/// A kernel and its cases, the case that killed the previous mutant first.
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
        let orders = shuffled(text).map_err(|problem| {
            Error::CheckFailed(format!("{}: its invocations cannot be shuffled: {problem}", self.spec.name))
        })?;
        let ways = [text.to_string()].into_iter().chain(orders).chain([watch_loads(text, [GUARD, UNWRITTEN])]);
        for text in ways.map(|text| bound_loops(&text, ROUNDS)) {
            for number in 0..self.cases.len() {
                let fault = match run(gpu, &self.cases[number], Some(&text)) {
                    Ok(Ok(_)) => continue,
                    Ok(Err(fault)) => fault.to_string(),
                    Err(Error::Gpu { problem, .. }) => problem,
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
