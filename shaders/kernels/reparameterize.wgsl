// z = μ + exp(½ log σ²) ε      KL = ½ Σ (μ² + σ² − 1 − log σ²)
// c = z, z + p, (z + p) / 2 or z p, p the projection of the label; or z and onehot(y) behind it.
// For a middle that runs layer by layer. One invocation owns one sample of one image.
// Provides: args, main
// Needs: batch, epsilon, draw

struct Args {
    mu: u32,          // start of μ [rows, latent4] in activations
    log_var: u32,     // start of log σ², likewise
    projection: u32,  // start of p = act(P onehot(y) + bP), likewise
    onehot: u32,      // start of onehot(y) [rows, classes4] in activations
    c: u32,           // start of c [rows · samples, (latent + classes)4] in activations
    latent: u32,      // columns of μ, log σ² and p
    classes: u32,     // columns behind z
    condition: u32,   // what p does: 0 nothing, 1 z + p, 2 (z + p) / 2, 3 z p
    noisy: u32,       // 0: ε = 0, so that z = μ
    samples: u32,     // of each image
    capacity: u32,    // rows · samples of a full batch
    tiles: u32,       // where the row KLs start among a step's partials
    stride: u32,      // partials per step
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;
@group(1) @binding(8) var<storage, read_write> partials:    array<f32>;  // [slots, stride]

fn conditioned(z: vec4f, p: vec4f) -> vec4f {
    switch args.condition {
        case 1u: { return z + p; }
        case 2u: { return 0.5 * (z + p); }
        case 3u: { return z * p; }
        default: { return z; }
    }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let row = id.x;
    let image = row / args.samples;
    if image >= batch.rows { return; }
    let latent4 = (args.latent + 3u) / 4u;
    let c4 = (args.latent + args.classes + 3u) / 4u;
    var kl = 0.0;
    for (var q = 0u; q < c4; q++) {
        var c = vec4f();
        if q < latent4 {
            let at = image * latent4 + q;
            let mu = activations[args.mu + at];
            let log_var = activations[args.log_var + at];
            var noise4 = vec4f();
            if args.noisy == 1u { noise4 = epsilon(row, q); }
            for (var i = 0u; i < 4u && 4u * q + i < args.latent; i++) {
                let drawn = draw(mu[i], log_var[i], noise4[i]);
                c[i] = drawn.z;
                kl += drawn.kl;
            }
            if args.condition != 0u { c = conditioned(c, activations[args.projection + at]); }
        }
        for (var i = 0u; i < 4u; i++) {
            let place = 4u * q + i - args.latent; // wraps where z still is
            if place < args.classes {
                c[i] = activations[args.onehot + image * ((args.classes + 3u) / 4u) + place / 4u][place % 4u];
            }
        }
        activations[args.c + row * c4 + q] = c;
    }
    if row % args.samples == 0u { partials[batch.slot * args.stride + args.tiles + image] = kl; }
}
