// y = a s with s = 1 / (1 + e⁻ᵃ)      dy/da = s + a s (1 − s)
// s and 1 − s are 1 / (1 + z) and z / (1 + z) with z = e^−|a|, which cannot overflow: one of them for a ≥ 0, the other below.
// Provides: KEEPS_SUMS, activate, derivative
// Needs: nothing
const KEEPS_SUMS = true;

fn activate(a: vec4f) -> vec4f {
    let z = exp(-abs(a));
    return a * (select(z, vec4f(1.0), a >= vec4f()) / (1.0 + z));
}

fn derivative(a: vec4f) -> vec4f {
    let z = exp(-abs(a));
    let r = 1.0 / (1.0 + z);
    return select(z, vec4f(1.0), a >= vec4f()) * r + a * (z * r * r);
}
