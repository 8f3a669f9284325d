// Which block of which layer, and which rows, a workgroup of the update owns.
// Provides: block_of
// Needs: Layer, args, batch, start, layer_of, layers

struct Block {
    number: u32,   // of the layer
    layer: Layer,
    k4: u32,       // inputs of the layer, in vec4
    n4: u32,       // outputs of the layer, in vec4
    k: u32,        // the block's first input, in vec4
    j: u32,        // the block's first output, in vec4
    begin: u32,    // the span's first row
    end: u32,      // the row after its last, `begin` or less where it has none; a multiple of 32 but in the last span
}

// Blocks lie in a layer row by row: `side4` vec4 of inputs across, as many of outputs down. A workgroup owns `blocks` in a row, of
// which this is number `nth`. What a rectangle of workgroups has beyond the last span is beyond the last layer of it.
fn block_of(workgroup: vec3u, side4: u32, blocks: u32, nth: u32) -> Block {
    let whole = workgroup.y * args.width + workgroup.x;
    let span = min(whole / args.groups, args.spans - 1u);
    let group = whole - span * args.groups;
    let rows = ((batch.rows + args.spans - 1u) / args.spans + 31u) / 32u * 32u;
    start = span * args.size;
    let number = layer_of(group);
    let layer = layers[number];
    let k4 = (layer.k + 3u) / 4u;
    let n4 = (layer.n + 3u) / 4u;
    let across = (k4 + side4 - 1u) / side4;
    let place = blocks * (group - layer.group) + nth;
    return Block(number, layer, k4, n4, side4 * (place % across), side4 * (place / across),
        span * rows, min((span + 1u) * rows, batch.rows));
}
