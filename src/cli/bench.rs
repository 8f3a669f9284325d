//! `wgvae bench`

use super::{
    Failure,
    options::{DeviceOptions, PrecisionOptions, kind},
    output,
    print::{progress, to_stdout},
    print_json, ranks,
};
use crate::{
    Error, Result,
    bench::{self, Plan},
    device::{Choice, Device},
    model::Kind,
    peers::Peers,
    run::Settings,
};
use indicatif::ProgressBar;
use std::{path::PathBuf, time::Duration};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    precision: PrecisionOptions,
    /// The model whose steps are timed, as `wgvae train` trains it on MNIST
    #[arg(long, default_value = "vae", value_name = "ae|vae|cvae", value_parser = kind, conflicts_with = "scaling")]
    model: Kind,
    /// Widths of the encoder's hidden layers; the decoder mirrors them
    #[arg(long, default_value = "256", value_delimiter = ',', conflicts_with = "scaling")]
    hidden: Vec<usize>,
    /// Width of the latent space
    #[arg(long, default_value_t = 8, conflicts_with = "scaling")]
    latent: usize,
    /// Images per step, one measurement each [default: 32,128,1024,4096; with --quick 32,128]
    #[arg(long, value_delimiter = ',', conflicts_with = "scaling")]
    batch: Vec<usize>,
    /// Fewer and shorter measurements
    #[arg(long)]
    quick: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Measure how step time and memory grow with batch, hidden width, depth and latent width
    #[arg(long)]
    scaling: bool,
    /// Train the article's VAE at batch 32 for so many minutes, and fail unless memory is flat: resident, and on the device
    #[arg(long, value_name = "MINUTES", conflicts_with_all = ["scaling", "model", "hidden", "latent", "batch", "quick"])]
    soak: Option<f64>,
    /// With --scaling: write scaling.csv and scaling.png to DIR
    #[arg(long, value_name = "DIR", requires = "scaling")]
    out: Option<PathBuf>,
    /// Replace the files in DIR where they exist
    #[arg(long, requires = "out")]
    force: bool,
}

pub fn run(arguments: Arguments) -> Result<(), Failure> {
    ranks::among(|peers| Ok(run_among(peers, &arguments)?))
}

fn run_among(peers: Peers, arguments: &Arguments) -> Result<()> {
    if cfg!(debug_assertions) {
        progress!("warning: this is a debug build; use cargo run --release");
    }
    match arguments.soak {
        Some(_) if !peers.is_alone() => Err(Error::invalid("--soak", "is for one process: start it without mpirun")),
        Some(minutes) => soak(minutes, arguments),
        None if !peers.is_alone() && arguments.scaling => {
            Err(Error::invalid("--scaling", "is for one process: start it without mpirun"))
        }
        None if arguments.scaling => scaling(arguments),
        None if !peers.is_alone() => together(peers, arguments),
        None => report(arguments),
    }
}

/// What is timed, and at which batch sizes.
fn asked(arguments: &Arguments) -> Result<(Settings, Vec<usize>)> {
    let batches = match (&arguments.batch[..], arguments.quick) {
        ([], true) => &[32, 128][..],
        ([], false) => &[32, 128, 1024, 4096],
        (given, _) => given,
    };
    let mut settings = bench::article(arguments.model);
    settings.model.hidden.clone_from(&arguments.hidden);
    settings.model.latent = arguments.latent;
    for &batch in batches {
        Settings { batch, ..settings.clone() }.validate()?;
    }
    Ok((settings, batches.to_vec()))
}

/// Times steps that the processes share; kernels and limits are those of one.
fn together(peers: Peers, arguments: &Arguments) -> Result<()> {
    let here = peers.on_this_machine();
    let opened = || {
        let (settings, batches) = asked(arguments)?;
        let device = arguments.precision.open(&ranks::device(&arguments.device, Choice::Auto, here))?;
        Ok((settings, batches, device))
    };
    let (settings, batches, device) = peers.first_then_others(opened)?;
    let mut lines = Vec::new();
    for batch in batches {
        let line = bench::together(peers, &device, &Settings { batch, ..settings.clone() }, arguments.quick)?;
        if peers.is_first() && !arguments.json {
            to_stdout(format_args!("{line}\n"))?;
        }
        lines.push(line);
    }
    if peers.is_first() && arguments.json { print_json(&serde_json::json!({ "together": lines })) } else { Ok(()) }
}

fn report(arguments: &Arguments) -> Result<()> {
    let (settings, batches) = asked(arguments)?;
    let device = arguments.precision.open(&arguments.device)?;
    let spinner = spinner();
    let report = bench::report(&device, &settings, &batches, arguments.quick, &mut |what| {
        spinner.set_message(what.to_string())
    })?;
    spinner.finish_and_clear();
    match arguments.json {
        true => print_json(&report),
        false => to_stdout(format_args!("{report}")),
    }
}

fn scaling(arguments: &Arguments) -> Result<()> {
    let files = match &arguments.out {
        Some(dir) => {
            let files = ["csv", "png"].map(|format| dir.join(format!("scaling.{format}")));
            for (file, format) in files.iter().zip(["csv", "png"]) {
                output::check("--out", file, &[format], arguments.force)?;
            }
            Some(files)
        }
        None => None,
    };
    let Device::Gpu(gpu) = arguments.precision.open(&arguments.device)? else {
        return Err(Error::invalid("--scaling", "measures a GPU; the f64 oracle is none"));
    };
    if let Some(dir) = &arguments.out {
        std::fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    }
    let plan = if arguments.quick { Plan::quick() } else { Plan::full() };
    let spinner = spinner();
    let growth = bench::scaling(&gpu, &plan, &mut |what| spinner.set_message(what.to_string()))?;
    spinner.finish_and_clear();
    match arguments.json {
        true => print_json(&growth),
        false => to_stdout(format_args!("{growth}")),
    }?;
    if let Some([table, picture]) = &files {
        growth.write_csv(table)?;
        growth.plot()?.save(picture)?;
        progress!("written: {} and {}", table.display(), picture.display());
    }
    Ok(())
}

fn soak(minutes: f64, arguments: &Arguments) -> Result<()> {
    let problem = || Error::invalid("--soak", format!("is {minutes}, expected a number of minutes above 0"));
    let length =
        Duration::try_from_secs_f64(60.0 * minutes).ok().filter(|length| !length.is_zero()).ok_or_else(problem)?;
    let device = arguments.precision.open(&arguments.device)?;
    let dir = tempfile::tempdir().map_err(Error::io("create", &std::env::temp_dir()))?;
    let soak = bench::soak(&device, dir.path(), length, &mut |epoch, taken| progress!("epoch {epoch}: {taken}"))?;
    match arguments.json {
        true => print_json(&soak),
        false => to_stdout(format_args!("{soak}")),
    }?;
    soak.expect_flat()
}

fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
