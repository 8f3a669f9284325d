//! All that training needs to go on.

use super::Begun;
use crate::{Error, Result, model::Param};
use std::hash::{DefaultHasher, Hash, Hasher};

/// All that a run needs to go on: parameters, Adam's moments and the step.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Whether the values are float64 (the oracle) rather than float32 (a GPU).
    pub double: bool,
    /// Steps taken.
    pub step: u64,
    /// Parameters by name.
    pub params: Vec<Param>,
    /// Adam's first moment of each.
    pub first_moment: Vec<Param>,
    /// Adam's second moment of each.
    pub second_moment: Vec<Param>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Epochs finished.
    pub epoch: u64,
    /// What is done of the epoch after them; none between two epochs.
    pub begun: Option<Begun>,
}

impl State {
    /// A digest of the step and of every bit of parameters and moments.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.step.hash(&mut hasher);
        let tensors = [&self.params, &self.first_moment, &self.second_moment].into_iter().flatten();
        tensors.flat_map(|param| &param.values).for_each(|value| value.to_bits().hash(&mut hasher));
        hasher.finish()
    }

    /// Checks that every parameter and moment is a finite float32, which the weights of a run are written as. Losses do not show
    /// this: a ReLU makes zero of a NaN. `first` and `last` are the steps since the state was last known to be finite.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the first tensor that is not.
    pub fn expect_finite(&self, first: u64, last: u64) -> Result<()> {
        let kinds = [
            ("", &self.params),
            ("the first moment of ", &self.first_moment),
            ("the second moment of ", &self.second_moment),
        ];
        for (kind, params) in kinds {
            if let Some(param) = params.iter().find(|param| param.values.iter().any(|&v| !(v as f32).is_finite())) {
                return Err(Error::NotFinite { what: format!("{kind}{}", param.name), first, last });
            }
        }
        Ok(())
    }
}
