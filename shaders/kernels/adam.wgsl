// One step of Adam on every parameter from gradients computed before, g = Σ gₛ over spans of rows, in their order; where they are
// clipped by their norm, on g · min(1, most / (‖g‖ + 1e-6)).
// One invocation owns four parameters.
// Provides: main
// Needs: prepare, batch, learn, old_at

struct Args {
    count4: u32,  // parameters, in vec4
    width: u32,   // invocations along x
    spans: u32,   // of rows whose gradients are added up
    most: f32,    // the norm above which gradients are scaled down; 0: they are not clipped
}
@group(1) @binding(0)  var<uniform>       args:      Args;
@group(1) @binding(12) var<storage, read> gradients: array<vec4f>;  // gₛ [spans, count4]
@group(1) @binding(13) var<storage, read> losses:    array<vec4f>;  // (…, ‖g‖) [entries]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    prepare();
    let at = id.y * args.width + id.x;
    if at >= args.count4 { return; }
    var sum = gradients[at];
    for (var s = 1u; s < args.spans; s++) { sum += gradients[s * args.count4 + at]; }
    let scale = select(1.0, min(1.0, args.most / (losses[batch.entry].w + 1e-6)), args.most > 0.0);
    learn(at, old_at(at), scale * sum);
}
