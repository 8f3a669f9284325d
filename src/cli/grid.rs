//! `wgvae grid`

use super::{options::DataOptions, output::OutputOptions, print::result};
use crate::{Error, Result, gallery};
use clap::ValueEnum;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataOptions,
    /// Images to show, the first ones
    #[arg(long, default_value_t = 50, value_name = "N")]
    count: usize,
    /// Which images
    #[arg(long, value_enum, default_value = "train")]
    split: Split,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Clone, Copy, ValueEnum)]
enum Split {
    /// What a model is trained on
    Train,
    /// What it is judged on
    Test,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let path = arguments.output.file("grid.png", &["png"])?;
    let data = arguments.data.open()?;
    if data.table.is_some() {
        return Err(Error::invalid("--data", "is a table, and grid draws images"));
    }
    let images = match arguments.split {
        Split::Train => data.train_images(),
        Split::Test => data.test_images(),
    };
    gallery::grid(&images, arguments.count)?.save(&path)?;
    result!("{}", path.display())
}
