//! Noise on the input, which a denoising model learns to remove.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Noise on a model's input; what it is to make of it stays clean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corruption {
    /// Which noise.
    pub kind: Noise,
    /// Gaussian: its standard deviation, in units of white; mask: the share of pixels blanked.
    pub strength: f64,
}

/// A kind of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// A normal is added to each pixel.
    Gaussian,
    /// Pixels become black.
    Mask,
}

impl Corruption {
    /// Checks that the strength is usable: at least 0, and that of a mask below 1.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option.
    pub fn validate(&self) -> Result<()> {
        let strength = self.strength;
        let (usable, expected) = match self.kind {
            Noise::Gaussian => (strength.is_finite() && strength >= 0.0, "gaussian noise takes a number of at least 0"),
            Noise::Mask => ((0.0..1.0).contains(&strength), "a mask takes a number of at least 0 and below 1"),
        };
        match usable {
            true => Ok(()),
            false => Err(Error::invalid("--corrupt", format!("is {strength}; {expected}"))),
        }
    }
}
