//! The report of one or several runs: a page of one file without a script, which shows their figures, curves, pictures and configurations.

use super::{
    base64,
    page::{escaped, fill},
};
use crate::{
    Error, Result,
    gallery::{Quantity, small_curves},
    run::{Metrics, Run, Status, best},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Sheets of epochs that are shown of a run, the first and the last among them.
const SHEETS: usize = 6;
/// Most characters of a value of a configuration.
const LONGEST: usize = 120;

/// The report of `runs`, as a file of HTML. With `refresh` browsers load it anew every so many seconds.
///
/// # Errors
/// [`Error::Malformed`] where a run's metrics are damaged, [`Error::Io`] where a picture cannot be read.
pub fn report(runs: &[Run], refresh: Option<u32>) -> Result<String> {
    let all: Vec<Reported> = runs.iter().map(Reported::new).collect::<Result<_>>()?;
    let title = match &all[..] {
        [only] => format!("{} · wgvae", only.name),
        _ => format!("{} runs · wgvae", all.len()),
    };
    let sections = [figures(&all), charts(runs, &all)?, pictures(&all)?, configurations(&all)];
    Ok(fill(
        include_str!("page/report.html"),
        &[
            (
                "<!-- refresh -->",
                refresh.map_or(String::new(), |every| format!("<meta http-equiv=\"refresh\" content=\"{every}\">")),
            ),
            ("<!-- title -->", escaped(&title)),
            (
                "<!-- style -->",
                format!("<style>\n{}{}</style>", include_str!("page/page.css"), include_str!("page/report.css")),
            ),
            ("<!-- note -->", note(refresh)),
            ("<!-- sections -->", sections.concat()),
        ],
    ))
}

fn note(refresh: Option<u32>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let loaded = refresh.map_or(String::new(), |every| format!(" It is loaded anew every {every} s."));
    format!("Report of wgvae {version}. Losses are per image or row.{loaded}")
}

/// A run, and what is said of it.
struct Reported {
    name: String,
    dir: PathBuf,
    metrics: Vec<Metrics>,
    status: Status,
    /// The configuration, a value under each dotted key.
    values: BTreeMap<String, String>,
    model: String,
    data: String,
    epochs: u64,
    unit: &'static str,
}

impl Reported {
    fn new(run: &Run) -> Result<Reported> {
        let (config, model) = (&run.config, &run.config.model);
        let mut values = BTreeMap::new();
        let whole = serde_json::to_value(config).expect("plain numbers and names");
        flatten("", &whole, &mut values);
        Ok(Reported {
            name: run.name(),
            dir: run.dir.clone(),
            metrics: if run.epochs_done()? > 0 { run.metrics()? } else { Vec::new() },
            status: run.status()?,
            values,
            model: format!("{} {}", model.kind.name(), model.widths()),
            data: config.data.source.clone(),
            epochs: config.epochs,
            unit: config.objective.loss.likelihood.unit(),
        })
    }
}

/// Every value in `value` that is no object, under its keys joined by dots.
fn flatten(key: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                flatten(&key, value, into);
            }
        }
        Value::String(text) => drop(into.insert(key.into(), text.clone())),
        other => drop(into.insert(key.into(), other.to_string())),
    }
}

/// A table of the runs and their last figures.
fn figures(runs: &[Reported]) -> String {
    let columns = [
        ("run", false),
        ("state", false),
        ("model", false),
        ("data", false),
        ("epochs", true),
        ("train loss", true),
        ("test loss", true),
        ("reconstruction", true),
        ("KL", true),
        ("active units", true),
        ("best epoch", true),
        ("seconds", true),
    ];
    let rows = runs.iter().map(|run| {
        let (last, number) =
            (run.metrics.last(), |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.3}")));
        let best = best(&run.metrics).map_or("–".into(), |best| format!("{} ({:.3})", best.epoch, best.test.loss));
        let active = last.and_then(|last| last.active_units).map_or("–".into(), |units| units.to_string());
        let seconds: f64 = run.metrics.iter().map(|line| line.seconds).sum();
        [
            run.name.clone(),
            run.status.to_string(),
            run.model.clone(),
            run.data.clone(),
            format!("{} of {}", run.metrics.len(), run.epochs),
            number(last.map(|last| last.train.loss)),
            number(last.map(|last| last.test.loss)),
            last.map_or("–".into(), |last| format!("{:.3} {}", last.test.reconstruction, run.unit)),
            number(last.map(|last| last.test.kl)),
            active,
            best,
            format!("{seconds:.1}"),
        ]
    });
    let head = columns.map(|(name, number)| cell("th", number, name)).concat();
    let rows: String = rows
        .map(|row| {
            let cells = row.iter().zip(columns).map(|(text, (name, number))| match name {
                "state" if text.starts_with("failed") => format!("<td class=\"failed\">{}</td>", escaped(text)),
                _ => cell("td", number, text),
            });
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        })
        .collect();
    section(
        "Figures",
        &format!("<div class=\"scroll\"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>"),
    )
}

/// Curves of each quantity; runs whose losses are of different kinds are drawn apart.
fn charts(runs: &[Run], all: &[Reported]) -> Result<String> {
    let units: BTreeSet<&str> = all.iter().filter(|run| !run.metrics.is_empty()).map(|run| run.unit).collect();
    let mut drawn = Vec::new();
    for unit in units {
        let same = |run: &&Reported| run.unit == unit && !run.metrics.is_empty();
        let group: Vec<Run> = runs.iter().zip(all).filter(|(_, run)| same(run)).map(|(run, _)| run.clone()).collect();
        let latent = group.iter().any(|run| run.config.model.kind.is_variational());
        let quantities =
            [Some(Quantity::Loss), latent.then_some(Quantity::Reconstruction), latent.then_some(Quantity::Kl)];
        for quantity in quantities.into_iter().flatten() {
            drawn.push(match small_curves(&group, quantity) {
                Ok(plot) => plot.to_svg(),
                Err(error @ Error::Invalid { .. }) => format!("<p>{}</p>", escaped(&error.to_string())), // no axis takes the values
                Err(error) => return Err(error),
            });
        }
    }
    let charts = match drawn.is_empty() {
        true => "<p>No epoch is finished yet.</p>".into(),
        false => format!("<div class=\"charts\">\n{}</div>", drawn.concat()),
    };
    Ok(section("Curves", &charts))
}

/// Sheets of some epochs and the latest pictures of every run.
fn pictures(runs: &[Reported]) -> Result<String> {
    let mut shown = String::new();
    for run in runs {
        let images = run.dir.join("images");
        let sheets: Vec<(String, PathBuf)> = (1..=run.metrics.len())
            .map(|epoch| (format!("epoch {epoch}"), images.join(format!("epoch-{epoch:03}.png"))))
            .filter(|(_, path)| path.is_file())
            .collect();
        let step = |i: usize| i * (sheets.len() - 1) / (SHEETS - 1);
        let some = match sheets.len() {
            0..=SHEETS => sheets.clone(),
            _ => (0..SHEETS).map(|i| sheets[step(i)].clone()).collect(),
        };
        let latest = ["reconstructions", "samples", "traversal"]
            .map(|name| (name.to_string(), images.join(format!("{name}.png"))));
        let latest: Vec<_> = latest.into_iter().filter(|(_, path)| path.is_file()).collect();
        if runs.len() > 1 && !latest.is_empty() {
            shown += &format!("<h3>{}</h3>\n", escaped(&run.name));
        }
        for group in [latest, some] {
            let figures: Vec<String> =
                group.iter().map(|(name, path)| picture(&run.name, name, path)).collect::<Result<_>>()?;
            if !figures.is_empty() {
                shown += &format!("<div class=\"sheets\">\n{}</div>\n", figures.concat());
            }
        }
    }
    Ok(if shown.is_empty() { shown } else { section("Pictures, and sheets through the epochs", &shown) })
}

fn picture(run: &str, name: &str, path: &Path) -> Result<String> {
    let png = base64(&fs::read(path).map_err(Error::io("read", path))?);
    let (run, name) = (escaped(run), escaped(name));
    Ok(format!(
        "<figure><figcaption>{name}</figcaption><img alt=\"{name} of {run}\" src=\"data:image/png;base64,{png}\"></figure>\n"
    ))
}

/// What the configurations say: first what differs between the runs, then what all share.
fn configurations(runs: &[Reported]) -> String {
    let keys: BTreeSet<&String> = runs.iter().flat_map(|run| run.values.keys()).collect();
    let differs = |key: &str| runs.iter().any(|run| run.values.get(key) != runs[0].values.get(key));
    let (different, shared): (Vec<&String>, Vec<&String>) = keys.into_iter().partition(|key| differs(key));
    let table = |keys: &[&String], runs: &[Reported]| {
        let head: String = match runs {
            [_] => String::new(),
            _ => runs.iter().map(|run| cell("th", false, &run.name)).collect(),
        };
        let head = if head.is_empty() { head } else { format!("<thead><tr><th></th>{head}</tr></thead>\n") };
        let rows: String = keys
            .iter()
            .map(|key| {
                let values = runs.iter().map(|run| run.values.get(*key).map_or("–".into(), |value| elided(value)));
                let cells: String = values.map(|value| cell("td", false, &value)).collect();
                format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escaped(key))
            })
            .collect();
        format!("<div class=\"scroll\"><table>{head}<tbody>\n{rows}</tbody></table></div>\n")
    };
    let same = table(&shared, &runs[..1]);
    match runs {
        [_] => section("Configuration", &same),
        _ => {
            let differences = if different.is_empty() { "<p>None.</p>".into() } else { table(&different, runs) };
            let same = format!("<details><summary>What all runs share</summary>\n{same}</details>");
            section("Differences of the configurations", &format!("{differences}{same}"))
        }
    }
}

fn elided(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

fn cell(tag: &str, number: bool, text: &str) -> String {
    let class = if number { " class=\"number\"" } else { "" };
    format!("<{tag}{class}>{}</{tag}>", escaped(text))
}

fn section(title: &str, content: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{content}\n</section>\n")
}
