//! `wgvae denoise`

use super::{
    images::ImageOptions,
    options::{CorruptOptions, RunOptions},
    output::OutputOptions,
    print::result,
};
use crate::{Error, Result, gallery};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    source: ImageOptions,
    /// Images to show, the first ones
    #[arg(long, default_value_t = 10, value_name = "N")]
    count: usize,
    // What is not given is the run's own.
    #[command(flatten)]
    corrupt: CorruptOptions,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open_images()?;
    let Some(corruption) = arguments.corrupt.corruption(run.config.corruption)? else {
        let problem = format!("{} was trained without noise: say how strong it is to be", run.dir.display());
        return Err(Error::invalid("--corrupt", problem));
    };
    let path = arguments.output.picture(&run.dir, &arguments.source.picture_name("denoise"), &["png"])?;
    let source = arguments.source.open(&run, &arguments.run.dir)?;
    let images = source.images();
    let codec = arguments.run.codec(&run)?;
    let count = arguments.count.min(images.split.count);
    gallery::denoise(&codec, &images, count, &corruption, run.config.seed)?.figure.save(&path)?;
    result!("{}", path.display())
}
