// doutput = w̃ ∂loss/∂output, and of a Gaussian dlog σ² = w̃ ∂loss/∂log σ², of every value of every sample.
// One invocation owns four values of one sample.
// Provides: args, activations, main
// Needs: batch, measure, image, image_row, in_width

struct Args {
    outputs: u32,    // start of what the decoder gives [rows · samples, n4] in activations
    log_vars: u32,   // start of log σ² of the outputs, where there is one
    scores: u32,     // start of (loss, ratio, w̃, 0) [rows · samples] in activations
    doutputs: u32,   // start of doutput [rows · samples, n4] in signals
    dlog_vars: u32,  // start of dlog σ², likewise
    n: u32,          // values of an image
    samples: u32,    // of each image
    gaussian: u32,   // 0: there is no log σ²
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read>       activations: array<vec4f>;
@group(1) @binding(3) var<storage, read_write> signals:     array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let n4 = (args.n + 3u) / 4u;
    let image_number = id.y / args.samples;
    if id.x >= n4 || image_number >= batch.rows { return; }
    let at = id.y * n4 + id.x;
    let found = measure(id.y, id.x, activations[args.outputs + at], image(image_row(image_number, n4), id.x));
    let w = activations[args.scores + id.y].z;
    let inside = in_width(id.x, args.n);
    signals[args.doutputs + at] = select(vec4f(), w * found.output, inside);
    if args.gaussian == 1u { signals[args.dlog_vars + at] = select(vec4f(), w * found.log_var, inside); }
}
