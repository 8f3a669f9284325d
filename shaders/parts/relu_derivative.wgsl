// The derivative of max(x, 0), from x or from max(x, 0).
// Provides: derivative
// Needs: nothing
fn derivative(x: vec4f) -> vec4f { return select(vec4f(), vec4f(1.0), x > vec4f()); }
