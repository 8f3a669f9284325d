// Of each sample: loss = Σ −ln p(t | z) over the values of its image t, ratio = ln p(z) − ln q(z | t) = ½ Σ (ε² + log σ² − z²).
// One workgroup owns one sample; its sums are added up in a fixed order.
// Provides: args, activations, main
// Needs: batch, image_row, measure, image, in_width, epsilon, draw, LOG_VAR_MIN, LOG_VAR_MAX

struct Args {
    outputs: u32,   // start of what the decoder gives [rows · samples, n4] in activations
    log_vars: u32,  // start of log σ² of the outputs, where there is one
    mu: u32,        // start of μ [rows, latent4] in activations
    log_var: u32,   // start of log σ², likewise
    scores: u32,    // start of (loss, ratio, 0, 0) [rows · samples] in activations
    n: u32,         // values of an image
    latent: u32,    // columns of μ and log σ²; 0: no ratio
    samples: u32,   // of each image
    capacity: u32,  // rows · samples of a full batch
    width: u32,     // workgroups along x
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;

const LANES = 64u;
var<workgroup> part: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    let row = workgroup.y * args.width + workgroup.x;
    let image_number = row / args.samples;
    if image_number >= batch.rows { return; }
    let n4 = (args.n + 3u) / 4u;
    let latent4 = (args.latent + 3u) / 4u;
    let start = image_row(image_number, n4);
    var sum = vec2f();
    for (var j = lane; j < n4; j += LANES) {
        let found = measure(row, j, activations[args.outputs + row * n4 + j], image(start, j));
        sum.x += dot(select(vec4f(), found.loss, in_width(j, args.n)), vec4f(1.0));
    }
    for (var q = lane; q < latent4; q += LANES) {
        let mu = activations[args.mu + image_number * latent4 + q];
        let log_var = activations[args.log_var + image_number * latent4 + q];
        let noise4 = epsilon(row, q);
        for (var i = 0u; i < 4u && 4u * q + i < args.latent; i++) {
            let z = draw(mu[i], log_var[i], noise4[i]).z;
            sum.y += 0.5 * (noise4[i] * noise4[i] + clamp(log_var[i], LOG_VAR_MIN, LOG_VAR_MAX) - z * z);
        }
    }
    part[lane] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half { part[lane] += part[lane + half]; }
        workgroupBarrier();
    }
    if lane == 0u { activations[args.scores + row] = vec4f(part[0], 0.0, 0.0); }
}
