//! `config.json`: everything that makes a run what it is, resolved.

use super::{Keeping, Settings};
use crate::{
    Error, Result,
    data::{Dataset, Division, Reading, Recipe},
    device::Device,
    gpu::{Format, Tilings},
    model::{Adam, Binarization, Color, Corruption, Model, Objective, Schedule, init::Scheme},
    network,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Everything that makes a run what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The version of this crate that trains the run.
    pub version: String,
    /// The model.
    pub model: Model,
    /// What a step minimises.
    pub objective: Objective,
    /// The optimizer.
    pub adam: Adam,
    /// How learning rate and β change from step to step.
    #[serde(default, skip_serializing_if = "is_constant")]
    pub schedule: Schedule,
    /// Noise on the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corruption: Option<Corruption>,
    /// How gray images become black and white.
    #[serde(default, rename = "binarize", skip_serializing_if = "Binarization::is_none")]
    pub binarization: Binarization,
    /// Rows of a full batch.
    pub batch: usize,
    /// Epochs asked for.
    pub epochs: u64,
    /// Which weights are kept, and when training ends early.
    #[serde(default, skip_serializing_if = "Keeping::is_default")]
    pub keeping: Keeping,
    /// How initial parameters are drawn.
    #[serde(default, skip_serializing_if = "is_pytorch")]
    pub init_scheme: Scheme,
    /// Decides initial parameters, order and noise.
    pub seed: u64,
    /// How products are cut; none for the oracle. They decide how sums are rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tilings: Option<Tilings>,
    /// Bytes that training may take of a GPU's memory, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_memory: Option<u64>,
    /// The data.
    pub data: DataConfig,
    /// The device.
    pub device: DeviceConfig,
    /// The options that the command line was given, by their long names; none of runs that another program began.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// What was otherwise in earlier epochs, in order; empty where a run was resumed without a change, or never.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Stage>,
}

fn is_constant(schedule: &Schedule) -> bool {
    *schedule == Schedule::default()
}

/// Epochs of a run that were trained with another version, length, learning rate or device than the configuration now says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// The last epoch this holds for.
    pub until_epoch: u64,
    /// The version of this crate.
    pub version: String,
    /// Epochs asked for.
    pub epochs: u64,
    /// Learning rate.
    pub lr: f64,
    /// The device.
    pub device: DeviceConfig,
    /// How products were cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tilings: Option<Tilings>,
}

/// Which data a run is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataConfig {
    /// What opens it again: `mnist`, `glyphs` or a path.
    pub source: String,
    /// The folder that MNIST was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// Pixels per row.
    pub width: usize,
    /// Rows per image.
    pub height: usize,
    /// What a pixel holds.
    #[serde(default, skip_serializing_if = "Color::is_gray")]
    pub color: Color,
    /// Whether pictures are scaled to this size.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resized: bool,
    /// How the rows lie on a GPU.
    #[serde(default, skip_serializing_if = "is_bytes")]
    pub format: Format,
    /// Number of classes; 0 without labels.
    pub classes: usize,
    /// Their names; none where they are known by their numbers alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// What `--labels` named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// How a source that came in one part was divided.
    #[serde(default, skip_serializing_if = "Division::is_seventh")]
    pub division: Division,
    /// Whether unreadable pictures were left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_bad: bool,
    /// How the columns of a table are scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Recipe>,
    /// Training images.
    pub train: usize,
    /// Test images.
    pub test: usize,
    /// SHA-256 of each part.
    pub hashes: BTreeMap<String, String>,
}

/// Which device a run was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceConfig {
    /// The adapter's name, or the oracle.
    pub adapter: String,
    /// Its driver and version; empty for the oracle.
    pub driver: String,
    /// `vulkan`, `metal`, `dx12`, or `cpu` for the oracle.
    pub backend: String,
}

impl DataConfig {
    /// What describes `data`.
    pub fn new(data: &Dataset) -> DataConfig {
        DataConfig {
            source: data.name.clone(),
            directory: data.directory.clone(),
            width: data.width,
            height: data.height,
            color: data.color,
            resized: data.resized,
            format: Format::of(data.train.images.rows()),
            classes: data.classes,
            class_names: data.class_names.clone(),
            labels: data.labels.clone(),
            division: data.division.clone(),
            skip_bad: data.skip_bad,
            table: data.table.clone(),
            train: data.train.count,
            test: data.test.count,
            hashes: data.hashes.clone(),
        }
    }

    /// How the run's own data are read again.
    pub fn reading(&self) -> Reading {
        Reading {
            labels: self.labels.clone(),
            missing: self.table.as_ref().map(|table| table.missing).unwrap_or_default(),
            recipe: self.table.clone(),
            class_names: self.class_names.clone(),
            skip_bad: self.skip_bad,
            color: Some(self.color),
            size: self.resized.then_some([self.height, self.width]),
            ..Reading::default()
        }
    }

    /// The shape of `count` of its images.
    pub fn shape(&self, count: usize) -> Vec<usize> {
        self.color.shape(count, self.height, self.width)
    }

    /// Checks that `data` are what the run was trained on.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the part that differs.
    pub fn expect(&self, data: &Dataset) -> Result<()> {
        let differs = |what: &str, then: String, now: String| {
            let problem = format!("the {what} differ from those the run was trained on: {now}, then {then}");
            Err(Error::invalid("--data", problem))
        };
        // what either side lacks is a difference too: a configuration without hashes would fit any data
        for part in self.hashes.keys().chain(data.hashes.keys()) {
            let [then, now] =
                [&self.hashes, &data.hashes].map(|hashes| hashes.get(part).map_or("missing", String::as_str));
            if now != then {
                return differs(part, then.into(), now.into());
            }
        }
        let (then, now) = ([self.train, self.test], [data.train.count, data.test.count]);
        if then != now {
            return differs("numbers of images", format!("{then:?}"), format!("{now:?}"));
        }
        Ok(())
    }
}

impl DeviceConfig {
    /// What describes `device`.
    pub fn new(device: &Device) -> DeviceConfig {
        match device {
            Device::Gpu(gpu) => {
                let adapter = gpu.adapter().clone();
                DeviceConfig { adapter: adapter.name, driver: adapter.driver, backend: adapter.backend }
            }
            Device::Oracle => {
                DeviceConfig { adapter: device.to_string(), driver: String::new(), backend: "cpu".into() }
            }
        }
    }
}

fn is_bytes(format: &Format) -> bool {
    *format == Format::U8
}

fn is_pytorch(scheme: &Scheme) -> bool {
    *scheme == Scheme::Pytorch
}

impl Config {
    /// The configuration of a new run.
    pub fn new(settings: &Settings, data: &Dataset, device: &Device) -> Config {
        Config {
            version: env!("CARGO_PKG_VERSION").into(),
            model: settings.model.clone(),
            objective: settings.objective,
            adam: settings.adam,
            schedule: settings.schedule,
            corruption: settings.corruption,
            binarization: settings.binarization,
            batch: settings.batch,
            init_scheme: settings.init_scheme,
            epochs: settings.epochs,
            keeping: settings.keeping,
            seed: settings.seed,
            tilings: match device {
                Device::Gpu(gpu) => {
                    Some(network::fit(&settings.model, &settings.objective, gpu.usable(settings.tilings)))
                }
                Device::Oracle => None,
            },
            gpu_memory: settings.gpu_memory,
            data: DataConfig::new(data),
            device: DeviceConfig::new(device),
            options: BTreeMap::new(),
            earlier: Vec::new(),
        }
    }

    /// This configuration with `epochs` and learning rate `lr` on `device` from the epoch after `done` on; what that changes is kept
    /// in [`Config::earlier`]. `tilings` are those of the device.
    pub fn resumed(&self, done: u64, epochs: u64, lr: f64, device: &Device, tilings: Option<Tilings>) -> Config {
        let (version, device) = (env!("CARGO_PKG_VERSION").to_string(), DeviceConfig::new(device));
        let now = Stage { until_epoch: done, version, epochs, lr, device, tilings };
        let then = Stage {
            until_epoch: done,
            version: self.version.clone(),
            epochs: self.epochs,
            lr: self.adam.lr,
            device: self.device.clone(),
            tilings: self.tilings,
        };
        let mut config = self.clone();
        if then == now {
            return config;
        }
        if done > config.earlier.last().map_or(0, |stage| stage.until_epoch) {
            config.earlier.push(then); // a stage without an epoch leaves no trace
        }
        Config { version: now.version, epochs, adam: Adam { lr, ..config.adam }, tilings, device: now.device, ..config }
    }

    /// What is trained and how.
    pub fn settings(&self) -> Settings {
        Settings {
            model: self.model.clone(),
            format: self.data.format,
            objective: self.objective,
            adam: self.adam,
            schedule: self.schedule,
            corruption: self.corruption,
            binarization: self.binarization,
            batch: self.batch,
            init_scheme: self.init_scheme,
            epochs: self.epochs,
            keeping: self.keeping,
            seed: self.seed,
            tilings: self.tilings,
            gpu_memory: self.gpu_memory,
        }
    }

    /// Reads `config.json`.
    ///
    /// # Errors
    /// [`Error::Io`] where it is not there, [`Error::Malformed`] where it is none.
    pub fn load(path: &Path) -> Result<Config> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        let config: Config = serde_json::from_str(&text)
            .map_err(|error| Error::malformed(path, format!("is no run's configuration: {error}")))?;
        config.settings().validate()?;
        let (&DataConfig { width, height, color, .. }, input) = (&config.data, config.model.input);
        if width.checked_mul(height).and_then(|pixels| pixels.checked_mul(color.channels())) != Some(input) {
            let name = color.name();
            let problem = format!("{name} images of {width} x {height} pixels, but the model takes {input}");
            return Err(Error::malformed(path, problem));
        }
        if let Some(table) = &config.data.table {
            table.validate(input).map_err(|error| Error::malformed(path, error.to_string()))?;
        }
        Ok(config)
    }

    /// The file's content.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain numbers and names") + "\n"
    }
}
