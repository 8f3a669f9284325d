// The tanh form of GELU (Hendrycks and Gimpel 2016): y = ½ a (1 + tanh u) with u = √(2/π) (a + 0.044715 a³).
// It is y = a s with s = 1 / (1 + e⁻ᵍ) and g = 2 u = a (1.5957691 + 0.07135481 a²), and dy/da = s + a s (1 − s) g′
// with g′ = 1.5957691 + 0.21406444 a². s and 1 − s are 1 / (1 + z) and z / (1 + z) with z = e^−|g|: one of them for a ≥ 0,
// the other below. At |a| = 12, e^−|g| is less than any float32, so that g need not be larger.
// Provides: KEEPS_SUMS, activate, derivative
// Needs: nothing
const KEEPS_SUMS = true;

fn activate(a: vec4f) -> vec4f {
    let b = clamp(a, vec4f(-12.0), vec4f(12.0));
    let z = exp(-abs(b * (1.5957691 + 0.07135481 * (b * b))));
    return a * (select(z, vec4f(1.0), a >= vec4f()) / (1.0 + z));
}

fn derivative(a: vec4f) -> vec4f {
    let b = clamp(a, vec4f(-12.0), vec4f(12.0));
    let z = exp(-abs(b * (1.5957691 + 0.07135481 * (b * b))));
    let r = 1.0 / (1.0 + z);
    return select(z, vec4f(1.0), a >= vec4f()) * r + b * (z * r * r) * (1.5957691 + 0.21406444 * (b * b));
}
