// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// One invocation owns a tile of 8 outputs × 8 inputs of one layer.

struct Tile {
    a0: vec4f, b0: vec4f,
    a1: vec4f, b1: vec4f,
    a2: vec4f, b2: vec4f,
    a3: vec4f, b3: vec4f,
    a4: vec4f, b4: vec4f,
    a5: vec4f, b5: vec4f,
    a6: vec4f, b6: vec4f,
    a7: vec4f, b7: vec4f,
}

fn accumulate(tile: ptr<function, Tile>, da: vec4f, db: vec4f, xa: vec4f, xb: vec4f) {
    (*tile).a0 += da.x * xa; (*tile).b0 += da.x * xb;
    (*tile).a1 += da.y * xa; (*tile).b1 += da.y * xb;
    (*tile).a2 += da.z * xa; (*tile).b2 += da.z * xb;
    (*tile).a3 += da.w * xa; (*tile).b3 += da.w * xb;
    (*tile).a4 += db.x * xa; (*tile).b4 += db.x * xb;
    (*tile).a5 += db.y * xa; (*tile).b5 += db.y * xb;
    (*tile).a6 += db.z * xa; (*tile).b6 += db.z * xb;
    (*tile).a7 += db.w * xa; (*tile).b7 += db.w * xb;
}

fn learn_row(layer: Layer, j: u32, k: u32, left: vec4f, right: vec4f) {
    let k4 = (layer.k + 3u) / 4u;
    if j < layer.n {
        learn(layer.w + j * k4 + k, left);
        if k + 1u < k4 { learn(layer.w + j * k4 + k + 1u, right); }
    }
}

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
        var left = vec4f();
        var right = vec4f();
        for (var i = 0u; i < batch.rows; i++) {
            left += signals[ja + i * n4];
            right += signals[jb + i * n4];
        }
        let b = layer.w + layer.n * k4;
        learn(b + j, left);
        if j + 1u < n4 { learn(b + j + 1u, right); }
    }
}
