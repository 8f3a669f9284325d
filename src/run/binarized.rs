//! The images of a run in black and white.

use super::Settings;
use crate::{
    Error, Result,
    data::Split,
    model::{Binarization, Likelihood},
    oracle::binarize::{binarize, threshold},
    random::philox::EVALUATION,
};
use std::borrow::Cow;

impl Settings {
    /// The images of a split as a run with these settings sees them in epoch `epoch` of training.
    pub fn in_epoch<'a>(&self, split: &'a Split, epoch: u64) -> Cow<'a, Split> {
        let images = match self.binarization {
            Binarization::None => return Cow::Borrowed(split),
            Binarization::Threshold => threshold(&split.images),
            Binarization::Epoch | Binarization::Access => binarize(&split.images, self.model.input, self.seed, epoch),
        };
        Cow::Owned(Split { images, labels: split.labels.clone(), names: split.names.clone(), count: split.count })
    }

    /// The images of a split as a run with these settings is judged on them: where they are drawn, by a draw of their own that is the
    /// same after every epoch. Images that are black and white stay as they are.
    pub fn judged<'a>(&self, split: &'a Split) -> Cow<'a, Split> {
        self.in_epoch(split, EVALUATION)
    }

    /// Checks that the likelihood is one of black and white images, where they are made so.
    pub(super) fn validate_binarization(&self) -> Result<()> {
        match self.objective.loss.likelihood {
            Likelihood::SquaredError | Likelihood::Bernoulli => Ok(()),
            Likelihood::Gaussian | Likelihood::GaussianHeteroscedastic => Err(Error::invalid(
                "--binarize",
                "makes pixels black or white, which no Gaussian likelihood is a model of",
            )),
        }
    }
}
