//! The pictures a run leaves: reconstructions, samples, a traversal, and one sheet per epoch.

use super::Session;
use crate::{
    Error, Result,
    gallery::{Figure, Origin, Sampling, Size, Traversal, reconstruct, responses, room, sample, traverse},
    network::Codec,
};

/// Images of a sheet of reconstructions, and samples in a row.
const SHOWN: usize = 10;

impl Session {
    /// Whether pictures of the epoch just finished are worth their time: of the first ten, then of 20, 50, 100, 200, 500, … and of
    /// the last.
    pub fn pictures_due(&self) -> bool {
        let (epoch, power) = (self.epoch, 10_u64.pow(self.epoch.max(1).ilog10()));
        epoch <= 10 || self.is_done() || [1, 2, 5].contains(&(epoch / power)) && epoch % power == 0
    }

    /// Draws the run as it stands into its directory: `reconstructions.png`, `samples.png` and `traversal.png`, as the commands that
    /// draw them do without options, and a sheet of the epoch just finished. A run without a directory has no pictures; one on
    /// a table has `traversal.png` alone.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) where one cannot be written, [`Error::Invalid`](crate::Error::Invalid) where an image is too
    /// large for a sheet.
    pub fn draw_pictures(&self) -> Result<()> {
        let Some(folder) = self.dir().map(|dir| dir.join("images")) else { return Ok(()) };
        std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        let (data, test, size) = (&self.data, self.data.test_images(), Size::of(&self.data));
        let codec = Codec::new(&self.device, &self.config.model, &self.trainer.state()?.params)?;
        let codec = codec.named(&self.data.class_names);
        let origin = Origin::of(&codec, Some(data))?;

        if let Some(table) = &data.table {
            let map = responses(&codec, table, None, &origin, &Traversal::default())?;
            return map.save(&folder.join("traversal.png"));
        }
        let shown: Vec<usize> = (0..SHOWN.min(data.test.count)).collect();
        let pairs = reconstruct(&codec, &test, &shown, false)?.figure;
        pairs.save(&folder.join("reconstructions.png"))?;

        let options = Sampling::sheet(codec.model(), size, self.config.seed);
        let samples = sample(&codec, size, &origin, &options)?;
        samples.save(&folder.join("samples.png"))?;

        traverse(&codec, size, Some(&test), &origin, &Traversal::default())?.save(&folder.join("traversal.png"))?;

        let columns = room(size, 4, shown.len())[1];
        let two_rows = 2 * columns * data.pixels();
        let [pairs, samples] = [&pairs, &samples].map(|figure| &figure.tiles[..two_rows.min(figure.tiles.len())]);
        let sheet = size
            .sheet()
            .columns(columns)
            .group_rows(2)
            .title(format!("epoch {}: test images, decoded; samples", self.epoch));
        let progress = Figure { sheet, tiles: [pairs, samples].concat(), latents: Vec::new() };
        progress.save(&folder.join(format!("epoch-{:03}.png", self.epoch)))
    }
}
