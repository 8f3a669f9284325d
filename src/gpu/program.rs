//! A program is a list of dispatches, written down without a device; prepared for one, it is recorded with no further work.

use super::{Args, Spec, Tilings};

/// One launch of one kernel.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The kernel.
    pub spec: &'static Spec,
    /// Its arguments, as they lie in memory.
    pub args: Vec<u8>,
    /// Workgroups along x and y; those along z are the steps the dispatch covers.
    pub groups: [u32; 2],
    /// What it has to do at least.
    pub work: Work,
    /// Whether its rows are samples of the batch's images rather than the images.
    pub sampled: bool,
}

/// What a launch has to do at least, whatever its tiling: what rooflines are drawn from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// Sizes, rows first, for people.
    pub shape: String,
    /// Floating-point operations of matrix products.
    pub operations: f64,
    /// Bytes that must be read and written.
    pub bytes: f64,
}

impl Work {
    /// A product of an `[m, k]` and a `[k, n]` matrix.
    pub fn product([m, k, n]: [usize; 3], bytes: usize) -> Work {
        Work { shape: format!("{m}x{k}x{n}"), operations: (2 * m * k * n) as f64, bytes: bytes as f64 }
    }

    /// No product: so many bytes are read and written for a `[rows, columns]` result.
    pub fn elementwise([rows, columns]: [usize; 2], bytes: usize) -> Work {
        Work { shape: format!("{rows}x{columns}"), operations: 0.0, bytes: bytes as f64 }
    }
}

/// Dispatches in the order of execution.
///
/// ```
/// use wgvae::{gpu::{Arena, Layer, Program, Tilings}, kernels::linear::{self, Finish, Input}};
///
/// # fn main() -> wgvae::Result<()> {
/// let (mut params, mut activations) = (Arena::default(), Arena::default());
/// let layer = Layer::allocate(&mut params, 784, 10);
/// let [x, y] = [784, 10].map(|columns| activations.matrix(32, columns)); // a batch of 32
/// let mut program = Program::new(Tilings::default());
/// linear::launch(&mut program, Input::Activations(x), layer, y, Finish::Identity)?;
/// assert_eq!(program.dispatches[0].work.operations, 2.0 * 32.0 * 784.0 * 10.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    /// How the products added to it are cut.
    pub tilings: Tilings,
    /// What gradients are multiplied by before they are rounded to f16: a power of two.
    pub loss_scale: f32,
    /// Whether the rows of what is added next are samples of the batch's images rather than the images.
    pub sampled: bool,
    /// The dispatches.
    pub dispatches: Vec<Dispatch>,
}

impl Program {
    /// An empty program.
    pub fn new(tilings: Tilings) -> Program {
        Program { tilings, loss_scale: 1.0, sampled: false, dispatches: Vec::new() }
    }

    /// Adds a launch of `spec` with workgroups enough for `elements` invocations along x and y.
    pub fn launch<A: Args>(&mut self, spec: &'static Spec, args: &A, elements: [usize; 2], work: Work) {
        let groups = std::array::from_fn(|axis| elements[axis].div_ceil(spec.workgroup[axis] as usize).max(1) as u32);
        let (args, sampled) = (bytemuck::bytes_of(args).to_vec(), self.sampled);
        self.dispatches.push(Dispatch { spec, args, groups, work, sampled });
    }
}

impl Default for Program {
    fn default() -> Program {
        Program::new(Tilings::default())
    }
}

/// Splits `groups` workgroups into a rectangle that no axis limit (65,535) refuses: (along x, along y).
pub fn fold(groups: usize) -> [usize; 2] {
    let rows = groups.div_ceil(65_535).max(1);
    [groups.div_ceil(rows), rows]
}
