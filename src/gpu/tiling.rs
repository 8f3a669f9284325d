//! How the matrix products of a program are cut into blocks, and who shares what.

use super::Needs;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How a result is cut. Which is fastest depends on the adapter and on the sizes; all of one precision give the same to rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tiling {
    /// Each invocation loads the operands of its own 8 × 8 tile; nothing is shared.
    Registers,
    /// The invocations of a subgroup take operands from one another's registers.
    Subgroup,
    /// Large blocks, whose operands a workgroup keeps in its memory.
    Workgroup,
    /// Small blocks, each sum shared out among a workgroup: for few rows on a wide GPU.
    Split,
    /// Large blocks of 8 × 8 cooperative matrices, operands rounded to f16.
    Matrix8,
    /// Larger blocks of 16 × 16 cooperative matrices, operands rounded to f16.
    Matrix16,
}

impl Tiling {
    /// Every tiling, in the order of a kernel's variants.
    pub const ALL: [Tiling; 6] =
        [Tiling::Registers, Tiling::Subgroup, Tiling::Workgroup, Tiling::Split, Tiling::Matrix8, Tiling::Matrix16];

    /// Invocations of a workgroup.
    pub const fn workgroup(self) -> [u32; 3] {
        match self {
            Tiling::Registers => [8, 4, 1],
            Tiling::Subgroup => [8, 1, 1],
            Tiling::Workgroup => [64, 1, 1],
            Tiling::Split | Tiling::Matrix8 | Tiling::Matrix16 => [256, 1, 1],
        }
    }

    /// What a device must offer.
    pub const fn needs(self) -> Needs {
        match self {
            Tiling::Registers | Tiling::Workgroup | Tiling::Split => Needs::Nothing,
            Tiling::Subgroup => Needs::Subgroups(8),
            Tiling::Matrix8 => Needs::Matrices(8),
            Tiling::Matrix16 => Needs::Matrices(16),
        }
    }

    /// The precision of its products.
    pub const fn precision(self) -> Precision {
        match self {
            Tiling::Registers | Tiling::Subgroup | Tiling::Workgroup | Tiling::Split => Precision::F32,
            Tiling::Matrix8 | Tiling::Matrix16 => Precision::Mixed,
        }
    }

    /// Columns and rows of a result that one workgroup owns.
    pub const fn block(self) -> [usize; 2] {
        match self {
            Tiling::Registers => [64, 32],
            Tiling::Subgroup => [32, 32],
            Tiling::Workgroup => [64, 64],
            Tiling::Split => [16, 16],
            Tiling::Matrix8 => [64, 64],
            Tiling::Matrix16 => [128, 128],
        }
    }

    /// Invocations of a workgroup that end up with a part of its block, across and down.
    const fn owners(self) -> [usize; 2] {
        match self {
            Tiling::Registers => [8, 4],
            Tiling::Subgroup => [8, 1],
            Tiling::Workgroup => [8, 8],
            Tiling::Split => [4, 16],
            Tiling::Matrix8 => [128, 1],
            Tiling::Matrix16 => [256, 1],
        }
    }

    /// Invocations along x and y for a `[rows, columns]` result.
    pub fn elements(self, rows: usize, columns: usize) -> [usize; 2] {
        let (size, [across, down]) = ([columns, rows], self.block());
        let workgroup = self.workgroup();
        [size[0].div_ceil(across) * workgroup[0] as usize, size[1].div_ceil(down) * workgroup[1] as usize]
    }

    /// Owners across and down of a `[rows, columns]` result, those of nothing included.
    pub fn grid(self, rows: usize, columns: usize) -> [usize; 2] {
        let ([across, down], owners) = (self.block(), self.owners());
        [columns.div_ceil(across) * owners[0], rows.div_ceil(down) * owners[1]]
    }

    /// Which of [`Tiling::grid`] owns an element, as (across, down).
    pub fn owner(self, row: usize, column: usize) -> [usize; 2] {
        match self {
            Tiling::Registers => [column / 8, row / 8],
            Tiling::Subgroup => [column / 4, row / 32],
            Tiling::Workgroup => [column / 64 * 8 + column / 4 % 8, row / 64 * 8 + row % 8],
            Tiling::Split => [column / 4, row],
            Tiling::Matrix8 | Tiling::Matrix16 => {
                // as `shaders/common/product_matrix.wgsl` places the sums of its matrices
                let ([side, _], [owners, _]) = (self.block(), self.owners());
                let (edge, down, across) = (side / 8, row % side, column % side);
                let part = down / (4 * edge) * 4 + across / (2 * edge);
                let place = (part * edge * edge + down % edge * edge + across % edge) / 4;
                [column / side * owners + place % owners, row / side]
            }
        }
    }

    /// Most elements that one invocation owns.
    pub const fn share(self) -> usize {
        let (block, owners) = (self.block(), self.owners());
        block[0] * block[1] / (owners[0] * owners[1])
    }
}

impl fmt::Display for Tiling {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Tiling::Registers => "registers",
            Tiling::Subgroup => "subgroup",
            Tiling::Workgroup => "workgroup",
            Tiling::Split => "split",
            Tiling::Matrix8 => "matrix8",
            Tiling::Matrix16 => "matrix16",
        })
    }
}

/// How exactly the products of training are computed. Sums and all that is stored are float32 in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// In float32.
    #[default]
    F32,
    /// Of operands rounded to f16, by cooperative matrices.
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
    /// One dispatch, four rows per subgroup: for the narrowest.
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
            LatentTiling::Subgroup => Needs::Subgroups(8),
            LatentTiling::Workgroup | LatentTiling::Layers => Needs::Nothing,
        }
    }

    /// What comes of it for `latent` variables beside `width` hidden units. One dispatch reads the weights anew for every few
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
}

impl Tilings {
    /// One for all products, and what goes best with it for the middle.
    pub const fn all(tiling: Tiling) -> Tilings {
        let latent = match tiling {
            Tiling::Subgroup => LatentTiling::Subgroup,
            Tiling::Registers | Tiling::Workgroup | Tiling::Split | Tiling::Matrix8 | Tiling::Matrix16 => {
                LatentTiling::Workgroup
            }
        };
        Tilings { forward: tiling, backward: tiling, update: tiling, latent }
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
    /// Those that run everywhere.
    fn default() -> Tilings {
        Tilings::all(Tiling::Registers)
    }
}

impl fmt::Display for Tilings {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Tilings { forward, backward, update, latent } = self;
        write!(f, "forward {forward}, backward {backward}, update {update}, latent {latent}")
    }
}
