//! `wgvae completions` and `wgvae man`: what packages install beside the program.

use super::{Cli, print::to_stdout};
use crate::{Error, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use std::{fs, path::PathBuf};

#[derive(clap::Args)]
pub struct Completions {
    /// The shell whose script is printed
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(clap::Args)]
pub struct Man {
    /// Where the pages are written: wgvae.1, wgvae-train.1 and so on
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Prints the script that completes commands and options in a shell.
pub fn completions(arguments: Completions) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "wgvae", &mut script);
    to_stdout(format_args!("{}", String::from_utf8_lossy(&script)))
}

/// Writes a manual page for the program and one for each command.
pub fn man(arguments: Man) -> Result<()> {
    let dir = &arguments.dir;
    fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    clap_mangen::generate_to(Cli::command(), dir).map_err(Error::io("write", dir))
}
