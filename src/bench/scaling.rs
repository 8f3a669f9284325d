//! How step time and memory grow with each size of the model, the others staying those of the article's VAE.

use super::{
    Growth, Limits,
    steps::{Effort, article, measure, tuned},
    work::of_step,
};
use crate::{
    Error, Result,
    device::Device,
    gpu::{Format, Gpu},
    kernels::update::Epilogue,
    model::Kind,
    network::{self, Network, step},
    proofs::Checked,
    run::Settings,
};
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};

/// Which sizes are measured, and how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Images per step.
    pub batch: Vec<usize>,
    /// Width of every hidden layer.
    pub hidden: Vec<usize>,
    /// Hidden layers of the encoder, and as many of the decoder.
    pub depth: Vec<usize>,
    /// Width of the latent space.
    pub latent: Vec<usize>,
    /// Seconds of each of three blocks of steps.
    pub seconds: f64,
    /// Seconds: a step that takes longer is measured once.
    pub patience: f64,
}

impl Plan {
    /// Every power of two.
    pub fn full() -> Plan {
        let powers = |first: u32, last: u32| (first..=last).map(|power| 1 << power).collect();
        Plan {
            batch: powers(0, 14),
            hidden: powers(6, 13),
            depth: (1..=6).collect(),
            latent: powers(1, 9),
            seconds: 0.5,
            patience: 2.0,
        }
    }

    /// A few from the same ranges.
    pub fn quick() -> Plan {
        Plan {
            batch: vec![1, 32, 1024, 16_384],
            hidden: vec![64, 256, 2048, 8192],
            depth: vec![1, 3, 6],
            latent: vec![2, 8, 64, 512],
            seconds: 0.1,
            patience: 0.5,
        }
    }

    /// The sizes of every point, axis by axis.
    fn sizes(&self) -> Vec<(&'static str, Sizes)> {
        let usual = Sizes { batch: 32, hidden: 256, depth: 1, latent: 8 };
        let mut all = Vec::new();
        all.extend(self.batch.iter().map(|&batch| ("batch", Sizes { batch, ..usual })));
        all.extend(self.hidden.iter().map(|&hidden| ("hidden", Sizes { hidden, ..usual })));
        all.extend(self.depth.iter().map(|&depth| ("depth", Sizes { depth, ..usual })));
        all.extend(self.latent.iter().map(|&latent| ("latent", Sizes { latent, ..usual })));
        all
    }
}

/// The sizes of a model and its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Sizes {
    /// Images per step.
    pub batch: usize,
    /// Width of every hidden layer.
    pub hidden: usize,
    /// Hidden layers of the encoder.
    pub depth: usize,
    /// Width of the latent space.
    pub latent: usize,
}

impl Sizes {
    fn settings(self) -> Settings {
        let mut settings = Settings { batch: self.batch, ..article(Kind::Vae) };
        settings.model.hidden = vec![self.hidden; self.depth];
        settings.model.latent = self.latent;
        settings
    }
}

/// One point of a curve.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// The size that varies: `batch`, `hidden`, `depth` or `latent`.
    pub axis: &'static str,
    /// Images per step.
    pub batch: usize,
    /// Width of every hidden layer.
    pub hidden: usize,
    /// Hidden layers of the encoder.
    pub depth: usize,
    /// Width of the latent space.
    pub latent: usize,
    /// Learnable values.
    pub parameters: usize,
    /// Dispatches of a step.
    pub dispatches: usize,
    /// What [`Limits::roofline_us`] says of the step.
    pub roofline_us: f64,
    /// Median, in microseconds; this and what follows is `None` where the step could not be run.
    pub us_per_step: Option<f64>,
    /// The fastest block.
    pub us_least: Option<f64>,
    /// The slowest block.
    pub us_greatest: Option<f64>,
    /// Bytes of device memory beside the images.
    pub model_bytes: Option<u64>,
    /// How the products were cut.
    pub tilings: Option<String>,
    /// What else is to be said of it: why it was not measured, or was only once, or by which path it ran.
    pub note: String,
}

impl Point {
    /// The size that varies.
    pub fn value(&self) -> usize {
        match self.axis {
            "batch" => self.batch,
            "hidden" => self.hidden,
            "depth" => self.depth,
            _ => self.latent,
        }
    }
}

/// Measures every point of `plan`. A size that the device has no room for is a point that says so.
///
/// # Errors
/// [`Error::CheckFailed`] where a kernel is wrong, [`Error::Gpu`] where the limits of the device cannot be measured.
pub fn scaling(gpu: &Arc<Gpu>, plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Growth> {
    let mut checked = Checked::default();
    progress("limits of the device");
    let limits = Limits::measure(gpu, &mut checked)?;
    let mut known: HashMap<Sizes, Point> = HashMap::new();
    let mut points = Vec::new();
    for (axis, sizes) in plan.sizes() {
        let point = match known.get(&sizes) {
            Some(point) => point.clone(),
            None => {
                let Sizes { batch, hidden, depth, latent } = sizes;
                progress(&format!("{axis}: batch {batch}, hidden {hidden}, depth {depth}, latent {latent}"));
                point(gpu, sizes, plan, &limits, &mut checked)?
            }
        };
        points.push(Point { axis, ..point.clone() });
        known.insert(sizes, point);
    }
    let adapter = gpu.adapter();
    Ok(Growth {
        device: adapter.name.clone(),
        driver: adapter.driver.clone(),
        software: adapter.is_software(),
        version: env!("CARGO_PKG_VERSION"),
        limits,
        points,
    })
}

fn point(gpu: &Arc<Gpu>, sizes: Sizes, plan: &Plan, limits: &Limits, checked: &mut Checked) -> Result<Point> {
    let device = Device::Gpu(Arc::clone(gpu));
    let mut settings = sizes.settings();
    let tuned = Network::for_objective(&settings.model, &settings.objective, sizes.batch, gpu.tilings())
        .check_size(gpu)
        .and_then(|()| tuned(&device, settings.clone()));
    let problem = match tuned {
        Ok(tuned) => {
            settings = tuned;
            None
        }
        Err(error) => Some(error),
    };
    let tilings = network::fit(&settings.model, &settings.objective, gpu.usable(settings.tilings));
    let net = Network::for_objective(&settings.model, &settings.objective, sizes.batch, tilings);
    let (work, dispatches) = of_step(&settings, tilings)?;
    let mut point = Point {
        axis: "",
        batch: sizes.batch,
        hidden: sizes.hidden,
        depth: sizes.depth,
        latent: sizes.latent,
        parameters: settings.model.parameter_count(),
        dispatches,
        roofline_us: limits.roofline_us(work.operations, work.bytes, dispatches),
        us_per_step: None,
        us_least: None,
        us_greatest: None,
        model_bytes: None,
        tilings: None,
        note: String::new(),
    };
    let mut notes = Vec::new();
    if !net.row_wise() {
        notes.push("the middle takes a dispatch per layer".to_string());
    }
    let measured = match problem {
        Some(error) => Err(error),
        None => {
            let (program, _) = step::training(&net, &settings.objective, Format::U8, Epilogue::Adam)?;
            checked.check(gpu, &program)?;
            let effort = Effort { blocks: 3, seconds: plan.seconds, patience: plan.patience };
            measure(&device, &settings, effort)
        }
    };
    match measured {
        Ok(measured) => {
            let [median, least, greatest] =
                [measured.median, measured.least, measured.greatest].map(|seconds| Some(1e6 * seconds));
            (point.us_per_step, point.us_least, point.us_greatest) = (median, least, greatest);
            point.model_bytes = measured.memory.map(|memory| memory.total() - memory.images);
            point.tilings = Some(tilings.to_string());
            if measured.once {
                notes.push(format!("measured once: a step takes over {} s", plan.patience));
            }
        }
        Err(error @ (Error::Gpu { .. } | Error::OutOfMemory { .. } | Error::NotFinite { .. })) => {
            notes.push(format!("not measured: {error}"))
        }
        Err(error) => return Err(error),
    }
    point.note = notes.join("; ");
    Ok(point)
}
