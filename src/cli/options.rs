//! Options that several commands share.

use super::{print::progress, table::TableOptions};
use crate::{
    Error, Result,
    data::{self, Dataset, Source},
    device::{Choice, Device},
    gpu::{self, Precision},
    model::{Corruption, Kind, Noise},
    network::Codec,
    run::Run,
};
use clap::{
    Args, ValueEnum,
    builder::{OsStringValueParser, TypedValueParser},
};
use std::{ffi::OsString, path::PathBuf};

/// Where the work is done.
#[derive(Args)]
pub struct DeviceOptions {
    /// auto: the best adapter, or the f64 oracle where there is none; gpu: the best adapter; cpu: the f64 oracle;
    /// or the number of an adapter in `wgvae devices` [default: auto; of a run that is resumed, its own]
    #[arg(long, value_name = "auto|gpu|cpu|INDEX", value_parser = parse::<Choice>)]
    pub device: Option<Choice>,
    /// Keep WebGPU's runtime checks in the shaders
    #[arg(long, hide = true)]
    pub checked: bool,
}

/// Which images.
#[derive(Args)]
pub struct DataOptions {
    /// auto: MNIST, or the built-in glyphs where it cannot be had; mnist, or another name of `wgvae data`; glyphs; or the path of IDX
    /// files, an image folder, a .npy or .npz, a table in a .csv, .tsv or .parquet, or pictures in a .parquet
    #[arg(long, default_value = "auto", value_name = "auto|mnist|glyphs|PATH", value_parser = OsStringValueParser::new().try_map(source))]
    pub data: Source,
    #[command(flatten)]
    pub dir: DataDir,
    #[command(flatten)]
    pub table: TableOptions,
    /// Use only the first N training images
    #[arg(long, value_name = "N")]
    pub train_limit: Option<usize>,
    /// Use only the first N test images
    #[arg(long, value_name = "N")]
    pub test_limit: Option<usize>,
}

/// How exactly products are computed.
#[derive(Args)]
pub struct PrecisionOptions {
    /// f32; or mixed: products of operands rounded to f16, summed in float32 by cooperative matrices (tensor cores), on a GPU
    /// that has them
    #[arg(long, default_value = "f32", value_name = "f32|mixed", value_parser = parse::<Precision>)]
    pub precision: Precision,
}

impl PrecisionOptions {
    /// Opens the device and refuses one that lacks what is asked for.
    pub fn open(&self, device: &DeviceOptions) -> Result<Device> {
        let device = device.open_for(self.precision)?;
        self.check(&device)?;
        Ok(device)
    }

    /// Refuses a device that lacks what is asked for.
    pub fn check(&self, device: &Device) -> Result<()> {
        let lacking = match device {
            _ if self.precision == Precision::F32 => return Ok(()),
            Device::Gpu(gpu) if gpu.precision() == self.precision => return Ok(()),
            Device::Gpu(gpu) => gpu.adapter().name.clone(),
            Device::Oracle => device.to_string(),
        };
        let problem = format!(
            "mixed takes cooperative matrices of f16 with sums in f32, which {lacking} lacks; `wgvae devices` tells who has them"
        );
        Err(Error::invalid("--precision", problem))
    }
}

/// Where MNIST lies.
#[derive(Args)]
pub struct DataDir {
    /// Where MNIST is looked for and downloaded to [default: where the run found it, else the platform's cache directory]
    #[arg(long, env = "WGVAE_DATA", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl DeviceOptions {
    /// Opens the device and says which one.
    pub fn open(&self) -> Result<Device> {
        self.open_for(Precision::F32)
    }

    /// As [`DeviceOptions::open`], for products of `precision` where the device has what that takes.
    pub fn open_for(&self, precision: Precision) -> Result<Device> {
        self.open_or(Choice::Auto, precision)
    }

    /// As [`DeviceOptions::open_for`], with `default` where none is asked for.
    pub fn open_or(&self, default: Choice, precision: Precision) -> Result<Device> {
        let injection = std::env::var("WGVAE_FAULT").ok().map(|fault| fault.parse()).transpose()?; // docs/reliability.md
        let options = gpu::Options { checked: self.checked, precision, injection, ..gpu::Options::default() };
        let choice = self.device.as_ref().unwrap_or(&default);
        Device::open(choice, options, &mut |line| progress!("device: {line}"))
    }
}

impl DataOptions {
    /// Opens the data and says which.
    pub fn open(&self) -> Result<Dataset> {
        let options = data::Options {
            train_limit: self.train_limit,
            test_limit: self.test_limit,
            reading: self.table.reading(),
            division: self.table.division(),
            ..data::Options::default()
        };
        data::open(&self.data, self.dir.data_dir.as_deref(), &options, &mut |line| progress!("data: {line}"))
    }
}

impl DataDir {
    /// Opens the data that a run was trained on and says which.
    pub fn open(&self, run: &Run) -> Result<Dataset> {
        let then = &run.config.data;
        let source: Source = then.source.parse()?;
        let options = data::Options {
            glyph_train: then.train,
            glyph_test: then.test,
            train_limit: Some(then.train),
            test_limit: Some(then.test),
            reading: then.reading(),
            division: then.division.clone(),
            ..data::Options::default()
        };
        let own = then.directory.as_deref().filter(|dir| dir.is_dir());
        let dir = self.data_dir.as_deref().or(own);
        let data = data::open(&source, dir, &options, &mut |line| progress!("data: {line}"))?;
        then.expect(&data)?;
        Ok(data)
    }
}

/// Noise on images that a model is to restore.
#[derive(Args)]
pub struct CorruptOptions {
    /// Strength of the noise on the input: the standard deviation, white being 1, or the share of pixels blanked
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    corrupt: Option<f64>,
    /// Kind of the noise [default: gaussian, or that of a run trained with noise]
    #[arg(long, value_enum)]
    noise: Option<NoiseName>,
}

#[derive(Clone, Copy, ValueEnum)]
enum NoiseName {
    /// A normal added to each pixel
    Gaussian,
    /// Pixels made black
    Mask,
}

impl CorruptOptions {
    /// What is asked for, what is not said being as in `own`; none where neither says how strong.
    pub fn corruption(&self, own: Option<Corruption>) -> Result<Option<Corruption>> {
        let noise = self.noise.map(|name| match name {
            NoiseName::Gaussian => Noise::Gaussian,
            NoiseName::Mask => Noise::Mask,
        });
        let Some(strength) = self.corrupt.or(own.map(|own| own.strength)) else {
            return match noise {
                Some(_) => Err(Error::invalid("--noise", "needs --corrupt, the strength of the noise")),
                None => Ok(None),
            };
        };
        let kind = noise.or(own.map(|own| own.kind)).unwrap_or(Noise::Gaussian);
        let corruption = Corruption { kind, strength };
        corruption.validate()?;
        Ok(Some(corruption))
    }
}

/// A trained run, and where its model works.
#[derive(Args)]
pub struct RunOptions {
    /// Directory of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    #[command(flatten)]
    pub dir: DataDir,
    #[command(flatten)]
    pub device: DeviceOptions,
}

impl RunOptions {
    /// Opens the run.
    pub fn open(&self) -> Result<Run> {
        Run::open(&self.run)
    }

    /// Opens the run for a command that draws its rows as images.
    pub fn open_images(&self) -> Result<Run> {
        let run = self.open()?;
        match run.config.data.table {
            Some(_) => {
                let problem =
                    "is on a table, and this command draws images: try traverse, reconstruct, scatter or score";
                Err(Error::invalid(run.dir.display().to_string(), problem))
            }
            None => Ok(run),
        }
    }

    /// Reads the run's weights, then opens the device and puts them there.
    pub fn codec(&self, run: &Run) -> Result<Codec> {
        let weights = run.weights()?;
        let codec = Codec::new(&self.device.open()?, &run.config.model, &weights)?;
        Ok(codec.named(&run.config.data.class_names))
    }
}

/// The class that `text` names: by the name that the run knows it by, or by its number.
pub fn class(run: &Run, text: &str) -> Result<usize> {
    let names = &run.config.data.class_names;
    let number = || text.parse().ok();
    match names.iter().position(|name| name == text).or_else(number) {
        Some(class) => Ok(class),
        None if names.is_empty() => {
            Err(Error::invalid("--label", format!("is {text:?}, expected the number of a class")))
        }
        None => {
            let near = nearest(text, names.iter().map(String::as_str));
            Err(Error::invalid("--label", format!("{text} is none of the classes {}{near}", names.join(", "))))
        }
    }
}

/// What `--data` names, for clap: a path need not be UTF-8.
pub fn source(name: OsString) -> std::result::Result<Source, String> {
    Source::parse(&name).map_err(problem)
}

/// A clap value parser of anything that parses with our errors.
pub fn parse<T: std::str::FromStr<Err = crate::Error>>(text: &str) -> std::result::Result<T, String> {
    text.parse().map_err(problem)
}

/// A clap value parser of the names of the models.
pub fn kind(name: &str) -> std::result::Result<Kind, String> {
    match Kind::ALL.into_iter().find(|kind| kind.name() == name) {
        Some(kind) => Ok(kind),
        None => Err(format!("expected ae, vae or cvae{}", nearest(name, Kind::ALL.iter().map(|kind| kind.name())))),
    }
}

/// The error without the name of the option, which clap says itself.
fn problem(error: Error) -> String {
    match error {
        Error::Invalid { problem, .. } => problem,
        other => other.to_string(),
    }
}

/// `; did you mean NAME?` for the name that is nearest to `word`, if any is near.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> String {
    let distance = |name: &str| strsim::damerau_levenshtein(word, name);
    match names.map(|name| (distance(name), name)).min() {
        Some((distance, name)) if distance <= 1 + word.len() / 4 => format!("; did you mean {name}?"),
        _ => String::new(),
    }
}
