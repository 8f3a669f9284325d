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
            Tiling::Subgroup => [16, 1, 1],
            Tiling::Workgroup => [64, 1, 1],
            Tiling::Split => [256, 1, 1],
        }
    }

    /// The smallest subgroup it works with; 1: any.
    pub const fn subgroup(self) -> u32 {
        match self {
            Tiling::Subgroup => 16,
            Tiling::Registers | Tiling::Workgroup | Tiling::Split => 1,
        }
    }

    /// Columns and rows of a result that one workgroup owns.
    const fn block(self) -> [usize; 2] {
        match self {
            Tiling::Registers | Tiling::Subgroup => [64, 32],
            Tiling::Workgroup => [64, 64],
            Tiling::Split => [16, 16],
        }
    }

    /// Invocations of a workgroup that end up with a part of its block, across and down.
    const fn owners(self) -> [usize; 2] {
        match self {
            Tiling::Registers => [8, 4],
            Tiling::Subgroup => [16, 1],
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

/// The tiling of each part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tilings {
    /// x wᵀ
    pub forward: Tiling,
    /// dy w
    pub backward: Tiling,
    /// dyᵀ x
    pub update: Tiling,
    /// The narrow middle of a model: subgroup or workgroup.
    pub latent: Tiling,
}

impl Tilings {
    /// One for all; the middle, which is no product, knows two.
    pub const fn all(tiling: Tiling) -> Tilings {
        let latent = match tiling {
            Tiling::Subgroup => Tiling::Subgroup,
            Tiling::Registers | Tiling::Workgroup | Tiling::Split => Tiling::Workgroup,
        };
        Tilings { forward: tiling, backward: tiling, update: tiling, latent }
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
