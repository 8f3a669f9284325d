//! One latent varied, the others fixed: what each of them means.

use super::{Bounds, Figure, Origin, Size, at_least, chosen, class, fits, name, room};
use crate::{Error, Result, data::Images, model::Model, network::Codec};

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
    let model = codec.model();
    let Model { kind, latent, .. } = *model;
    let (steps, mut dims) = (at_least("steps", options.steps, 2)?, dimensions(options.dim, latent)?);
    dims.truncate(room(size, dims.len(), steps)[0]);
    let range = match options.range {
        Some(range) if !(range.is_finite() && range > 0.0) => {
            return Err(Error::invalid("range", format!("is {range}, expected a number above 0")));
        }
        range => range,
    };
    fits(&size.sheet(), dims.len(), steps)?;
    let mut label = options.label.map(|label| class(model, label)).transpose()?;
    let span = |j: usize| match origin {
        Origin::Prior => (-range.unwrap_or(RANGE), range.unwrap_or(RANGE)),
        Origin::Box(bounds) => range.map_or((bounds.low[j], bounds.high[j]), |range| (least(bounds, range), range)),
    };
    let value = |j: usize, step: usize| span(j).0 + (span(j).1 - span(j).0) * step as f32 / (steps - 1) as f32;
    let same = range.is_some() || *origin == Origin::Prior; // for all dimensions
    let row_label = |&j: &usize| match span(j) {
        _ if same => format!("z{j}"),
        (low, high) if low == high => format!("z{j} always {low:.1}"),
        (low, high) => format!("z{j} {low:.1} to {high:.1}"),
    };
    let mut sheet = size.sheet().columns(steps).row_labels(dims.iter().map(row_label));
    if same {
        sheet = sheet.column_labels((0..steps).map(|step| format!("{:.1}", value(0, step))));
    }

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
    let mut latents = Vec::with_capacity(dims.len() * steps * latent);
    for &j in &dims {
        for step in 0..steps {
            let start = latents.len();
            latents.extend_from_slice(&centre);
            latents[start + j] = value(j, step);
        }
    }
    let each = kind.is_conditional().then(|| vec![label.unwrap_or(0); dims.len() * steps]);
    let decoded = each.as_ref().map(|each| format!(", decoded as {}", each[0])).unwrap_or_default();
    let cut = if options.dim.is_none() && dims.len() < latent {
        format!(", the first {}", dims.len())
    } else {
        String::new()
    };
    let sheet = sheet.title(format!("{}: one latent at a time{cut}, around {around}{decoded}", name(model)));
    Ok(Figure { sheet, tiles: codec.decode(&latents, each.as_deref())?, latents })
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
