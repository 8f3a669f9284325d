//! `wgvae report`

use super::{output::check, print::result};
use crate::{Result, files::write_atomically, run::Run, web};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// Directories of the runs
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// The page to write: one file, which asks no server
    #[arg(short, long, value_name = "FILE.html")]
    output: PathBuf,
    /// Replace FILE.html where it exists
    #[arg(long)]
    force: bool,
}

pub fn run(arguments: Arguments) -> Result<()> {
    check("--output", &arguments.output, &["html"], arguments.force)?;
    let runs: Vec<Run> = arguments.runs.iter().map(|dir| Run::open(dir)).collect::<Result<_>>()?;
    write_atomically(&arguments.output, web::report(&runs, None)?.as_bytes())?;
    result!("{}", arguments.output.display())
}
