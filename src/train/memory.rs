//! What a training takes of a device's memory.

use serde::Serialize;
use std::fmt;

/// Bytes of device memory held by the buffers of a trainer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeviceMemory {
    /// Rows of both splits, or of two shards, a byte per pixel of images or four per value of a table; two bytes per pixel of training where black and white ones are drawn from gray ones.
    pub images: u64,
    /// Parameters and their two moments: 12 bytes each; 16 where gradients are clipped, with the gradients.
    pub parameters: u64,
    /// Activations, their gradients, noise and loss partials of a batch of training and of one of evaluation.
    pub activations: u64,
    /// Orders, labels, losses, and the arguments of dispatches.
    pub other: u64,
    /// Rows of each of the two shards that rows pass through; 0 where all rows are on the device.
    #[serde(skip_serializing_if = "is_zero")]
    pub shard_rows: usize,
}

fn is_zero(rows: &usize) -> bool {
    *rows == 0
}

impl DeviceMemory {
    /// Sum of all.
    pub fn total(&self) -> u64 {
        self.images + self.parameters + self.activations + self.other
    }
}

impl fmt::Display for DeviceMemory {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let [total, images, parameters, activations, other] =
            [self.total(), self.images, self.parameters, self.activations, self.other].map(|bytes| bytes as f64 / 1e6);
        write!(
            f,
            "{total:.1} MB on the device (images {images:.1}, parameters {parameters:.1}, activations {activations:.1}, \
             other {other:.1})"
        )?;
        match self.shard_rows {
            0 => Ok(()),
            rows => write!(f, "; rows are streamed, in two shards of {rows}"),
        }
    }
}
