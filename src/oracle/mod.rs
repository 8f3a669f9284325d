//! The truth the shaders are held against: plain f64 code, one file per kernel. Knows no GPU.

pub mod noise;
pub mod order;
pub mod philox;
