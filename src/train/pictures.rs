//! The pictures a run leaves: reconstructions, samples, a traversal, and one sheet per epoch.

use super::Session;
use crate::{
    Result,
    gallery::{Centre, Figure, Origin, Sampling, Size, Traversal, reconstruct, sample, traverse},
    models::{Codec, Kind},
    picture::Sheet,
};
use std::path::Path;

/// Images of a sheet of reconstructions, and samples in a row.
const SHOWN: usize = 10;

impl Session {
    /// Draws the pictures of the run as it stands: `reconstructions.png`, `samples.png`, `traversal.png` for the whole
    /// run, and a sheet for the epoch just finished.
    pub(super) fn draw_pictures(&self, folder: &Path) -> Result<()> {
        let (data, test, size) = (&self.data, self.data.test_images(), Size::of(&self.data));
        let codec = Codec::new(&self.device, &self.config.model, &self.trainer.state()?.params)?;
        let origin = Origin::of(&codec, Some(data))?;

        let shown: Vec<usize> = (0..SHOWN.min(data.test.count)).collect();
        let pairs = reconstruct(&codec, &test, &shown, false)?.figure;
        pairs.save(&folder.join("reconstructions.png"))?;

        let count = if codec.model().kind == Kind::Cvae { SHOWN } else { SHOWN * SHOWN };
        let options = Sampling { count, labels: Vec::new(), seed: self.config.seed };
        let samples = sample(&codec, size, &origin, &options)?;
        samples.save(&folder.join("samples.png"))?;

        let around = Traversal { centre: Centre::Image(0), ..Traversal::default() };
        traverse(&codec, size, Some(&test), &origin, &around)?.save(&folder.join("traversal.png"))?;

        let rows = 2 * SHOWN * data.pixels();
        let samples = &samples.tiles[..rows.min(samples.tiles.len())];
        let sheet = Sheet::new(data.width, data.height)
            .columns(shown.len())
            .group_rows(2)
            .title(format!("epoch {}: test images, decoded; samples", self.epoch));
        let progress = Figure { sheet, tiles: [&pairs.tiles, samples].concat(), latents: Vec::new() };
        progress.save(&folder.join(format!("epoch-{:03}.png", self.epoch)))
    }
}
