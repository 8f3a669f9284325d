// x̃[i, k] = corrupt(x[i, k]) for the batch of images x; counter (i · width4 + k / 4, step low, step high | high, stream),
// i counted from the first row of the batch, of which this process may have some rows only.
// One invocation owns one vec4 of one row: one block of random words.
// Provides: args, main
// Needs: batch, philox, image, image_row, corrupt, in_width

struct Args {
    corrupted: u32,  // start of x̃ in activations
    width: u32,      // pixels per image
    seed_low: u32,
    seed_high: u32,
    stream: u32,
    high: u32,       // bits set in the upper word of the step's number: what tells evaluation from training
    strength: f32,
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;  // x̃ [rows, width4]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let width4 = (args.width + 3u) / 4u;
    if id.x >= width4 || id.y >= batch.rows { return; }
    let at = id.y * width4 + id.x;
    let counter = vec4u(batch.row * width4 + at, batch.index.x, batch.index.y | args.high, args.stream);
    let words = philox(counter, vec2u(args.seed_low, args.seed_high));
    let x = image(image_row(id.y, width4), id.x);
    activations[args.corrupted + at] = select(vec4f(), corrupt(x, words), in_width(id.x, args.width));
}
