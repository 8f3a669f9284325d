//! Everything the project draws, from plain numbers: sheets of images, loss curves, scatters of the latent space, heat maps,
//! parallel coordinates.
//!
//! One look for all: light paper, dark ink, images upscaled by whole factors, one built-in font (Latin-1; other characters
//! show as `?`). No system font is asked for and nothing depends on time or order of execution, so the same numbers give the
//! same bytes.
//!
//! `plotters` lays the charts out. Its own bitmap backend needs a system font and counts in whole pixels, which makes stairs of
//! slow curves; so [`Plot`] is a backend of ours that records shapes in 1/16 pixel, and one recording becomes a PNG or an SVG.

mod axis;
mod chart;
mod curves;
mod grid;
mod heat;
mod parallel;
mod pca;
mod plot;
mod raster;
mod save;
mod scatter;
mod svg;
mod text;

pub use curves::{Curves, Run};
pub use grid::{BLANK, Sheet, SheetLayout};
pub use heat::HeatMap;
pub use parallel::Parallel;
pub use pca::{Pca, pca2};
pub use plot::Plot;
pub use save::save_png;
pub use scatter::Scatter;
