//! `wgvae export`

use super::{images::ImageOptions, options::DataDir, output::check, print::result};
use crate::{Error, Result, files::write_atomically, interop::onnx, run::Run, web};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    /// Directory of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Write encoder.onnx (image to code, or to mu and log_var) and decoder.onnx (z, for a CVAE also label, to
    /// reconstruction) to DIR
    #[arg(long, value_name = "DIR", required_unless_present = "html")]
    onnx: Option<PathBuf>,
    /// Write a page to FILE that explores the model in a browser, with some of its test images: one file, which asks no server
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// With --html: also carry the first N training images of the run, so that the page can train the model from its beginning
    #[arg(long, value_name = "N", requires = "html", value_parser = clap::value_parser!(u32).range(1..))]
    train_images: Option<u32>,
    #[command(flatten)]
    source: ImageOptions,
    #[command(flatten)]
    dir: DataDir,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = Run::open(&arguments.run)?;
    if arguments.html.is_none() {
        arguments.source.expect_none("--html")?;
    }
    if let Some(folder) = &arguments.onnx {
        to_onnx(&run, folder, arguments.force)?;
    }
    arguments.html.as_ref().map_or(Ok(()), |path| to_html(&run, path, &arguments))
}

fn to_onnx(run: &Run, folder: &Path, force: bool) -> Result<()> {
    let weights = run.weights()?;
    let files = [onnx::ENCODER, onnx::DECODER].map(|name| folder.join(name));
    if let Some(file) = files.iter().find(|file| file.exists() && !force) {
        return Err(Error::invalid("--onnx", format!("{} exists: replace it with --force", file.display())));
    }
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    onnx::export(folder, &run.config.model, &weights)?;
    for file in files {
        result!("{}", file.display())?;
    }
    Ok(())
}

fn to_html(run: &Run, path: &Path, arguments: &Arguments) -> Result<()> {
    check("--html", path, &["html"], arguments.force)?;
    let weights = run.weights()?;
    let images = arguments.source.open(run, &arguments.dir)?;
    let own = arguments.train_images.map(|count| Ok((arguments.dir.open(run)?, count as usize))).transpose()?;
    let train = own.as_ref().map(|(data, count)| (&data.train, *count));
    let page = web::explorer(run, &weights, &images.images(), train)?;
    write_atomically(path, page.as_bytes())?;
    result!("{}", path.display())
}
