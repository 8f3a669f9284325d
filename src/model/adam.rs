//! Settings of Adam (Kingma and Ba, 2015).

use serde::{Deserialize, Serialize};

/// Adam as PyTorch has it: bias-corrected, ε outside the root.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Adam {
        Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Adam {
    /// Step size and bias correction of step `t`, counted from 1: lr / (1 − β₁ᵗ) and 1 / √(1 − β₂ᵗ).
    pub fn scales(&self, t: u64) -> [f64; 2] {
        let t = t as f64;
        [self.lr / (1.0 - self.beta1.powf(t)), 1.0 / (1.0 - self.beta2.powf(t)).sqrt()]
    }

    /// The arguments as a shader has them: decays and ε rounded to float32.
    pub fn rounded(&self) -> Adam {
        let [beta1, beta2, epsilon] = [self.beta1, self.beta2, self.epsilon].map(|value| f64::from(value as f32));
        Adam { lr: self.lr, beta1, beta2, epsilon }
    }
}
