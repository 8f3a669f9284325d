//! The runs of a sweep: every combination of the values in its file.

use super::super::{config, presets};
use crate::{Error, Result, data::hex};
use clap::Command;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::Path,
};

/// Most runs of a sweep: more are a slip.
const MOST: usize = 100_000;
/// Options that change what the loss is, so that losses under different values of them do not compare.
const INCOMPARABLE: [&str; 8] = ["loss", "likelihood", "beta", "objective", "samples", "data", "binarize", "model"];
/// The longest name of a run, in bytes.
const NAME: usize = 120;

/// The runs of a file.
pub struct Plan {
    /// The options with several values and, as texts, all the values of each.
    pub varied: Vec<(String, Vec<String>)>,
    pub runs: Vec<Planned>,
}

/// One combination of values.
pub struct Planned {
    /// What its directory is called: `latent=8,seed=0`.
    pub name: String,
    /// The number of its value of each varied option.
    pub values: Vec<usize>,
    /// What follows `train` on the command line.
    pub words: Vec<OsString>,
    /// What a run keeps of these options.
    pub options: BTreeMap<String, String>,
}

impl Plan {
    /// Reads a file of options of `train`, in which a list stands for each of its values.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read; [`Error::Malformed`] naming the option that is wrong.
    pub fn read(train: &Command, path: &Path) -> Result<Plan> {
        let malformed = |problem: String| Error::malformed(path, problem);
        let options = config::read(path)?;
        if options.contains_key("out") {
            return Err(malformed(
                "out: a sweep names the directories of its runs itself; --out is where they lie".into(),
            ));
        }
        let mut varied = Vec::new();
        for (name, value) in &options {
            let Value::Array(values) = value else { continue };
            let texts: Vec<String> = values.iter().map(text).collect();
            let distinct: BTreeSet<_> = texts.iter().collect();
            match texts.len() {
                0 => return Err(malformed(format!("{name} is an empty list"))),
                count if distinct.len() < count => return Err(malformed(format!("{name} has a value twice"))),
                _ => varied.push((name.clone(), texts)),
            }
        }
        let count = varied.iter().try_fold(1_usize, |count, (_, values)| count.checked_mul(values.len()));
        let Some(count) = count.filter(|&count| count <= MOST) else {
            return Err(malformed(format!("its lists combine to more than {MOST} runs")));
        };
        let runs =
            (0..count).map(|number| planned(train, path, &options, &varied, number)).collect::<Result<Vec<_>>>()?;
        let mut names = BTreeSet::new();
        if let Some(twice) = runs.iter().find(|run| !names.insert(&run.name)) {
            return Err(malformed(format!("two runs would be called {}", twice.name)));
        }
        Ok(Plan { varied, runs })
    }

    /// Why the losses of the runs do not compare, if so.
    pub fn warning(&self) -> Option<String> {
        let varied = self.varied.iter().map(|(name, _)| name.as_str()).filter(|name| INCOMPARABLE.contains(name));
        let names = varied.collect::<Vec<_>>().join(", ");
        (!names.is_empty())
            .then(|| format!("losses under different values of {names} are not of the same kind: compare within each"))
    }
}

/// The run `number`: the last list changes first.
fn planned(
    train: &Command,
    path: &Path,
    options: &Map<String, Value>,
    varied: &[(String, Vec<String>)],
    number: usize,
) -> Result<Planned> {
    let mut values = vec![0; varied.len()];
    let mut rest = number;
    for (value, (_, all)) in values.iter_mut().zip(varied).rev() {
        *value = rest % all.len();
        rest /= all.len();
    }
    let name = name(varied.iter().zip(&values).map(|((name, texts), &value)| format!("{name}={}", texts[value])));
    let mut words = Vec::new();
    for (option, value) in options {
        let at = varied.iter().position(|(name, _)| name == option);
        let value = match (at, value) {
            (Some(at), Value::Array(all)) => &all[values[at]],
            _ => value,
        };
        let word = config::words(train, path, option, value)?;
        match option.as_str() {
            config::MODEL => words.splice(0..0, word).for_each(drop),
            _ => words.extend(word),
        }
    }
    let line = ["wgvae", "train"].into_iter().map(OsString::from).chain(words.iter().cloned());
    let expanded = presets::expanded(line).split_off(1);
    let matches = train.clone().try_get_matches_from(expanded).map_err(|error| {
        let told = error.to_string();
        let first = told.lines().next().unwrap_or_default().trim_start_matches("error: ").to_string();
        Error::malformed(path, format!("{name}: {first}"))
    })?;
    Ok(Planned { name, values, words, options: config::typed(train, &matches) })
}

/// A value as it would be typed.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The name of a run's directory, of characters that every file system takes; one that is cut ends in a hash of the whole.
fn name(parts: impl Iterator<Item = String>) -> String {
    let whole = parts.collect::<Vec<_>>().join(",");
    let plain = |c: char| if c.is_ascii_alphanumeric() || "=,.+-_".contains(c) { c } else { '_' };
    let name: String = whole.chars().map(plain).collect();
    match name.len() {
        0 => "run".into(),
        length if length <= NAME => name,
        _ => format!("{}-{}", &name[..NAME], &hex(&Sha256::digest(&whole))[..12]),
    }
}
