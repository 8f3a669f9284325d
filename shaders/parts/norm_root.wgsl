// The second level of the norm: the sums of the first, and the root.
// Provides: term, keep
// Needs: args, batch
@group(1) @binding(3)  var<storage, read>       signals: array<vec4f>;  // sums [count]
@group(1) @binding(13) var<storage, read_write> losses:  array<vec4f>;  // (…, gradient norm) [entries]
fn term(i: u32) -> vec4f { return signals[args.sums + i]; }
fn keep(group: u32, sum: vec4f) { losses[batch.entry].w = sqrt(dot(sum, vec4f(1.0))); }
