//! One latent varied, the others fixed: what each of them means.

use super::{Bounds, Figure, Origin, Size, at_least, chosen, class, fits, name, room};
use crate::{
    Error, Result,
    data::{Images, Recipe},
    model::Model,
    network::Codec,
    picture::{HeatMap, Plot},
};
use ndarray::Array2;

/// How far a dimension is varied to both sides unless told.
const RANGE: f32 = 3.0;

/// Where the dimensions that do not vary stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Centre {
    /// At the middle of what latents are drawn from: the prior's mean 0, or the middle of an autoencoder's box.
    Middle,
    /// At an image's latent.
    Image(usize),
}

/// What is varied and how far.
#[derive(Clone, Debug, PartialEq)]
pub struct Traversal {
    /// One dimension alone, or every one in a row of its own.
    pub dim: Option<usize>,
    /// Around where.
    pub centre: Centre,
    /// From −range to range; of an autoencoder whose box has no code below 0, as where a ReLU makes it, from 0 to range. Unless
    /// told, 3, or for an autoencoder as far as the box goes.
    pub range: Option<f32>,
    /// Images in a row.
    pub steps: usize,
    /// What a CVAE decodes as; unless told the image's label, or 0.
    pub label: Option<usize>,
}

impl Default for Traversal {
    fn default() -> Traversal {
        Traversal { dim: None, centre: Centre::Middle, range: None, steps: 11, label: None }
    }
}

/// Latents along dimensions, one after the other.
struct Walk {
    /// `[dims, steps, latent]`
    latents: Vec<f32>,
    /// The class that each is decoded as, for a CVAE.
    labels: Option<Vec<u8>>,
    /// Where the others stand, in words.
    around: String,
}

/// How far dimension `j` goes.
fn span(origin: &Origin, range: Option<f32>, j: usize) -> (f32, f32) {
    match origin {
        Origin::Prior => (-range.unwrap_or(RANGE), range.unwrap_or(RANGE)),
        Origin::Box(bounds) => range.map_or((bounds.low[j], bounds.high[j]), |range| (least(bounds, range), range)),
    }
}

/// Place `step` of `steps` on the way of dimension `j`.
fn value(origin: &Origin, options: &Traversal, j: usize, step: usize) -> f32 {
    let (low, high) = span(origin, options.range, j);
    low + (high - low) * step as f32 / (options.steps - 1) as f32
}

/// The walks along `dims`. `images` are needed only around an image.
fn walk(codec: &Codec, images: Option<&Images>, origin: &Origin, options: &Traversal, dims: &[usize]) -> Result<Walk> {
    let model = codec.model();
    let Model { kind, latent, .. } = *model;
    let mut label = options.label.map(|label| class(model, label)).transpose()?;
    let (centre, around) = match options.centre {
        Centre::Middle => match origin {
            Origin::Prior => (vec![0.0; latent], "the prior's mean".to_string()),
            Origin::Box(bounds) => {
                let sides = bounds.low.iter().zip(&bounds.high);
                (sides.map(|(low, high)| 0.5 * (low + high)).collect(), "the middle of the codes' box".into())
            }
        },
        Centre::Image(index) => {
            let images =
                images.ok_or_else(|| Error::invalid("data", "not given, and the centre is one of their images"))?;
            let (image, own) = chosen(images, &[index])?;
            let encoding = codec.encode(&image, own.as_deref())?;
            label = label.or(own.filter(|_| kind.is_conditional()).map(|own| own[0]));
            (encoding.mean().to_vec(), format!("{} #{index}", images.subset.image()))
        }
    };
    let mut latents = Vec::with_capacity(dims.len() * options.steps * latent);
    for &j in dims {
        for step in 0..options.steps {
            let start = latents.len();
            latents.extend_from_slice(&centre);
            latents[start + j] = value(origin, options, j, step);
        }
    }
    let labels = kind.is_conditional().then(|| vec![label.unwrap_or(0); dims.len() * options.steps]);
    let decoded = labels.as_ref().map(|each| format!(", decoded as {}", codec.class_name(each[0] as usize)));
    Ok(Walk { latents, labels, around: around + &decoded.unwrap_or_default() })
}

/// Checks steps and range, and gives the dimensions that are walked.
fn checked(options: &Traversal, latent: usize) -> Result<Vec<usize>> {
    at_least("steps", options.steps, 2)?;
    match options.range {
        Some(range) if !(range.is_finite() && range > 0.0) => {
            Err(Error::invalid("range", format!("is {range}, expected a number above 0")))
        }
        _ => dimensions(options.dim, latent),
    }
}

/// Decodes a walk along every dimension, as far as a sheet has room for them, or along the one asked for. `images` are needed
/// only around an image.
///
/// # Errors
/// [`Error::Invalid`] for a dimension, image or label that does not exist, fewer than two steps, or no range.
pub fn traverse(
    codec: &Codec,
    size: Size,
    images: Option<&Images>,
    origin: &Origin,
    options: &Traversal,
) -> Result<Figure> {
    let (model, steps, range) = (codec.model(), options.steps, options.range);
    let mut dims = checked(options, model.latent)?;
    dims.truncate(room(size, dims.len(), steps)[0]);
    fits(&size.sheet(), dims.len(), steps)?;
    let same = range.is_some() || *origin == Origin::Prior; // for all dimensions
    let row_label = |&j: &usize| match span(origin, range, j) {
        _ if same => format!("z{j}"),
        (low, high) if low == high => format!("z{j} always {low:.1}"),
        (low, high) => format!("z{j} {low:.1} to {high:.1}"),
    };
    let mut sheet = size.sheet().columns(steps).row_labels(dims.iter().map(row_label));
    if same {
        sheet = sheet.column_labels((0..steps).map(|step| format!("{:.1}", value(origin, options, 0, step))));
    }
    let Walk { latents, labels, around } = walk(codec, images, origin, options, &dims)?;
    let cut = match options.dim {
        None if dims.len() < model.latent => format!(", the first {}", dims.len()),
        _ => String::new(),
    };
    let sheet = sheet.title(format!("{}: one latent at a time{cut}, around {around}", name(model)));
    Ok(Figure { sheet, tiles: codec.decode(&latents, labels.as_deref())?, latents })
}

/// What a table's columns do as latents vary, as a heat map in the units that the model sees: by latent how much a column changes from
/// one end of the way to the other; or, where one dimension is asked for, by step how far it is from where it begins.
///
/// # Errors
/// As [`traverse`].
pub fn responses(
    codec: &Codec,
    table: &Recipe,
    images: Option<&Images>,
    origin: &Origin,
    options: &Traversal,
) -> Result<Plot> {
    let (model, input) = (codec.model(), codec.model().input);
    let ends = Traversal { steps: if options.dim.is_some() { options.steps } else { 2 }, ..options.clone() };
    let dims = checked(&ends, model.latent)?;
    let Walk { latents, labels, around } = walk(codec, images, origin, &ends, &dims)?;
    let decoded = codec.decode(&latents, labels.as_deref())?;
    let rows: Vec<&[f32]> = decoded.chunks(input).collect();
    let change = |from: usize, to: usize, column: usize| f64::from(rows[to][column] - rows[from][column]);
    let (names, values, title): (Vec<String>, Array2<f64>, String) = match options.dim {
        Some(dim) => (
            (0..ends.steps).map(|step| format!("{:.1}", value(origin, &ends, dim, step))).collect(),
            Array2::from_shape_fn((input, ends.steps), |(column, step)| change(0, step, column)),
            format!("change of each column along z{dim}"),
        ),
        None => (
            dims.iter().map(|j| format!("z{j}")).collect(),
            Array2::from_shape_fn((input, dims.len()), |(column, k)| change(2 * k, 2 * k + 1, column)),
            "change of each column from one end of a latent to the other".into(),
        ),
    };
    HeatMap::new(table.columns.clone(), names)
        .title(format!("{}: {title}, around {around}", name(model)))
        .plot(values.view())
}

/// Where a range begins: at 0 if no code lies below.
fn least(bounds: &Bounds, range: f32) -> f32 {
    if bounds.low.iter().any(|&low| low < 0.0) { -range } else { 0.0 }
}

fn dimensions(asked: Option<usize>, latent: usize) -> Result<Vec<usize>> {
    match asked {
        None => Ok((0..latent).collect()),
        Some(dim) if dim < latent => Ok(vec![dim]),
        Some(dim) => {
            Err(Error::invalid("dim", format!("{dim} is none of the {latent} dimensions 0 to {}", latent - 1)))
        }
    }
}
