// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// One invocation owns a tile of 8 outputs × 8 inputs of one layer.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    prepare();
    let group = workgroup.y * args.width + workgroup.x;
    let layer = layers[layer_of(group)];
    let k4 = (layer.k + 3u) / 4u;
    let n4 = (layer.n + 3u) / 4u;
    let columns = (layer.k + 7u) / 8u;
    let place = 64u * (group - layer.group) + lane;
    let j = 2u * (place / columns);
    let k = 2u * (place % columns);
    if j >= n4 { return; }

    let ja = layer.dy + j;
    let jb = layer.dy + min(j + 1u, n4 - 1u);
    let kb = min(k + 1u, k4 - 1u);
    var tile = Tile();
    if layer.images == 1u {
        for (var i = 0u; i < batch.rows; i++) {
            let row = image_row(i, k4);
            accumulate(&tile, signals[ja + i * n4], signals[jb + i * n4], image(row, k), image(row, kb));
        }
    } else {
        for (var i = 0u; i < batch.rows; i++) {
            let row = layer.x + i * k4;
            accumulate(&tile, signals[ja + i * n4], signals[jb + i * n4], activations[row + k], activations[row + kb]);
        }
    }
    learn_row(layer, 4u * j, k, tile.a0, tile.b0);
    learn_row(layer, 4u * j + 1u, k, tile.a1, tile.b1);
    learn_row(layer, 4u * j + 2u, k, tile.a2, tile.b2);
    learn_row(layer, 4u * j + 3u, k, tile.a3, tile.b3);
    learn_row(layer, 4u * j + 4u, k, tile.a4, tile.b4);
    learn_row(layer, 4u * j + 5u, k, tile.a5, tile.b5);
    learn_row(layer, 4u * j + 6u, k, tile.a6, tile.b6);
    learn_row(layer, 4u * j + 7u, k, tile.a7, tile.b7);

    if k == 0u {
        learn_bias(layer, j);
        if j + 1u < n4 { learn_bias(layer, j + 1u); }
    }
}

fn learn_row(layer: Layer, j: u32, k: u32, left: vec4f, right: vec4f) {
    learn_weights(layer, j, k, left);
    learn_weights(layer, j, k + 1u, right);
}
