//! Matrix products on all cores.

use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayRef2, Axis};

/// Products of fewer multiplications than this are not worth waking other threads for.
const SMALL: usize = 1 << 17;

/// `c[i, j] = Σₖ a[i, k] b[k, j]`; `a` is `[m, k]`, `b` `[k, n]`, `c` `[m, n]`. Each thread makes a block of whole rows or whole
/// columns of `c`, so the sums, and their order, are the same on any number of threads.
pub fn product(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Array2<f64> {
    let (m, n) = (a.nrows(), b.ncols());
    if m * n * a.ncols() < SMALL {
        return a.dot(b);
    }
    let mut c = Array2::zeros((m, n));
    let axis = Axis(usize::from(m < n));
    let block = m.max(n).div_ceil(rayon::current_num_threads());
    let blocks = c.axis_chunks_iter_mut(axis, block).into_par_iter();
    if m < n {
        let columns = b.axis_chunks_iter(axis, block).into_par_iter();
        blocks.zip(columns).for_each(|(mut c, b)| general_mat_mul(1.0, a, &b, 0.0, &mut c));
    } else {
        let rows = a.axis_chunks_iter(axis, block).into_par_iter();
        blocks.zip(rows).for_each(|(mut c, a)| general_mat_mul(1.0, &a, b, 0.0, &mut c));
    }
    c
}
