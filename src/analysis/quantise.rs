//! Codes of eight bits: what a bottleneck compresses images to.

use crate::{Error, Result};

/// Latents of one byte per dimension, with the range of each dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// `[count, latent]`; 0 is the dimension's least value, 255 its greatest.
    pub codes: Vec<u8>,
    /// Least value of each dimension, `[latent]`.
    pub low: Vec<f32>,
    /// Greatest value of each dimension, `[latent]`.
    pub high: Vec<f32>,
}

impl Quantised {
    /// Rounds `z` `[count, latent]` to the nearest of 256 even steps between each dimension's least and greatest value.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is nothing to round, or a value is not finite.
    pub fn new(z: &[f32], latent: usize) -> Result<Quantised> {
        if z.is_empty() || z.iter().any(|value| !value.is_finite()) {
            return Err(Error::invalid("latents", "none, or one that is not finite: cannot be rounded to 8 bits"));
        }
        let column = |j: usize| z.iter().skip(j).step_by(latent).copied();
        let low: Vec<f32> = (0..latent).map(|j| column(j).fold(f32::INFINITY, f32::min)).collect();
        let high: Vec<f32> = (0..latent).map(|j| column(j).fold(f32::NEG_INFINITY, f32::max)).collect();
        let code = |(i, &value): (usize, &f32)| {
            let (low, high) = (f64::from(low[i % latent]), f64::from(high[i % latent]));
            match high > low {
                true => ((f64::from(value) - low) / (high - low) * 255.0).round() as u8,
                false => 0,
            }
        };
        Ok(Quantised { codes: z.iter().enumerate().map(code).collect(), low, high })
    }

    /// `low + code / 255 · (high − low)`, `[count, latent]`; 0 and 255 give least and greatest value exactly.
    pub fn restore(&self) -> Vec<f32> {
        let ranges = self.low.iter().zip(&self.high).cycle();
        let value = |(&code, (&low, &high)): (&u8, (&f32, &f32))| {
            let share = f32::from(code) / 255.0;
            low * (1.0 - share) + high * share
        };
        self.codes.iter().zip(ranges).map(value).collect()
    }
}
