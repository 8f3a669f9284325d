//! `wgvae style`

use super::{images::ImageOptions, options::RunOptions, output::OutputOptions, print::result};
use crate::{Result, gallery};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    source: ImageOptions,
    /// An image whose style is taken; several may be given [default: the first of each class, or of images without labels the first ten]
    #[arg(long, value_delimiter = ',', value_name = "I")]
    image: Vec<usize>,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open_images()?;
    let path = arguments.output.picture(&run.dir, &arguments.source.picture_name("style"), &["png"])?;
    let source = arguments.source.open(&run, &arguments.run.dir)?;
    let images = source.images();
    let codec = arguments.run.codec(&run)?;
    let indices = match arguments.image.is_empty() {
        true => gallery::example_of_each_class(&images),
        false => arguments.image,
    };
    gallery::style(&codec, &images, &indices)?.save(&path)?;
    result!("{}", path.display())
}
