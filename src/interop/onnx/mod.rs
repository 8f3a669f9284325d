//! ONNX: a model's encoder and decoder as graphs that other runtimes execute.

mod graph;
pub mod messages;

pub use graph::{DECODER, ENCODER, decoder, encoder, export};
