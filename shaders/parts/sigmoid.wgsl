// By e to the power of −|x|, which cannot overflow.
// Provides: KEEPS_SUMS, activate
// Needs: nothing
const KEEPS_SUMS = false;

fn activate(x: vec4f) -> vec4f {
    let z = exp(-abs(x));
    return select(z, vec4f(1.0), x >= vec4f()) / (1.0 + z);
}
