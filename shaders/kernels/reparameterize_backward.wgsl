// dz = dc · ∂c/∂z      dprojection = act′(projection) · Σ dc · ∂c/∂p      dμ = Σ g + β μ      dlog σ² = ½ (Σ g ε σ + β (σ² − 1))
// with sums over the samples of an image and g = dz. With weights w̃ of the samples: g = dz + w̃ β z, dμ = Σ g,
// dlog σ² = ½ (Σ g ε σ − β); doubly reparameterized: g = w̃ dz + w̃² β (z − ε / σ), dμ = Σ g, dlog σ² = ½ Σ g ε σ.
// For a middle that runs layer by layer. One invocation owns four latents of one image.
// Provides: args, main
// Needs: batch, LOG_VAR_MIN, LOG_VAR_MAX, epsilon, slopes, derivative

struct Args {
    mu: u32,               // start of μ [rows, latent4] in activations
    log_var: u32,          // start of log σ², likewise
    projection: u32,       // start of p = act(P onehot(y) + bP), likewise
    projection_kept: u32,  // start of what is kept of p, likewise
    scores: u32,           // start of (loss, ratio, w̃, 0) [rows · samples] in activations
    dc: u32,               // start of dc [rows · samples, (latent + classes)4] in signals
    dprojection: u32,      // start of dprojection [rows, latent4] in signals
    dmu: u32,              // start of dμ, likewise
    dlog_var: u32,         // start of dlog σ², likewise
    latent: u32,           // columns of μ, log σ² and p
    classes: u32,          // columns behind z
    condition: u32,        // what p does: 0 nothing, 1 z + p, 2 (z + p) / 2, 3 z p
    bound: u32,            // 0: no weights; 1: weights; 2: doubly reparameterized
    samples: u32,          // of each image
    capacity: u32,         // rows · samples of a full batch
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(2) var<storage, read>       activations: array<vec4f>;
@group(1) @binding(3) var<storage, read_write> signals:     array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let latent4 = (args.latent + 3u) / 4u;
    let c4 = (args.latent + args.classes + 3u) / 4u;
    if id.x >= latent4 || id.y >= batch.rows { return; }
    let at = id.y * latent4 + id.x;
    let mu = activations[args.mu + at];
    let log_var = activations[args.log_var + at];
    let sigma = exp(0.5 * clamp(log_var, vec4f(LOG_VAR_MIN), vec4f(LOG_VAR_MAX)));
    var p = vec4f();
    if args.condition != 0u { p = activations[args.projection + at]; }
    var sum = vec4f();     // Σ g
    var turned = vec4f();  // Σ g ε
    var dp = vec4f();
    for (var sample = 0u; sample < args.samples; sample++) {
        let row = id.y * args.samples + sample;
        let dc = signals[args.dc + row * c4 + id.x];
        let noise4 = epsilon(row, id.x);
        let z = mu + sigma * noise4;
        var g = dc;
        if args.condition == 2u { g = 0.5 * dc; }
        if args.condition == 3u {
            g = dc * p;
            dp += dc * z;
        } else {
            dp += g;
        }
        if args.bound != 0u {
            let w = activations[args.scores + row].z;
            let pull = w * batch.kl_weight * z;
            g = select(w * (g + pull - w * batch.kl_weight * noise4 / sigma), g + pull, args.bound == 1u);
        }
        sum += g;
        turned += g * noise4;
    }
    let beta = select(0.0, batch.kl_weight, args.bound == 0u);
    let prior = select(0.0, batch.kl_weight, args.bound == 1u);
    var dmu = vec4f();
    var dlog_var = vec4f();
    for (var i = 0u; i < 4u && 4u * id.x + i < args.latent; i++) {
        let found = slopes(mu[i], log_var[i], sum[i], turned[i], beta, prior);
        dmu[i] = found.mu;
        dlog_var[i] = found.log_var;
    }
    signals[args.dmu + at] = dmu;
    signals[args.dlog_var + at] = dlog_var;
    if args.condition != 0u {
        signals[args.dprojection + at] = dp * derivative(activations[args.projection_kept + at]);
    }
}
