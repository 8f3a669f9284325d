//! Matrix products on all cores.

use gemm::{Parallelism, gemm};
use ndarray::{Array2, ArrayRef2};

/// `c[i, j] = Σₖ a[i, k] b[k, j]`; `a` is `[m, k]`, `b` `[k, n]`, `c` `[m, n]`.
pub fn product(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Array2<f64> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    product_into(a, b, &mut c);
    c
}

/// As [`product`], into a `c` that is not read. Threads share out blocks of `c`, never a sum, so the sums, and their order, are
/// the same on any number of threads.
///
/// # Panics
/// Where the shapes do not fit each other.
#[rustfmt::skip] // an operand of `gemm` is a pointer, the stride of its columns and the stride of its rows
pub fn product_into(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>, c: &mut ArrayRef2<f64>) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert_eq!((b.nrows(), c.dim()), (k, (m, n)), "shapes of b and c");
    let [[ar, ac], [br, bc], [cr, cc]] = [a.strides(), b.strides(), c.strides()].map(|s| [s[0], s[1]]);
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    // SAFETY: pointers and strides are those of arrays of the asserted shapes; nothing else sees `c`.
    unsafe {
        gemm(
            m, n, k, c, cc, cr, false, a, ac, ar, b, bc, br, 0.0, 1.0, false, false, false, Parallelism::Rayon(0),
        );
    }
}
