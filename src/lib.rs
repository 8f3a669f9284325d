//! `wgvae` trains autoencoders, variational autoencoders and conditional VAEs on any Vulkan, Metal or DX12 GPU. Everything
//! a training step does happens in hand-written WGSL compute shaders, and every shader is checked against an f64 oracle.
//!
//! # From Rust
//!
//! The command line is a thin layer over this library. A run on the built-in glyphs, without a directory:
//!
//! ```
//! use wgvae::{data::glyphs, device::Device, model::*, network::Codec, run::Settings, train::Session};
//!
//! # fn main() -> wgvae::Result<()> {
//! let data = glyphs::dataset(0, 640, 64); // 28 × 28 digits: 640 to train on, 64 to test
//! let device = Device::best()?; // the processor where there is no GPU
//! let (input, classes) = (data.pixels(), data.classes);
//! let model = Model::new(Kind::Vae, input, [64], 4, classes);
//! let objective = Objective::elbo(Loss::BCE_SUM, 1.0);
//! let settings = Settings { epochs: 1, ..Settings::new(model.clone(), objective) };
//! let mut session = Session::begin(&settings, device.clone(), data, None)?;
//! let metrics = session.epoch(&mut |_| true)?; // false would stop the epoch
//! println!("{} nats per image", metrics.test.loss);
//! let codec = Codec::new(&device, &model, &session.weights()?)?;
//! let image = codec.decode(&[0.0; 4], None)?; // the image at the middle of the prior, 784 values in [0, 1]
//! # assert!(metrics.test.loss > 0.0 && image.len() == 784);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/train_and_sample.rs` trains into a directory, samples by label, encodes new images and resumes. `default-features = false`
//! leaves out the command line and its crates; the feature `download` alone keeps [`data::download`].
//!
//! # Architecture
//!
//! | folder | what it holds |
//! |---|---|
//! | `shaders/` | `kernels/`: one per file, named after the maths; `products/`, `latents/`: their tilings; `parts/`: what several share |
//! | [`random`] | counter-based streams, as generators of the crate `rand`; normals and permutations as shaders draw them |
//! | [`model`] | models as pure data: architecture, activation, parameters and how they start, objective, optimizer |
//! | [`gpu`] | adapters, buffers, kernels compiled from WGSL, programs: lists of dispatches written down without a device |
//! | [`kernels`] | one file per shader, same name: what it declares, and a typed launch |
//! | [`oracle`] | one file per kernel, same name: the same in f64, as short as it can be; `step` is a whole training step |
//! | [`check`] | the harness: running cases, deriving limits, comparing, mutants; it proves any shader |
//! | [`proofs`] | one file per kernel, same name: its cases and mutants |
//! | [`network`] | where a model's parts lie on the device, and the programs of its forward pass, training step, encoding and decoding |
//! | [`run`] | what a run leaves: its directory and the lock on it, configuration, metrics, weights, checkpoints |
//! | [`peers`] | the processes that train one model together, through MPI: what each takes, and what they tell each other |
//! | [`train`] | the loop on either device, the choice of tilings, pictures of a run |
//! | [`verify`] | what `wgvae verify` does: every proof, whole steps, training runs recorded elsewhere |
//! | [`data`] | sources; every one becomes bytes, or of a table real values: a [`data::Dataset`] to train on, or a [`data::Whole`] of new rows |
//! | [`analysis`], [`gallery`], [`interop`] | what is done with a trained model: figures, pictures, other programs' files |
//! | [`web`] | programs as JSON for a host in JavaScript, and the pages that carry them |
//! | [`picture`] | sheets, curves and scatters from plain numbers |
//! | [`bench`](mod@bench) | whole steps and single kernels, checked before they are timed |
//! | [`cli`] | one file per command |
//!
//! A step of the article's nets is six dispatches: first layer, latent, output, backward, latent backward, update; noise on
//! the input, for denoising, is one before them; clipping, which stores all gradients and takes their norm, is three after
//! them. Each product comes in several [`gpu::Tiling`]s, which differ in who shares what is loaded, and the middle in three [`gpu::LatentTiling`]s; [`train::tuning`] finds out which is fastest on an adapter.
//! Two tilings multiply cooperative matrices, and are taken only at [`gpu::Precision::Mixed`]: workgroups round operands to f16
//! as they load them; sums and all that is stored are float32, so that the other kernels and a run's weights are the same.
//! Steps differ only in one [`gpu::Batch`] record; the records of a whole submit are written at once, so that a step uploads and
//! reads back nothing.
//!
//! The floors, lowest first. A file may name what stands on a lower floor than its own folder, and nothing beside or above it;
//! `tests/house.rs` reads this list and every path in the code.
//!
//! ```text
//! error
//! files memory peers
//! random
//! model
//! gpu
//! device
//! kernels oracle
//! check
//! proofs
//! network
//! data picture
//! run
//! gallery
//! train
//! verify analysis interop bench
//! web
//! cli
//! ```
//!
//! # Invariants
//!
//! - Only [`gpu`] names wgpu; [`oracle`] knows no GPU; [`kernels`] knows no network, no oracle and no check; [`check`] knows no kernel;
//!   [`model`] knows no device; [`network`] knows no file format.
//! - Inside an epoch no buffer is created on the device, and nothing is read back but the losses of finished submits. Rows that have no
//!   room there are written into two shards that take turns, between submits; where and when changes no result.
//! - No output element has two writers, and there are no float atomics: the same run on one device gives the same bytes.
//! - No shader needs more than WebGPU's default limits or a runtime check: the cases pass with checks on and off, in buffers
//!   whose surroundings must come back untouched. Shaders that use subgroups or cooperative matrices have others that stand in
//!   for them.
//! - Where Rust and WGSL must agree (bindings, arguments, workgroup sizes, records), a test compares them by reflection.
//! - Random numbers are a function of (seed, use, step, element): no generator has a state to save.

// Progress is dropped and a result is an error where it cannot be written: `println!` would end the process.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod analysis;
pub mod bench;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod data;
pub mod device;
pub mod error;
pub mod files;
pub mod gallery;
pub mod gpu;
pub mod interop;
pub mod kernels;
mod memory;
pub mod model;
pub mod network;
pub mod oracle;
pub mod peers;
pub mod picture;
pub mod proofs;
pub mod random;
pub mod run;
pub mod train;
pub mod verify;
pub mod web;

pub use error::{Error, Result};
