// One step of Adam on every parameter from gradients computed before. One invocation owns four parameters.
// Provides: main
// Needs: prepare, learn, old_at

struct Args {
    count4: u32,  // parameters, in vec4
    width: u32,   // invocations along x
}
@group(1) @binding(0)  var<uniform>       args:      Args;
@group(1) @binding(12) var<storage, read> gradients: array<vec4f>;  // [count4]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    prepare();
    let at = id.y * args.width + id.x;
    if at < args.count4 { learn(at, old_at(at), gradients[at]); }
}
