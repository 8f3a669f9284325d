//! Parallel coordinates: what each of many runs was given, and what came of it.

use super::Plot;
use super::axis::Axis;
use super::plot::{INK, Ink, Shape};
use super::text::{self, Face};
use crate::{Error, Result};
use plotters::coord::ranged1d::{BoldPoints, Ranged, ValueFormatter};

const PAPER: [u8; 3] = [255; 3];
const LINE: [u8; 3] = [200, 204, 209];
/// Of the worst line and of the best.
const WORST: [u8; 3] = [43, 99, 196];
const BEST: [u8; 3] = [226, 87, 42];
const MARGIN: usize = 40;
/// From the top to the names of the axes, and from there to their upper ends, in pixels.
const TITLE_BAND: usize = 40;
const NAME_BAND: usize = 34;
/// From one axis to the next, and their length, in pixels.
const GAP: usize = 190;
const LENGTH: usize = 420;
/// Most values that are written on an axis.
const WRITTEN: usize = 24;

/// An axis for each option with several values, and at the right one for a measure that is better the less it is.
#[derive(Clone, Debug)]
pub struct Parallel {
    options: Vec<(String, Vec<String>)>,
    measure: String,
    title: String,
}

impl Parallel {
    /// Axes for `options`, each with the names of its values, and for the measure of this name.
    pub fn new(options: Vec<(String, Vec<String>)>, measure: impl Into<String>) -> Parallel {
        Parallel { options, measure: measure.into(), title: String::new() }
    }

    /// A heading over the axes.
    pub fn title(self, title: impl Into<String>) -> Parallel {
        Parallel { title: title.into(), ..self }
    }

    /// Draws a line for each of `runs`: the number of its value of each option, and its measure. The better, the more orange; the best
    /// is drawn last and thicker.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a run, for a value that is not of its option, and for a measure that is not finite.
    pub fn plot(&self, runs: &[(Vec<usize>, f64)]) -> Result<Plot> {
        self.check(runs)?;
        let measures = || runs.iter().map(|(_, measure)| *measure);
        let axis = Axis::linear(measures(), 0.05, 0.0);
        let [low, high] = [f64::min, f64::max].map(|pick| measures().reduce(pick).expect("a run"));
        let top = MARGIN + TITLE_BAND + NAME_BAND;
        let left = |k: usize| MARGIN + Face::Body.width("0123456789") / 2 + k * GAP;
        let right = left(self.options.len());
        let width = (right + GAP / 2).max(MARGIN + Face::Title.width(&self.title)) + MARGIN;
        let mut plot = Plot::new((width as u32, (top + LENGTH + MARGIN) as u32));
        plot.write(&self.title, Face::Title, (MARGIN, MARGIN - 12));

        let height = |share: f64| top as f64 + (1.0 - share) * LENGTH as f64;
        let value_at = |k: usize, value: usize| height((value as f64 + 0.5) / self.options[k].1.len() as f64);
        // the axis grows downwards, so that better is higher
        let measure_at = |measure: f64| f64::from(axis.map(&measure, (top as i32, (top + LENGTH) as i32)));
        let mut order: Vec<&(Vec<usize>, f64)> = runs.iter().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (place, (values, measure)) in order.iter().enumerate() {
            let is_best = place + 1 == order.len();
            let share = if high > low { (high - measure) / (high - low) } else { 1.0 };
            let options = values.iter().enumerate().map(|(k, &value)| (left(k) as f64, value_at(k, value)));
            let points = options.chain([(right as f64, measure_at(*measure))]).collect();
            let ink = Ink { rgb: mixed(share), opacity: if is_best { 1.0 } else { 0.55 } };
            plot.shapes.push(Shape::Line { points, width: if is_best { 3.0 } else { 1.4 }, ink });
        }
        for (k, (name, values)) in self.options.iter().enumerate() {
            plot.upright(name, left(k), top);
            let step = values.len().div_ceil(WRITTEN);
            for (value, text) in values.iter().enumerate().step_by(step) {
                plot.tick(text, left(k), value_at(k, value));
            }
        }
        plot.upright(&self.measure, right, top);
        for tick in axis.key_points(BoldPoints(10)) {
            plot.tick(&axis.format_ext(&tick), right, measure_at(tick));
        }
        Ok(plot)
    }

    fn check(&self, runs: &[(Vec<usize>, f64)]) -> Result<()> {
        if runs.is_empty() {
            return Err(Error::invalid("runs", "none to draw"));
        }
        for (number, (values, measure)) in runs.iter().enumerate() {
            let fits = values.len() == self.options.len()
                && values.iter().zip(&self.options).all(|(&value, (_, names))| value < names.len());
            if !fits {
                return Err(Error::invalid(
                    "runs",
                    format!("run {number} has the values {values:?}, which no axis has"),
                ));
            }
            if !measure.is_finite() {
                return Err(Error::invalid("runs", format!("the measure of run {number} is {measure}")));
            }
        }
        Ok(())
    }
}

/// The colour of a line, 0 for the worst and 1 for the best.
fn mixed(share: f64) -> [u8; 3] {
    std::array::from_fn(|channel| {
        let [worst, best] = [WORST, BEST].map(|rgb| f64::from(rgb[channel]));
        (worst + share * (best - worst)).round() as u8
    })
}

impl Plot {
    /// An axis with its name above.
    fn upright(&mut self, name: &str, x: usize, top: usize) {
        let name = text::elide(name, GAP / Face::Body.advance() - 2);
        let points = vec![(x as f64, top as f64), (x as f64, (top + LENGTH) as f64)];
        self.shapes.push(Shape::Line { points, width: 1.5, ink: Ink { rgb: LINE, opacity: 1.0 } });
        self.write(&name, Face::Body, (x.saturating_sub(Face::Body.width(&name) / 2), top - NAME_BAND + 6));
    }

    /// A value on an axis, on paper that keeps lines from crossing it out.
    fn tick(&mut self, value: &str, x: usize, y: f64) {
        let value = text::elide(value, 12);
        let (width, height) = (Face::Body.width(&value), Face::Body.height());
        let at = (x + 7, (y - height as f64 / 2.0).round().max(0.0) as usize);
        let from = ((at.0 - 2) as f64, at.1 as f64);
        let to = ((at.0 + width + 2) as f64, (at.1 + height) as f64);
        self.shapes.push(Shape::Box { from, to, ink: Ink { rgb: PAPER, opacity: 0.8 } });
        self.shapes.push(Shape::Dot { centre: (x as f64, y), radius: 2.5, ink: Ink { rgb: INK, opacity: 1.0 } });
        self.write(&value, Face::Body, at);
    }
}
