//! Principal components: the plane in which a latent space of more than two dimensions spreads widest.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, s};

use crate::{Error, Result};

const SWEEPS: usize = 64;

/// Points in the plane of their two principal components.
#[derive(Clone, Debug)]
pub struct Pca {
    /// `[n, 2]`, centred: the coordinates along the first and second component.
    pub points: Array2<f64>,
    /// `[2, d]`: the components, of length 1, each with its largest entry (the first of equals) positive, so that the sign is fixed.
    pub components: Array2<f64>,
    /// Each component's share of the total variance, in [0, 1]; zero where the points do not vary at all.
    pub shares: [f64; 2],
}

/// The two principal components of `points`, `[n, d]`: eigenvectors of the covariance, by Jacobi rotations in f64.
/// With `d = 1` the second coordinate and its share are zero.
///
/// # Errors
/// [`Error::Invalid`] where there is no point, no dimension, or a value that is not finite.
pub fn pca2(points: ArrayView2<f64>) -> Result<Pca> {
    let (n, d) = points.dim();
    if n == 0 || d == 0 {
        return Err(Error::invalid("points", format!("[{n}, {d}] holds nothing to project")));
    }
    if let Some(((row, column), value)) = points.indexed_iter().find(|(_, v)| !v.is_finite()) {
        return Err(Error::invalid("points", format!("row {row}, column {column} is {value}")));
    }
    let centred = &points - &points.sum_axis(Axis(0)).mapv(|sum| sum / n as f64);
    let scatter = centred.t().dot(&centred); // [d, d], n times the covariance: the shares and axes are the same
    let total = scatter.diag().sum();
    let (values, vectors) = symmetric_eigen(scatter);

    let mut order: Vec<usize> = (0..d).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let mut components = Array2::zeros((2, d));
    let mut shares = [0.0; 2];
    for (k, &column) in order.iter().take(2).enumerate() {
        let vector = vectors.column(column);
        let largest = vector.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
        // The first among equals, whatever the rounding.
        let lead = vector.iter().find(|v| v.abs() > 0.999 * largest).copied().unwrap_or(1.0);
        components.slice_mut(s![k, ..]).assign(&(&vector * lead.signum()));
        shares[k] = if total > 0.0 { (values[column] / total).clamp(0.0, 1.0) } else { 0.0 };
    }
    Ok(Pca { points: centred.dot(&components.t()), components, shares })
}

/// Eigenvalues and, as columns, eigenvectors of a symmetric matrix: cyclic Jacobi (Golub & Van Loan, §8.5).
fn symmetric_eigen(mut a: Array2<f64>) -> (Array1<f64>, Array2<f64>) {
    let d = a.nrows();
    let mut vectors = Array2::eye(d);
    let negligible = f64::EPSILON * a.iter().map(|v| v * v).sum::<f64>().sqrt() / d as f64;
    // Convergence is quadratic: about ten sweeps at any size.
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..d {
            for q in p + 1..d {
                if a[[p, q]].abs() <= negligible {
                    continue;
                }
                rotated = true;
                let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                rotate(a.view_mut(), p, q, c, t * c);
                rotate(a.view_mut().reversed_axes(), p, q, c, t * c);
                (a[[p, q]], a[[q, p]]) = (0.0, 0.0); // what the angle was chosen for, without its rounding
                rotate(vectors.view_mut(), p, q, c, t * c);
            }
        }
        if !rotated {
            break;
        }
    }
    (a.diag().to_owned(), vectors)
}

/// `m ← m R`, with `R` the rotation by (c, s) in the plane of columns `p` and `q`.
fn rotate(mut m: ArrayViewMut2<f64>, p: usize, q: usize, c: f64, s: f64) {
    for mut row in m.rows_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
}
