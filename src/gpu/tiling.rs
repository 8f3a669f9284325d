//! How the matrix products of a program are cut into tiles.

use serde::{Deserialize, Serialize};

/// Who shares what a product loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tiling {
    /// Nobody: each invocation loads the operands of its own tile.
    Registers,
    /// The invocations of a subgroup, from register to register.
    Subgroup,
    /// The invocations of a workgroup, in its memory.
    Workgroup,
}

impl Tiling {
    /// Columns and rows of a result that one invocation owns.
    pub const fn tile(self) -> [usize; 2] {
        match self {
            Tiling::Registers => [8, 8],
            Tiling::Subgroup => [4, 32],
            Tiling::Workgroup => [4, 4],
        }
    }

    /// Invocations of a workgroup along the columns and rows of a result.
    pub const fn workgroup(self) -> [u32; 3] {
        match self {
            Tiling::Registers => [8, 4, 1],
            Tiling::Subgroup => [16, 1, 1],
            Tiling::Workgroup => [16, 16, 1],
        }
    }

    /// The smallest subgroup it works with; 1: any.
    pub const fn subgroup(self) -> u32 {
        match self {
            Tiling::Subgroup => 16,
            Tiling::Registers | Tiling::Workgroup => 1,
        }
    }

    /// Invocations along the columns and rows of a `[rows, columns]` result.
    pub fn elements(self, rows: usize, columns: usize) -> [usize; 2] {
        let [across, down] = self.tile();
        [columns.div_ceil(across), rows.div_ceil(down)]
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
    pub latent: Tiling,
}

impl Tilings {
    /// One for all.
    pub const fn all(tiling: Tiling) -> Tilings {
        Tilings { forward: tiling, backward: tiling, update: tiling, latent: tiling }
    }
}

impl Default for Tilings {
    /// Those that run everywhere.
    fn default() -> Tilings {
        Tilings { latent: Tiling::Workgroup, ..Tilings::all(Tiling::Registers) }
    }
}
