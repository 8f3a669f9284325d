//! `wgvae train`

use super::options::{CorruptOptions, DataOptions, DeviceOptions, PrecisionOptions, parse};
use crate::{
    Error, Result,
    device::Device,
    gpu::{Precision, Tilings},
    models::{Adam, Corruption, Kind, Loss, Model, Objective},
    proofs::Checked,
    train::{
        Metrics, Progress, Run, Session, Settings, checkpoint,
        tuning::{Wish, prove, tilings},
    },
};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A KL divergence per image, in nats, below which z tells nothing of the image.
const COLLAPSED: f64 = 0.05;

#[derive(clap::Args)]
pub struct Arguments {
    /// The model; with --resume, the run's own
    #[arg(value_enum, required_unless_present = "resume")]
    model: Option<ModelName>,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    device: DeviceOptions,
    /// Where the run is written [default: the first free of runs/MODEL-1, runs/MODEL-2, …]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run in DIR after its last finished epoch; only --epochs, --device and --data-dir can be given with it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["model", "out", "data", "batch", "lr", "hidden", "latent", "loss", "beta", "seed", "tiling", "precision", "init", "corrupt", "noise"])]
    resume: Option<PathBuf>,
    /// Passes over the training images, in all [default: 10; with --resume, the run's own]
    #[arg(long)]
    epochs: Option<u64>,
    /// Images per step
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 1e-3)]
    lr: f64,
    /// Widths of the encoder's hidden layers; the decoder mirrors them
    #[arg(long, default_value = "256", value_delimiter = ',')]
    hidden: Vec<usize>,
    /// Width of the latent space
    #[arg(long, default_value_t = 8)]
    latent: usize,
    /// Reconstruction loss [default: mse]. For an AE averaged over pixels and batch, else summed
    #[arg(long, value_enum, default_value = "mse")]
    loss: LossName,
    /// Weight of the KL divergence [default: 3 with mse, as the article trains; 1 with bce, the ELBO; 0 for an AE]
    #[arg(long)]
    beta: Option<f64>,
    #[command(flatten)]
    corrupt: CorruptOptions,
    /// Decides initial parameters, order and noise
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How the GPU's products are cut. auto: as was found fastest before, else as measures fastest now, on a software
    /// adapter as is known to be; measure: measure anew; or one of registers, subgroup, workgroup, split; with
    /// --precision mixed matrix8 or matrix16
    #[arg(long, default_value = "auto", value_name = "auto|measure|NAME", value_parser = parse::<Wish>)]
    tiling: Wish,
    #[command(flatten)]
    precision: PrecisionOptions,
    /// Start from the weights in a safetensors file, such as one saved from PyTorch
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ModelName {
    /// Autoencoder
    Ae,
    /// Variational autoencoder
    Vae,
    /// Conditional VAE
    Cvae,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum LossName {
    /// Squared error
    Mse,
    /// Binary cross-entropy
    Bce,
}

impl Arguments {
    fn settings(&self, kind: Kind, corruption: Option<Corruption>, input: usize, classes: usize) -> Settings {
        let (loss, beta) = match (kind, self.loss) {
            (Kind::Ae, LossName::Mse) => (Loss::MseMean, 0.0),
            (Kind::Ae, LossName::Bce) => (Loss::BceSum, 0.0),
            (_, LossName::Mse) => (Loss::MseSum, 3.0),
            (_, LossName::Bce) => (Loss::BceSum, 1.0),
        };
        Settings {
            model: Model { kind, input, hidden: self.hidden.clone(), latent: self.latent, classes },
            objective: Objective { loss, beta: self.beta.unwrap_or(beta) },
            adam: Adam { lr: self.lr, ..Adam::default() },
            corruption,
            batch: self.batch,
            seed: self.seed,
            tilings: None,
        }
    }
}

pub fn run(arguments: Arguments) -> Result<()> {
    if arguments.epochs == Some(0) {
        return Err(Error::invalid("--epochs", "must be at least 1"));
    }
    let (mut session, dir) = match &arguments.resume {
        Some(dir) => (resume(dir, &arguments)?, dir.clone()),
        None => begin(&arguments)?,
    };
    train(&mut session, &dir)
}

fn begin(arguments: &Arguments) -> Result<(Session, PathBuf)> {
    let kind = match arguments.model.expect("clap asks for a model or --resume") {
        ModelName::Ae => Kind::Ae,
        ModelName::Vae => Kind::Vae,
        ModelName::Cvae => Kind::Cvae,
    };
    // What can be refused at once is, before anything is opened or downloaded.
    let corruption = arguments.corrupt.corruption(None)?;
    arguments.settings(kind, corruption, 1, 1).validate()?;
    if kind == Kind::Ae && arguments.beta.is_some_and(|beta| beta != 0.0) {
        return Err(Error::invalid("--beta", "an AE has no KL divergence to weigh"));
    }
    let device = arguments.precision.open(&arguments.device)?;
    if matches!(device, Device::Oracle) && arguments.tiling != Wish::Auto {
        return Err(Error::invalid("--tiling", "is for a GPU; the f64 oracle has none"));
    }
    let data = arguments.data.open()?;
    let mut settings = arguments.settings(kind, corruption, data.pixels(), data.classes);
    if kind == Kind::Cvae && data.classes == 0 {
        return Err(Error::no_labels());
    }
    let weights = arguments.init.as_deref().map(|file| checkpoint::load_weights(file, &settings.model)).transpose()?;
    if let Device::Gpu(gpu) = &device {
        let report = &mut |line: &str| eprintln!("tilings: {line}");
        settings.tilings = Some(tilings(gpu, &settings, arguments.tiling, report)?);
    }
    let name = format!("{kind:?}").to_lowercase();
    let dir = arguments.out.clone().unwrap_or_else(|| free_directory(&name));
    let epochs = arguments.epochs.unwrap_or(10);
    let session = Session::begin_from(&settings, weights.as_deref(), epochs, device, data, Some(&dir))?;
    Ok((session, dir))
}

fn resume(dir: &Path, arguments: &Arguments) -> Result<Session> {
    let run = Run::open(dir)?;
    if !dir.join("checkpoint.safetensors").is_file() {
        return Err(Error::invalid("--resume", format!("{} has no checkpoint: no epoch was finished", dir.display())));
    }
    let device = arguments.device.open_for(run.config.tilings.map_or(Precision::F32, Tilings::precision))?;
    let (version, now) = (&run.config.version, env!("CARGO_PKG_VERSION"));
    if version != now {
        eprintln!("warning: wgvae {version} began this run, and {now} may round its sums otherwise");
    }
    if let (Device::Gpu(gpu), Some(then)) = (&device, run.config.tilings) {
        let now = run.config.model.fit(gpu.usable(Some(then)));
        if now != then {
            eprintln!(
                "warning: the run's tilings ({then}) are not to be had here; it goes on with {now}, and sums round otherwise"
            );
        }
        prove(gpu, &run.config.settings(), now, &mut Checked::default())?;
    }
    let data = arguments.data.dir.open(&run)?;
    Session::resume(run, arguments.epochs, device, data)
}

/// The first of runs/NAME-1, runs/NAME-2, … that does not exist.
fn free_directory(name: &str) -> PathBuf {
    let directory = |number: usize| PathBuf::from(format!("runs/{name}-{number}"));
    (1..).map(directory).find(|dir| !dir.exists()).expect("some number is free")
}

fn train(session: &mut Session, dir: &Path) -> Result<()> {
    let stopped = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stopped);
    // Without a handler an interruption still leaves the last checkpoint whole, only with less to say.
    let _ = ctrlc::set_handler(move || handler.store(true, Ordering::Relaxed));
    let (epochs, model) = (session.config().epochs, &session.config().model);
    eprintln!(
        "model: {:?} {}-{}-{}, {} parameters; batch {}, {} epochs; writing to {}",
        model.kind,
        model.input,
        model.hidden.iter().map(usize::to_string).collect::<Vec<_>>().join("-"),
        model.latent,
        model.parameter_count(),
        session.config().batch,
        epochs,
        dir.display()
    );
    if let Some(memory) = session.device_memory() {
        eprintln!("memory: {memory}");
    }
    if session.epochs_done() >= epochs {
        eprintln!("nothing to do: {} epochs are done", session.epochs_done());
    }
    while session.epochs_done() < epochs {
        let epoch = session.epochs_done() + 1;
        let bar = bar(epoch, epochs);
        let beta = session.config().objective.beta;
        let metrics = session.epoch(&mut |progress| {
            show(&bar, progress, beta);
            !stopped.load(Ordering::Relaxed)
        });
        bar.finish_and_clear();
        let metrics = metrics.map_err(|error| match error {
            Error::Interrupted(when) if epoch > 1 => {
                Error::Interrupted(format!("{when} {epoch}; go on with: wgvae train --resume {}", dir.display()))
            }
            Error::Interrupted(when) => Error::Interrupted(format!("{when} 1, before anything was learnt to keep")),
            other => other,
        })?;
        eprintln!("{}", line(&metrics, epochs));
        if session.config().model.kind != Kind::Ae && metrics.test.kl < COLLAPSED {
            eprintln!(
                "warning: the latent space has collapsed (KL {:.4} nats per image): every image is decoded alike. \
                 Its code units have died; try another --seed, a smaller --beta or a larger --latent",
                metrics.test.kl
            );
        }
    }
    println!("{}", dir.display());
    println!("{}", dir.join("images").join("samples.png").display());
    Ok(())
}

fn bar(epoch: u64, epochs: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{prefix} [{bar:40}] {percent:>3}%  {msg}  ETA {eta}")
        .expect("a constant template");
    ProgressBar::new(0).with_style(style.progress_chars("=> ")).with_prefix(format!("epoch {epoch}/{epochs}"))
}

fn show(bar: &ProgressBar, progress: &Progress, beta: f64) {
    let rows = progress.losses.count as f64 * progress.done as f64 / progress.steps as f64;
    let loss = (progress.losses.reconstruction + beta * progress.losses.kl) / rows;
    bar.set_length(progress.steps as u64);
    bar.set_position(progress.done as u64);
    bar.set_message(format!("loss {loss:.3}  {:.0} images/s", rows / progress.elapsed.as_secs_f64()));
}

fn line(metrics: &Metrics, epochs: u64) -> String {
    let figures = |figures: &crate::train::Figures| format!("{:.3} + KL {:.3}", figures.reconstruction, figures.kl);
    format!(
        "epoch {:>2}/{epochs}  train {}  test {}  per image; {:.0} images/s, {:.1} s",
        metrics.epoch,
        figures(&metrics.train),
        figures(&metrics.test),
        metrics.images_per_s,
        metrics.seconds
    )
}
