// The gradient itself is kept.
// Provides: prepare, learn
// Needs: nothing
@group(1) @binding(12) var<storage, read_write> gradients: array<vec4f>;

fn prepare() {}
fn learn(at: u32, gradient: vec4f) { gradients[at] = gradient; }
