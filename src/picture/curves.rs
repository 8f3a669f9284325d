//! Loss curves of one or several runs.

use std::ops::RangeInclusive;

use plotters::element::Circle;
use plotters::series::{DashedLineSeries, LineSeries};

use super::Plot;
use super::axis::Axis;
use super::chart::{Frame, NEUTRAL, Symbol, colour, style, units};
use crate::{Error, Result};

/// Series of at most this many points also show the points.
const FEW: usize = 30;
/// Sizes of values other than 0 that an axis takes: quotients and differences of any two, and a tenth of one, are numbers.
const DRAWABLE: RangeInclusive<f64> = 1e-130..=1e130;

/// One run's figures over time, as `(x, y)` in order of x; either series may be empty.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The name in the legend.
    pub name: String,
    /// Drawn dashed, or solid where no run has test figures.
    pub train: Vec<(f64, f64)>,
    /// Drawn solid.
    pub test: Vec<(f64, f64)>,
}

/// How loss curves are drawn: a colour for each run, train dashed, test solid.
#[derive(Clone, Debug)]
pub struct Curves {
    size: (u32, u32),
    title: Option<String>,
    x_label: String,
    y_label: String,
    log: bool,
    log_x: bool,
}

impl Curves {
    /// Curves of the quantity `y_label`, its unit included, over epochs.
    pub fn new(y_label: impl Into<String>) -> Curves {
        Curves {
            size: (1000, 560),
            title: None,
            x_label: "epoch".to_string(),
            y_label: y_label.into(),
            log: false,
            log_x: false,
        }
    }

    /// Width and height in pixels; 1000 by 560 unless told.
    pub fn size(mut self, width: u32, height: u32) -> Curves {
        self.size = (width, height);
        self
    }

    /// A heading over the chart.
    pub fn title(mut self, title: impl Into<String>) -> Curves {
        self.title = Some(title.into());
        self
    }

    /// What x counts; `epoch` unless told.
    pub fn x_label(mut self, label: impl Into<String>) -> Curves {
        self.x_label = label.into();
        self
    }

    /// Whether y goes by its logarithm.
    pub fn log_scale(mut self, log: bool) -> Curves {
        self.log = log;
        self
    }

    /// Whether x goes by its logarithm.
    pub fn log_x(mut self, log: bool) -> Curves {
        self.log_x = log;
        self
    }

    /// Draws `runs`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no point at all, a value is not finite or of a size that no axis takes, or a scale is
    /// logarithmic and a value is not above zero.
    pub fn plot(&self, runs: &[Run]) -> Result<Plot> {
        for (run, (x, y)) in
            runs.iter().flat_map(|run| run.train.iter().chain(&run.test).map(move |point| (run, point)))
        {
            let drawable = |value: f64, log: bool| DRAWABLE.contains(&value.abs()) || (value == 0.0 && !log);
            let below = |value: f64, log: bool| log && value <= 0.0;
            if !drawable(*x, self.log_x) || !drawable(*y, self.log) || below(*x, self.log_x) || below(*y, self.log) {
                let reason = match x.is_finite() && y.is_finite() {
                    true if below(*x, self.log_x) || below(*y, self.log) => "a logarithm needs values above zero",
                    true => "an axis takes sizes of 1e-130 to 1e130",
                    false => "not finite",
                };
                return Err(Error::invalid(
                    &run.name,
                    format!("{} is {y} at {} {x}: {reason}", self.y_label, self.x_label),
                ));
            }
        }
        let points = || runs.iter().flat_map(|run| run.train.iter().chain(&run.test));
        if points().next().is_none() {
            return Err(Error::invalid("curves", format!("{} run(s) without a point: nothing to draw", runs.len())));
        }
        let values = points().map(|point| point.1);
        let y = if self.log { Axis::logarithmic(values, 0.05) } else { Axis::linear(values, 0.05, 0.0) };
        let x = points().map(|point| point.0);
        let finest = if points().all(|point| point.0.fract() == 0.0) { 1.0 } else { 0.0 }; // no tick at epoch 1.5
        let frame = Frame {
            size: self.size,
            title: self.title.as_deref(),
            labels: (&self.x_label, &self.y_label),
            axes: (if self.log_x { Axis::logarithmic(x, 0.02) } else { Axis::linear(x, 0.02, finest) }, y),
            legend: legend(runs),
        };
        let tested = tested(runs);
        frame.draw(|chart| {
            for (i, run) in runs.iter().enumerate() {
                let ink = style(colour(i), 1.0, 2.0);
                let train = run.train.iter().copied();
                if tested {
                    chart.draw_series(DashedLineSeries::new(train, units(6.0), units(5.0), ink))?;
                } else {
                    chart.draw_series(LineSeries::new(train, ink))?;
                }
                chart.draw_series(LineSeries::new(run.test.iter().copied(), ink))?;
                for series in [&run.train, &run.test].into_iter().filter(|series| series.len() <= FEW) {
                    chart.draw_series(series.iter().map(|&point| Circle::new(point, units(3.0), ink)))?;
                }
            }
            Ok(())
        })
    }
}

/// The runs by colour, then the kinds of line.
fn legend(runs: &[Run]) -> Vec<(Symbol, String)> {
    let mut entries: Vec<_> =
        runs.iter().enumerate().map(|(i, run)| (Symbol::Solid(colour(i)), run.name.clone())).collect();
    if tested(runs) {
        entries.push((Symbol::Solid(NEUTRAL), "test".to_string()));
        entries.push((Symbol::Dashed(NEUTRAL), "train".to_string()));
    }
    entries
}

/// Whether there are test figures, from which those of training must be told apart.
fn tested(runs: &[Run]) -> bool {
    runs.iter().any(|run| !run.test.is_empty())
}
