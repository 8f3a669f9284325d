// ε ~ N(0, 1) for every step of a submit: Box-Muller on Philox words; counter (block, step low, step high, stream).
// A process that has some rows of a batch only draws what these rows have of the whole batch's normals.
// One invocation owns one block of four normals of one step.
// Provides: main
// Needs: batch, box_muller, philox

struct Args {
    seed_low: u32,
    seed_high: u32,
    stream: u32,
    count: u32,  // normals per step
    width: u32,  // normals per row
}
@group(1) @binding(0) var<uniform>             args:  Args;
@group(1) @binding(7) var<storage, read_write> noise: array<f32>;  // [slots, count]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let low = batch.index.x + id.z;
    let high = batch.index.y + select(0u, 1u, low < id.z);
    let first = batch.row * args.width;
    let block = first / 4u + id.x;
    let normals = box_muller(philox(vec4u(block, low, high, args.stream), vec2u(args.seed_low, args.seed_high)));
    for (var i = 0u; i < 4u; i++) {
        let at = 4u * block + i - first;  // past every count where it would be below 0
        if at < args.count { noise[id.z * args.count + at] = normals[i]; }
    }
}
