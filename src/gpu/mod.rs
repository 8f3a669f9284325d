//! The only folder that names wgpu: adapters and devices, buffers, kernels compiled from WGSL, programs of dispatches.

mod cache;
mod device;
mod environment;
mod kernel;
mod probe;
mod program;
mod tensor;
mod tiling;

pub use device::{AdapterSummary, Choice, Gpu, Options, adapters, best};
pub use environment::prepare_environment;
pub use kernel::{Access, Args, Field, Mutant, Needs, Role, Scalar, Source, Spec};
pub(crate) use kernel::{args, source};
pub use program::{Batch, Batches, Dispatch, Part, Prepared, Program, Submission, fold};
pub use tensor::{Arena, Matrix, Memory, Readback, vec4s};
pub use tiling::{LatentTiling, Precision, Tiling, Tilings};
