//! `wgvae sweep FILE`: every combination of the options in a file, each trained by a process of its own in a directory of its own.

mod plan;
mod table;
mod work;

use super::{
    Failure,
    print::{progress, result},
    print_json,
    signals::Stop,
};
use crate::{Error, Result};
use clap::CommandFactory;
use plan::{Plan, Planned};
use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};
use table::Table;

#[derive(clap::Args)]
pub struct Arguments {
    /// Options of `train` by their long names, as TOML or JSON; a list stands for each of its values
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the directories of the runs lie [default: runs/ and the name of FILE]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Train the I-th of N shares of the runs, counted from 1
    #[arg(long, value_name = "I/N", default_value = "1/1", hide_default_value = true, value_parser = super::options::parse::<Shard>)]
    shard: Shard,
    /// Runs in training at a time
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Print the command of each run, and train none
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A share of the runs.
#[derive(Clone, Copy)]
struct Shard {
    /// Counted from 0.
    number: usize,
    count: usize,
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Shard> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((i, n)) if (1..=n).contains(&i) => Ok(Shard { number: i - 1, count: n }),
            _ => Err(Error::invalid("--shard", format!("is {text:?}, expected I/N with I from 1 to N, like 2/8"))),
        }
    }
}

pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let command = super::Cli::command();
    let train = command.find_subcommand("train").expect("it is a command");
    let plan = Plan::read(train, &arguments.file)?;
    let dir = arguments.out.clone().unwrap_or_else(|| {
        let name = arguments.file.file_stem().unwrap_or_else(|| arguments.file.as_os_str());
        Path::new("runs").join(name)
    });
    let Shard { number, count } = arguments.shard;
    let own: Vec<&Planned> = plan.runs.iter().skip(number).step_by(count).collect();
    if arguments.dry_run {
        for planned in own {
            let words = work::command_line(planned, &dir);
            let line = shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "));
            result!("{line}")?;
        }
        return Ok(());
    }
    if let Some(warning) = plan.warning() {
        progress!("warning: {warning}");
    }
    fs::create_dir_all(&dir).map_err(Error::io("create", &dir))?;
    let stop = Stop::listen();
    let failed = work::all(&own, &dir, usize::from(arguments.jobs), &stop)?;
    let table = Table::new(&plan, &dir)?;
    table.save(&plan, &dir)?;
    match arguments.json {
        true => print_json(&table)?,
        false => table.lines().iter().try_for_each(|line| result!("{line}"))?,
    }
    progress!("every run: {}", dir.join("sweep.csv").display());
    if stop.asked() {
        return Err(Failure {
            error: Error::Interrupted("not every run is finished".into()),
            hint: Some("the same command goes on with every run where it stands".into()),
            status: stop.status(),
        });
    }
    match failed {
        0 => Ok(()),
        failed => Err(Failure {
            error: Error::CheckFailed(format!("{failed} of {} runs failed", own.len())),
            hint: Some("what each said is in its .log; the same command tries them again".into()),
            status: 1,
        }),
    }
}
