// y = scale x + shift, 8 · rounds times over: the multiply-adds that a device does at most, with nothing to load between them.
// One invocation owns a vec4 of each of four rows, so that none of its sums waits for the one before.
// Provides: main
// Needs: nothing

struct Args {
    start: u32,   // start of x, which y replaces, in activations
    count: u32,   // vec4 of a row
    rounds: u32,  // of eight multiply-adds
    scale: f32,
    shift: f32,
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;  // x, then y [4, count]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= args.count { return; }
    let at = args.start + id.x;
    let scale = args.scale;
    let shift = args.shift;
    var a = activations[at];
    var b = activations[at + args.count];
    var c = activations[at + 2u * args.count];
    var d = activations[at + 3u * args.count];
    for (var round = 0u; round < args.rounds; round++) {
        for (var i = 0u; i < 8u; i++) {
            a = a * scale + shift;
            b = b * scale + shift;
            c = c * scale + shift;
            d = d * scale + shift;
        }
    }
    activations[at] = a;
    activations[at + args.count] = b;
    activations[at + 2u * args.count] = c;
    activations[at + 3u * args.count] = d;
}
