//! The latent space from above, coloured by label.

use super::{at_least, chosen, name, symbol};
use crate::{
    Result,
    data::Images,
    network::Codec,
    picture::{Plot, Scatter, pca2},
};
use ndarray::Array2;

/// A latent space as points in a plane.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// The picture.
    pub plot: Plot,
    /// `[count, 2]`: the latents themselves, or their first two principal components.
    pub points: Array2<f64>,
    /// The share of the variance that each of the two principal components explains; none where the latents are shown themselves.
    pub shares: Option<[f64; 2]>,
}

/// The means of the first `count` of `images` (fewer where there are fewer): two dimensions as they are, any other number by
/// principal components.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a count of 0; as [`Codec::encode`].
pub fn scatter(codec: &Codec, images: &Images, count: usize) -> Result<Cloud> {
    let (model, count) = (codec.model(), at_least("count", count, 1)?.min(images.split.count));
    let indices: Vec<usize> = (0..count).collect();
    let (shown, labels) = chosen(images, &indices)?;
    let means: Vec<f64> = codec.encode(&shown, labels.as_deref())?.mean().iter().copied().map(f64::from).collect();
    let means = Array2::from_shape_vec((count, model.latent), means).expect("a latent per image");
    let what = symbol(model);
    let (points, shares, axes) = if model.latent == 2 {
        (means, None, [0, 1].map(|j| format!("{what} {j}")))
    } else {
        let pca = pca2(means.view())?;
        let axis = |k: usize| format!("{what}, component {} ({:.0} % of the variance)", k + 1, 100.0 * pca.shares[k]);
        let axes = [axis(0), axis(1)];
        (pca.points, Some(pca.shares), axes)
    };
    let [x, y] = axes;
    let classes: Option<Vec<usize>> = labels.map(|labels| labels.into_iter().map(usize::from).collect());
    let title = format!("{}: {what} of {count} {}s", name(model), images.subset.image());
    let plot =
        Scatter::new(x, y).title(title).class_names(images.class_names).plot(points.view(), classes.as_deref())?;
    Ok(Cloud { plot, points, shares })
}
