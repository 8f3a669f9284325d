// The gradient itself is kept, whatever was there.
// Provides: prepare, Old, old_at, learn
// Needs: nothing
@group(1) @binding(12) var<storage, read_write> gradients: array<vec4f>;

fn prepare() {}
alias Old = u32;
fn old_at(at: u32) -> Old { return at; }
fn learn(at: u32, old: Old, gradient: vec4f) { gradients[at] = gradient; }
