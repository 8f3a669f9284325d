//! What `wgvae score` finds out about anomalies: a threshold, the figures where the truth is known, and what leads to a score.

use super::print::progress;
use crate::{
    Error, Result,
    analysis::{Detection, Surprise, nearest, quantile, surprise},
    data::{Dataset, Images, Split},
    model::{Color, class_name},
    network::Codec,
    run::Run,
};
use serde::Serialize;
use std::str::FromStr;

/// Training rows that scores are compared with, the first ones.
const REFERENCE: usize = 10_000;
/// Values named of each row.
const NAMED: usize = 3;

/// The value of `--threshold`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// The score that this share of the training rows stays below.
    Quantile(f64),
    /// This score.
    Score(f64),
}

impl FromStr for Threshold {
    type Err = Error;

    fn from_str(text: &str) -> Result<Threshold> {
        let (number, percent, exact) = match (text.strip_suffix('%'), text.strip_prefix('=')) {
            (Some(number), _) => (number, true, false),
            (None, Some(number)) => (number, false, true),
            (None, None) => (text, false, false),
        };
        let wrong = || {
            let problem = "expected a quantile such as 0.95 or 95%, or a score; one between 0 and 1 as =0.5";
            Error::invalid("--threshold", format!("is {text:?}, {problem}"))
        };
        let value = number.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(wrong)?;
        match value {
            _ if percent && !(0.0..=100.0).contains(&value) => Err(wrong()),
            _ if percent => Ok(Threshold::Quantile(value / 100.0)),
            _ if !exact && value > 0.0 && value < 1.0 => Ok(Threshold::Quantile(value)),
            _ => Ok(Threshold::Score(value)),
        }
    }
}

/// What is known of the training rows.
pub struct Reference {
    data: Dataset,
    scores: Vec<f64>,
    usually: Vec<f64>,
}

impl Reference {
    /// Scores the first training rows of a run as new rows are scored.
    pub fn new(run: &Run, codec: &Codec, mut data: Dataset, draws: usize) -> Result<Reference> {
        let train = Split { names: Default::default(), ..first(&data.train, data.pixels()) };
        let found = surprise(codec, &train, run.config.objective.loss.likelihood, draws, run.config.seed, &mut |_| ())?;
        data.test = Split::default(); // not needed any more
        Ok(Reference { usually: found.mean_parts(data.pixels()), scores: found.scores, data })
    }

    /// The score that a threshold stands for.
    pub fn threshold(&self, threshold: Threshold) -> f64 {
        match threshold {
            Threshold::Quantile(share) => quantile(&self.scores, share),
            Threshold::Score(score) => score,
        }
    }
}

/// The first rows of a split.
fn first(split: &Split, width: usize) -> Split {
    let count = split.count.min(REFERENCE);
    let items: Vec<u32> = (0..count as u32).collect();
    let labels = split.labels.as_ref().map(|labels| labels[..count].to_vec());
    Split { images: split.images.pick(&items, width), labels, count, names: split.names.clone() }
}

/// The values of row `i` that add most to its score, beyond what they add to those of training rows: `area 12.3; depth 4.5`.
pub fn leading(found: &Surprise, i: usize, images: &Images, reference: Option<&Reference>) -> String {
    let nothing = vec![0.0; images.pixels()];
    let usually = reference.map_or(&nothing, |reference| &reference.usually);
    let name = |place: usize| match images.table {
        Some(table) => table.columns[place].clone(),
        None => {
            let channels = images.color.channels();
            let pixel = place / channels;
            let pixel = format!("{},{}", pixel / images.width, pixel % images.width);
            match images.color {
                Color::Gray => pixel,
                Color::Rgb => format!("{pixel},{}", ["red", "green", "blue"][place % channels]),
            }
        }
    };
    let words =
        found.leading(i, usually, NAMED).into_iter().map(|(place, excess)| format!("{} {excess:.2}", name(place)));
    words.collect::<Vec<_>>().join("; ")
}

/// What `--json` prints.
#[derive(Serialize)]
pub struct Report {
    /// Rows scored.
    pub rows: usize,
    /// Draws of z for each score.
    pub draws: usize,
    /// Mean of the scores.
    pub mean_score: f64,
    /// Scores above it are flagged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Rows above the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flagged: Option<usize>,
    /// Figures of the scores.
    #[serde(flatten)]
    pub truth: Option<Truth>,
}

impl Report {
    /// Says on standard error what the CSV does not.
    pub fn say(&self) {
        if let (Some(threshold), Some(flagged)) = (self.threshold, self.flagged) {
            progress!("{flagged} of {} rows have a score above {threshold:.4}", self.rows);
        }
        if let Some(truth) = &self.truth {
            let line = |what: &str, own: f64, knn: f64| {
                progress!("{what} {own:.4}; of the five nearest training rows {knn:.4}")
            };
            line("ROC-AUC", truth.roc_auc, truth.knn_roc_auc);
            line("average precision", truth.average_precision, truth.knn_average_precision);
        }
    }
}

/// Figures of scores whose truth is known, and beside them those of a baseline that needs no training.
#[derive(Serialize)]
pub struct Truth {
    /// Classes that are anomalies.
    pub anomalous_classes: Vec<String>,
    /// Rows that are.
    pub anomalies: usize,
    /// As [`Detection::roc_auc`].
    pub roc_auc: f64,
    /// As [`Detection::average_precision`].
    pub average_precision: f64,
    /// The same of the mean distance to the nearest training rows.
    pub knn_roc_auc: f64,
    /// Likewise.
    pub knn_average_precision: f64,
}

/// Holds scores to the labels of their rows. Anomalies are the classes `named`; else those that no training row has; else all but 0,
/// where classes are numbers.
pub fn truth(scores: &[f64], images: &Images, named: &[String], reference: &Reference) -> Result<Truth> {
    let Some(labels) = &images.split.labels else {
        return Err(Error::invalid("--labels", "these data have none, so that no figure can be computed"));
    };
    let classes = classes(images, labels, named, reference)?;
    let anomalous: Vec<bool> = labels.iter().map(|label| classes.contains(label)).collect();
    let names: Vec<String> = classes.iter().map(|&class| class_name(images.class_names, class.into())).collect();
    progress!("anomalies: the rows of {}", names.join(", "));
    let distances = nearest(reference.data.train.images.rows(), images.split.images.rows(), images.pixels());
    let [own, knn] = [scores, &distances].map(|scores| Detection::of(scores, &anomalous));
    let (Some(own), Some(knn)) = (own, knn) else {
        let problem = format!("{} is the class of no row, or of all: no figure can be computed", names.join(", "));
        return Err(Error::invalid("--anomaly", problem));
    };
    Ok(Truth {
        anomalous_classes: names,
        anomalies: anomalous.iter().filter(|&&anomalous| anomalous).count(),
        roc_auc: own.roc_auc,
        average_precision: own.average_precision,
        knn_roc_auc: knn.roc_auc,
        knn_average_precision: knn.average_precision,
    })
}

/// The classes that are anomalies.
fn classes(images: &Images, labels: &[u8], named: &[String], reference: &Reference) -> Result<Vec<u8>> {
    let mut present = labels.to_vec();
    present.sort_unstable();
    present.dedup();
    let name = |class: u8| class_name(images.class_names, class.into());
    if let Some(unknown) = named.iter().find(|wanted| !present.iter().any(|&class| name(class) == **wanted)) {
        let names: Vec<String> = present.iter().map(|&class| name(class)).collect();
        let problem = format!("{unknown} is the class of no row; there are {}", names.join(", "));
        return Err(Error::invalid("--anomaly", problem));
    }
    if !named.is_empty() {
        return Ok(present.into_iter().filter(|&class| named.contains(&name(class))).collect());
    }
    let trained = reference.data.train.labels.as_deref().unwrap_or_default();
    let new: Vec<u8> = present.iter().copied().filter(|class| !trained.contains(class)).collect();
    if !trained.is_empty() && !new.is_empty() && new.len() < present.len() {
        return Ok(new);
    }
    let (numbers, zero) =
        (present.iter().all(|&class| name(class).parse::<f64>().is_ok()), |class: &u8| name(*class) == "0");
    match numbers && present.iter().any(zero) {
        true => Ok(present.into_iter().filter(|class| !zero(class)).collect()),
        false => {
            let names: Vec<String> = present.into_iter().map(name).collect();
            let problem =
                format!("not given, and the data do not say which of the classes {} are anomalies", names.join(", "));
            Err(Error::invalid("--anomaly", problem))
        }
    }
}
