//! An axis: its range, and ticks at round numbers.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// About as many ticks as an axis carries without crowding.
const TICKS: f64 = 10.0;

/// A linear or logarithmic axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    ticks: Vec<f64>,
    /// Decimals that tell the ticks apart; none where they are decades, each with its own.
    decimals: Option<usize>,
}

impl Axis {
    /// A linear axis that holds all `values` (at least one, all finite), with `room` of its length added at both ends; its
    /// ticks are at least `finest` apart.
    pub(super) fn linear(values: impl Iterator<Item = f64>, room: f64, finest: f64) -> Axis {
        let (low, high) = bounds(values);
        // A single value, 7 say, gets an axis from 6.5 to 7.5.
        let room = if high > low { (high - low) * room } else { 0.5_f64.max(high.abs() * 0.05) };
        let (ticks, decimals) = even_ticks(low - room, high + room, finest);
        Axis { low: low - room, high: high + room, log: false, ticks, decimals: Some(decimals) }
    }

    /// An axis by the logarithm of `values` (at least one, all finite and above zero), with `room` as above.
    pub(super) fn logarithmic(values: impl Iterator<Item = f64>, room: f64) -> Axis {
        let (low, high) = bounds(values);
        let room = if high > low { (high / low).powf(room) } else { 1.1 };
        let (low, high) = (low / room, high * room);
        let (ticks, decimals) = match decade_ticks(low, high) {
            ticks if ticks.len() >= 3 => (ticks, None),
            _ => {
                let (ticks, decimals) = even_ticks(low, high, 0.0);
                (ticks, Some(decimals))
            }
        };
        Axis { low, high, log: true, ticks, decimals }
    }
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// Multiples of 1, 2 or 5 times a power of ten within the range, at least `finest` apart, and their decimals.
fn even_ticks(low: f64, high: f64, finest: f64) -> (Vec<f64>, usize) {
    let ideal = ((high - low) / TICKS).max(finest);
    let power = ideal.log10().floor() as i32;
    let (factor, power) = match ideal / 10_f64.powi(power) {
        share if share <= 1.0 => (1.0, power),
        share if share <= 2.0 => (2.0, power),
        share if share <= 5.0 => (5.0, power),
        _ => (1.0, power + 1),
    };
    let step = factor * 10_f64.powi(power);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    ((first..=last).map(|i| i as f64 * step).collect(), (-power).max(0) as usize)
}

/// 1, 2 and 5 times each power of ten within the range; over three decades, powers of ten alone, thinned where many.
fn decade_ticks(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let (factors, stride): (&[u32], usize) = match last - first {
        0..=3 => (&[1, 2, 5], 1),
        decades => (&[1], (f64::from(decades) / TICKS).ceil() as usize),
    };
    (first..=last)
        .step_by(stride)
        .flat_map(|power| factors.iter().map(move |factor| format!("{factor}e{power}")))
        // Parsed, so that the number printed is the shortest: 0.001, not 0.0010000000000000002.
        .filter_map(|tick| tick.parse().ok())
        .filter(|tick| (low..=high).contains(tick))
        .collect()
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        start + (f64::from(end - start) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let value = if *value == 0.0 { 0.0 } else { *value }; // no -0
        match self.decimals {
            _ if value != 0.0 && !(1e-5..1e6).contains(&value.abs()) => format!("{value:e}"),
            Some(decimals) => format!("{value:.decimals$}"),
            None => format!("{value}"),
        }
    }
}
