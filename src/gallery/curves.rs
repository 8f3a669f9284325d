//! Loss curves of one or several runs.

use crate::{
    Error, Result,
    picture::{self, Curves, Plot},
    run::{Figures, Run},
};

/// Width and height of [`small_curves`] in pixels.
const SMALL: (u32, u32) = (640, 400);

/// What is drawn over the epochs, per image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// reconstruction + β · KL
    Loss,
    /// Squared error, or nats.
    Reconstruction,
    /// Nats.
    Kl,
}

impl Quantity {
    fn of(self, figures: &Figures) -> f64 {
        match self {
            Quantity::Loss => figures.loss,
            Quantity::Reconstruction => figures.reconstruction,
            Quantity::Kl => figures.kl,
        }
    }
}

/// Train and test curves of `runs`, named by their directories; with `log`, y goes by its logarithm.
///
/// # Errors
/// [`Error::Invalid`] where no run has an epoch, where all are autoencoders and their KL divergence is asked for, or where
/// their losses are of different kinds and cannot share an axis; as [`Run::metrics`].
pub fn curves(runs: &[Run], quantity: Quantity, log: bool) -> Result<Plot> {
    let (label, lines) = lines(runs, quantity)?;
    Curves::new(label).log_scale(log).plot(&lines)
}

/// As [`curves`] without a logarithm, for half the width of a page.
///
/// # Errors
/// As [`curves`].
pub fn small_curves(runs: &[Run], quantity: Quantity) -> Result<Plot> {
    let (label, lines) = lines(runs, quantity)?;
    Curves::new(label).size(SMALL.0, SMALL.1).plot(&lines)
}

/// What the curves show, with its unit, and the figures of each run.
fn lines(runs: &[Run], quantity: Quantity) -> Result<(String, Vec<picture::Run>)> {
    let units: Vec<&str> = runs.iter().map(|run| run.config.objective.loss.likelihood.unit()).collect();
    let unit = units.first().copied().unwrap_or("nats");
    if let Some(other) = units.iter().position(|&other| other != unit && quantity != Quantity::Kl) {
        let problem = format!(
            "the loss of {} is in {unit}, that of {} in {}, and they share no axis: draw the runs apart, or their --quantity kl",
            runs[0].name(),
            runs[other].name(),
            units[other]
        );
        return Err(Error::invalid("--quantity", problem));
    }
    let label = match quantity {
        Quantity::Loss => {
            if runs.iter().all(|run| !run.config.model.kind.is_variational()) {
                format!("loss per image ({unit})")
            } else {
                format!("loss per image ({unit} + β KL)")
            }
        }
        Quantity::Reconstruction => format!("reconstruction loss per image ({unit})"),
        Quantity::Kl => {
            if runs.iter().all(|run| !run.config.model.kind.is_variational()) {
                return Err(Error::invalid("--quantity", "an AE has no KL divergence"));
            }
            "KL divergence per image (nats)".into()
        }
    };
    let mut lines = Vec::with_capacity(runs.len());
    for run in runs {
        let metrics = run.metrics()?;
        let series = |pick: fn(&crate::run::Metrics) -> &Figures| {
            metrics.iter().map(|line| (line.epoch as f64, quantity.of(pick(line)))).collect()
        };
        lines.push(picture::Run {
            name: run.name(),
            train: series(|line| &line.train),
            test: series(|line| &line.test),
        });
    }
    Ok((label, lines))
}
