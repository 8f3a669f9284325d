// dw[j, k] = Σᵢ dy[i, j] x[i, k] and db[j] = Σᵢ dy[i, j] of every layer in one dispatch, each handed to learn().
// A workgroup stays within one layer.

struct Args {
    layers: u32,  // length of the layer table
    width: u32,   // workgroups along x
}
struct Layer {
    group: u32,   // number of the layer's first workgroup
    images: u32,  // 1: x is the batch of images
    x: u32,       // start of x in activations
    dy: u32,      // start of dy in signals
    w: u32,       // start of w in params, and of dw among the gradients; b and db follow
    k: u32,       // inputs
    n: u32,       // outputs
}
@group(1) @binding(0) var<uniform>       args:        Args;
@group(1) @binding(2) var<storage, read> activations: array<vec4f>;  // x [rows, k4] of each layer but the first
@group(1) @binding(3) var<storage, read> signals:     array<vec4f>;  // dy [rows, n4] of each layer
@group(1) @binding(9) var<storage, read> layers:      array<Layer>;  // by rising group

// Number of the layer that workgroup number `group` belongs to.
fn layer_of(group: u32) -> u32 {
    var number = 0u;
    for (var l = 1u; l < args.layers; l++) {
        if layers[l].group <= group { number = l; }
    }
    return number;
}
