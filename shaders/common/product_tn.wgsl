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
    for (var q = 0u; q < 16u; q++) { learn_weights(layer, 4u * j + q % 8u, k + q / 8u, part(tile, q)); }

    if k == 0u {
        learn_bias(layer, j);
        if j + 1u < n4 { learn_bias(layer, j + 1u); }
    }
}
