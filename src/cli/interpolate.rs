//! `wgvae interpolate`

use super::{images::ImageOptions, options::RunOptions, output::OutputOptions, print::result};
use crate::{
    Result,
    gallery::{self, Interpolation, Path},
};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    source: ImageOptions,
    /// The image to start from
    #[arg(long, default_value_t = 0, value_name = "I")]
    from: usize,
    /// The image to arrive at
    #[arg(long, default_value_t = 1, value_name = "J")]
    to: usize,
    /// Go around these images, back to the first
    #[arg(long = "loop", value_delimiter = ',', value_name = "I,J,K…", conflicts_with_all = ["from", "to"])]
    stops: Vec<usize>,
    /// Decoded images from image to image, both ends among them
    #[arg(long, default_value_t = 9, value_name = "N")]
    steps: usize,
    /// Go straight [default for an autoencoder]
    #[arg(long, conflicts_with = "spherical")]
    linear: bool,
    /// Go along an arc [default for a VAE or CVAE, whose latents lie near a sphere]
    #[arg(long)]
    spherical: bool,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open_images()?;
    let closed = !arguments.stops.is_empty();
    let name = arguments.source.picture_name(if closed { "loop" } else { "interpolate" });
    let path = arguments.output.picture(&run.dir, &name, &["png"])?;
    let source = arguments.source.open(&run, &arguments.run.dir)?;
    let codec = arguments.run.codec(&run)?;
    let options = Interpolation {
        stops: if closed { arguments.stops } else { vec![arguments.from, arguments.to] },
        closed,
        steps: arguments.steps,
        path: match (arguments.linear, arguments.spherical) {
            (true, _) => Some(Path::Linear),
            (_, true) => Some(Path::Spherical),
            _ => None,
        },
    };
    gallery::interpolate(&codec, &source.images(), &options)?.save(&path)?;
    result!("{}", path.display())
}
