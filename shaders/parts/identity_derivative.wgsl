// The derivative of x.
// Provides: derivative
// Needs: nothing
fn derivative(x: vec4f) -> vec4f { return vec4f(1.0); }
