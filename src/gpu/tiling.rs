//! How matrix products are cut into blocks, and who owns what. A tiling is its shaders, a variant of [`Tiling`] and a row of
//! [`Tiling::row`].

use super::{LatentTiling, Needs, Precision, Source, source};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a result is cut. Which is fastest depends on the adapter and on the sizes; all of one precision give the same to rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tiling {
    /// Each invocation loads the operands of its own 8 × 8 tile; nothing is shared.
    Registers,
    /// The eight invocations of a subgroup take operands from one another's registers: for software adapters.
    Subgroup,
    /// Large blocks, whose operands a workgroup keeps in its memory.
    Workgroup,
    /// Blocks of four times that size: for the largest products.
    Large,
    /// Small blocks, each sum shared out among a workgroup: for few rows on a wide GPU.
    Split,
    /// The smallest blocks, each sum shared out further: for the fewest rows on a wide GPU.
    Fine,
    /// Large blocks of 8 × 8 cooperative matrices, operands rounded to f16.
    Matrix8,
    /// Larger blocks of 16 × 16 cooperative matrices, operands rounded to f16.
    Matrix16,
}

/// All that is to be known of a tiling.
struct Row {
    name: &'static str,
    needs: Needs,
    precision: Precision,
    /// What goes best with it for the middle of a model.
    latent: LatentTiling,
    /// Invocations of a workgroup.
    workgroup: [u32; 3],
    /// Columns and rows of a result that one workgroup owns.
    block: [usize; 2],
    /// Invocations of a workgroup that end up with a part of its block.
    owners: usize,
    /// The same for weight gradients, which are cut within each layer.
    update: Update,
    /// x wᵀ: what its shader is put together with, beside the kernel's own file.
    forward: &'static [Source],
    /// The sum over a workgroup of what each invocation made of its part of x wᵀ.
    total: &'static [Source],
    /// dy w
    backward: &'static [Source],
    /// dyᵀ x
    gradient: &'static [Source],
}

/// How the update of a layer is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// Invocations of a workgroup, in a row.
    pub invocations: u32,
    /// Inputs and outputs of a block.
    pub block: [u32; 2],
    /// Blocks that a workgroup owns, one after the other in a layer.
    pub blocks: u32,
}

impl Tiling {
    /// Every tiling, in the order of a kernel's variants.
    pub const ALL: [Tiling; 8] = [
        Tiling::Registers,
        Tiling::Subgroup,
        Tiling::Workgroup,
        Tiling::Large,
        Tiling::Split,
        Tiling::Fine,
        Tiling::Matrix8,
        Tiling::Matrix16,
    ];

    /// The table of tilings.
    const fn row(self) -> Row {
        match self {
            Tiling::Registers => Row {
                name: "registers",
                needs: Needs::Nothing,
                precision: Precision::F32,
                latent: LatentTiling::Workgroup,
                workgroup: [8, 4, 1],
                block: [64, 32],
                owners: 32,
                update: Update { invocations: 64, block: [8, 8], blocks: 64 },
                forward: &[source!("products/nt_registers.wgsl"), MULTIPLY_ADD, WEIGHTS, TILE_16, ONE_OF],
                total: &[TOTAL, POOL],
                backward: &[source!("products/nn_registers.wgsl"), MULTIPLY_ADD, TILE_16, ONE_OF],
                gradient: &[source!("products/tn_registers.wgsl"), BLOCK_TN, ROW_TN, TILE_16, ONE_OF],
            },
            Tiling::Subgroup => Row {
                name: "subgroup",
                needs: Needs::NarrowSubgroups(8),
                precision: Precision::F32,
                latent: LatentTiling::Subgroup,
                workgroup: [8, 1, 1],
                block: [32, 32],
                owners: 8,
                update: Update { invocations: 8, block: [32, 32], blocks: 1 },
                forward: &[source!("products/nt_subgroup.wgsl"), WEIGHTS, TILE_32, ONE_OF],
                total: &[source!("parts/total_subgroup.wgsl")],
                backward: &[source!("products/nn_subgroup.wgsl"), TILE_32, ONE_OF],
                gradient: &[source!("products/tn_subgroup.wgsl"), BLOCK_TN, TILE_32, ONE_OF],
            },
            Tiling::Workgroup => Row {
                name: "workgroup",
                needs: Needs::Nothing,
                precision: Precision::F32,
                latent: LatentTiling::Workgroup,
                workgroup: [64, 1, 1],
                block: [64, 64],
                owners: 64,
                update: Update { invocations: 256, block: [64, 64], blocks: 1 },
                forward: &[source!("products/nt_workgroup.wgsl"), SIDE_8, MULTIPLY_ADD, TILE_16, ONE_OF],
                total: &[TOTAL, POOL],
                backward: &[source!("products/nn_workgroup.wgsl"), SIDE_8, MULTIPLY_ADD, TILE_16, ONE_OF],
                gradient: &[source!("products/tn_workgroup.wgsl"), BLOCK_TN, ROW_TN, TILE_16, ONE_OF],
            },
            Tiling::Large => Row {
                name: "large",
                workgroup: [256, 1, 1],
                block: [128, 128],
                owners: 256,
                update: Update { invocations: 256, block: [128, 128], blocks: 1 },
                forward: &[source!("products/nt_workgroup.wgsl"), SIDE_16, MULTIPLY_ADD, TILE_16, ONE_OF],
                total: &[TOTAL, source!("parts/pool_operands.wgsl")],
                backward: &[source!("products/nn_workgroup.wgsl"), SIDE_16, MULTIPLY_ADD, TILE_16, ONE_OF],
                gradient: &[source!("products/tn_large.wgsl"), BLOCK_TN, ROW_TN, TILE_16, ONE_OF],
                ..Tiling::Workgroup.row()
            },
            Tiling::Split => Row {
                name: "split",
                needs: Needs::Nothing,
                precision: Precision::F32,
                latent: LatentTiling::Workgroup,
                workgroup: [256, 1, 1],
                block: [16, 16],
                owners: 64,
                update: Update { invocations: 64, block: [32, 32], blocks: 1 },
                forward: &[source!("products/nt_split.wgsl"), MULTIPLY_ADD, WEIGHTS],
                total: &[TOTAL, source!("parts/pool_shares.wgsl")],
                backward: &[source!("products/nn_split.wgsl"), MULTIPLY_ADD],
                gradient: &[source!("products/tn_split.wgsl"), BLOCK_TN],
            },
            Tiling::Fine => Row {
                name: "fine",
                block: [8, 8],
                owners: 16,
                forward: &[source!("products/nt_fine.wgsl"), MULTIPLY_ADD, WEIGHTS],
                backward: &[source!("products/nn_fine.wgsl"), MULTIPLY_ADD],
                ..Tiling::Split.row()
            },
            Tiling::Matrix8 => Row {
                name: "matrix8",
                needs: Needs::Matrices(8),
                precision: Precision::Mixed,
                latent: LatentTiling::Workgroup,
                workgroup: [256, 1, 1],
                block: [64, 64],
                owners: 128,
                update: Update { invocations: 256, block: [64, 64], blocks: 1 },
                forward: &[source!("products/nt_matrix.wgsl"), MATRIX, source!("parts/matrix_8.wgsl")],
                total: &[TOTAL, source!("parts/pool_sums.wgsl")],
                backward: &[source!("products/nn_matrix.wgsl"), MATRIX, source!("parts/matrix_8.wgsl")],
                gradient: &[source!("products/tn_matrix.wgsl"), BLOCK_TN, MATRIX, source!("parts/matrix_8.wgsl")],
            },
            Tiling::Matrix16 => Row {
                name: "matrix16",
                needs: Needs::Matrices(16),
                precision: Precision::Mixed,
                latent: LatentTiling::Workgroup,
                workgroup: [256, 1, 1],
                block: [128, 128],
                owners: 256,
                update: Update { invocations: 256, block: [128, 128], blocks: 1 },
                forward: &[source!("products/nt_matrix.wgsl"), MATRIX, source!("parts/matrix_16.wgsl")],
                total: &[TOTAL, source!("parts/pool_sums.wgsl")],
                backward: &[source!("products/nn_matrix.wgsl"), MATRIX, source!("parts/matrix_16.wgsl")],
                gradient: &[source!("products/tn_matrix.wgsl"), BLOCK_TN, MATRIX, source!("parts/matrix_16.wgsl")],
            },
        }
    }

    /// What a device must offer.
    pub const fn needs(self) -> Needs {
        self.row().needs
    }

    /// The precision of its products.
    pub const fn precision(self) -> Precision {
        self.row().precision
    }

    /// What goes best with it for the middle of a model.
    pub(super) const fn latent(self) -> LatentTiling {
        self.row().latent
    }

    /// Invocations of a workgroup.
    pub const fn workgroup(self) -> [u32; 3] {
        self.row().workgroup
    }

    /// Columns and rows of a result that one workgroup owns.
    pub const fn block(self) -> [usize; 2] {
        self.row().block
    }

    /// The tiling that cuts the weight gradients of a step under this one: itself, where it has a shader of its own for them.
    pub const fn updating(self) -> Tiling {
        match self {
            Tiling::Fine => Tiling::Split,
            own => own,
        }
    }

    /// Every tiling with a shader of its own for weight gradients.
    pub fn all_updating() -> impl Iterator<Item = Tiling> {
        Tiling::ALL.into_iter().filter(|tiling| tiling.updating() == *tiling)
    }

    /// How weight gradients are cut.
    pub const fn update(self) -> Update {
        self.row().update
    }

    /// The shader files of x wᵀ, beside the kernel's own.
    pub(crate) const fn forward(self) -> &'static [Source] {
        self.row().forward
    }

    /// The shader files of a sum over a workgroup of what its invocations made of their parts of x wᵀ.
    pub(crate) const fn total(self) -> &'static [Source] {
        self.row().total
    }

    /// The shader files of dy w, beside the kernel's own.
    pub(crate) const fn backward(self) -> &'static [Source] {
        self.row().backward
    }

    /// The shader files of dyᵀ x, beside the kernel's own.
    pub(crate) const fn gradient(self) -> &'static [Source] {
        self.row().gradient
    }

    /// What the names of a kernel's variants end in; the first tiling's go without.
    pub(crate) fn suffix(self) -> String {
        if self == Tiling::ALL[0] { String::new() } else { format!(", {self}") }
    }

    /// Invocations along x and y for a `[rows, columns]` result.
    pub fn elements(self, rows: usize, columns: usize) -> [usize; 2] {
        let ([across, down], workgroup) = (self.blocks(rows, columns), self.workgroup());
        [across * workgroup[0] as usize, down * workgroup[1] as usize]
    }

    /// Blocks of a `[rows, columns]` result, across and down.
    pub const fn blocks(self, rows: usize, columns: usize) -> [usize; 2] {
        let [across, down] = self.block();
        [columns.div_ceil(across), rows.div_ceil(down)]
    }

    /// Most additions, one after the other, in the sum over a block of what its elements make: those of the elements that one
    /// invocation owns, then those of the owners by halves.
    pub const fn depth(self) -> usize {
        let Row { block, owners, .. } = self.row();
        block[0] * block[1] / owners + owners.ilog2() as usize
    }
}

const WEIGHTS: Source = source!("parts/weights.wgsl");
const TILE_16: Source = source!("parts/tile_16.wgsl");
const TILE_32: Source = source!("parts/tile_32.wgsl");
const SIDE_8: Source = source!("parts/side_8.wgsl");
const SIDE_16: Source = source!("parts/side_16.wgsl");
const MULTIPLY_ADD: Source = source!("parts/multiply_add.wgsl");
const ONE_OF: Source = source!("parts/one_of.wgsl");
const BLOCK_TN: Source = source!("parts/block_tn.wgsl");
const ROW_TN: Source = source!("parts/row_tn.wgsl");
const TOTAL: Source = source!("parts/total_memory.wgsl");
const POOL: Source = source!("parts/pool.wgsl");
const MATRIX: Source = source!("parts/matrix.wgsl");

impl fmt::Display for Tiling {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.row().name)
    }
}
