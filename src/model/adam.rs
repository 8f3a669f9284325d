//! Settings of Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019).

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
    /// Weight decay, apart from the gradient (AdamW: Loshchilov and Hutter, 2019); 0: none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub weight_decay: f64,
    /// The norm above which the gradients of a step are scaled down to it, all alike; none: they are as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Default for Adam {
    fn default() -> Adam {
        Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, clip: None }
    }
}

impl Adam {
    /// Step size and bias correction of step `t`, counted from 1: lr / (1 − β₁ᵗ) and 1 / √(1 − β₂ᵗ).
    pub fn scales(&self, t: u64) -> [f64; 2] {
        let t = t as f64;
        [self.lr / (1.0 - self.beta1.powf(t)), 1.0 / (1.0 - self.beta2.powf(t)).sqrt()]
    }

    /// What a parameter is multiplied by before a step: 1 − lr · weight decay.
    pub fn decay(&self) -> f64 {
        1.0 - self.lr * self.weight_decay
    }

    /// The arguments as a shader has them: decays and ε rounded to float32.
    pub fn rounded(&self) -> Adam {
        let [beta1, beta2, epsilon] = [self.beta1, self.beta2, self.epsilon].map(|value| f64::from(value as f32));
        Adam { beta1, beta2, epsilon, ..*self }
    }
}
