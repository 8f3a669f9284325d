//! Loss curves of one or several runs.

use crate::{
    Error, Result,
    picture::{self, Curves, Plot},
    run::{Figures, Run},
};
use std::path::Path;

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
    let units: Vec<&str> = runs.iter().map(|run| run.config.objective.loss.likelihood.unit()).collect();
    let unit = units.first().copied().unwrap_or("nats");
    if let Some(other) = units.iter().position(|&other| other != unit && quantity != Quantity::Kl) {
        let problem = format!(
            "the loss of {} is in {unit}, that of {} in {}, and they share no axis: draw the runs apart, or their --quantity kl",
            title(&runs[0].dir),
            title(&runs[other].dir),
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
            name: title(&run.dir),
            train: series(|line| &line.train),
            test: series(|line| &line.test),
        });
    }
    Curves::new(label).log_scale(log).plot(&lines)
}

/// The last name in a directory's path.
fn title(dir: &Path) -> String {
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    whole.file_name().map_or_else(|| whole.display().to_string(), |name| name.to_string_lossy().into_owned())
}
