//! What every chart shares: colours, frame, ticks, legend.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::IntoDrawingArea;
use plotters::style::{Color, IntoFont, RGBColor, ShapeStyle};

use super::axis::Axis;
use super::plot::{self, Ink, Plot, Shape, UNITS};
use super::text::{self, Face};
use crate::{Error, Result};

const INK: RGBColor = RGBColor(plot::INK[0], plot::INK[1], plot::INK[2]);
const MUTED: RGBColor = RGBColor(87, 96, 106);
const GRID: RGBColor = RGBColor(230, 232, 235);
const MARGIN: i32 = 20;
const TITLE_BAND: i32 = 32;
const TICK: i32 = 4;
/// A legend entry: its symbol's width, its height and the longest name it shows, in characters.
const SYMBOL: i32 = 28;
const ENTRY: i32 = 24;
const NAME: usize = 28;
const LEGEND_GAP: i32 = 20;

/// Colours that are told apart on white, each from the others and in print.
const PALETTE: [[u8; 3]; 10] = [
    [43, 99, 196],
    [226, 87, 42],
    [38, 150, 83],
    [142, 68, 173],
    [240, 165, 0],
    [0, 158, 180],
    [218, 56, 132],
    [122, 82, 48],
    [148, 158, 20],
    [84, 94, 108],
];

/// The colour of series or class `i`: past the palette, hues a golden angle apart.
pub(super) fn colour(i: usize) -> [u8; 3] {
    PALETTE.get(i).copied().unwrap_or_else(|| {
        let hue = (i as f64 * 0.618_033_988_749_894_9).fract();
        let lightness = [0.35, 0.6][i % 2];
        let rgb = plotters::style::HSLColor(hue, 0.65, lightness).rgb();
        [rgb.0, rgb.1, rgb.2]
    })
}

/// A line or dot in `rgb`, `width` pixels wide.
pub(super) fn style(rgb: [u8; 3], opacity: f64, width: f64) -> ShapeStyle {
    ShapeStyle { color: RGBColor(rgb[0], rgb[1], rgb[2]).mix(opacity), filled: true, stroke_width: units(width) as u32 }
}

/// Pixels as the backend counts them.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)).round() as i32
}

/// What stands before a name in the legend.
#[derive(Clone, Copy, Debug)]
pub(super) enum Symbol {
    Solid([u8; 3]),
    Dashed([u8; 3]),
    Dot([u8; 3]),
}

/// A symbol of text colour, for entries that explain the kind of line and not its run.
pub(super) const NEUTRAL: [u8; 3] = [MUTED.0, MUTED.1, MUTED.2];

/// The parts of a chart around its data.
pub(super) struct Frame<'a> {
    pub(super) size: (u32, u32),
    pub(super) title: Option<&'a str>,
    pub(super) labels: (&'a str, &'a str),
    pub(super) axes: (Axis, Axis),
    pub(super) legend: Vec<(Symbol, String)>,
}

/// A chart being drawn.
pub(super) type Canvas<'a, 'b> = ChartContext<'a, &'b mut Plot, Cartesian2d<Axis, Axis>>;

impl Frame<'_> {
    /// Draws the frame, then what `data` adds inside it.
    pub(super) fn draw(
        &self,
        data: impl FnOnce(&mut Canvas) -> std::result::Result<(), Box<dyn std::error::Error>>,
    ) -> Result<Plot> {
        let mut plot = Plot::new(self.size);
        self.draw_axes(&mut plot, data).map_err(|e| Error::invalid("chart", format!("cannot be drawn: {e}")))?;
        let top = MARGIN + if self.title.is_some() { TITLE_BAND } else { 0 };
        if let Some(title) = self.title {
            plot.write(title, Face::Title, (MARGIN as usize, MARGIN as usize - 4));
        }
        let x = self.size.0 as i32 - MARGIN - self.legend_width() + LEGEND_GAP;
        for ((symbol, name), y) in self.legend.iter().zip((top..).step_by(ENTRY as usize)) {
            let middle = f64::from(y) + f64::from(Face::Body.height() as i32) / 2.0;
            plot.symbol(*symbol, f64::from(x), middle);
            plot.write(&text::elide(name, NAME), Face::Body, ((x + SYMBOL + 8) as usize, y as usize));
        }
        Ok(plot)
    }

    fn legend_width(&self) -> i32 {
        let widest = self.legend.iter().map(|(_, name)| Face::Body.width(&text::elide(name, NAME))).max();
        widest.map_or(0, |name| LEGEND_GAP + SYMBOL + 8 + name as i32)
    }

    fn draw_axes(
        &self,
        plot: &mut Plot,
        data: impl FnOnce(&mut Canvas) -> std::result::Result<(), Box<dyn std::error::Error>>,
    ) -> std::result::Result<(), Box<dyn std::error::Error>> {
        use plotters::coord::ranged1d::{Ranged, ValueFormatter};

        let pixels = |n: i32| n * UNITS;
        let (x, y) = (&self.axes.0, &self.axes.1);
        let widest = y.key_points(0_usize).iter().map(|v| Face::Body.width(&y.format_ext(v))).max().unwrap_or(0);
        let line = Face::Body.height() as i32;
        let top = if self.title.is_some() { TITLE_BAND } else { 0 };

        let area = plot.into_drawing_area();
        let area =
            area.margin(pixels(MARGIN + top), pixels(MARGIN), pixels(MARGIN), pixels(MARGIN + self.legend_width()));
        let mut chart = ChartBuilder::on(&area)
            .x_label_area_size(pixels(2 * TICK + 2 * line + 8))
            .y_label_area_size(pixels(2 * TICK + widest as i32 + line + 12))
            .build_cartesian_2d(x.clone(), y.clone())?;
        let font = ("monospace", pixels(line));
        chart
            .configure_mesh()
            .light_line_style(GRID.mix(0.0))
            .bold_line_style(ShapeStyle::from(GRID).stroke_width(units(1.0) as u32))
            .axis_style(ShapeStyle::from(MUTED).stroke_width(units(1.0) as u32))
            .set_all_tick_mark_size(pixels(TICK))
            .label_style(font.into_font().color(&MUTED))
            .axis_desc_style(font.into_font().color(&INK))
            .x_desc(self.labels.0)
            .y_desc(self.labels.1)
            .x_label_formatter(&|v| x.format_ext(v))
            .y_label_formatter(&|v| y.format_ext(v))
            .draw()?;
        data(&mut chart)
    }
}

impl Plot {
    fn symbol(&mut self, symbol: Symbol, x: f64, y: f64) {
        let end = x + f64::from(SYMBOL);
        let mut stroke = |from: f64, to: f64, rgb| {
            let ink = Ink { rgb, opacity: 1.0 };
            self.shapes.push(Shape::Line { points: vec![(from, y), (to, y)], width: 2.0, ink });
        };
        match symbol {
            Symbol::Solid(rgb) => stroke(x, end, rgb),
            Symbol::Dashed(rgb) => {
                for dash in 0..3 {
                    let from = x + f64::from(dash) * 10.0;
                    stroke(from, from + 6.0, rgb);
                }
            }
            Symbol::Dot(rgb) => {
                let ink = Ink { rgb, opacity: 1.0 };
                self.shapes.push(Shape::Dot { centre: (end - 6.0, y), radius: 5.0, ink });
            }
        }
    }
}
