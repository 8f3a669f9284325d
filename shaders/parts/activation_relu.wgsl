// y = max(a, 0)      dy/da = [y > 0]
// Provides: KEEPS_SUMS, activate, derivative
// Needs: nothing
const KEEPS_SUMS = false;

fn activate(a: vec4f) -> vec4f { return max(a, vec4f()); }

fn derivative(y: vec4f) -> vec4f { return select(vec4f(), vec4f(1.0), y > vec4f()); }
