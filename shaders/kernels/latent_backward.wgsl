// Backward through the narrow middle of a model, row by row, from dd (the gradient before d's activation):
// dc = W₃ᵀ dd      dprojection = dc · act′(projection)      dz = dc
// dμ = dz + β μ      dlog σ² = ½ (dz ε σ + β (σ² − 1))      dcode = (Wμᵀ dμ + Wσᵀ dlog σ²) · act′(code)
// dh = W₂ᵀ dcode · act′(h)      For the autoencoder dcode = dc · act′(code).
// act′ is the derivative of the activation, from what the forward pass has kept: outputs or sums.
// Provides: args, params, activations, signals, noise
// Needs: nothing

struct Args {
    h: u32,            // start of what is kept of h in activations
    code: u32,         // start of what is kept of code, likewise
    mu: u32,           // start of μ, likewise
    log_var: u32,      // start of log σ², likewise
    projection: u32,   // start of what is kept of act(P onehot(y) + bP), likewise
    dd: u32,           // start of dd in signals
    dprojection: u32,  // start of dprojection, likewise
    dmu: u32,          // start of dμ, likewise
    dlog_var: u32,     // start of dlog σ², likewise
    dcode: u32,        // start of dcode, likewise
    dh: u32,           // start of dh, likewise
    w_code: u32,       // start of W₂ in params
    w_mu: u32,         // start of Wμ, likewise
    w_log_var: u32,    // start of Wσ, likewise
    w_d: u32,          // start of W₃, likewise
    width: u32,        // of h and d
    latent: u32,       // of code, μ, log σ², z and c: at most 128, in subgroups 8
    classes: u32,      // 0: no labels
    variational: u32,  // 0: autoencoder
    capacity: u32,     // rows of a full batch
}
@group(1) @binding(0) var<uniform>             args:        Args;
@group(1) @binding(1) var<storage, read>       params:      array<vec4f>;
@group(1) @binding(2) var<storage, read>       activations: array<vec4f>;
@group(1) @binding(3) var<storage, read_write> signals:     array<vec4f>;
@group(1) @binding(7) var<storage, read>       noise:       array<f32>;  // ε [slots, capacity, latent]
