//! Points of a latent space, coloured by label.

use ndarray::ArrayView2;
use plotters::element::Circle;

use super::Plot;
use super::axis::Axis;
use super::chart::{Frame, Symbol, colour, style, units};
use crate::{Error, Result};

/// How points in a plane are drawn.
#[derive(Clone, Debug)]
pub struct Scatter {
    size: (u32, u32),
    title: Option<String>,
    labels: (String, String),
    classes: Vec<String>,
}

impl Scatter {
    /// A scatter with its axes named.
    pub fn new(x_label: impl Into<String>, y_label: impl Into<String>) -> Scatter {
        Scatter { size: (900, 800), title: None, labels: (x_label.into(), y_label.into()), classes: Vec::new() }
    }

    /// A heading over the chart.
    pub fn title(mut self, title: impl Into<String>) -> Scatter {
        self.title = Some(title.into());
        self
    }

    /// The classes' names in the legend; their numbers unless told.
    pub fn class_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Scatter {
        self.classes = names.into_iter().map(Into::into).collect();
        self
    }

    /// Draws `points`, `[n, 2]`, each in the colour of its label where `labels` (`[n]`) are known. Points are drawn in their
    /// order, so that no class lies over the others.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another shape, no point, a coordinate that is not finite, another number of labels, or a label
    /// without a name where names were given.
    pub fn plot(&self, points: ArrayView2<f64>, labels: Option<&[usize]>) -> Result<Plot> {
        let (n, d) = points.dim();
        if n == 0 || d != 2 {
            return Err(Error::invalid("points", format!("[{n}, {d}], expected [n, 2] with n at least 1")));
        }
        if let Some(((row, column), value)) = points.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(Error::invalid("points", format!("row {row}, column {column} is {value}")));
        }
        let frame = Frame {
            size: self.size,
            title: self.title.as_deref(),
            labels: (&self.labels.0, &self.labels.1),
            axes: (
                Axis::linear(points.column(0).iter().copied(), 0.03, 0.0),
                Axis::linear(points.column(1).iter().copied(), 0.03, 0.0),
            ),
            legend: labels.map_or(Ok(Vec::new()), |labels| self.legend(labels, n))?,
        };
        let (radius, opacity) = match n {
            0..=500 => (4.0, 0.85),
            501..=5000 => (2.75, 0.7),
            _ => (2.0, 0.55),
        };
        frame.draw(|chart| {
            chart.draw_series(points.rows().into_iter().enumerate().map(|(i, point)| {
                let class = labels.map_or(0, |labels| labels[i]);
                Circle::new((point[0], point[1]), units(radius), style(colour(class), opacity, 0.0))
            }))?;
            Ok(())
        })
    }

    /// The classes that occur, in order.
    fn legend(&self, labels: &[usize], n: usize) -> Result<Vec<(Symbol, String)>> {
        if labels.len() != n {
            return Err(Error::invalid("labels", format!("{} were given for {n} points", labels.len())));
        }
        let present: std::collections::BTreeSet<usize> = labels.iter().copied().collect();
        let name = |class: usize| match self.classes.get(class) {
            Some(name) => Ok(name.clone()),
            None if self.classes.is_empty() => Ok(class.to_string()),
            None => Err(Error::invalid("labels", format!("{class} is past the {} classes", self.classes.len()))),
        };
        present.into_iter().map(|class| Ok((Symbol::Dot(colour(class)), name(class)?))).collect()
    }
}
