//! `wgvae bench`

use super::{options::DeviceOptions, print_json};
use crate::{Error, Result, bench};
use indicatif::ProgressBar;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    device: DeviceOptions,
    /// Images per step, one measurement each [default: 32,128,1024,4096; with --quick 32,128]
    #[arg(long, value_delimiter = ',')]
    batch: Vec<usize>,
    /// Fewer and shorter measurements
    #[arg(long)]
    quick: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: Arguments) -> Result<()> {
    if arguments.batch.contains(&0) {
        return Err(Error::invalid("--batch", "must be at least 1"));
    }
    let batches = match (&arguments.batch[..], arguments.quick) {
        ([], true) => &[32, 128][..],
        ([], false) => &[32, 128, 1024, 4096],
        (given, _) => given,
    };
    let device = arguments.device.open()?;
    if cfg!(debug_assertions) {
        eprintln!("warning: this is a debug build; use cargo run --release");
    }
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));
    let report = bench::report(&device, batches, arguments.quick, &mut |what| spinner.set_message(what.to_string()))?;
    spinner.finish_and_clear();
    match arguments.json {
        true => print_json(&report),
        false => print!("{report}"),
    }
    Ok(())
}
