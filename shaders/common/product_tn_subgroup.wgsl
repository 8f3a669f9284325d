// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// A workgroup of 16 owns 16 outputs × 64 inputs of one layer, each invocation four of the inputs. Invocation 4 r + q loads outputs
// 4 q … 4 q + 3 of row r of dy and the others take them from its registers: 20 loads feed 256 products. Needs subgroups of at
// least 16 invocations.

struct Tile {
    a0: vec4f, a1: vec4f, a2: vec4f, a3: vec4f,
    a4: vec4f, a5: vec4f, a6: vec4f, a7: vec4f,
    a8: vec4f, a9: vec4f, a10: vec4f, a11: vec4f,
    a12: vec4f, a13: vec4f, a14: vec4f, a15: vec4f,
}

// Four rows: dy has one vec4 of them for each invocation, x0 … x3 are this invocation's inputs.
fn accumulate(tile: ptr<function, Tile>, dy: vec4f, x0: vec4f, x1: vec4f, x2: vec4f, x3: vec4f) {
    let d00 = subgroupShuffle(dy, 0u);
    let d01 = subgroupShuffle(dy, 1u);
    let d02 = subgroupShuffle(dy, 2u);
    let d03 = subgroupShuffle(dy, 3u);
    let d10 = subgroupShuffle(dy, 4u);
    let d11 = subgroupShuffle(dy, 5u);
    let d12 = subgroupShuffle(dy, 6u);
    let d13 = subgroupShuffle(dy, 7u);
    let d20 = subgroupShuffle(dy, 8u);
    let d21 = subgroupShuffle(dy, 9u);
    let d22 = subgroupShuffle(dy, 10u);
    let d23 = subgroupShuffle(dy, 11u);
    let d30 = subgroupShuffle(dy, 12u);
    let d31 = subgroupShuffle(dy, 13u);
    let d32 = subgroupShuffle(dy, 14u);
    let d33 = subgroupShuffle(dy, 15u);
    (*tile).a0 += d00.x * x0 + d10.x * x1 + d20.x * x2 + d30.x * x3;
    (*tile).a1 += d00.y * x0 + d10.y * x1 + d20.y * x2 + d30.y * x3;
    (*tile).a2 += d00.z * x0 + d10.z * x1 + d20.z * x2 + d30.z * x3;
    (*tile).a3 += d00.w * x0 + d10.w * x1 + d20.w * x2 + d30.w * x3;
    (*tile).a4 += d01.x * x0 + d11.x * x1 + d21.x * x2 + d31.x * x3;
    (*tile).a5 += d01.y * x0 + d11.y * x1 + d21.y * x2 + d31.y * x3;
    (*tile).a6 += d01.z * x0 + d11.z * x1 + d21.z * x2 + d31.z * x3;
    (*tile).a7 += d01.w * x0 + d11.w * x1 + d21.w * x2 + d31.w * x3;
    (*tile).a8 += d02.x * x0 + d12.x * x1 + d22.x * x2 + d32.x * x3;
    (*tile).a9 += d02.y * x0 + d12.y * x1 + d22.y * x2 + d32.y * x3;
    (*tile).a10 += d02.z * x0 + d12.z * x1 + d22.z * x2 + d32.z * x3;
    (*tile).a11 += d02.w * x0 + d12.w * x1 + d22.w * x2 + d32.w * x3;
    (*tile).a12 += d03.x * x0 + d13.x * x1 + d23.x * x2 + d33.x * x3;
    (*tile).a13 += d03.y * x0 + d13.y * x1 + d23.y * x2 + d33.y * x3;
    (*tile).a14 += d03.z * x0 + d13.z * x1 + d23.z * x2 + d33.z * x3;
    (*tile).a15 += d03.w * x0 + d13.w * x1 + d23.w * x2 + d33.w * x3;
}

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
    let group = workgroup.y * args.width + workgroup.x;
    let layer = layers[layer_of(group)];
    let k4 = (layer.k + 3u) / 4u;
    let n4 = (layer.n + 3u) / 4u;
    let columns = (k4 + 15u) / 16u;
    let place = group - layer.group;
    let j = 4u * (place / columns);
    let k = 16u * (place % columns) + lane;
    let column = min(k, k4 - 1u);
    let own = layer.dy + min(j + lane % 4u, n4 - 1u);
    let last = batch.rows - 1u;

    var tile = Tile();
    if layer.images == 1u {
        for (var i = 0u; i < batch.rows; i += 4u) {
            let row = i + lane / 4u;
            let dy = select(vec4f(), signals[own + min(row, last) * n4], row < batch.rows);
            accumulate(&tile, dy,
                image(image_row(i, k4), column), image(image_row(min(i + 1u, last), k4), column),
                image(image_row(min(i + 2u, last), k4), column), image(image_row(min(i + 3u, last), k4), column));
        }
    } else {
        let x = layer.x + column;
        for (var i = 0u; i < batch.rows; i += 4u) {
            let row = i + lane / 4u;
            let dy = select(vec4f(), signals[own + min(row, last) * n4], row < batch.rows);
            accumulate(&tile, dy,
                activations[x + i * k4], activations[x + min(i + 1u, last) * k4],
                activations[x + min(i + 2u, last) * k4], activations[x + min(i + 3u, last) * k4]);
        }
    }
    if k < k4 {
        learn_row(layer, 4u * j + 0u, k, tile.a0);
        learn_row(layer, 4u * j + 1u, k, tile.a1);
        learn_row(layer, 4u * j + 2u, k, tile.a2);
        learn_row(layer, 4u * j + 3u, k, tile.a3);
        learn_row(layer, 4u * j + 4u, k, tile.a4);
        learn_row(layer, 4u * j + 5u, k, tile.a5);
        learn_row(layer, 4u * j + 6u, k, tile.a6);
        learn_row(layer, 4u * j + 7u, k, tile.a7);
        learn_row(layer, 4u * j + 8u, k, tile.a8);
        learn_row(layer, 4u * j + 9u, k, tile.a9);
        learn_row(layer, 4u * j + 10u, k, tile.a10);
        learn_row(layer, 4u * j + 11u, k, tile.a11);
        learn_row(layer, 4u * j + 12u, k, tile.a12);
        learn_row(layer, 4u * j + 13u, k, tile.a13);
        learn_row(layer, 4u * j + 14u, k, tile.a14);
        learn_row(layer, 4u * j + 15u, k, tile.a15);
    }

    if k < 4u && j + k < n4 {
        var sum = vec4f();
        for (var i = 0u; i < batch.rows; i++) { sum += signals[layer.dy + j + k + i * n4]; }
        learn(layer.w + layer.n * k4 + j + k, sum);
    }
}

fn learn_row(layer: Layer, j: u32, k: u32, sum: vec4f) {
    if j < layer.n { learn(layer.w + j * ((layer.k + 3u) / 4u) + k, sum); }
}
