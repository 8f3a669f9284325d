// The narrow middle of a model, row by row:
// code = act(W₂ h + b₂)      μ = Wμ code + bμ      log σ² = Wσ code + bσ      z = μ + exp(½ log σ²) ε
// c = z + act(P onehot(y) + bP)      d = act(W₃ c + b₃)      KL = ½ Σ (μ² + σ² − 1 − log σ²)
// The autoencoder decodes c = code, the VAE c = z.
// Provides: args, params, activations, order, labels, noise, partials, param
// Needs: nothing

struct Args {
    h: u32,                // start of h in activations
    code: u32,             // start of code, likewise
    code_kept: u32,        // start of its sums, likewise, where the activation keeps them
    mu: u32,               // start of μ, likewise
    log_var: u32,          // start of log σ², likewise
    projection: u32,       // start of act(P onehot(y) + bP), likewise
    projection_kept: u32,  // start of its sums, likewise, where the activation keeps them
    onehot: u32,           // start of onehot(y), likewise
    c: u32,                // start of c, likewise
    d: u32,                // start of d, likewise
    d_kept: u32,           // start of its sums, likewise, where the activation keeps them
    w_code: u32,           // start of W₂ in params; b₂ follows
    w_mu: u32,             // start of Wμ, likewise
    w_log_var: u32,        // start of Wσ, likewise
    w_label: u32,          // start of P, likewise
    w_d: u32,              // start of W₃, likewise
    width: u32,            // of h and d
    latent: u32,           // of code, μ, log σ², z and c: at most 128, in subgroups 8
    classes: u32,          // 0: no labels
    variational: u32,      // 0: autoencoder
    noisy: u32,            // 0: ε = 0, so that z = μ
    capacity: u32,         // rows of a full batch
    tiles: u32,            // where the row KLs start among a step's partials
    stride: u32,           // partials per step
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(1) var<storage, read>       params:      array<vec4f>;
@group(1) @binding(2) var<storage, read_write> activations: array<vec4f>;
@group(1) @binding(5) var<storage, read>       order:       array<u32>;  // [count]
@group(1) @binding(6) var<storage, read>       labels:      array<u32>;  // y [count]
@group(1) @binding(7) var<storage, read>       noise:       array<f32>;  // ε [slots, capacity, latent]
@group(1) @binding(8) var<storage, read_write> partials:    array<f32>;  // [slots, stride]

fn param(start: u32, j: u32) -> f32 { return params[start + j / 4u][j % 4u]; }
