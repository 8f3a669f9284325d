//! Files that other programs read and write: NumPy arrays and ONNX graphs. (Weights are [`crate::run::checkpoint`]'s.)

pub mod npy;
pub mod onnx;
pub mod tensorboard;
