// z = μ + exp(½ log σ²) ε      c = z + projection      KL = ½ Σ (μ² + σ² − 1 − log σ²)
// For a middle that runs layer by layer. One invocation owns one row.
// Provides: main
// Needs: batch, draw

struct Args {
    mu: u32,          // start of μ in activations
    log_var: u32,     // start of log σ², likewise
    projection: u32,  // start of act(P onehot(y) + bP), likewise
    c: u32,           // start of c, likewise
    latent: u32,      // columns of all of them
    labelled: u32,    // 0: no projection
    noisy: u32,       // 0: ε = 0, so that z = μ
    capacity: u32,    // rows of a full batch
    tiles: u32,       // where the row KLs start among a step's partials
    stride: u32,      // partials per step
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;
@group(1) @binding(7) var<storage, read>       noise:       array<f32>;  // ε [slots, capacity, latent]
@group(1) @binding(8) var<storage, read_write> partials:    array<f32>;  // [slots, stride]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let row = id.x;
    if row >= batch.rows { return; }
    let latent4 = (args.latent + 3u) / 4u;
    var kl = 0.0;
    for (var q = 0u; q < latent4; q++) {
        let at = row * latent4 + q;
        let mu = activations[args.mu + at];
        let log_var = activations[args.log_var + at];
        var c = vec4f();
        if args.labelled == 1u { c = activations[args.projection + at]; }
        for (var i = 0u; i < 4u && 4u * q + i < args.latent; i++) {
            var epsilon = 0.0;
            if args.noisy == 1u { epsilon = noise[(batch.slot * args.capacity + row) * args.latent + 4u * q + i]; }
            let drawn = draw(mu[i], log_var[i], epsilon);
            c[i] += drawn.z;
            kl += drawn.kl;
        }
        activations[args.c + at] = c;
    }
    partials[batch.slot * args.stride + args.tiles + row] = kl;
}
