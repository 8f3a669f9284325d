//! `wgvae runs`

use super::{
    print::{aligned, result},
    print_json,
};
use crate::{
    Error, Result,
    error::chain,
    run::{Figures, Run, Status, runs_in},
};
use clap::ValueEnum;
use serde::Serialize;
use std::{cmp::Ordering, path::PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    /// Where runs are looked for, in directories below too
    #[arg(value_name = "DIR", default_value = "runs")]
    dir: PathBuf,
    /// The column that the table is sorted by; what a run has no figure for comes last
    #[arg(long, value_enum, default_value = "run")]
    sort: Column,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A column of the table.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Column {
    Run,
    Model,
    Data,
    Epochs,
    /// Training loss of the last epoch
    Train,
    /// Test loss of the last epoch
    Test,
    Kl,
    State,
}

const COLUMNS: [(Column, &str); 8] = [
    (Column::Run, "run"),
    (Column::Model, "model"),
    (Column::Data, "data"),
    (Column::Epochs, "epochs"),
    (Column::Train, "train"),
    (Column::Test, "test"),
    (Column::Kl, "KL"),
    (Column::State, "state"),
];

/// A run.
#[derive(Serialize)]
struct Line {
    run: String,
    model: Option<String>,
    data: Option<String>,
    /// Epochs done.
    epochs: Option<u64>,
    /// Epochs asked for.
    epochs_asked: Option<u64>,
    /// Losses per image of the last epoch.
    train: Option<Figures>,
    test: Option<Figures>,
    /// running, finished, interrupted, failed or damaged
    state: String,
    /// Why it failed, or what is damaged.
    reason: Option<String>,
}

impl Line {
    fn new(dir: &std::path::Path) -> Line {
        let nothing = Line {
            run: dir.display().to_string(),
            model: None,
            data: None,
            epochs: None,
            epochs_asked: None,
            train: None,
            test: None,
            state: "damaged".into(),
            reason: None,
        };
        let damaged = |nothing: Line, error: Error| Line { reason: Some(chain(&error)), ..nothing };
        let run = match Run::open(dir) {
            Ok(run) => run,
            Err(error) => return damaged(nothing, error),
        };
        let (model, data) = (&run.config.model, run.config.data.source.clone());
        let known = Line {
            model: Some(format!("{} {}", model.kind.name(), model.widths())),
            data: Some(data),
            epochs_asked: Some(run.config.epochs),
            ..nothing
        };
        let found = run.epochs_done().and_then(|epochs| {
            let last = if epochs > 0 { run.metrics()?.last().copied() } else { None };
            Ok((epochs, last, run.status()?))
        });
        match found {
            Ok((epochs, last, status)) => Line {
                epochs: Some(epochs),
                train: last.map(|metrics| metrics.train),
                test: last.map(|metrics| metrics.test),
                state: status.name().into(),
                reason: if let Status::Failed(reason) = status { Some(reason) } else { None },
                ..known
            },
            Err(error) => damaged(known, error),
        }
    }

    fn cell(&self, column: Column) -> String {
        let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.3}"));
        let word = |value: &Option<String>| value.clone().unwrap_or("-".into());
        match column {
            Column::Run => self.run.clone(),
            Column::Model => word(&self.model),
            Column::Data => word(&self.data),
            Column::Epochs => match (self.epochs, self.epochs_asked) {
                (Some(done), Some(asked)) => format!("{done}/{asked}"),
                _ => "-".into(),
            },
            Column::State => match &self.reason {
                Some(reason) => format!("{}: {reason}", self.state),
                None => self.state.clone(),
            },
            Column::Train | Column::Test | Column::Kl => number(self.number(column)),
        }
    }

    fn number(&self, column: Column) -> Option<f64> {
        match column {
            Column::Epochs => self.epochs.map(|epochs| epochs as f64),
            Column::Train => self.train.map(|figures| figures.loss),
            Column::Test => self.test.map(|figures| figures.loss),
            Column::Kl => self.test.map(|figures| figures.kl),
            _ => None,
        }
    }

    /// Numbers from the least on, text by its letters.
    fn order(&self, other: &Line, column: Column) -> Ordering {
        match (self.number(column), other.number(column)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.cell(column).cmp(&other.cell(column)),
        }
    }
}

pub fn run(arguments: Arguments) -> Result<()> {
    let dir = &arguments.dir;
    if !dir.is_dir() {
        return Err(Error::invalid(dir.display().to_string(), "there is no such directory"));
    }
    let mut lines: Vec<Line> = runs_in(dir)?.iter().map(|dir| Line::new(dir)).collect();
    lines.sort_by(|a, b| a.order(b, arguments.sort));
    if arguments.json {
        return print_json(&lines);
    }
    if lines.is_empty() {
        return result!("no runs in {}", dir.display());
    }
    let head = COLUMNS.map(|(_, name)| name.to_string());
    let rows = lines.iter().map(|line| COLUMNS.map(|(column, _)| line.cell(column)));
    let rows: Vec<_> = std::iter::once(head).chain(rows).map(Vec::from).collect();
    let is_number =
        |column: usize| matches!(COLUMNS[column].0, Column::Train | Column::Test | Column::Kl | Column::Epochs);
    aligned(&rows, is_number).iter().try_for_each(|line| result!("{line}"))
}
