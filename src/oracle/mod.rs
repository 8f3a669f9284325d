//! The truth the shaders are held against: plain f64 code, one file per kernel. Knows no GPU.
//!
//! [`step`] composes the kernels into a whole training step, which is also the engine of `--device cpu`.

pub mod adam;
pub mod binarize;
pub mod concat;
pub mod corrupt;
pub mod importance;
pub mod kl;
pub mod latent;
pub mod latent_backward;
mod layers;
pub mod likelihood;
pub mod likelihood_backward;
pub mod linear;
pub mod linear_backward;
pub mod loss;
pub mod noise;
pub mod norm;
pub mod onehot;
pub mod order;
pub mod output;
pub mod peak;
pub mod product;
pub mod reparameterize;
pub mod reparameterize_backward;
pub mod step;
pub mod update;
