//! `wgvae reconstruct`

use super::{images::ImageOptions, options::RunOptions, output::OutputOptions, print::result, table::write_pairs};
use crate::{Result, gallery};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    source: ImageOptions,
    /// Images to show, or rows of a table to write, the first ones
    #[arg(long, default_value_t = 10, value_name = "N")]
    count: usize,
    /// Show these images instead, by index
    #[arg(long, value_delimiter = ',', value_name = "I,J,…", conflicts_with = "count")]
    images: Vec<usize>,
    /// Caption every pair with the image's index, its name in new data, and its squared error
    #[arg(long)]
    errors: bool,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open()?;
    let name = arguments.source.picture_name("reconstructions");
    let table = run.config.data.table.as_ref();
    let path = match table {
        Some(_) => arguments.output.table(&run.dir, &name)?,
        None => arguments.output.picture(&run.dir, &name, &["png"])?,
    };
    let source = arguments.source.open(&run, &arguments.run.dir)?;
    let images = source.images();
    let codec = arguments.run.codec(&run)?;
    let indices = match arguments.images.is_empty() {
        true => (0..arguments.count.min(images.split.count)).collect(),
        false => arguments.images,
    };
    if let Some(table) = table {
        write_pairs(&path, &codec, table, &images, &indices)?;
        return result!("{}", path.display());
    }
    gallery::reconstruct(&codec, &images, &indices, arguments.errors)?.figure.save(&path)?;
    result!("{}", path.display())
}
