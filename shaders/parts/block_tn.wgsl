// Which block of which layer a workgroup of the update owns.
// Provides: block_of
// Needs: Layer, args, layer_of, layers

struct Block {
    number: u32,   // of the layer
    layer: Layer,
    k4: u32,       // inputs of the layer, in vec4
    n4: u32,       // outputs of the layer, in vec4
    k: u32,        // the block's first input, in vec4
    j: u32,        // the block's first output, in vec4
}

// Blocks lie in a layer row by row: `side4` vec4 of inputs across, as many of outputs down. A workgroup owns `blocks` in a row, of
// which this is number `nth`.
fn block_of(workgroup: vec3u, side4: u32, blocks: u32, nth: u32) -> Block {
    let group = workgroup.y * args.width + workgroup.x;
    let number = layer_of(group);
    let layer = layers[number];
    let k4 = (layer.k + 3u) / 4u;
    let n4 = (layer.n + 3u) / 4u;
    let across = (k4 + side4 - 1u) / side4;
    let place = blocks * (group - layer.group) + nth;
    return Block(number, layer, k4, n4, side4 * (place % across), side4 * (place / across));
}
