// y = tanh a = ± (1 − e) / (1 + e) with e = exp(−2 |a|)      dy/da = 1 − y²
// The built-in tanh gives NaN for large |a| on some drivers (gpuweb#4458); e only becomes 0.
// Error of y, in units of 2⁻²³: WGSL's exp leaves e off by e (3 + 4 |a|), which moves y by (3 + 4 |a|) / (2 cosh² a), and the
// difference, the sum and the quotient add (1 + 1 + 2½) |y|. Together at most 4.95, near |a| = 1.2. Near 0, where 1 and e cancel,
// the error is thus not relative to y; the sums that a layer makes of such y are no more exact. Error of dy/da: y² + (1 − y²) = 1.
// Provides: KEEPS_SUMS, activate, derivative
// Needs: nothing
const KEEPS_SUMS = false;

fn activate(a: vec4f) -> vec4f {
    let e = exp(-2.0 * abs(a));
    let y = (1.0 - e) / (1.0 + e);
    return select(y, -y, a < vec4f());
}

fn derivative(y: vec4f) -> vec4f { return 1.0 - y * y; }
