//! The images of a run in black and white.

use super::Settings;
use crate::{
    Error, Result,
    data::Split,
    gpu::Format,
    model::{Binarization, Drawn, Likelihood, Values},
    oracle::binarize::{binarize, threshold},
    random::philox::EVALUATION,
};
use std::borrow::Cow;

impl Settings {
    /// The images of a split as a run with these settings sees them in epoch `epoch` of training.
    pub fn in_epoch<'a>(&self, split: &'a Split, epoch: u64) -> Cow<'a, Split> {
        let images = match (&split.images, self.binarization) {
            (_, Binarization::None) | (Values::Floats(_), _) => return Cow::Borrowed(split), // settings of real values have no other
            (Values::Bytes(gray), Binarization::Threshold) => threshold(gray).into(),
            (Values::Bytes(gray), _) => binarize(gray, self.model.input, self.seed, epoch).into(),
            (Values::OnDisk(rows), _) => rows.drawn(self.drawn(epoch)).into(),
        };
        Cow::Owned(Split { images, labels: split.labels.clone(), names: split.names.clone(), count: split.count })
    }

    /// The images of a split as a run with these settings is judged on them: where they are drawn, by a draw of their own that is the
    /// same after every epoch. Images that are black and white stay as they are.
    pub fn judged<'a>(&self, split: &'a Split) -> Cow<'a, Split> {
        self.in_epoch(split, EVALUATION)
    }

    /// How images become black and white in draw `index`: that of an epoch, or of [`EVALUATION`]. None where they stay gray.
    pub fn drawn(&self, index: u64) -> Option<Drawn> {
        let Settings { binarization, seed, .. } = *self;
        (!binarization.is_none()).then_some(Drawn { binarization, seed, index })
    }

    /// Checks that the data are images and the likelihood is one of black and white ones, where they are made so.
    pub(super) fn validate_binarization(&self) -> Result<()> {
        if self.format == Format::F32 {
            return Err(Error::invalid(
                "--binarize",
                "makes gray pixels black or white, and these data are a table of real values",
            ));
        }
        match self.objective.loss.likelihood {
            Likelihood::SquaredError | Likelihood::Bernoulli => Ok(()),
            Likelihood::Gaussian | Likelihood::GaussianHeteroscedastic => Err(Error::invalid(
                "--binarize",
                "makes pixels black or white, which no Gaussian likelihood is a model of",
            )),
        }
    }
}
