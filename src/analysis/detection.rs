//! How well scores tell anomalies from other rows, and a baseline that needs no training.

use crate::model::Rows;
use rayon::prelude::*;
use serde::Serialize;

/// Training rows whose distance makes the baseline.
pub const NEIGHBOURS: usize = 5;

/// Figures of scores whose truth is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Detection {
    /// The probability that an anomaly has a greater score than another row; of equal scores half.
    pub roc_auc: f64,
    /// Precision averaged over the anomalies, from the greatest score down; rows of equal scores are found together.
    pub average_precision: f64,
}

impl Detection {
    /// The figures of `scores`, greater for what is taken for an anomaly; none without an anomaly, or without another row.
    ///
    /// # Panics
    /// If there are not as many of both.
    pub fn of(scores: &[f64], anomalous: &[bool]) -> Option<Detection> {
        assert_eq!(scores.len(), anomalous.len(), "a truth for each score");
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let anomalies = anomalous.iter().filter(|&&anomalous| anomalous).count() as f64;
        let others = scores.len() as f64 - anomalies;
        if anomalies == 0.0 || others == 0.0 {
            return None;
        }
        let (mut found, mut wrong, mut pairs, mut precision) = (0.0, 0.0, 0.0, 0.0);
        for equal in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
            let right = equal.iter().filter(|&&row| anomalous[row]).count() as f64;
            let other = equal.len() as f64 - right;
            pairs += right * (others - wrong - 0.5 * other); // rows below, and half of those beside
            (found, wrong) = (found + right, wrong + other);
            precision += right * found / (found + wrong);
        }
        Some(Detection { roc_auc: pairs / (anomalies * others), average_precision: precision / anomalies })
    }
}

/// The mean distance of each of `rows`, `[count, width]`, to its [`NEIGHBOURS`] nearest of `train` (all where there are fewer).
pub fn nearest(train: Rows, rows: Rows, width: usize) -> Vec<f64> {
    let (train, rows) = (train.floats(), rows.floats());
    let distance = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt()
    };
    let mean = |row: &[f32]| {
        let mut distances: Vec<f64> = train.chunks(width).map(|other| distance(row, other)).collect();
        let count = NEIGHBOURS.min(distances.len());
        distances.select_nth_unstable_by(count - 1, f64::total_cmp);
        distances[..count].iter().sum::<f64>() / count as f64
    };
    rows.par_chunks(width).map(mean).collect()
}

/// The value below which this share of `scores` lies, between two of them in a straight line.
///
/// # Panics
/// If there is no score.
pub fn quantile(scores: &[f64], share: f64) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}
