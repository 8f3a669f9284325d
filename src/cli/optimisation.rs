//! Options of `wgvae train` about the steps of the optimizer and what changes from one to the next.

use crate::{
    Error, Result,
    model::{Adam, Rate, Schedule},
};
use clap::{Args, ValueEnum};

/// Weight decay of AdamW unless another is asked for: PyTorch's.
const WEIGHT_DECAY: f64 = 0.01;

#[derive(Args)]
pub struct OptimisationOptions {
    /// How the learning rate changes from step to step
    #[arg(long, value_enum, default_value_t = Shape::Constant)]
    schedule: Shape,
    /// Where a cosine ends [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    lr_end: Option<f64>,
    /// Epochs over which the weight of the KL divergence rises from 0 to β, step by step; metrics have the whole β from the start
    #[arg(long, value_name = "EPOCHS", default_value_t = 0, allow_negative_numbers = true)]
    warm_up: u64,
    /// adam; or adamw, whose weights and biases decay apart from the gradient
    #[arg(long, value_enum, default_value_t = Optimizer::Adam)]
    optimizer: Optimizer,
    /// Share of itself that a weight loses at each step of adamw, over the learning rate [default: 0.01]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    weight_decay: Option<f64>,
    /// What Adam adds to the root of the second moment
    #[arg(long, value_name = "X", default_value_t = Adam::default().epsilon, allow_negative_numbers = true)]
    epsilon: f64,
    /// Scale the gradients of a step down where the norm of all of them together is larger than X
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    clip: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// --lr at every step
    Constant,
    /// From --lr to --lr-end along half a cosine over all --epochs; a resumed run with another number of epochs goes on where
    /// the new curve is then
    Cosine,
    /// --lr · 10^(−i/7) for 3^i epochs, i = 0 … 7: 3,280 epochs in all, which --epochs need not be. A run of fewer ends in an
    /// earlier stage and can be resumed with more; one of more goes on at a tenth of --lr
    Stages,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Optimizer {
    Adam,
    Adamw,
}

impl OptimisationOptions {
    /// The optimizer asked for, with the learning rate `lr`.
    pub fn adam(&self, lr: Option<f64>) -> Result<Adam> {
        let weight_decay = match (self.optimizer, self.weight_decay) {
            (Optimizer::Adam, None) => 0.0,
            (Optimizer::Adam, Some(_)) => {
                return Err(Error::invalid("--weight-decay", "needs --optimizer adamw: adam has none"));
            }
            (Optimizer::Adamw, given) => given.unwrap_or(WEIGHT_DECAY),
        };
        let usual = Adam::default();
        Ok(Adam { lr: lr.unwrap_or(usual.lr), epsilon: self.epsilon, weight_decay, clip: self.clip, ..usual })
    }

    /// The schedule asked for.
    pub fn schedule(&self) -> Result<Schedule> {
        let rate = match (self.schedule, self.lr_end) {
            (Shape::Cosine, lr_end) => Rate::Cosine { lr_end: lr_end.unwrap_or(0.0) },
            (Shape::Constant | Shape::Stages, Some(_)) => {
                return Err(Error::invalid("--lr-end", "needs --schedule cosine: no other ends at a rate of its own"));
            }
            (Shape::Constant, None) => Rate::Constant,
            (Shape::Stages, None) => Rate::Stages,
        };
        Ok(Schedule { rate, warm_up: self.warm_up })
    }
}
