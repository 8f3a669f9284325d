//! `wgvae export`

use super::print::result;
use crate::{Error, Result, interop::onnx};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// Directory of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Write encoder.onnx (image to code, or to mu and log_var) and decoder.onnx (z, for a CVAE also label, to
    /// reconstruction) to DIR
    #[arg(long, value_name = "DIR", required = true)]
    onnx: PathBuf,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = crate::run::Run::open(&arguments.run)?;
    let weights = run.weights()?;
    let folder = &arguments.onnx;
    let files = [onnx::ENCODER, onnx::DECODER].map(|name| folder.join(name));
    if let Some(file) = files.iter().find(|file| file.exists() && !arguments.force) {
        return Err(Error::invalid("--onnx", format!("{} exists: replace it with --force", file.display())));
    }
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    onnx::export(folder, &run.config.model, &weights)?;
    for file in files {
        result!("{}", file.display())?;
    }
    Ok(())
}
