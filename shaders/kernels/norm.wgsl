// ‖g‖ = √Σ g², the norm of all gradients of a step, in two levels and a fixed order:
// workgroups add up the squares of their shares of g, then one workgroup adds up their sums and takes the root.
// Provides: args, main
// Needs: term, keep

struct Args {
    count: u32,   // terms, in vec4
    groups: u32,  // workgroups
    sums: u32,    // start of the workgroups' sums in signals
    spans: u32,   // of rows whose gradients are added up
}
@group(1) @binding(0) var<uniform> args: Args;

const LANES = 256u;
var<workgroup> part: array<vec4f, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    var sum = vec4f();
    for (var i = workgroup.x * LANES + lane; i < args.count; i += args.groups * LANES) { sum += term(i); }
    part[lane] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half { part[lane] += part[lane + half]; }
        workgroupBarrier();
    }
    if lane == 0u { keep(workgroup.x, part[0]); }
}
