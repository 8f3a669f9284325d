//! What the runs of a sweep reached: each of them, and the mean over seeds.

use super::{super::print::aligned, plan::Plan};
use crate::{
    Error, Result,
    files::write_atomically,
    picture::Parallel,
    run::{Figures, Run, Status},
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::Path;

/// The option that tells repetitions of one setting apart.
const SEED: &str = "seed";
/// The table of a sweep.
#[derive(Serialize)]
pub struct Table {
    /// The best first.
    pub settings: Vec<Setting>,
    pub runs: Vec<Outcome>,
}

/// All runs of the same options but the seed.
#[derive(Serialize)]
pub struct Setting {
    /// The varied options but the seed.
    pub options: Map<String, Value>,
    /// Runs, and those of them that are finished.
    pub runs: usize,
    pub finished: usize,
    /// Of the test losses per image of the finished runs.
    pub mean: Option<f64>,
    /// Their standard deviation, with the number of runs less one below the line; of two runs and more.
    pub deviation: Option<f64>,
    /// Means of the parts of the loss.
    pub reconstruction: Option<f64>,
    pub kl: Option<f64>,
}

/// One run.
#[derive(Serialize)]
pub struct Outcome {
    pub run: String,
    pub options: Map<String, Value>,
    #[serde(flatten)]
    pub status: Option<Status>,
    /// Per image of the test data, after the last epoch.
    pub test: Option<Figures>,
}

impl Table {
    /// What lies in `dir` of the runs of `plan`.
    ///
    /// # Errors
    /// Where a finished run cannot be read.
    pub fn new(plan: &Plan, dir: &Path) -> Result<Table> {
        let mut table = Table { settings: Vec::new(), runs: Vec::new() };
        for planned in &plan.runs {
            let options: Map<String, Value> = plan
                .varied
                .iter()
                .zip(&planned.values)
                .map(|((name, texts), &i)| (name.clone(), Value::from(texts[i].clone())))
                .collect();
            let at = dir.join(&planned.name);
            let run = at.join("config.json").is_file().then(|| Run::open(&at)).transpose()?;
            let status = run.as_ref().map(Run::status).transpose()?;
            let last = match (&run, &status) {
                (Some(run), Some(Status::Finished)) => run.metrics()?.last().copied(),
                _ => None,
            };
            table.runs.push(Outcome { run: planned.name.clone(), options, status, test: last.map(|last| last.test) });
        }
        table.settings = settings(&table.runs);
        Ok(table)
    }

    /// Writes every run to `sweep.csv` in `dir`, and draws them to `sweep.png` and `sweep.svg` where one is finished.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be written.
    pub fn save(&self, plan: &Plan, dir: &Path) -> Result<()> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        let names = plan.varied.iter().map(|(name, _)| name.as_str());
        let head = ["run"].into_iter().chain(names).chain(["state", "reconstruction", "kl", "loss"]);
        let path = dir.join("sweep.csv");
        let refused = |error: csv::Error| Error::malformed(&path, error.to_string());
        csv.write_record(head).map_err(refused)?;
        for (run, planned) in self.runs.iter().zip(&plan.runs) {
            let values = plan.varied.iter().zip(&planned.values).map(|((_, texts), &i)| texts[i].clone());
            let figures =
                |pick: fn(&Figures) -> f64| run.test.as_ref().map_or(String::new(), |test| pick(test).to_string());
            let figures = [figures(|test| test.reconstruction), figures(|test| test.kl), figures(|test| test.loss)];
            let row = [run.run.clone()]
                .into_iter()
                .chain(values)
                .chain([run.status.as_ref().map_or("waiting", Status::name).to_string()])
                .chain(figures);
            csv.write_record(row).map_err(refused)?;
        }
        let text = csv.into_inner().map_err(|error| Error::malformed(&path, error.to_string()))?;
        write_atomically(&path, &text)?;
        let lines: Vec<(Vec<usize>, f64)> = self
            .runs
            .iter()
            .zip(&plan.runs)
            .filter_map(|(run, planned)| Some((planned.values.clone(), run.test?.loss)))
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        let title = format!("{} runs: test loss per image", lines.len());
        let picture = Parallel::new(plan.varied.clone(), "test loss").title(title).plot(&lines)?;
        ["sweep.png", "sweep.svg"].into_iter().try_for_each(|name| picture.save(&dir.join(name)))
    }

    /// The settings as lines of text, the best first.
    pub fn lines(&self) -> Vec<String> {
        let options = self.settings.first().map(|setting| setting.options.keys().cloned().collect::<Vec<_>>());
        let head = options
            .unwrap_or_default()
            .into_iter()
            .chain(["runs", "test loss", "deviation", "reconstruction", "KL"].map(String::from));
        let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.3}"));
        let rows = self.settings.iter().map(|setting| {
            let runs = match setting.finished == setting.runs {
                true => setting.runs.to_string(),
                false => format!("{} of {}", setting.finished, setting.runs),
            };
            let figures = [setting.mean, setting.deviation, setting.reconstruction, setting.kl].map(number);
            setting
                .options
                .values()
                .filter_map(Value::as_str)
                .map(String::from)
                .chain([runs])
                .chain(figures)
                .collect::<Vec<_>>()
        });
        let rows: Vec<Vec<String>> = std::iter::once(head.collect()).chain(rows).collect();
        aligned(&rows, |_| true)
    }
}

/// The runs by their options but the seed, the least mean loss first and those without one last.
fn settings(runs: &[Outcome]) -> Vec<Setting> {
    let mut groups: Vec<(Map<String, Value>, Vec<&Outcome>)> = Vec::new();
    for run in runs {
        let mut options = run.options.clone();
        options.shift_remove(SEED);
        match groups.iter_mut().find(|(known, _)| *known == options) {
            Some((_, group)) => group.push(run),
            None => groups.push((options, vec![run])),
        }
    }
    let mut settings: Vec<Setting> = groups
        .into_iter()
        .map(|(options, group)| {
            let tests: Vec<Figures> = group.iter().filter_map(|run| run.test).collect();
            let mean = |pick: fn(&Figures) -> f64| match tests.len() {
                0 => None,
                count => Some(tests.iter().map(pick).sum::<f64>() / count as f64),
            };
            let loss = mean(|test| test.loss);
            let deviation = loss.filter(|_| tests.len() > 1).map(|mean| {
                let squares: f64 = tests.iter().map(|test| (test.loss - mean).powi(2)).sum();
                (squares / (tests.len() - 1) as f64).sqrt()
            });
            Setting {
                options,
                runs: group.len(),
                finished: tests.len(),
                mean: loss,
                deviation,
                reconstruction: mean(|test| test.reconstruction),
                kl: mean(|test| test.kl),
            }
        })
        .collect();
    settings.sort_by(|a, b| a.mean.unwrap_or(f64::INFINITY).total_cmp(&b.mean.unwrap_or(f64::INFINITY)));
    settings
}
