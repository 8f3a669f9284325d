//! The reduction of a step's losses.

use ndarray::ArrayRef1;

/// `Σᵢ parts[i]`, added first to last.
pub fn loss(parts: &ArrayRef1<f64>) -> f64 {
    parts.iter().sum()
}
