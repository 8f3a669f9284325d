//! `wgvae` trains autoencoders, variational autoencoders and conditional VAEs on any Vulkan, Metal or DX12 GPU.

pub mod analysis;
pub mod bench;
pub mod check;
pub mod cli;
pub mod data;
pub mod device;
pub mod error;
pub mod files;
pub mod gallery;
pub mod gpu;
pub mod interop;
pub mod kernels;
pub mod models;
pub mod oracle;
pub mod picture;
pub mod train;

pub use error::{Error, Result};
