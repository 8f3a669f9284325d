// reconstruction = Σ block partials, KL = Σ row partials and bound = Σ bound partials of every step of a submit, in a fixed order.
// One workgroup owns one step; the gradient norm of a step is not its own.
// Provides: main
// Needs: batch

struct Args {
    tiles: u32,   // reconstruction partials per step
    rows: u32,    // KL partials per step, those past the batch's rows unwritten; 0: no KL
    stride: u32,  // partials per step
    count: u32,   // images in the epoch
    full: u32,    // rows of a full batch
    bounds: u32,  // partials of a bound with weights, behind the KLs; 0: there is none
}
@group(1) @binding(0)  var<uniform>             args:     Args;
@group(1) @binding(8)  var<storage, read>       partials: array<f32>;    // [slots, stride]
@group(1) @binding(13) var<storage, read_write> losses:   array<vec4f>;  // (reconstruction, KL, bound, gradient norm) [entries]

const LANES = 256u;
var<workgroup> part: array<vec3f, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    let start = workgroup.z * args.stride;
    let entry = batch.entry + workgroup.z;
    var sum = vec3f();
    for (var i = lane; i < args.tiles; i += LANES) { sum.x += partials[start + i]; }
    let rows = min(args.rows, args.count - entry * args.full);
    for (var i = lane; i < rows; i += LANES) { sum.y += partials[start + args.tiles + i]; }
    for (var i = lane; i < args.bounds; i += LANES) { sum.z += partials[start + args.tiles + args.rows + i]; }
    part[lane] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half { part[lane] += part[lane + half]; }
        workgroupBarrier();
    }
    if lane == 0u {
        losses[entry].x = part[0].x;
        losses[entry].y = part[0].y;
        losses[entry].z = part[0].z;
    }
}
