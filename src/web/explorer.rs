//! The page that explores a trained model: its programs and weights, some test images, a map of their latents.

use super::{
    Page, Place, Plan, base64,
    training::{Training, training},
};
use crate::{
    Error, Result,
    data::{Images, Split, rows_f32},
    device::Device,
    gallery::{Bounds, name},
    gpu::{Format, Matrix, Program, Role, Tiling, Tilings},
    kernels::linear::Finish,
    model::{Model, Param, Variance},
    network::{ACTIVE, Codec, Network, means, step, straight, variances},
    oracle::reparameterize::{LOG_VAR_MAX, LOG_VAR_MIN},
    picture::pca2,
    run::Run,
};
use ndarray::Array2;
use serde::Serialize;
use std::collections::BTreeMap;

/// Images that a page carries.
const IMAGES: usize = 300;
/// Points on the map.
const POINTS: usize = 2000;
/// Rows that the page's programs work on at a time: what it draws at once.
const ROWS: usize = 16;
/// The largest page, in bytes: browsers take minutes to open larger ones on a phone.
const LARGEST: usize = 16 << 20;

/// What the page's script is given.
#[derive(Serialize)]
struct Data<'a> {
    version: &'static str,
    name: String,
    model: &'a Model,
    width: usize,
    height: usize,
    /// Values of a pixel.
    channels: usize,
    /// Names of the classes; none where they are known by their numbers alone.
    class_names: &'a [String],
    /// What the run is and what it reached, as names and values.
    facts: Vec<[String; 2]>,
    plan: Plan,
    places: Places,
    /// Where every parameter lies among the params: in one matrix, or in several one after the other.
    params: BTreeMap<String, Vec<Place>>,
    shapes: BTreeMap<String, Vec<usize>>,
    log_var: [f64; 2],
    latents: Latents,
    map: Map,
    images: Embedded,
    #[serde(skip_serializing_if = "Option::is_none")]
    training: Option<Training>,
}

/// Where the programs find what they read and leave what they make.
#[derive(Serialize)]
struct Places {
    rows: usize,
    images: Place,
    decoder_input: Place,
    outputs: Place,
    mean: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_var: Option<Place>,
}

/// What is known of each latent from the images of the map.
#[derive(Serialize)]
struct Latents {
    low: Vec<f32>,
    high: Vec<f32>,
    /// Whether its mean varies.
    active: Vec<bool>,
}

/// A plane through the latent space and points on it: `mean + a · axes[0] + b · axes[1]`.
#[derive(Serialize)]
struct Map {
    mean: Vec<f64>,
    axes: [Vec<f64>; 2],
    names: [String; 2],
    /// `[count, 2]`, float32 in base64.
    points: String,
    /// A byte each in base64; empty without labels.
    labels: String,
}

/// Test images.
#[derive(Serialize)]
struct Embedded {
    count: usize,
    /// What one of them is called.
    what: &'static str,
    /// A byte per value in base64.
    pixels: String,
    /// A byte each in base64; empty without labels.
    labels: String,
}

/// The explorer of `run` with its `weights` and some of `images`: a file of HTML. With `train` images of a split it can train the
/// model too.
///
/// # Errors
/// [`Error::Invalid`] where the page would be too large, or the run is on a table; as [`Codec::encode`].
pub fn explorer(run: &Run, weights: &[Param], images: &Images, train: Option<(&Split, usize)>) -> Result<String> {
    let model = &run.config.model;
    if run.config.data.table.is_some() {
        return Err(Error::invalid("--html", "a page shows images, and this run is on a table: use --onnx"));
    }
    let net = Network::new(model, ROWS, Tilings::all(Tiling::Split)).with_outputs();
    fits(4 * net.param_bytes() as usize / 3, model)?;
    let codec = Codec::new(&Device::Oracle, model, weights)?;
    let shown: Vec<usize> = (0..POINTS.min(images.split.count)).collect();
    let labels = |count: usize| images.split.labels.as_ref().map(|labels| &labels[..count]);
    let encoding = codec.encode(&rows_f32(images.split, model.input, &shown), labels(shown.len()))?;
    let bounds = Bounds::of(encoding.mean(), model.latent);
    let active = variances(&encoding, model.latent).into_iter().map(|variance| variance > ACTIVE).collect();
    let count = IMAGES.min(images.split.count);
    let names = model.shapes().into_iter().map(|param| param.name);
    let places_of = |matrices: Vec<Matrix>| matrices.into_iter().map(Place::from).collect();
    let data = Data {
        version: env!("CARGO_PKG_VERSION"),
        name: name(model),
        model,
        width: images.width,
        height: images.height,
        channels: run.config.data.color.channels(),
        class_names: &run.config.data.class_names,
        facts: facts(run)?,
        plan: plan(&net, weights)?,
        places: places(&net),
        params: names.clone().zip(net.places().into_iter().map(places_of)).collect(),
        shapes: names.zip(model.shapes().into_iter().map(|param| param.shape)).collect(),
        log_var: [LOG_VAR_MIN, LOG_VAR_MAX],
        latents: Latents { low: bounds.low, high: bounds.high, active },
        map: map(model, encoding.mean(), labels(shown.len()))?,
        images: Embedded {
            count,
            what: images.subset.image(),
            pixels: base64(&images.split.images.rows().slice(0..count * model.input).bytes()),
            labels: base64(labels(count).unwrap_or_default()),
        },
        training: train.map(|(split, count)| training(&run.config, split, count)).transpose()?,
    };
    let page = PAGE.render(&format!("{} · wgvae", data.name), &data);
    fits(page.len(), model)?;
    Ok(page)
}

/// The sources of the page.
const PAGE: Page = Page {
    markup: include_str!("page/explorer.html"),
    styles: &[include_str!("page/page.css"), include_str!("page/explorer.css")],
    modules: &[
        include_str!("page/base64.js"),
        include_str!("page/host.js"),
        include_str!("page/gpu_codec.js"),
        include_str!("page/cpu_codec.js"),
        include_str!("page/picture.js"),
        include_str!("page/latents.js"),
        include_str!("page/controls.js"),
        include_str!("page/map.js"),
        include_str!("page/pad.js"),
        include_str!("page/schedule.js"),
        include_str!("page/idx.js"),
        include_str!("page/trainer.js"),
        include_str!("page/safetensors.js"),
        include_str!("page/training.js"),
        include_str!("page/explorer.js"),
    ],
};

/// Refuses a page of so many bytes where that is too large.
fn fits(bytes: usize, model: &Model) -> Result<()> {
    if bytes <= LARGEST {
        return Ok(());
    }
    let megabytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let problem = format!(
        "{} parameters make a page of {:.1} MiB, expected at most {:.0}: train a smaller model, or use --onnx",
        model.parameter_count(),
        megabytes(bytes),
        megabytes(LARGEST)
    );
    Err(Error::invalid("--html", problem))
}

/// Encoding and decoding, and all buffers they need.
fn plan(net: &Network, weights: &[Param]) -> Result<Plan> {
    let mut plan = Plan::new(1);
    plan.upload(Role::Params, bytemuck::cast_slice(&net.pack(weights)?));
    for (role, bytes) in net.inference_sizes().into_iter().chain(net.batch_sizes(Format::F32)) {
        plan.buffer(role, bytes);
    }
    plan.upload(Role::Order, bytemuck::cast_slice(&straight(net.rows)));
    let mut encoding = Program::new(net.tilings);
    step::encoding(&mut encoding, net, Format::F32, false)?;
    plan.program("encode", &encoding)?;
    let finish = if net.model.variance == Variance::None { Finish::Sigmoid } else { Finish::Identity };
    plan.program("decode", &step::decoding(net, finish)?)?;
    Ok(plan)
}

fn places(net: &Network) -> Places {
    let middle = &net.middle;
    let variational = net.parts().variational;
    let mean = if variational { middle.mu } else { middle.code.output };
    let images = Matrix { start: 0, rows: net.rows as u32, columns: net.model.input as u32 };
    Places {
        rows: net.rows,
        images: images.into(),
        decoder_input: step::decoder_input(net).into(),
        outputs: net.outputs.values.into(),
        mean: mean.into(),
        log_var: variational.then(|| middle.log_var.into()),
    }
}

/// Two latents as they are, any other number by principal components.
fn map(model: &Model, codes: &[f32], labels: Option<&[u8]>) -> Result<Map> {
    let (latent, what) = (model.latent, if model.kind.is_variational() { "μ" } else { "code" });
    let codes: Vec<f64> = codes.iter().copied().map(f64::from).collect();
    let unit = |j: usize| (0..latent).map(|i| f64::from(u8::from(i == j))).collect();
    let points = Array2::from_shape_vec((codes.len() / latent, latent), codes).expect("a latent per image");
    let (mean, axes, names, points) = if latent == 2 {
        (vec![0.0; 2], [unit(0), unit(1)], [0, 1].map(|j| format!("{what} {j}")), points)
    } else {
        let pca = pca2(points.view())?;
        let axis = |k: usize| pca.components.row(k).to_vec();
        let name = |k: usize| format!("component {} ({:.0} % of the variance)", k + 1, 100.0 * pca.shares[k]);
        let flat: Vec<f64> = points.iter().copied().collect();
        (means(&flat, latent), [axis(0), axis(1)], [name(0), name(1)], pca.points)
    };
    let points: Vec<f32> = points.iter().map(|&value| value as f32).collect();
    let points = base64(bytemuck::cast_slice(&points));
    Ok(Map { mean, axes, names, points, labels: base64(labels.unwrap_or_default()) })
}

/// What the run is and what it reached, for people.
fn facts(run: &Run) -> Result<Vec<[String; 2]>> {
    let (config, model) = (&run.config, &run.config.model);
    let widths = |widths: &[usize]| widths.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
    let up: Vec<usize> = model.hidden.iter().rev().copied().collect();
    let layers = [
        model.input.to_string(),
        widths(&model.hidden),
        model.latent.to_string(),
        widths(&up),
        model.input.to_string(),
    ];
    let mut facts = vec![
        ("layers", layers.join("-")),
        ("parameters", model.parameter_count().to_string()),
        ("activation", model.activation.to_string()),
        ("bottleneck", model.bottleneck.name().into()),
    ];
    if model.kind.is_conditional() {
        facts.push(("condition", model.condition.name().into()));
    }
    facts.push(("loss", config.objective.loss.to_string()));
    if model.kind.is_variational() {
        facts.push(("β", config.objective.beta.to_string()));
        facts.push(("bound", config.objective.bound.to_string()));
    }
    let data = &config.data;
    facts.extend([
        ("data", format!("{}, {} to train on, {} to test", data.source, data.train, data.test)),
        ("batch", config.batch.to_string()),
        ("learning rate", config.adam.lr.to_string()),
        ("seed", config.seed.to_string()),
    ]);
    if let Some(last) = run.metrics()?.last() {
        let unit = config.objective.loss.likelihood.unit();
        facts.push(("epochs", last.epoch.to_string()));
        facts.push(("test reconstruction", format!("{:.2} {unit} per image", last.test.reconstruction)));
        if model.kind.is_variational() {
            facts.push(("test KL", format!("{:.2} nats per image", last.test.kl)));
        }
        if let Some(active) = last.active_units {
            facts.push(("active latents", format!("{active} of {}", model.latent)));
        }
    }
    Ok(facts.into_iter().map(|(name, value)| [name.into(), value]).collect())
}
