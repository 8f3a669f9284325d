//! What was found of how things grow, as a table, as CSV and as curves.

use super::{Limits, Point, headline};
use crate::{
    Error, Result,
    files::write_atomically,
    picture::{Curves, Plot, Run},
};
use serde::Serialize;
use std::{fmt, path::Path};

/// Step time and memory over the sizes of a model on one device.
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    /// The adapter.
    pub device: String,
    /// Its driver.
    pub driver: String,
    /// Whether a processor did the work.
    pub software: bool,
    /// The version of this crate.
    pub version: &'static str,
    /// What the device does at best.
    #[serde(flatten)]
    pub limits: Limits,
    /// Every point, axis by axis.
    pub points: Vec<Point>,
}

impl Growth {
    /// Writes a line per point.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        let mut table = csv::Writer::from_writer(Vec::new());
        for point in &self.points {
            table.serialize(point).expect("flat lines into memory");
        }
        write_atomically(path, &table.into_inner().expect("written to memory"))
    }

    /// Step time with the roofline, and memory beside the images with what parameters alone take, over each axis.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no point.
    pub fn plot(&self) -> Result<Plot> {
        let mut panels = Vec::new();
        for axis in ["batch", "hidden", "depth", "latent"] {
            let points: Vec<&Point> = self.points.iter().filter(|point| point.axis == axis).collect();
            if points.is_empty() {
                continue;
            }
            let curve = |name: &str, value: &dyn Fn(&Point) -> Option<f64>| Run {
                name: name.into(),
                train: points.iter().filter_map(|point| Some((point.value() as f64, value(point)?))).collect(),
                test: Vec::new(),
            };
            let panel = |label: &str, runs: &[Run]| {
                let fixed = [("batch", 32), ("hidden", 256), ("depth", 1), ("latent", 8)];
                let others =
                    fixed.iter().filter(|(name, _)| *name != axis).map(|(name, size)| format!("{name} {size}"));
                let title = format!("{label} by {axis} ({})", others.collect::<Vec<_>>().join(", "));
                Curves::new(label)
                    .title(title)
                    .x_label(axis)
                    .size(760, 400)
                    .log_scale(true)
                    .log_x(axis != "depth")
                    .plot(runs)
            };
            panels.push(panel(
                "µs per step",
                &[curve("measured", &|point| point.us_per_step), curve("roofline", &|point| Some(point.roofline_us))],
            )?);
            panels.push(panel(
                "MB on the device",
                &[
                    curve("all but the images", &|point| Some(point.model_bytes? as f64 / 1e6)),
                    curve("12 bytes per parameter", &|point| Some(12e-6 * point.parameters as f64)),
                ],
            )?);
        }
        match panels.is_empty() {
            true => Err(Error::invalid("scaling", "no size was asked for: nothing to draw")),
            false => Ok(Plot::sheet(&panels, 2)),
        }
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        headline(f, &self.device, &self.driver, self.software)?;
        writeln!(f, "{}", self.limits)?;
        let mut axis = "";
        for point in &self.points {
            if point.axis != axis {
                axis = point.axis;
                writeln!(
                    f,
                    "\n{axis:>6}  {:>11}  {:>23}  {:>11}  {:>11}  {:>10}  {:>10}  {:>9}",
                    "µs/step",
                    "least to greatest",
                    "roofline µs",
                    "of roofline",
                    "dispatches",
                    "parameters",
                    "model MB"
                )?;
            }
            let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.1}"));
            let range = match (point.us_least, point.us_greatest) {
                (Some(least), Some(greatest)) => format!("{least:.0} to {greatest:.0}"),
                _ => "-".into(),
            };
            let share = point.us_per_step.map_or("-".into(), |us| format!("{:.0}%", 100.0 * point.roofline_us / us));
            let line = format!(
                "{:>6}  {:>11}  {range:>23}  {:>11.1}  {share:>11}  {:>10}  {:>10}  {:>9}  {}",
                point.value(),
                number(point.us_per_step),
                point.roofline_us,
                point.dispatches,
                point.parameters,
                number(point.model_bytes.map(|bytes| bytes as f64 / 1e6)),
                point.note
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
