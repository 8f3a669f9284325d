//! A chart as a list of shapes: the `plotters` backend that charts are drawn on.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
    rasterizer,
};

use super::text::Face;

/// The colour of text.
pub(super) const INK: [u8; 3] = [36, 41, 47];

/// `plotters` counts in whole units; a pixel has this many, so that curves and points lie where their numbers are.
pub(super) const UNITS: i32 = 16;

/// A finished chart, to be shown as pixels or as vectors.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    pub(super) shapes: Vec<Shape>,
}

/// One thing drawn; lengths in pixels.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Straight strokes from point to point, with round ends.
    Line { points: Vec<(f64, f64)>, width: f64, ink: Ink },
    /// A filled box from its top left to its bottom right.
    Box { from: (f64, f64), to: (f64, f64), ink: Ink },
    /// A filled circle.
    Dot { centre: (f64, f64), radius: f64, ink: Ink },
    /// Text from the top left of its box, which stands on its left end where `upright`.
    Text { text: String, face: Face, at: (i32, i32), upright: bool, ink: Ink },
}

/// A colour laid over what is below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ink {
    pub(super) rgb: [u8; 3],
    /// 0 leaves what is below, 1 covers it.
    pub(super) opacity: f64,
}

impl Shape {
    /// The same, so many pixels to the right and down.
    fn moved(&self, x: u32, y: u32) -> Shape {
        let by = |(left, top): (f64, f64)| (left + f64::from(x), top + f64::from(y));
        let mut shape = self.clone();
        match &mut shape {
            Shape::Line { points, .. } => points.iter_mut().for_each(|point| *point = by(*point)),
            Shape::Box { from, to, .. } => (*from, *to) = (by(*from), by(*to)),
            Shape::Dot { centre, .. } => *centre = by(*centre),
            Shape::Text { at, .. } => *at = (at.0 + x as i32, at.1 + y as i32),
        }
        shape
    }
}

impl Plot {
    pub(super) fn new(size: (u32, u32)) -> Plot {
        Plot { size, shapes: Vec::new() }
    }

    /// Writes text from the top left of its box.
    pub(super) fn write(&mut self, text: &str, face: Face, (x, y): (usize, usize)) {
        let ink = Ink { rgb: INK, opacity: 1.0 };
        self.shapes.push(Shape::Text { text: text.to_string(), face, at: (x as i32, y as i32), upright: false, ink });
    }

    /// Charts of one size in rows of `columns`, from left to right and top to bottom.
    ///
    /// # Panics
    /// Where there is no chart.
    pub fn sheet(plots: &[Plot], columns: usize) -> Plot {
        let (width, height) = plots[0].size;
        let rows = plots.len().div_ceil(columns);
        let mut sheet = Plot::new((width * plots.len().min(columns) as u32, height * rows as u32));
        for (number, plot) in plots.iter().enumerate() {
            let (x, y) = ((number % columns) as u32 * width, (number / columns) as u32 * height);
            sheet.shapes.extend(plot.shapes.iter().map(|shape| shape.moved(x, y)));
        }
        sheet
    }
}

type Drawn = std::result::Result<(), DrawingErrorKind<Infallible>>;

fn ink(colour: BackendColor) -> Ink {
    Ink { rgb: [colour.rgb.0, colour.rgb.1, colour.rgb.2], opacity: colour.alpha }
}

fn pixels((x, y): BackendCoord) -> (f64, f64) {
    (f64::from(x) / f64::from(UNITS), f64::from(y) / f64::from(UNITS))
}

impl DrawingBackend for &mut Plot {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.size.0 * UNITS as u32, self.size.1 * UNITS as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        self.shapes.push(Shape::Box { from: pixels((x, y)), to: pixels((x + 1, y + 1)), ink: ink(colour) });
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        if style.color().alpha == 0.0 {
            return Ok(()); // plotters draws the finer mesh even where its style hides it
        }
        let width = f64::from(style.stroke_width()) / f64::from(UNITS);
        let points = path.into_iter().map(pixels).collect();
        self.shapes.push(Shape::Line { points, width, ink: ink(style.color()) });
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        if !fill {
            return rasterizer::draw_circle(self, centre, radius, style, fill);
        }
        let radius = f64::from(radius) / f64::from(UNITS);
        self.shapes.push(Shape::Dot { centre: pixels(centre), radius, ink: ink(style.color()) });
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let face = Face::Body;
        let upright = matches!(style.transform(), FontTransform::Rotate270);
        let (width, height) = (face.width(text) as i32, face.height() as i32);
        let back = match style.anchor().h_pos {
            HPos::Left => 0,
            HPos::Center => width / 2,
            HPos::Right => width,
        };
        let up = match style.anchor().v_pos {
            VPos::Top => 0,
            VPos::Center => height / 2,
            VPos::Bottom => height,
        };
        let (x, y) = pixels(at);
        let (x, y) = (x.round() as i32, y.round() as i32);
        let at = if upright { (x - up, y + back - width) } else { (x - back, y - up) };
        self.shapes.push(Shape::Text { text: text.to_string(), face, at, upright, ink: ink(style.color()) });
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        _: &S,
    ) -> std::result::Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let unit = UNITS as usize;
        Ok(((Face::Body.width(text) * unit) as u32, (Face::Body.height() * unit) as u32))
    }
}
