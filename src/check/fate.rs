//! What becomes of mutants, told mutant by mutant and as a whole.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

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

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// A case rejected it, or the driver refused it.
    Killed,
    /// The mutant ended or hung the process that ran it, twice: killed, though by no case.
    Crashed,
    /// Every case accepted it.
    Survived,
    /// The mutant is no valid WGSL.
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

/// Progress events of a mutation run.
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
    /// Adds what became of a mutant.
    pub fn add(&mut self, hand_written: bool, outcome: Outcome) {
        if hand_written { &mut self.hand_written } else { &mut self.automatic }.push(outcome);
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
