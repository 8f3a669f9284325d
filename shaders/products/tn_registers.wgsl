// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// One invocation owns a tile of 8 outputs × 8 inputs of one layer.
//
//     inputs      0…7   8…15   16…23  …
//   outputs 0…7   t0     t1     t2    …    tiles of a layer in one row after the other;
//           8…15  t9     …                 a workgroup owns 64 of them, invocation n the n-th
//
// Provides: main
// Needs: prepare, block_of, Tile, image_row, signals, accumulate, image, activations, learn_weights, part, learn_bias

const TILE4 = 2u;  // inputs and outputs of a tile, in vec4

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    prepare();
    let own = block_of(workgroup, TILE4, 64u, lane);
    let layer = own.layer;
    let k4 = own.k4;
    let n4 = own.n4;
    let j = own.j;
    let k = own.k;
    if j >= n4 { return; }

    let ja = layer.dy + j;
    let jb = layer.dy + min(j + 1u, n4 - 1u);
    let kb = min(k + 1u, k4 - 1u);
    var tile = Tile();
    var bias_a = vec4f();  // db, where the tile begins at the first input
    var bias_b = vec4f();
    if layer.images == 1u {
        for (var i = own.begin; i < own.end; i++) {
            let row = image_row(i, k4);
            let da = signals[ja + i * n4];
            let db = signals[jb + i * n4];
            accumulate(&tile, da, db, image(row, k), image(row, kb));
            if k == 0u { bias_a += da; bias_b += db; }
        }
    } else {
        for (var i = own.begin; i < own.end; i++) {
            let row = layer.x + i * k4;
            let da = signals[ja + i * n4];
            let db = signals[jb + i * n4];
            accumulate(&tile, da, db, activations[row + k], activations[row + kb]);
            if k == 0u { bias_a += da; bias_b += db; }
        }
    }
    for (var q = 0u; q < 16u; q++) { learn_weights(layer, 4u * j + q % 8u, k + q / 8u, part(tile, q)); }

    if k == 0u {
        learn_bias(layer, j, bias_a);
        learn_bias(layer, j + 1u, bias_b);
    }
}
