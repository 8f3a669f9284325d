//! Matrix products on all cores.

use gemm_common::Parallelism;
use gemm_f64::gemm::f64::get_gemm_fn;
use ndarray::{Array2, ArrayRef2, Axis};

/// Terms of a sum that are added in one go: what is read of `a` and `b` meanwhile stays in the caches.
const TERMS: usize = 256;

/// `c[i, j] = Σₖ a[i, k] b[k, j]`; `a` is `[m, k]`, `b` `[k, n]`, `c` `[m, n]`.
pub fn product(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Array2<f64> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    product_into(a, b, &mut c);
    c
}

/// As [`product`], into a `c` whose values do not matter. Threads share out blocks of `c`, never a sum, so the sums, and their
/// order, are the same on any number of threads.
///
/// # Panics
/// Where the shapes do not fit each other.
#[rustfmt::skip] // an operand of the function is a pointer, the stride of its columns and the stride of its rows
pub fn product_into(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>, c: &mut ArrayRef2<f64>) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert_eq!((b.nrows(), c.dim()), (k, (m, n)), "shapes of b and c");
    if k == 0 {
        c.fill(0.0);
    }
    let [[ar, ac], [br, bc], [cr, cc]] = [a.strides(), b.strides(), c.strides()].map(|s| [s[0], s[1]]);
    let c = c.as_mut_ptr();
    for (block, (a, b)) in a.axis_chunks_iter(Axis(1), TERMS).zip(b.axis_chunks_iter(Axis(0), TERMS)).enumerate() {
        let (k, add, a, b) = (a.ncols(), block > 0, a.as_ptr(), b.as_ptr());
        // SAFETY: pointers and strides are those of arrays of the asserted shapes; nothing else sees `c`.
        unsafe {
            get_gemm_fn()(
                m, n, k, c, cc, cr, add, a, ac, ar, b, bc, br, 1.0, 1.0, false, false, false, Parallelism::Rayon(0),
            );
        }
    }
}
