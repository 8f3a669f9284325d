//! Sheets of images, gray or in colour: even gutters, whole upscaling factors, labels.

use image::{DynamicImage, ImageBuffer, Luma, Pixel, Rgb};

use super::text::{self, Face};
use crate::model::Color;
use crate::{Error, Result};

/// Neither black nor white, so that the edge of every image shows.
const PAPER: u8 = 236;
/// The value of pixels that show as paper: an image of them leaves its place on a [`Sheet`] empty.
pub const BLANK: f32 = PAPER as f32 / 255.0;
const INK: u8 = 36;
const MARGIN: usize = 20;
const TITLE_GAP: usize = 12;
const LABEL_GAP: usize = 8;
const GROUP_GAP: usize = 12;
/// Room left of and right of a caption or column label, so that neighbours stay apart.
const CAPTION_PAD: usize = 4;
/// Paper under a caption, on top of the gutter: it belongs to the tile above.
const CAPTION_GAP: usize = 4;
/// A sheet this large still fits a screen, in pixels.
const SCREEN: (usize, usize) = (1200, 1000);
/// The longest side of a sheet that viewers open, in pixels.
const LONGEST: usize = 16_384;
/// Images at most this wide and high are never shown smaller than twice their size.
const SMALL: usize = 64;
/// One image alone grows no larger than this, in pixels, nor its pixels larger than [`LARGEST_SCALE`].
const TILE: usize = 168;
const LARGEST_SCALE: usize = 24;
/// A row of table data, one pixel high, is stretched to at least this many, so that it can be seen.
const LOWEST_ROW: usize = 8;

/// How images are laid out on one sheet. Nothing but the image size is needed; the rest has defaults that fit a screen.
///
/// ```
/// # fn main() -> wgvae::Result<()> {
/// let images = vec![0.5_f32; 20 * 28 * 28];
/// let captions: Vec<String> = (0..20).map(|i| format!("#{i}")).collect();
/// let sheet = wgvae::picture::Sheet::new(28, 28).columns(10).captions(captions).render(&images)?;
/// assert!(sheet.width() <= 1200);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    width: usize,
    height: usize,
    color: Color,
    columns: Option<usize>,
    scale: Option<usize>,
    group: Option<usize>,
    title: Option<String>,
    captions: Vec<String>,
    row_labels: Vec<String>,
    column_labels: Vec<String>,
}

/// Where everything on a sheet lies, in pixels from its top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SheetLayout {
    /// Tiles in a row.
    pub columns: usize,
    /// Rows of tiles.
    pub rows: usize,
    /// Width and height of one shown tile: the image's, times a whole factor each.
    pub tile: (usize, usize),
    /// Paper between two tiles that have no caption between them.
    pub gutter: usize,
    /// Width and height of the sheet.
    pub size: (usize, usize),
    cell: (usize, usize),
    caption: usize,
    group: Option<usize>,
    origin: (usize, usize),
}

impl SheetLayout {
    /// The top left of tile `i`, counted row by row.
    pub fn tile_at(&self, i: usize) -> (usize, usize) {
        let (row, column) = (i / self.columns, i % self.columns);
        let x = self.origin.0 + column * (self.cell.0 + self.gutter) + (self.cell.0 - self.tile.0) / 2;
        (x, self.origin.1 + self.row_offset(row) + (self.cell.1 - self.tile.1) / 2)
    }

    fn row_offset(&self, row: usize) -> usize {
        row * (self.cell.1 + self.caption + self.gutter) + self.group.map_or(0, |k| row / k * GROUP_GAP)
    }
}

impl Sheet {
    /// A sheet of gray images `width` × `height` pixels each.
    pub fn new(width: usize, height: usize) -> Sheet {
        Sheet { width, height, ..Sheet::default() }
    }

    /// What a pixel of the images holds.
    pub fn color(mut self, color: Color) -> Sheet {
        self.color = color;
        self
    }

    /// Tiles in a row. Default: one row up to ten images, then about a square, as far as fits a screen.
    pub fn columns(mut self, columns: usize) -> Sheet {
        self.columns = Some(columns);
        self
    }

    /// Shown pixels per image pixel. Default: the largest that fits a screen.
    pub fn scale(mut self, scale: usize) -> Sheet {
        self.scale = Some(scale);
        self
    }

    /// Leaves a wider gap after every `rows` rows: originals and their reconstructions keep together.
    pub fn group_rows(mut self, rows: usize) -> Sheet {
        self.group = Some(rows);
        self
    }

    /// A heading over the sheet.
    pub fn title(mut self, title: impl Into<String>) -> Sheet {
        self.title = Some(title.into());
        self
    }

    /// One line under each image, such as its label, index or score.
    pub fn captions(mut self, captions: impl IntoIterator<Item = impl Into<String>>) -> Sheet {
        self.captions = captions.into_iter().map(Into::into).collect();
        self
    }

    /// One label left of each row.
    pub fn row_labels(mut self, labels: impl IntoIterator<Item = impl Into<String>>) -> Sheet {
        self.row_labels = labels.into_iter().map(Into::into).collect();
        self
    }

    /// One label over each column.
    pub fn column_labels(mut self, labels: impl IntoIterator<Item = impl Into<String>>) -> Sheet {
        self.column_labels = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Draws `images`, `[n, height, width]` or in colour `[n, height, width, 3]`, row-major in [0, 1], 0 black and 1 white; values outside
    /// are clamped. A sheet of gray images is gray.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `images` is no whole number of images or none, where a pixel is not finite, where labels do not
    /// match in number, or where the sheet would be longer than 16,384 pixels.
    pub fn render(&self, images: &[f32]) -> Result<DynamicImage> {
        let channels = self.color.channels();
        let values = self.width * self.height * channels;
        if values == 0 || images.is_empty() || !images.len().is_multiple_of(values) {
            let colour = if self.color.is_gray() { "" } else { " in colour" };
            return Err(Error::invalid(
                "images",
                format!("{} values are no images of {} × {} pixels{colour}", images.len(), self.width, self.height),
            ));
        }
        if let Some(i) = images.iter().position(|v| !v.is_finite()) {
            return Err(Error::invalid(
                "images",
                format!("image {}, pixel {} is {}", i / values, i % values / channels, images[i]),
            ));
        }
        let layout = self.layout(images.len() / values)?;
        Ok(match self.color {
            Color::Gray => self.draw::<Luma<u8>>(&layout, images).into(),
            Color::Rgb => self.draw::<Rgb<u8>>(&layout, images).into(),
        })
    }

    fn draw<P: Pixel<Subpixel = u8>>(&self, layout: &SheetLayout, images: &[f32]) -> ImageBuffer<P, Vec<u8>> {
        let paper = *P::from_slice(&[PAPER; 4][..P::CHANNEL_COUNT.into()]);
        let mut sheet = ImageBuffer::from_pixel(layout.size.0 as u32, layout.size.1 as u32, paper);
        let values = self.width * self.height * self.color.channels();
        for (i, image) in images.chunks_exact(values).enumerate() {
            self.draw_tile(&mut sheet, layout, i, image);
        }
        self.draw_labels(&mut sheet, layout);
        sheet
    }

    /// Where `n` images lie.
    ///
    /// # Errors
    /// As [`Sheet::render`].
    pub fn layout(&self, n: usize) -> Result<SheetLayout> {
        for (what, value) in [("columns", self.columns), ("scale", self.scale), ("rows in a group", self.group)] {
            if value == Some(0) {
                return Err(Error::invalid(what, "0; at least 1 is needed"));
            }
        }
        if n == 0 || self.width == 0 || self.height == 0 {
            return Err(Error::invalid(
                "images",
                format!("{n} of {} × {} pixels: nothing to draw", self.width, self.height),
            ));
        }
        let (low, high) = self.scale.map_or_else(|| self.scales(), |scale| (scale, scale));
        let columns = self.columns.unwrap_or_else(|| self.default_columns(n, low)).min(n);
        let fits = |layout: &SheetLayout| layout.size.0 <= SCREEN.0 && layout.size.1 <= SCREEN.1;
        let layout = (low..=high)
            .rev()
            .map(|scale| self.measure(n, columns, scale))
            .find(fits)
            .unwrap_or_else(|| self.measure(n, columns, low));

        for (what, labels, expected) in [
            ("captions", &self.captions, n),
            ("row labels", &self.row_labels, layout.rows),
            ("column labels", &self.column_labels, layout.columns),
        ] {
            if !labels.is_empty() && labels.len() != expected {
                return Err(Error::invalid(what, format!("{} were given for {expected} places", labels.len())));
            }
        }
        let (width, height) = layout.size;
        if width.max(height) > LONGEST {
            let problem = format!("a sheet of {n} would be {width} × {height} pixels, over {LONGEST}; draw fewer");
            return Err(Error::invalid("images", problem));
        }
        Ok(layout)
    }

    /// The smallest and largest factor that suit the image size.
    fn scales(&self) -> (usize, usize) {
        let side = self.width.max(self.height);
        let low = if side <= SMALL { 2 } else { 1 };
        (low, (TILE / side).clamp(low, LARGEST_SCALE))
    }

    fn default_columns(&self, n: usize, scale: usize) -> usize {
        let one = self.measure(n, 1, scale);
        let room = SCREEN.0.saturating_sub(one.origin.0 + MARGIN);
        let fitting = ((room + one.gutter) / (one.cell.0 + one.gutter)).max(1);
        let square = (n as f64 * self.height as f64 / self.width as f64).sqrt().ceil() as usize;
        if n <= 10 { fitting } else { square.clamp(1, fitting) }
    }

    fn measure(&self, n: usize, columns: usize, scale: usize) -> SheetLayout {
        let widest = |labels: &[String]| labels.iter().map(|label| Face::Body.width(label)).max();
        let stretch = if self.height == 1 && self.width > 1 { scale.max(LOWEST_ROW) } else { scale };
        let tile = (self.width * scale, self.height * stretch);
        let label_width = widest(&self.captions).max(widest(&self.column_labels)).map_or(0, |w| w + CAPTION_PAD);
        let rows = n.div_ceil(columns);
        let left = MARGIN + widest(&self.row_labels).map_or(0, |w| w + LABEL_GAP);
        let top = MARGIN
            + self.title.as_ref().map_or(0, |_| Face::Title.height() + TITLE_GAP)
            + if self.column_labels.is_empty() { 0 } else { Face::Body.height() + LABEL_GAP / 2 };
        let mut layout = SheetLayout {
            columns,
            rows,
            tile,
            gutter: scale.clamp(2, 4),
            size: (0, 0),
            cell: (
                tile.0.max(label_width),
                tile.1.max(if self.row_labels.is_empty() { 0 } else { Face::Body.height() }),
            ),
            caption: if self.captions.is_empty() { 0 } else { Face::Body.height() + CAPTION_GAP },
            group: self.group,
            origin: (left, top),
        };
        let right = left + columns * layout.cell.0 + (columns - 1) * layout.gutter;
        let title = MARGIN + self.title.as_ref().map_or(0, |title| Face::Title.width(title));
        let bottom = top + layout.row_offset(rows - 1) + layout.cell.1 + layout.caption;
        layout.size = (right.max(title) + MARGIN, bottom + MARGIN);
        layout
    }

    fn draw_tile<P: Pixel<Subpixel = u8>>(
        &self,
        sheet: &mut ImageBuffer<P, Vec<u8>>,
        layout: &SheetLayout,
        i: usize,
        image: &[f32],
    ) {
        let (x0, y0) = layout.tile_at(i);
        let (across, down) = (layout.tile.0 / self.width, layout.tile.1 / self.height);
        let channels = self.color.channels();
        for y in 0..layout.tile.1 {
            for x in 0..layout.tile.0 {
                let pixel = &image[(y / down * self.width + x / across) * channels..][..channels];
                let shown = sheet.get_pixel_mut((x0 + x) as u32, (y0 + y) as u32).channels_mut();
                for (shown, value) in shown.iter_mut().zip(pixel) {
                    *shown = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
                }
            }
        }
    }

    fn draw_labels<P: Pixel<Subpixel = u8>>(&self, sheet: &mut ImageBuffer<P, Vec<u8>>, layout: &SheetLayout) {
        let body = Face::Body;
        let centre = |label: &str, x: usize| (x + layout.tile.0 / 2).saturating_sub(body.width(label) / 2);
        if let Some(title) = &self.title {
            write(sheet, title, Face::Title, (MARGIN, MARGIN));
        }
        for (i, caption) in self.captions.iter().enumerate() {
            let (x, y) = layout.tile_at(i);
            write(sheet, caption, body, (centre(caption, x), y + layout.tile.1));
        }
        for (column, label) in self.column_labels.iter().enumerate() {
            let x = centre(label, layout.tile_at(column).0);
            write(sheet, label, body, (x, layout.origin.1 - body.height() - LABEL_GAP / 2));
        }
        for (row, label) in self.row_labels.iter().enumerate() {
            let (_, y) = layout.tile_at(row * layout.columns);
            let y = (y + layout.tile.1 / 2).saturating_sub(body.height() / 2);
            write(sheet, label, body, (layout.origin.0 - LABEL_GAP - body.width(label), y));
        }
    }
}

fn write<P: Pixel<Subpixel = u8>>(
    sheet: &mut ImageBuffer<P, Vec<u8>>,
    label: &str,
    face: Face,
    (x0, y0): (usize, usize),
) {
    text::draw(label, face, |x, y, coverage| {
        if let Some(pixel) = sheet.get_pixel_mut_checked((x0 + x) as u32, (y0 + y) as u32) {
            let shade = u32::from(PAPER) - u32::from(PAPER - INK) * u32::from(coverage) / 255;
            pixel.channels_mut().fill(shade as u8);
        }
    });
}
