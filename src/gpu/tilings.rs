//! The choices of how a program is cut: the precision of its products, the middle of a model, a tiling for each part of a step.

use super::{Needs, Tiling};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How exactly the products of training are computed. Sums and all that is stored are float32 in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Products of float32 operands.
    #[default]
    F32,
    /// Products of operands rounded to f16, by cooperative matrices.
    Mixed,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::Mixed => "mixed",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Precision> {
        match text {
            "f32" => Ok(Precision::F32),
            "mixed" => Ok(Precision::Mixed),
            _ => Err(Error::invalid("--precision", format!("is {text:?}, expected f32 or mixed"))),
        }
    }
}

/// How the middle of a model is cut, from the encoder's last hidden layer to the decoder's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LatentTiling {
    /// One dispatch, four rows per subgroup of eight: for the narrowest, on software adapters.
    Subgroup,
    /// One dispatch, a row per workgroup, which keeps it in its memory.
    Workgroup,
    /// A product per layer, cut as those of the forward and backward pass: for any width.
    Layers,
}

impl LatentTiling {
    /// Every one of them.
    pub const ALL: [LatentTiling; 3] = [LatentTiling::Subgroup, LatentTiling::Workgroup, LatentTiling::Layers];

    /// What a device must offer.
    pub const fn needs(self) -> Needs {
        match self {
            LatentTiling::Subgroup => Needs::NarrowSubgroups(8),
            LatentTiling::Workgroup | LatentTiling::Layers => Needs::Nothing,
        }
    }

    /// The latent tiling actually used for `latent` variables and `width` hidden units. One dispatch reads the weights anew for every few
    /// rows, which for large ones costs more than the dispatches it saves; a subgroup holds only 8 variables, and a row in
    /// workgroup memory 128. Up to 32, workgroup memory stands in for a subgroup, so that a step stays at six dispatches.
    pub const fn fitting(self, latent: usize, width: usize) -> LatentTiling {
        let few = latent * width <= 32_768;
        match self {
            LatentTiling::Subgroup if few && latent <= 8 => LatentTiling::Subgroup,
            LatentTiling::Subgroup if few && latent <= 32 => LatentTiling::Workgroup,
            LatentTiling::Workgroup if few && latent <= 128 => LatentTiling::Workgroup,
            _ => LatentTiling::Layers,
        }
    }
}

impl fmt::Display for LatentTiling {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            LatentTiling::Subgroup => "subgroup",
            LatentTiling::Workgroup => "workgroup",
            LatentTiling::Layers => "layers",
        })
    }
}

/// The tiling of each part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tilings {
    /// x wᵀ
    pub forward: Tiling,
    /// dy w
    pub backward: Tiling,
    /// dyᵀ x
    pub update: Tiling,
    /// The narrow middle of a model.
    pub latent: LatentTiling,
    /// Spans of the rows over which weight gradients are summed apart, to be added up by Adam in a dispatch of its own; 1: Adam takes
    /// them at once.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub spans: u32,
}

fn one() -> u32 {
    1
}

fn is_one(spans: &u32) -> bool {
    *spans == 1
}

impl Tilings {
    /// One for all products, and what goes best with it for the middle.
    pub const fn all(tiling: Tiling) -> Tilings {
        Tilings { forward: tiling, backward: tiling, update: tiling.updating(), latent: tiling.latent(), spans: 1 }
    }

    /// What a device must offer.
    pub const fn needs(self) -> [Needs; 4] {
        [self.forward.needs(), self.backward.needs(), self.update.needs(), self.latent.needs()]
    }

    /// The lowest precision among its products.
    pub fn precision(self) -> Precision {
        let parts = [self.forward, self.backward, self.update];
        let mixed = parts.iter().any(|tiling| tiling.precision() == Precision::Mixed);
        if mixed { Precision::Mixed } else { Precision::F32 }
    }
}

impl Default for Tilings {
    /// Tilings that run on every adapter.
    fn default() -> Tilings {
        Tilings::all(Tiling::Registers)
    }
}

impl fmt::Display for Tilings {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Tilings { forward, backward, update, latent, spans } = self;
        write!(f, "forward {forward}, backward {backward}, update {update}")?;
        if *spans > 1 {
            write!(f, " in {spans} spans of rows")?;
        }
        write!(f, ", latent {latent}")
    }
}
