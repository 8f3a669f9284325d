// w = β ratio − loss of each sample; w̃ = softmax(w) over the samples of an image, bound = ln (1/K) Σ exp w; or w̃ = 1/K.
// Loss partials: the mean of −ln p(t | z) over the samples, and with weights that of −ratio and −bound; 0 past the last image.
// One invocation owns one image of a full batch.
// Provides: main
// Needs: batch

struct Args {
    scores: u32,    // start of (loss, ratio, w̃, 0) [rows · samples] in activations
    samples: u32,   // K, of each image
    weighted: u32,  // 0: w̃ = 1/K
    rows: u32,      // rows of a full batch: losses, KLs and bounds are so many partials each
    stride: u32,    // partials per step
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;
@group(1) @binding(8) var<storage, read_write> partials:    array<f32>;  // [slots, stride]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= args.rows { return; }
    let at = batch.slot * args.stride + id.x;
    if id.x >= batch.rows {
        for (var part = 0u; part < 3u; part++) { partials[at + part * args.rows] = 0.0; }
        return;
    }
    let first = args.scores + id.x * args.samples;
    let share = 1.0 / f32(args.samples);
    var mean = vec2f();  // of loss and ratio
    var largest = batch.kl_weight * activations[first].y - activations[first].x;
    for (var k = 0u; k < args.samples; k++) {
        let found = activations[first + k].xy;
        mean += share * found;
        largest = max(largest, batch.kl_weight * found.y - found.x);
    }
    partials[at] = mean.x;
    var sum = 0.0;
    for (var k = 0u; k < args.samples; k++) {
        let found = activations[first + k].xy;
        sum += exp(batch.kl_weight * found.y - found.x - largest);
    }
    for (var k = 0u; k < args.samples; k++) {
        let found = activations[first + k].xy;
        let w = exp(batch.kl_weight * found.y - found.x - largest) / sum;
        activations[first + k] = vec4f(found, select(share, w, args.weighted == 1u), 0.0);
    }
    if args.weighted == 1u {
        partials[at + args.rows] = -mean.y;
        partials[at + 2u * args.rows] = -(largest + log(share * sum));
    }
}
