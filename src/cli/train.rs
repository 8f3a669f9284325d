//! `wgvae train`

mod resume;

use super::{
    Failure,
    bar::Bar,
    epoch,
    events::{self, Log},
    memory::MemoryOptions,
    model::{ModelOptions, named},
    optimisation::OptimisationOptions,
    options::{CorruptOptions, DataOptions, DeviceOptions, PrecisionOptions, kind, parse},
    presets,
    print::progress,
    ranks,
    signals::Stop,
    stopped::failure,
    watch::Port,
};
use crate::{
    Error, Result,
    data::Dataset,
    device::{Choice, Device},
    error::chain,
    gpu::{Format, Tilings},
    interop::tensorboard::EventFile,
    model::{Binarization, Kind, Model, Param},
    peers::Peers,
    proofs::Checked,
    run::{BEST, Claim, Keep, Keeping, Settings, checkpoint},
    train::{
        Session,
        tuning::{TilingChoice, prove, tilings},
    },
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

#[derive(clap::Args)]
pub struct Arguments {
    /// The model; with --resume, the run's own
    #[arg(value_name = "ae|vae|cvae", value_parser = kind, required_unless_present = "resume")]
    model: Option<Kind>,
    /// Options under a name, of which `wgvae presets` lists all; what is typed beside it counts more
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Options from a TOML or JSON file, by their long names (`model` for the model), or those of the run whose config.json it is; what
    /// is typed beside it counts more
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    config: Option<PathBuf>,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    device: DeviceOptions,
    /// Where the run is written [default: the first free of runs/MODEL-1, runs/MODEL-2, …]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the run that lies in DIR of --out, and its pictures
    #[arg(long, requires = "out")]
    force: bool,
    /// Go on with the run in DIR after its last checkpoint; of the other options only --epochs, --lr, --device, --gpu-memory and
    /// --data-dir can be given with it, and what is not given stays as it was
    #[arg(long, value_name = "DIR", conflicts_with_all = ["model", "preset", "out", "data", "train_limit", "test_limit", "columns", "except", "labels", "scale", "missing", "skip_bad", "color", "size", "test_share", "test", "batch", "hidden", "latent", "activation", "bottleneck", "condition", "likelihood", "loss", "beta", "objective", "samples", "init_scheme", "seed", "tiling", "precision", "init", "corrupt", "noise", "schedule", "lr_end", "warm_up", "optimizer", "weight_decay", "epsilon", "clip", "binarize", "patience", "keep", "keep_every", "save_every"])]
    resume: Option<PathBuf>,
    /// Passes over the training images, in all [default: 10; with --schedule stages its 3280; with --resume, the run's own]
    #[arg(long)]
    epochs: Option<u64>,
    /// End training when the test loss has not become better for N epochs in a row
    #[arg(long, value_name = "N")]
    patience: Option<u64>,
    /// Which weights model.safetensors ends with: those of the best epoch by test loss, which best.safetensors holds at any time, or of
    /// the last one
    #[arg(long, default_value = Keep::default().name(), value_name = "best|last", value_parser = named(Keep::ALL, Keep::name))]
    keep: Keep,
    /// Keep the weights of every N-th epoch, as epoch-NNNN.safetensors
    #[arg(long, value_name = "N")]
    keep_every: Option<u64>,
    /// Write the checkpoint every so many minutes too, within an epoch
    #[arg(long, value_name = "MINUTES", allow_negative_numbers = true)]
    save_every: Option<f64>,
    /// Also write every figure and picture of the run to RUN/tensorboard, which `tensorboard --logdir RUN` shows; a resumed run that has
    /// the folder goes on with it
    #[arg(long, value_enum)]
    log: Option<Log>,
    /// Show the run as it goes in a browser on this machine: the page that `wgvae report` writes, on PORT [default: one that is free]
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "0")]
    watch: Option<u16>,
    /// Images per step
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Learning rate of Adam [default: 0.001; with --resume, the run's own]
    #[arg(long)]
    lr: Option<f64>,
    #[command(flatten)]
    layers: ModelOptions,
    #[command(flatten)]
    optimisation: OptimisationOptions,
    #[command(flatten)]
    corrupt: CorruptOptions,
    /// Make images black and white before all else. threshold: white from one half on; epoch: each pixel white with its gray value as
    /// the probability, drawn anew for every epoch; access: at every access, which is the same, as an epoch shows each image once.
    /// Test images are drawn once, by --seed
    #[arg(long, default_value_t = Binarization::None, value_name = "NAME", value_parser = named(Binarization::ALL, Binarization::name))]
    binarize: Binarization,
    /// Decides initial parameters, order and noise
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How the GPU's products are cut. auto: as was found fastest before, else as measures fastest now, on a software
    /// adapter as is known to be; measure: measure anew; or one of registers, subgroup, workgroup, large, split, fine; with
    /// --precision mixed matrix8 or matrix16
    #[arg(long, default_value = "auto", value_name = "auto|measure|NAME", value_parser = parse::<TilingChoice>)]
    tiling: TilingChoice,
    #[command(flatten)]
    precision: PrecisionOptions,
    #[command(flatten)]
    memory: MemoryOptions,
    /// Start from the weights in a safetensors file, such as one saved from PyTorch, or of the run in a directory
    #[arg(long, value_name = "FILE|RUN")]
    init: Option<PathBuf>,
    /// What was typed, or came from a file or a preset.
    #[arg(skip)]
    pub typed: BTreeMap<String, String>,
}

impl Arguments {
    /// What is asked for, of rows of `input` values in `classes`.
    fn settings(&self, kind: Kind, format: Format, input: usize, classes: usize) -> Result<Settings> {
        let schedule = self.optimisation.schedule()?;
        let model = self.layers.model(kind, format, input, classes);
        let plain = Settings::new(model, self.layers.objective(kind, format));
        Ok(Settings {
            format,
            adam: self.optimisation.adam(self.lr)?,
            schedule,
            corruption: self.corrupt.corruption(None)?,
            binarization: self.binarize,
            batch: self.batch,
            init_scheme: self.layers.init_scheme,
            epochs: self.epochs.or(schedule.epochs()).unwrap_or(plain.epochs),
            keeping: Keeping {
                patience: self.patience,
                keep: self.keep,
                every: self.keep_every,
                save_every: self.save_every,
            },
            seed: self.seed,
            gpu_memory: self.memory.gpu_memory,
            ..plain
        })
    }
}

pub fn run(arguments: Arguments) -> Result<(), Failure> {
    ranks::among(|peers| run_among(peers, &arguments))
}

fn run_among(peers: Peers, arguments: &Arguments) -> Result<(), Failure> {
    // A reader of the progress that ends, such as `head`, does not end the run.
    // SAFETY: SIGPIPE and ignoring it are valid; a write to a closed pipe is then an error, which is looked at or dropped.
    #[cfg(unix)]
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN)
    };
    peers.all_or_none(match arguments.epochs {
        Some(0) => Err(Error::invalid("--epochs", "must be at least 1")),
        _ => Ok(()),
    })?;
    let stop = Stop::listen();
    let port = arguments.watch.filter(|_| peers.is_first()).map(Port::open).transpose()?;
    let mut session = match &arguments.resume {
        Some(dir) => resume::resume(peers, dir, arguments)?,
        None => begin(peers, arguments)?,
    };
    describe(peers, &session);
    if let (Some(port), Some(dir)) = (port, session.dir()) {
        progress!("watch: {}", port.serve(dir));
    }
    let events = events::events(&session, arguments.log)?;
    train(peers, &mut session, arguments.epochs, events, &stop)?;
    let Some(dir) = session.dir() else { return Ok(()) }; // the first of several processes has it
    // The run is whole whether or not anyone reads where it lies.
    let _ = match session.config().data.table {
        Some(_) => super::print::result!("{}\n{}", dir.display(), dir.join("images").join("traversal.png").display()),
        None => super::print::result!("{}\n{}", dir.display(), dir.join("images").join("samples.png").display()),
    };
    Ok(())
}

/// What a new run begins with.
struct Opened {
    /// Of the first process.
    claim: Option<Claim>,
    device: Device,
    data: Dataset,
    settings: Settings,
    weights: Option<Vec<Param>>,
}

fn open(arguments: &Arguments, peers: Peers, here: [usize; 2]) -> Result<Opened> {
    let kind = arguments.model.expect("clap asks for a model or --resume");
    if let Some(file) = &arguments.config {
        progress!("options: those of {}", file.display());
    }
    // What can be refused at once is, before anything is opened or downloaded.
    if let Some(preset) = arguments.preset.as_deref().map(presets::named).transpose()?
        && preset.kind != kind
    {
        let problem = format!("{} is of a {}: train that", preset.name, preset.kind.name());
        return Err(Error::invalid("--preset", problem));
    }
    arguments.settings(kind, Format::U8, 1, 1)?.validate()?;
    arguments.layers.check(kind)?;
    arguments.data.data.expect_recordable()?;
    let claim = match &arguments.out {
        _ if !peers.is_first() => None,
        Some(dir) => Some(Claim::begin(dir, arguments.force)?),
        None => Some(Claim::free(kind.name())?),
    };
    let device = arguments.precision.open(&ranks::device(&arguments.device, Choice::Auto, here))?;
    if matches!(device, Device::Oracle) && arguments.tiling != TilingChoice::Auto {
        return Err(Error::invalid("--tiling", "is for a GPU; the f64 oracle has none"));
    }
    arguments.memory.check(&device)?;
    let data = arguments.data.open()?;
    let format = Format::of(data.train.images.rows());
    let settings = arguments.settings(kind, format, data.pixels(), data.classes)?;
    if kind.is_conditional() && data.classes == 0 {
        return Err(Error::no_labels());
    }
    let weights = arguments.init.as_deref().map(|path| weights(path, &settings.model)).transpose()?;
    Ok(Opened { claim, device, data, settings, weights })
}

fn begin(peers: Peers, arguments: &Arguments) -> Result<Session> {
    let here = peers.on_this_machine();
    let opened = peers.first_then_others(|| open(arguments, peers, here))?;
    let Opened { claim, device, data, mut settings, weights } = opened;
    settings.tilings = ranks::tilings(peers, || chosen(peers, &device, &settings, arguments.tiling))?;
    if let (Device::Gpu(gpu), Some(found), false) = (&device, settings.tilings, peers.is_first()) {
        prove(gpu, &settings, found, &mut Checked::default())?; // the first has done so
    }
    if let Some(dir) = claim.as_ref().map(Claim::dir).filter(|dir| dir.join("config.json").exists()) {
        progress!("replacing the run in {} and its pictures", dir.display());
    }
    // `auto` and what was found: the same from anywhere
    let mut options = from_anywhere(&arguments.typed)?;
    options.insert("data".into(), data.name.clone());
    options.extend(data.labels.clone().map(|labels| ("labels".into(), labels)));
    let mut session = Session::begin_among(peers, claim, &settings, weights.as_deref(), device, data)?;
    session.keep_options(options)?;
    Ok(session)
}

/// The tilings for the rows of a batch that this process takes; none for the oracle.
fn chosen(peers: Peers, device: &Device, settings: &Settings, choice: TilingChoice) -> Result<Option<Tilings>> {
    let Device::Gpu(gpu) = device else { return Ok(None) };
    let own = Settings { batch: peers.share().of(settings.batch).len(), ..settings.clone() };
    tilings(gpu, &own, choice, &mut |line| progress!("tilings: {line}")).map(Some)
}

/// Options as they were typed, with the files that they name as they are called from any directory.
fn from_anywhere(typed: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let mut options = typed.clone();
    for name in ["init", "test", "data-dir"] {
        if let Some(path) = options.get_mut(name) {
            *path = std::path::absolute(&*path).map_err(Error::io("read", Path::new(path)))?.display().to_string();
        }
    }
    Ok(options)
}

/// The weights in a file, or of the run in a directory.
fn weights(path: &Path, model: &Model) -> Result<Vec<Param>> {
    let file = if path.is_dir() { path.join("model.safetensors") } else { path.to_path_buf() };
    checkpoint::load_weights(&file, model)
}

fn describe(peers: Peers, session: &Session) {
    let (config, model) = (session.config(), &session.config().model);
    progress!(
        "model: {:?} {}, {} parameters; batch {}, {} epochs; writing to {}",
        model.kind,
        model.widths(),
        model.parameter_count(),
        config.batch,
        config.epochs,
        session.dir().unwrap_or(Path::new("nowhere")).display()
    );
    if !peers.is_alone() {
        let rows = peers.share().of(config.batch).len();
        let places = ranks::places(peers, session.device());
        progress!("processes: {}, each with up to {rows} rows of a batch: {places}", peers.count());
    }
    if let Some(memory) = session.device_memory() {
        progress!("memory: {memory}");
    }
}

/// Trains the epochs that are left, `asked` in all where given.
fn train(
    peers: Peers,
    session: &mut Session,
    asked: Option<u64>,
    mut events: Option<EventFile>,
    stop: &Stop,
) -> Result<(), Failure> {
    let (from, epochs) = (session.epochs_done(), session.config().epochs);
    if from >= asked.unwrap_or(epochs) {
        progress!("nothing to do: {from} epochs are done");
        return Ok(());
    }
    if session.is_done() {
        progress!("nothing to do: {}", epoch::out_of_patience(session));
        return Ok(());
    }
    if let steps @ 1.. = session.steps_begun() {
        progress!("going on after step {steps} of epoch {}", from + 1);
    }
    let bar = Bar::new(from, epochs, session.config().objective.beta);
    let mut warned = false;
    for number in from + 1..=epochs {
        let metrics = session.epoch(&mut |progress| {
            bar.show(number, progress);
            !stop.asked()
        });
        let metrics = metrics.map_err(|error| {
            bar.finish();
            let error = match error {
                Error::Interrupted(when) => Error::Interrupted(format!("{when} of epoch {number}")),
                other => other,
            };
            failure(error, session, stop)
        })?;
        bar.aside(|| {
            progress!("{}{}", epoch::line(&metrics, epochs, session.config()), epoch::patience(session));
            if epoch::is_collapsed(session.config(), &metrics) && !std::mem::replace(&mut warned, true) {
                progress!("warning: {}", epoch::advice(session.config(), &metrics));
            }
            if session.is_done()
                && !warned
                && let Some(hint) = epoch::few_units(session.config(), &metrics)
            {
                progress!("note: {hint}");
            }
            let drawn = session.pictures_due().then(|| session.draw_pictures());
            if let Some(Err(error)) = &drawn {
                progress!("warning: no pictures of epoch {number}: {}", chain(error));
            }
            if let Some(events) = &mut events
                && let Err(error) = events::log(events, session, &metrics, matches!(drawn, Some(Ok(()))))
            {
                progress!("warning: nothing for TensorBoard of epoch {number}: {}", chain(&error));
            }
        });
        if session.is_done() {
            break;
        }
        if peers.any(stop.asked()) {
            bar.finish();
            let interrupted = Error::Interrupted(format!("after epoch {number} of {epochs}"));
            return peers.told_by_first(Err(interrupted)).map_err(|error| failure(error, session, stop));
        }
    }
    bar.finish();
    if session.epochs_done() < epochs {
        progress!("ended early: {}", epoch::out_of_patience(session));
    }
    if let Some(best) = session.best().filter(|best| best.epoch < session.epochs_done()) {
        let ends_with = if session.config().keeping.keep == Keep::Best { "model.safetensors" } else { BEST };
        progress!("best: epoch {}, test loss {:.3}; its weights are in {ends_with}", best.epoch, best.test.loss);
    }
    Ok(())
}
