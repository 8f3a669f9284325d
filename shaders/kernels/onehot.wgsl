// onehot(y)[i, class] = 1 where class = y[i], else 0. One invocation owns four classes of one row.
// Provides: main
// Needs: batch

struct Args {
    onehot: u32,   // start of onehot(y) in activations
    classes: u32,  // columns
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;  // onehot(y) [rows, classes4]
@group(1) @binding(5) var<storage, read>       order:       array<u32>;    // [count]
@group(1) @binding(6) var<storage, read>       labels:      array<u32>;    // y [count]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let classes4 = (args.classes + 3u) / 4u;
    if id.x >= classes4 || id.y >= batch.rows { return; }
    let y = labels[order[batch.first + id.y]];
    activations[args.onehot + id.y * classes4 + id.x] = select(vec4f(), vec4f(1.0), 4u * id.x + vec4u(0u, 1u, 2u, 3u) == vec4u(y));
}
