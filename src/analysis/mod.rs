//! What a trained model is worth, in numbers: per image, over a split, and by what its samples look like.

mod detection;
mod evaluate;
mod judge;
mod nll;
mod quantise;
mod score;
mod surprise;

pub use detection::{Detection, NEIGHBOURS, nearest, quantile};
pub use evaluate::{AtMu, Evaluation, Samples, evaluate, label_accuracy};
pub use judge::Judge;
pub use nll::{Nll, nll};
pub use quantise::Quantised;
pub use score::{Errors, Score, draw, errors, kl_terms, score};
pub use surprise::{Surprise, surprise};
