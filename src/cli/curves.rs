//! `wgvae curves`

use super::{output::OutputOptions, print::result};
use crate::{
    Result,
    gallery::{self, Quantity},
    run::Run,
};
use clap::ValueEnum;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// Directories of the runs; the picture of several goes to the first
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// What is drawn, per image
    #[arg(long, value_enum, default_value = "loss")]
    quantity: QuantityName,
    /// Draw by the logarithm
    #[arg(long)]
    log: bool,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Clone, Copy, ValueEnum)]
enum QuantityName {
    /// Reconstruction loss + β KL divergence
    Loss,
    /// Squared error, or nats
    Reconstruction,
    /// KL divergence in nats
    Kl,
}

pub fn run(arguments: Arguments) -> Result<()> {
    let runs: Vec<Run> = arguments.runs.iter().map(|dir| Run::open(dir)).collect::<Result<_>>()?;
    let (quantity, name) = match arguments.quantity {
        QuantityName::Loss => (Quantity::Loss, "curves"),
        QuantityName::Reconstruction => (Quantity::Reconstruction, "curves-reconstruction"),
        QuantityName::Kl => (Quantity::Kl, "curves-kl"),
    };
    let path = arguments.output.picture(&runs[0].dir, name, &["png", "svg"])?;
    gallery::curves(&runs, quantity, arguments.log)?.save(&path)?;
    result!("{}", path.display())
}
