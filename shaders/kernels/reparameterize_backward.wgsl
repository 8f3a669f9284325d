// dμ = dz + β μ      dlog σ² = ½ (dz ε σ + β (σ² − 1))      dprojection = dz · act′(projection)
// For a middle that runs layer by layer. One invocation owns four latents of one row.
// Provides: main
// Needs: batch, slopes, derivative

struct Args {
    mu: u32,           // start of μ in activations
    log_var: u32,      // start of log σ², likewise
    projection: u32,   // start of what is kept of act(P onehot(y) + bP), likewise
    dz: u32,           // start of dz in signals
    dprojection: u32,  // start of dprojection, likewise
    dmu: u32,          // start of dμ, likewise
    dlog_var: u32,     // start of dlog σ², likewise
    latent: u32,       // columns of all of them
    labelled: u32,     // 0: no projection
    capacity: u32,     // rows of a full batch
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read>       activations: array<vec4f>;
@group(1) @binding(3) var<storage, read_write> signals:     array<vec4f>;
@group(1) @binding(7) var<storage, read>       noise:       array<f32>;  // ε [slots, capacity, latent]

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let latent4 = (args.latent + 3u) / 4u;
    if id.x >= latent4 || id.y >= batch.rows { return; }
    let at = id.y * latent4 + id.x;
    let mu = activations[args.mu + at];
    let log_var = activations[args.log_var + at];
    let dz = signals[args.dz + at];
    var dmu = vec4f();
    var dlog_var = vec4f();
    for (var i = 0u; i < 4u && 4u * id.x + i < args.latent; i++) {
        let epsilon = noise[(batch.slot * args.capacity + id.y) * args.latent + 4u * id.x + i];
        let found = slopes(mu[i], log_var[i], epsilon, dz[i], batch.kl_weight);
        dmu[i] = found.mu;
        dlog_var[i] = found.log_var;
    }
    signals[args.dmu + at] = dmu;
    signals[args.dlog_var + at] = dlog_var;
    if args.labelled == 1u {
        signals[args.dprojection + at] = dz * derivative(activations[args.projection + at]);
    }
}
