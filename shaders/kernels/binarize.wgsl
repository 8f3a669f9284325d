// b[i, k] = 255 with probability x[i, k] / 255, else 0; counter (word, epoch low, epoch high, stream).
// One invocation owns one word, four pixels of an image: one block of random words. Padding is black and stays so.
// Provides: main
// Needs: philox

struct Args {
    count: u32,  // words
    width: u32,  // invocations along x
    seed_low: u32,
    seed_high: u32,
    epoch_low: u32,
    epoch_high: u32,
    stream: u32,
}
@group(1) @binding(0)  var<uniform>             args:   Args;
@group(1) @binding(4)  var<storage, read_write> images: array<u32>;  // b [count]
@group(1) @binding(14) var<storage, read>       gray:   array<u32>;  // x [count]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let at = id.y * args.width + id.x;
    if at >= args.count { return; }
    let places = vec4u(0u, 8u, 16u, 24u);
    let x = (vec4u(gray[at]) >> places) & vec4u(255u);
    // u < x / 255 for u = (word / 2⁹ + ½) 2⁻²³, in whole numbers: nothing is rounded, and nothing overflows
    let words = philox(vec4u(at, args.epoch_low, args.epoch_high, args.stream), vec2u(args.seed_low, args.seed_high));
    let white = (2u * (words >> vec4u(9u)) + 1u) * 255u < x << vec4u(24u);
    let bytes = select(vec4u(), vec4u(255u) << places, white);
    images[at] = bytes.x | bytes.y | bytes.z | bytes.w;
}
