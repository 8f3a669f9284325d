//! The only folder that names wgpu: adapters and devices, buffers, kernels compiled from WGSL, programs of dispatches.

mod batch;
mod cache;
mod device;
mod environment;
mod heap;
mod injection;
mod kernel;
mod layer;
mod pipeline;
mod probe;
mod program;
mod role;
mod submit;
mod tensor;
mod tiling;
mod tilings;
mod wait;

pub use batch::{Batch, Batches};
pub use device::{AdapterChoice, AdapterSummary, Gpu, Options, adapters, best};
pub use environment::prepare_environment;
pub use injection::{Boundary, Injection};
pub use kernel::{Access, Args, Binding, Field, Needs, Scalar, Slot, Source, Spec};
pub(crate) use kernel::{args, source};
pub use layer::{Format, Layer};
pub use pipeline::Prepared;
pub use program::{Dispatch, Program, Work, fold};
pub use role::Role;
pub use submit::{Part, Submission};
pub use tensor::{Arena, Matrix, Memory, Readback, vec4s};
pub use tiling::{Tiling, Update};
pub use tilings::{LatentTiling, Precision, Tilings};
pub use wait::silence_lost_devices;
