//! Whether the pixels of images are gray or in colour.

use serde::{Deserialize, Serialize};

/// What a pixel holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// One value: black to white.
    #[default]
    Gray,
    /// Three values, red, green and blue, one behind the other: an image is `[height, width, 3]`.
    Rgb,
}

impl Color {
    /// Both.
    pub const ALL: [Color; 2] = [Color::Gray, Color::Rgb];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Color::Gray => "gray",
            Color::Rgb => "rgb",
        }
    }

    /// Values of a pixel.
    pub fn channels(self) -> usize {
        match self {
            Color::Gray => 1,
            Color::Rgb => 3,
        }
    }

    /// Whether a pixel is one value.
    pub fn is_gray(&self) -> bool {
        *self == Color::Gray
    }

    /// The shape of `count` images of this size as an array has it: gray ones have no axis for the one value of a pixel.
    pub fn shape(self, count: usize, height: usize, width: usize) -> Vec<usize> {
        match self {
            Color::Gray => vec![count, height, width],
            Color::Rgb => vec![count, height, width, self.channels()],
        }
    }
}
