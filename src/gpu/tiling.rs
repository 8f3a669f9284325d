//! How the matrix products of a program are cut into blocks, and who shares what.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a result is cut. Which is fastest depends on the adapter and on the sizes; all give the same to rounding.
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
}

impl Tiling {
    /// Every tiling, in the order of a kernel's variants.
    pub const ALL: [Tiling; 4] = [Tiling::Registers, Tiling::Subgroup, Tiling::Workgroup, Tiling::Split];

    /// Invocations of a workgroup.
    pub const fn workgroup(self) -> [u32; 3] {
        match self {
            Tiling::Registers => [8, 4, 1],
            Tiling::Subgroup => [8, 1, 1],
            Tiling::Workgroup => [64, 1, 1],
            Tiling::Split => [256, 1, 1],
        }
    }

    /// The smallest subgroup it works with; 1: any.
    pub const fn subgroup(self) -> u32 {
        match self {
            Tiling::Subgroup => 8,
            Tiling::Registers | Tiling::Workgroup | Tiling::Split => 1,
        }
    }

    /// Columns and rows of a result that one workgroup owns.
    const fn block(self) -> [usize; 2] {
        match self {
            Tiling::Registers => [64, 32],
            Tiling::Subgroup => [32, 32],
            Tiling::Workgroup => [64, 64],
            Tiling::Split => [16, 16],
        }
    }

    /// Invocations of a workgroup that end up with a part of its block, across and down.
    const fn owners(self) -> [usize; 2] {
        match self {
            Tiling::Registers => [8, 4],
            Tiling::Subgroup => [8, 1],
            Tiling::Workgroup => [8, 8],
            Tiling::Split => [4, 16],
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
        })
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

    /// The smallest subgroup it works with; 1: any.
    pub const fn subgroup(self) -> u32 {
        match self {
            LatentTiling::Subgroup => 8,
            LatentTiling::Workgroup | LatentTiling::Layers => 1,
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
            Tiling::Registers | Tiling::Workgroup | Tiling::Split => LatentTiling::Workgroup,
        };
        Tilings { forward: tiling, backward: tiling, update: tiling, latent }
    }

    /// The smallest subgroup they work with; 1: any.
    pub fn subgroup(self) -> u32 {
        let Tilings { forward, backward, update, latent } = self;
        [forward, backward, update].map(Tiling::subgroup).into_iter().fold(latent.subgroup(), u32::max)
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
