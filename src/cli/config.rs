//! `wgvae train --config FILE`: options from a TOML or JSON file, or of the run whose `config.json` it is.

use super::{options::nearest, presets};
use crate::{Error, Result};
use clap::{ArgAction, ArgMatches, Command, parser::ValueSource};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// What only the command line says: where a run goes, what it is made from, and who looks on.
const TYPED_ALONE: [&str; 6] = ["config", "resume", "out", "force", "preset", "watch"];

/// What the name of the model is in a file; on the command line it has none.
pub(super) const MODEL: &str = "model";

/// The command line of `train` with the options of the file that `--config` names, but for those that are typed.
///
/// # Errors
/// [`Error::Io`] where the file cannot be read, [`Error::Malformed`] naming what in it is no option or no value of one.
pub fn expanded(train: &Command, mut arguments: Vec<OsString>) -> Result<Vec<OsString>> {
    let typed: Vec<String> = arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    if typed.get(1).is_none_or(|command| command != "train") {
        return Ok(arguments);
    }
    let named = typed.iter().enumerate().find_map(|(i, argument)| match argument.strip_prefix("--config=") {
        None if argument == "--config" => arguments.get(i + 1).map(PathBuf::from),
        name => name.map(PathBuf::from),
    });
    let Some(path) = named else { return Ok(arguments) };
    for (name, value) in read(&path)? {
        let words = words(train, &path, &name, &value)?;
        let is_typed = match name.as_str() {
            MODEL => typed.get(2).is_some_and(|word| !word.starts_with('-')),
            _ => {
                let option = format!("--{name}");
                let by = presets::REPLACED.iter().filter(|(replaced, _)| *replaced == option).map(|(_, by)| *by);
                [option.as_str()]
                    .into_iter()
                    .chain(by)
                    .any(|option| typed.iter().any(|word| word.strip_prefix(option).is_some_and(is_end)))
            }
        };
        match (is_typed, name.as_str()) {
            (true, _) => {}
            (false, MODEL) => arguments.splice(2..2, words).for_each(drop),
            (false, _) => arguments.extend(words),
        }
    }
    Ok(arguments)
}

/// Whether an option's name ends where `rest` begins.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('=')
}

/// The options in a file, by their long names.
pub(super) fn read(path: &Path) -> Result<Map<String, Value>> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let damaged = |error: String| Error::malformed(path, error.split_whitespace().collect::<Vec<_>>().join(" "));
    if path.extension().is_some_and(|extension| extension == "toml") {
        return toml::from_str(&text).map_err(|error| damaged(error.to_string()));
    }
    let mut found: Map<String, Value> = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    match found.remove("options") {
        Some(Value::Object(options)) => Ok(options),
        None if found.contains_key("version") => {
            let problem = "is of a run that does not say which options it was begun with: an older version trained it";
            Err(Error::malformed(path, problem))
        }
        _ => Ok(found),
    }
}

/// What an option of a file is on the command line.
pub(super) fn words(train: &Command, path: &Path, name: &str, value: &Value) -> Result<Vec<OsString>> {
    let known = || train.get_arguments().filter_map(|known| known.get_long());
    let option = train.get_arguments().find(|known| known.get_long() == Some(name));
    if name != MODEL && (option.is_none() || ["config", "resume", "force"].contains(&name)) {
        let near = nearest(name, known().chain([MODEL]));
        return Err(Error::malformed(path, format!("{name} is no option of train that a file can have{near}")));
    }
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let is_flag = option.is_some_and(|option| matches!(option.get_action(), ArgAction::SetTrue));
    let text = match value {
        Value::Bool(true) if is_flag => return Ok(vec![format!("--{name}").into()]),
        Value::String(text) if is_flag && text == "true" => return Ok(vec![format!("--{name}").into()]),
        Value::Bool(false) if is_flag => return Ok(Vec::new()),
        Value::Array(values) => values.iter().map(scalar).collect::<Option<Vec<_>>>().map(|values| values.join(",")),
        value => scalar(value),
    };
    let expected = if is_flag { "true or false" } else { "a text, a number or a list of them" };
    let text = text
        .filter(|_| !is_flag)
        .ok_or_else(|| Error::malformed(path, format!("{name} is {value}, expected {expected}")))?;
    Ok(match name {
        MODEL => vec![text.into()],
        _ => vec![format!("--{name}={text}").into()],
    })
}

/// The options of `train` as they were typed, or came from a file or a preset, by their long names: what a file needs to repeat them.
pub fn typed(train: &Command, matches: &ArgMatches) -> BTreeMap<String, String> {
    let text = |id: &str| {
        let values = matches.get_raw(id).into_iter().flatten();
        values.map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(",")
    };
    let given = train.get_arguments().filter(|option| {
        let id = option.get_id().as_str();
        matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine)
    });
    let named = given.map(|option| (option.get_long().unwrap_or(MODEL).to_string(), text(option.get_id().as_str())));
    named.filter(|(name, _)| !TYPED_ALONE.contains(&name.as_str())).collect()
}
