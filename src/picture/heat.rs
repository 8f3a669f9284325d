//! A matrix as coloured cells with their numbers.

use ndarray::ArrayView2;

use super::Plot;
use super::plot::{Ink, Shape};
use super::text::{self, Face};
use crate::{Error, Result};

const LOW: [u8; 3] = [43, 99, 196];
const HIGH: [u8; 3] = [226, 87, 42];
const MARGIN: usize = 20;
const TITLE_BAND: usize = 36;
/// A cell in pixels; it holds a number of six characters.
const CELL: (usize, usize) = (64, 24);
/// The longest name of a row, in characters.
const NAME: usize = 32;
/// Most rows and columns of a picture: those that are drawn have the greatest values.
const MOST: (usize, usize) = (200, 100);

/// How a matrix is drawn: orange above 0, blue below, the deeper the farther; white at 0.
#[derive(Clone, Debug)]
pub struct HeatMap {
    rows: Vec<String>,
    columns: Vec<String>,
    title: String,
}

impl HeatMap {
    /// A heat map with names for its rows and columns.
    pub fn new(rows: Vec<String>, columns: Vec<String>) -> HeatMap {
        HeatMap { rows, columns, title: String::new() }
    }

    /// A heading over the cells.
    pub fn title(self, title: impl Into<String>) -> HeatMap {
        HeatMap { title: title.into(), ..self }
    }

    /// Draws `values`, `[rows, columns]`. Of many rows those with the greatest value are drawn, of many columns the first ones; the
    /// heading says so.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another shape than that of the names, no cell, and a value that is not finite.
    pub fn plot(&self, values: ArrayView2<f64>) -> Result<Plot> {
        if values.dim() != (self.rows.len(), self.columns.len()) || values.is_empty() {
            let (rows, columns) = (self.rows.len(), self.columns.len());
            return Err(Error::invalid(
                "values",
                format!("{:?}, expected [{rows}, {columns}] and a cell", values.dim()),
            ));
        }
        if let Some(((row, column), value)) = values.indexed_iter().find(|(_, value)| !value.is_finite()) {
            let problem = format!("{}, {} is {value}", self.rows[row], self.columns[column]);
            return Err(Error::invalid("values", problem));
        }
        let greatest = |row: usize| values.row(row).iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let mut shown: Vec<usize> = (0..self.rows.len()).collect();
        shown.sort_by(|&a, &b| greatest(b).total_cmp(&greatest(a)));
        shown.truncate(MOST.0);
        shown.sort_unstable();
        let columns = self.columns.len().min(MOST.1);
        let scale = shown.iter().map(|&row| greatest(row)).fold(f64::MIN_POSITIVE, f64::max);

        let names: Vec<String> = shown.iter().map(|&row| text::elide(&self.rows[row], NAME)).collect();
        let left = MARGIN + names.iter().map(|name| Face::Body.width(name)).max().unwrap_or_default() + 10;
        let top = MARGIN + TITLE_BAND + CELL.1;
        let title = self.heading(shown.len(), columns);
        let width = (left + columns * CELL.0).max(MARGIN + Face::Title.width(&title)) + MARGIN;
        let mut plot = Plot::new((width as u32, (top + shown.len() * CELL.1 + MARGIN) as u32));
        plot.write(&title, Face::Title, (MARGIN, MARGIN - 4));
        for (k, name) in self.columns[..columns].iter().enumerate() {
            let name = text::elide(name, 7);
            plot.write(
                &name,
                Face::Body,
                (left + k * CELL.0 + (CELL.0 - Face::Body.width(&name)) / 2, top - CELL.1 + 4),
            );
        }
        for (place, (&row, name)) in shown.iter().zip(&names).enumerate() {
            let y = top + place * CELL.1;
            plot.write(name, Face::Body, (left - 10 - Face::Body.width(name), y + 4));
            for k in 0..columns {
                let (x, value) = (left + k * CELL.0, values[[row, k]]);
                let (from, to) = ((x as f64, y as f64), ((x + CELL.0) as f64, (y + CELL.1) as f64));
                let rgb = if value < 0.0 { LOW } else { HIGH };
                plot.shapes.push(Shape::Box { from, to, ink: Ink { rgb, opacity: 0.8 * value.abs() / scale } });
                let number = number(value);
                plot.write(&number, Face::Body, (x + CELL.0 - 6 - Face::Body.width(&number), y + 4));
            }
        }
        Ok(plot)
    }

    /// The title, and how much of the matrix is left out.
    fn heading(&self, rows: usize, columns: usize) -> String {
        let mut title = self.title.clone();
        if rows < self.rows.len() {
            title += &format!("; the {rows} of {} rows with the greatest values", self.rows.len());
        }
        if columns < self.columns.len() {
            title += &format!("; the first {columns} of {} columns", self.columns.len());
        }
        title
    }
}

/// A number in at most six characters.
fn number(value: f64) -> String {
    match value.abs() {
        size if size < 0.005 => "0".into(),
        size if size < 100.0 => format!("{value:.2}"),
        size if size < 1e5 => format!("{value:.0}"),
        _ => format!("{value:.0e}"),
    }
}
