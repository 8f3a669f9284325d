//! Where latents come from: the prior, the box of an autoencoder's codes, the ways between two of them.

use crate::{
    Error, Result,
    data::{Dataset, rows_f32},
    network::Codec,
    random::{Stream, stream},
};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

/// Training images whose codes span the box that an autoencoder's samples are drawn from.
pub const BOX_IMAGES: usize = 10_000;

/// The smallest box with sides along the axes that holds a set of codes.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// `[latent]`
    pub low: Vec<f32>,
    /// `[latent]`
    pub high: Vec<f32>,
    /// How many codes it was made of.
    pub codes: usize,
}

impl Bounds {
    /// The box of `codes`, `[count, latent]`, at least one.
    pub fn of(codes: &[f32], latent: usize) -> Bounds {
        let edge = |start: f32, pick: fn(f32, f32) -> f32| {
            (0..latent).map(|j| codes.iter().skip(j).step_by(latent).copied().fold(start, pick)).collect()
        };
        let (low, high) = (edge(f32::INFINITY, f32::min), edge(f32::NEG_INFINITY, f32::max));
        Bounds { low, high, codes: codes.len() / latent }
    }

    /// The box of the codes of the first [`BOX_IMAGES`] training images.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn of_training(codec: &Codec, data: &Dataset) -> Result<Bounds> {
        let indices: Vec<usize> = (0..BOX_IMAGES.min(data.train.count)).collect();
        let codes = codec.encode(&rows_f32(&data.train, data.pixels(), &indices), None)?;
        Ok(Bounds::of(codes.mean(), codec.model().latent))
    }

    /// `count` points drawn evenly from the box, `[count, latent]`.
    pub fn draw(&self, seed: u64, count: usize) -> Vec<f32> {
        let mut rng = stream(seed, Stream::Sample, 1);
        let sides = self.low.iter().zip(&self.high).cycle().take(count * self.low.len());
        sides.map(|(low, high)| low + rng.random::<f32>() * (high - low)).collect()
    }
}

/// `count` latents from N(0, 1), `[count, latent]`.
pub fn prior(seed: u64, count: usize, latent: usize) -> Vec<f32> {
    StandardNormal.sample_iter(stream(seed, Stream::Sample, 0)).take(count * latent).collect()
}

/// What new latents are drawn from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// N(0, 1): what a VAE and a CVAE are trained to decode.
    Prior,
    /// The box of an autoencoder's training codes: it has no prior.
    Box(Bounds),
}

impl Origin {
    /// The one that suits the model; only an autoencoder needs `data`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where they are needed and not given; as [`Codec::encode`].
    pub fn of(codec: &Codec, data: Option<&Dataset>) -> Result<Origin> {
        match (codec.model().kind.is_variational(), data) {
            (true, _) => Ok(Origin::Prior),
            (false, Some(data)) => Ok(Origin::Box(Bounds::of_training(codec, data)?)),
            (false, None) => Err(Error::invalid("data", "not given, and an autoencoder has no other prior")),
        }
    }

    /// `count` latents, `[count, latent]`.
    pub fn draw(&self, seed: u64, count: usize, latent: usize) -> Vec<f32> {
        match self {
            Origin::Prior => prior(seed, count, latent),
            Origin::Box(bounds) => bounds.draw(seed, count),
        }
    }

    /// In words.
    pub fn describe(&self) -> String {
        match self {
            Origin::Prior => "from the prior N(0, 1)".into(),
            Origin::Box(bounds) => format!("from the bounding box of {} training codes", bounds.codes),
        }
    }
}

/// The point that `share` of the straight way from `a` to `b` has been gone; `a` and `b` at its ends exactly.
pub fn linear(a: &[f32], b: &[f32], share: f32) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| (1.0 - share) * a + share * b).collect()
}

/// The same along the arc between them: direction by Shoemake's slerp ("Animating rotation with quaternion curves", 1985), length
/// by [`linear`]. Latents of a Gaussian lie near a sphere, and a straight way leaves it. Where the arc is not defined,
/// for an end at 0 or ends in one line, the way is straight.
pub fn spherical(a: &[f32], b: &[f32], share: f32) -> Vec<f32> {
    let length = |v: &[f32]| v.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let (from, to) = (length(a), length(b));
    let dot: f64 = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    let angle = (dot / (from * to)).clamp(-1.0, 1.0).acos();
    let curved = angle.sin() > 1e-6; // false for an angle that is not a number
    if !curved || share == 0.0 || share == 1.0 {
        return linear(a, b, share);
    }
    let share = f64::from(share);
    let norm = (1.0 - share) * from + share * to;
    let weight = |share: f64, own: f64| norm / own * (share * angle).sin() / angle.sin();
    let (weight_a, weight_b) = (weight(1.0 - share, from), weight(share, to));
    let pairs = a.iter().zip(b);
    pairs.map(|(&a, &b)| (weight_a * f64::from(a) + weight_b * f64::from(b)) as f32).collect()
}

/// The x below which a standard normal falls with probability `p`: the inverse of Φ(x) = ½ erfc(−x / √2), by bisection.
///
/// # Errors
/// [`Error::Invalid`] where `p` is not between 0 and 1.
pub fn normal_quantile(p: f64) -> Result<f64> {
    if p.is_nan() || p <= 0.0 || p >= 1.0 {
        return Err(Error::invalid("probability", format!("is {p}, expected above 0 and below 1")));
    }
    let (mut low, mut high) = (-40.0, 40.0); // Φ is 0 and 1 there in f64
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        let below = 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2) < p;
        if below { low = middle } else { high = middle }
    }
    Ok(0.5 * (low + high))
}
