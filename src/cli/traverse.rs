//! `wgvae traverse`

use super::{
    images::{Chosen, ImageOptions},
    options::{RunOptions, class},
    output::OutputOptions,
    print::result,
};
use crate::{
    Result,
    gallery::{self, Centre, Origin, Size, Traversal},
};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    source: ImageOptions,
    /// Vary this dimension alone [default: each in a row of its own]
    #[arg(long, value_name = "D")]
    dim: Option<usize>,
    /// Hold the others where this image has them [default: at the prior's mean; of an autoencoder, at the middle of
    /// the box of its training codes]
    #[arg(long, value_name = "I")]
    image: Option<usize>,
    /// Vary from -R to R [default: 3]; of an autoencoder from 0 to R if none of its training codes is below 0 [default: as far
    /// as they go]
    #[arg(long, value_name = "R")]
    range: Option<f32>,
    /// Images in a row
    #[arg(long, default_value_t = 11, value_name = "N")]
    steps: usize,
    /// Decode as this class, by name or number [default: the image's, or 0] (CVAE)
    #[arg(long, value_name = "K")]
    label: Option<String>,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open()?;
    let mut name = arguments.source.picture_name("traversal");
    let label = arguments.label.as_deref().map(|label| class(&run, label)).transpose()?;
    for (what, value) in [("dim", arguments.dim), ("image", arguments.image), ("label", label)] {
        name += &value.map_or(String::new(), |value| format!("-{what}{value}"));
    }
    let formats: &[&str] = if run.config.data.table.is_some() { &["png", "svg"] } else { &["png"] };
    let path = arguments.output.picture(&run.dir, &name, formats)?;
    let source = match arguments.image {
        Some(_) => Some(arguments.source.open(&run, &arguments.run.dir)?),
        None => arguments.source.expect_none("--image").map(|()| None)?,
    };
    let own = source.as_ref().and_then(Chosen::own);
    let needed = !run.config.model.kind.is_variational() && own.is_none();
    let opened = if needed { Some(arguments.run.dir.open(&run)?) } else { None };
    let codec = arguments.run.codec(&run)?;
    let origin = Origin::of(&codec, opened.as_ref().or(own))?;
    let options = Traversal {
        dim: arguments.dim,
        centre: arguments.image.map_or(Centre::Middle, Centre::Image),
        range: arguments.range,
        steps: arguments.steps,
        label,
    };
    let images = source.as_ref().map(Chosen::images);
    match &run.config.data.table {
        Some(table) => gallery::responses(&codec, table, images.as_ref(), &origin, &options)?.save(&path)?,
        None => gallery::traverse(&codec, Size::of_run(&run), images.as_ref(), &origin, &options)?.save(&path)?,
    }
    result!("{}", path.display())
}
