//! How gray images become black and white.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How the gray images of a run become black and white before anything else sees them. The test split is made so once, by the run's
/// seed, so that the figures of its epochs compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binarization {
    /// They do not.
    #[default]
    None,
    /// White from one half on.
    Threshold,
    /// Each pixel is white with its gray value as the probability, drawn anew for every epoch.
    Epoch,
    /// Likewise, drawn anew at every access. An epoch shows each image once, so that these are the draws of
    /// [`Binarization::Epoch`].
    Access,
}

impl Binarization {
    /// Every way.
    pub const ALL: [Binarization; 4] =
        [Binarization::None, Binarization::Threshold, Binarization::Epoch, Binarization::Access];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Binarization::None => "none",
            Binarization::Threshold => "threshold",
            Binarization::Epoch => "epoch",
            Binarization::Access => "access",
        }
    }

    /// Whether training images are drawn, and differ from epoch to epoch.
    pub fn is_drawn(self) -> bool {
        matches!(self, Binarization::Epoch | Binarization::Access)
    }

    /// Whether images stay gray.
    pub fn is_none(&self) -> bool {
        *self == Binarization::None
    }
}

impl fmt::Display for Binarization {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}
