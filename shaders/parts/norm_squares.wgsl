// The first level of the norm: squares of the gradients, added up over spans of rows; their padding is zero.
// Provides: term, keep
// Needs: args
@group(1) @binding(3)  var<storage, read_write> signals:   array<vec4f>;  // sums [groups]
@group(1) @binding(12) var<storage, read>       gradients: array<vec4f>;  // gₛ [spans, count]
fn term(i: u32) -> vec4f {
    var sum = gradients[i];
    for (var s = 1u; s < args.spans; s++) { sum += gradients[s * args.count + i]; }
    return sum * sum;
}
fn keep(group: u32, sum: vec4f) { signals[args.sums + group] = sum; }
