//! `wgvae manifold`

use super::{options::RunOptions, output::OutputOptions, print::result};
use crate::{
    Result,
    gallery::{self, Origin, Size},
};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    /// Images along each side
    #[arg(long, default_value_t = 15, value_name = "N")]
    size: usize,
    /// Decode as this label [default: 0] (CVAE)
    #[arg(long, value_name = "K")]
    label: Option<usize>,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.run.open_images()?;
    let name = arguments.label.map_or("manifold".to_string(), |label| format!("manifold-label{label}"));
    let path = arguments.output.picture(&run.dir, &name, &["png"])?;
    let data = if run.config.model.kind.is_variational() { None } else { Some(arguments.run.dir.open(&run)?) };
    let codec = arguments.run.codec(&run)?;
    let origin = Origin::of(&codec, data.as_ref())?;
    gallery::manifold(&codec, Size::of_run(&run), &origin, arguments.size, arguments.label)?.save(&path)?;
    result!("{}", path.display())
}
