//! `wgvae scatter`

use super::{images::ImageOptions, options::RunOptions, output::OutputOptions, print::result};
use crate::{Result, gallery};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    source: ImageOptions,
    /// Images to show, the first ones
    #[arg(long, default_value_t = 5000, value_name = "N")]
    count: usize,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open()?;
    let path = arguments.output.picture(&run.dir, &arguments.source.picture_name("scatter"), &["png", "svg"])?;
    let source = arguments.source.open(&run, &arguments.run.dir)?;
    let codec = arguments.run.codec(&run)?;
    gallery::scatter(&codec, &source.images(), arguments.count)?.plot.save(&path)?;
    result!("{}", path.display())
}
