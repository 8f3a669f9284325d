//! The whole of a latent space of two dimensions.

use super::{Figure, Origin, Size, at_least, class, fits, name, normal_quantile};
use crate::{Error, Result, network::Codec};

/// Decodes `side` × `side` latents: z0 grows to the right, z1 upwards, each at the quantiles (i + ½) / side of N(0, 1), so
/// that every tile stands for the same share of the prior (Kingma & Welling 2014, figure 4); for an autoencoder at the same
/// shares of its box. A CVAE decodes as `label`, or as 0.
///
/// # Errors
/// [`Error::Invalid`] where the latent space has not two dimensions, for a side below 2 and for a label that is no class.
pub fn manifold(codec: &Codec, size: Size, origin: &Origin, side: usize, label: Option<usize>) -> Result<Figure> {
    let (model, side) = (codec.model(), at_least("size", side, 2)?);
    if model.latent != 2 {
        let problem = format!("has {} dimensions, and a sheet shows 2: train with --latent 2", model.latent);
        return Err(Error::invalid(format!("the latent space of {}", name(model)), problem));
    }
    let label = label.or(model.kind.is_conditional().then_some(0));
    let label = label.map(|label| class(model, label)).transpose()?;
    let decoded = label.map(|label| format!(", decoded as {label}")).unwrap_or_default();
    let over = match origin {
        Origin::Prior => "the prior",
        Origin::Box(_) => "the box of its codes",
    };
    fits(&size.sheet(), side, side)?;
    let sheet =
        size.sheet().columns(side).title(format!("{}: z0 to the right, z1 upwards, over {over}{decoded}", name(model)));

    let mut steps = Vec::with_capacity(side); // [side]: z0 and z1 of each
    for i in 0..side {
        let share = (i as f64 + 0.5) / side as f64;
        steps.push(match origin {
            Origin::Prior => [normal_quantile(share)? as f32; 2],
            Origin::Box(bounds) => [0, 1].map(|j| bounds.low[j] + share as f32 * (bounds.high[j] - bounds.low[j])),
        });
    }
    let row = |y: &[f32; 2]| steps.iter().flat_map(|x| [x[0], y[1]]).collect::<Vec<f32>>();
    let latents: Vec<f32> = steps.iter().rev().flat_map(row).collect();
    let labels = label.map(|label| vec![label; side * side]);
    Ok(Figure { sheet, tiles: codec.decode(&latents, labels.as_deref())?, latents })
}
