// x as it is.
// Provides: activate
// Needs: nothing
fn activate(x: vec4f) -> vec4f { return x; }
