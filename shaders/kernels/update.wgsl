// dw[j, k] = Σᵢ dy[i, j] x[i, k] and db[j] = Σᵢ dy[i, j] of every layer in one dispatch, each handed to learn().
// A workgroup stays within one layer, and within a span of the rows. Where there are several spans, `adam` adds up what they store.
// Provides: Layer, args, activations, signals, layers, start, layer_of, input, weight_at, learn_weights, learn_from, learn_bias
// Needs: image, image_row, old_at, Old, learn

struct Args {
    first: u32,       // number of the first entry of the layer table
    layers: u32,      // length of the layer table
    width: u32,       // workgroups along x
    groups: u32,      // workgroups of a span: those of all layers
    spans: u32,       // what the rows are divided into, in multiples of 32; 1 unless gradients are stored
    size: u32,        // gradients of a span, in vec4
    loss_scale: f32,  // mixed precision: what dy is multiplied by before it is rounded to f16
}
struct Layer {
    group: u32,   // number of the layer's first workgroup
    images: u32,  // 1: x is the batch of images
    x: u32,       // start of x in activations
    dy: u32,      // start of dy in signals
    w: u32,       // start of w in params, and of dw among the gradients
    b: u32,       // start of b, and of db
    k: u32,       // inputs
    n: u32,       // outputs
}
const LAYERS = 512u;  // most layers of a model: 16 KiB, which every adapter has room for in a uniform
@group(1) @binding(0) var<uniform>       args:        Args;
@group(1) @binding(2) var<storage, read> activations: array<vec4f>;  // x [rows, k4] of each layer but the first
@group(1) @binding(3) var<storage, read> signals:     array<vec4f>;  // dy [rows, n4] of each layer
@group(1) @binding(9) var<uniform>       layers:      array<Layer, LAYERS>;  // args.layers of them by rising group

var<private> start: u32;  // of the span's gradients; 0 where Adam takes them

// Number of the layer that workgroup number `group` belongs to.
fn layer_of(group: u32) -> u32 {
    var number = args.first;
    for (var l = args.first + 1u; l < args.first + args.layers; l++) {
        if layers[l].group <= group { number = l; }
    }
    return number;
}

// Inputs 4 k … 4 k + 3 of a row.
fn input(layer: Layer, row: u32, k: u32, k4: u32) -> vec4f {
    if layer.images == 1u { return image(image_row(row, k4), k); }
    return activations[layer.x + row * k4 + k];
}

// Where w of output j and inputs 4 k … 4 k + 3 lies, or its gradient; for what the layer does not have, some place of the layer.
fn weight_at(layer: Layer, j: u32, k: u32) -> u32 {
    return start + min(layer.w + j * ((layer.k + 3u) / 4u) + k, layer.b);
}

// dw of output j and inputs 4 k … 4 k + 3, where the layer has them.
fn learn_weights(layer: Layer, j: u32, k: u32, gradient: vec4f) {
    learn_from(layer, j, k, old_at(weight_at(layer, j, k)), gradient);
}

// The same, from what old_at() has loaded of weight_at().
fn learn_from(layer: Layer, j: u32, k: u32, old: Old, gradient: vec4f) {
    if j < layer.n && 4u * k < layer.k { learn(weight_at(layer, j, k), old, gradient); }
}

// db of outputs 4 j … 4 j + 3, where the layer has them.
fn learn_bias(layer: Layer, j: u32, gradient: vec4f) {
    let at = start + layer.b + j;
    if 4u * j < layer.n { learn(at, old_at(at), gradient); }
}
