// ε ~ N(0, 1) for every step of a submit: Box-Muller on Philox words; counter (block, step low, step high, stream).
// One invocation owns one block of four normals of one step.

struct Args {
    seed_low: u32,
    seed_high: u32,
    stream: u32,
    count: u32,  // normals per step
}
@group(1) @binding(0) var<uniform>             args:  Args;
@group(1) @binding(7) var<storage, read_write> noise: array<f32>;  // [slots, count]

// The upper 23 bits as a number in (0, 1), exactly.
fn unit(words: vec2u) -> vec2f { return (vec2f(words >> vec2u(9u)) + 0.5) * 0x1p-23; }

// cos 2πt and sin 2πt for t in [0, 1), to 2⁻²²: the built-in functions are only good to 2⁻¹¹.
fn turn(t: vec2f) -> array<vec2f, 2> {
    let quarter = floor(4.0 * t + 0.5);
    let x = 6.2831853 * (t - 0.25 * quarter);
    let s = x * x;
    let sine = x + x * s * (-0.16666667 + s * (0.008333333 + s * (-0.00019841270 + s * 2.7557319e-6)));
    let cosine = 1.0 + s * (-0.5 + s * (0.041666667 + s * (-0.0013888889 + s * 2.4801587e-5)));
    let n = vec2u(quarter) % vec2u(4u);
    let swapped = (n & vec2u(1u)) == vec2u(1u);
    let c = select(cosine, sine, swapped) * select(vec2f(1.0), vec2f(-1.0), (n == vec2u(1u)) | (n == vec2u(2u)));
    let d = select(sine, cosine, swapped) * select(vec2f(1.0), vec2f(-1.0), n >= vec2u(2u));
    return array<vec2f, 2>(c, d);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let low = batch.index.x + id.z;
    let high = batch.index.y + select(0u, 1u, low < id.z);
    let words = philox(vec4u(id.x, low, high, args.stream), vec2u(args.seed_low, args.seed_high));
    let radius = sqrt(max(vec2f(), -2.0 * log(unit(words.xz))));
    let direction = turn(unit(words.yw));
    let cosines = radius * direction[0];
    let sines = radius * direction[1];
    let normals = vec4f(cosines.x, sines.x, cosines.y, sines.y);
    for (var i = 0u; i < 4u && 4u * id.x + i < args.count; i++) {
        noise[id.z * args.count + 4u * id.x + i] = normals[i];
    }
}
