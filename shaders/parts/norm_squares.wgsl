// The first level of the norm: squares of the gradients, whose padding is zero.
// Provides: term, keep
// Needs: args
@group(1) @binding(3)  var<storage, read_write> signals:   array<vec4f>;  // sums [groups]
@group(1) @binding(12) var<storage, read>       gradients: array<vec4f>;  // g [count]
fn term(i: u32) -> vec4f { return gradients[i] * gradients[i]; }
fn keep(group: u32, sum: vec4f) { signals[args.sums + group] = sum; }
