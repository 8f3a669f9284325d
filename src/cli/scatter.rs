//! `wgvae scatter`

use super::{options::RunOptions, output::OutputOptions, print::result};
use crate::{Result, gallery};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    /// Test images to show, the first ones
    #[arg(long, default_value_t = 5000, value_name = "N")]
    count: usize,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open()?;
    let path = arguments.output.picture(&run.dir, "scatter", &["png", "svg"])?;
    let data = arguments.run.dir.open(&run)?;
    let codec = arguments.run.codec(&run)?;
    gallery::scatter(&codec, &data, arguments.count)?.plot.save(&path)?;
    result!("{}", path.display())
}
