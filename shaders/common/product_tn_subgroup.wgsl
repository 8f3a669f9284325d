// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// A workgroup of 16 owns 32 outputs × 64 inputs of one layer, each invocation four of the inputs. Invocation 4 r + q loads outputs
// 4 q … 4 q + 3 and 16 + 4 q … 16 + 4 q + 3 of row r of dy, and the others take them from its registers: 24 loads feed 512 products.
// Needs subgroups of at least 16 invocations.

struct Tile {
    a0: vec4f, a1: vec4f, a2: vec4f, a3: vec4f,
    a4: vec4f, a5: vec4f, a6: vec4f, a7: vec4f,
    a8: vec4f, a9: vec4f, a10: vec4f, a11: vec4f,
    a12: vec4f, a13: vec4f, a14: vec4f, a15: vec4f,
    a16: vec4f, a17: vec4f, a18: vec4f, a19: vec4f,
    a20: vec4f, a21: vec4f, a22: vec4f, a23: vec4f,
    a24: vec4f, a25: vec4f, a26: vec4f, a27: vec4f,
    a28: vec4f, a29: vec4f, a30: vec4f, a31: vec4f,
}

// Four rows: each invocation has two vec4 of them in dy, x0 … x3 are this invocation's inputs.
fn accumulate(tile: ptr<function, Tile>, dy: array<vec4f, 2>, x0: vec4f, x1: vec4f, x2: vec4f, x3: vec4f) {
    let d00 = subgroupShuffle(dy[0], 0u);
    let d10 = subgroupShuffle(dy[0], 4u);
    let d20 = subgroupShuffle(dy[0], 8u);
    let d30 = subgroupShuffle(dy[0], 12u);
    let d01 = subgroupShuffle(dy[0], 1u);
    let d11 = subgroupShuffle(dy[0], 5u);
    let d21 = subgroupShuffle(dy[0], 9u);
    let d31 = subgroupShuffle(dy[0], 13u);
    let d02 = subgroupShuffle(dy[0], 2u);
    let d12 = subgroupShuffle(dy[0], 6u);
    let d22 = subgroupShuffle(dy[0], 10u);
    let d32 = subgroupShuffle(dy[0], 14u);
    let d03 = subgroupShuffle(dy[0], 3u);
    let d13 = subgroupShuffle(dy[0], 7u);
    let d23 = subgroupShuffle(dy[0], 11u);
    let d33 = subgroupShuffle(dy[0], 15u);
    let d04 = subgroupShuffle(dy[1], 0u);
    let d14 = subgroupShuffle(dy[1], 4u);
    let d24 = subgroupShuffle(dy[1], 8u);
    let d34 = subgroupShuffle(dy[1], 12u);
    let d05 = subgroupShuffle(dy[1], 1u);
    let d15 = subgroupShuffle(dy[1], 5u);
    let d25 = subgroupShuffle(dy[1], 9u);
    let d35 = subgroupShuffle(dy[1], 13u);
    let d06 = subgroupShuffle(dy[1], 2u);
    let d16 = subgroupShuffle(dy[1], 6u);
    let d26 = subgroupShuffle(dy[1], 10u);
    let d36 = subgroupShuffle(dy[1], 14u);
    let d07 = subgroupShuffle(dy[1], 3u);
    let d17 = subgroupShuffle(dy[1], 7u);
    let d27 = subgroupShuffle(dy[1], 11u);
    let d37 = subgroupShuffle(dy[1], 15u);
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
    (*tile).a16 += d04.x * x0 + d14.x * x1 + d24.x * x2 + d34.x * x3;
    (*tile).a17 += d04.y * x0 + d14.y * x1 + d24.y * x2 + d34.y * x3;
    (*tile).a18 += d04.z * x0 + d14.z * x1 + d24.z * x2 + d34.z * x3;
    (*tile).a19 += d04.w * x0 + d14.w * x1 + d24.w * x2 + d34.w * x3;
    (*tile).a20 += d05.x * x0 + d15.x * x1 + d25.x * x2 + d35.x * x3;
    (*tile).a21 += d05.y * x0 + d15.y * x1 + d25.y * x2 + d35.y * x3;
    (*tile).a22 += d05.z * x0 + d15.z * x1 + d25.z * x2 + d35.z * x3;
    (*tile).a23 += d05.w * x0 + d15.w * x1 + d25.w * x2 + d35.w * x3;
    (*tile).a24 += d06.x * x0 + d16.x * x1 + d26.x * x2 + d36.x * x3;
    (*tile).a25 += d06.y * x0 + d16.y * x1 + d26.y * x2 + d36.y * x3;
    (*tile).a26 += d06.z * x0 + d16.z * x1 + d26.z * x2 + d36.z * x3;
    (*tile).a27 += d06.w * x0 + d16.w * x1 + d26.w * x2 + d36.w * x3;
    (*tile).a28 += d07.x * x0 + d17.x * x1 + d27.x * x2 + d37.x * x3;
    (*tile).a29 += d07.y * x0 + d17.y * x1 + d27.y * x2 + d37.y * x3;
    (*tile).a30 += d07.z * x0 + d17.z * x1 + d27.z * x2 + d37.z * x3;
    (*tile).a31 += d07.w * x0 + d17.w * x1 + d27.w * x2 + d37.w * x3;
}

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
    prepare();
    let group = workgroup.y * args.width + workgroup.x;
    let layer = layers[layer_of(group)];
    let k4 = (layer.k + 3u) / 4u;
    let n4 = (layer.n + 3u) / 4u;
    let columns = (k4 + 15u) / 16u;
    let place = group - layer.group;
    let j = 8u * (place / columns);
    let k = 16u * (place % columns) + lane;
    let column = min(k, k4 - 1u);
    let j0 = layer.dy + min(j + lane % 4u, n4 - 1u);
    let j1 = layer.dy + min(j + lane % 4u + 4u, n4 - 1u);
    let last = batch.rows - 1u;

    var tile = Tile();
    if layer.images == 1u {
        for (var i = 0u; i < batch.rows; i += 4u) {
            let row = image_row(min(i + lane % 4u, last), k4);
            accumulate(&tile, rows_of(j0, j1, i + lane / 4u, n4),
                image(subgroupShuffle(row, 0u), column), image(subgroupShuffle(row, 1u), column),
                image(subgroupShuffle(row, 2u), column), image(subgroupShuffle(row, 3u), column));
        }
    } else {
        let x = layer.x + column;
        for (var i = 0u; i < batch.rows; i += 4u) {
            accumulate(&tile, rows_of(j0, j1, i + lane / 4u, n4),
                activations[x + i * k4], activations[x + min(i + 1u, last) * k4],
                activations[x + min(i + 2u, last) * k4], activations[x + min(i + 3u, last) * k4]);
        }
    }
    for (var q = 0u; q < 4u; q++) {
        learn_weights(layer, 4u * j + 8u * q, k, one_of(q, tile.a0, tile.a8, tile.a16, tile.a24));
        learn_weights(layer, 4u * j + 8u * q + 1u, k, one_of(q, tile.a1, tile.a9, tile.a17, tile.a25));
        learn_weights(layer, 4u * j + 8u * q + 2u, k, one_of(q, tile.a2, tile.a10, tile.a18, tile.a26));
        learn_weights(layer, 4u * j + 8u * q + 3u, k, one_of(q, tile.a3, tile.a11, tile.a19, tile.a27));
        learn_weights(layer, 4u * j + 8u * q + 4u, k, one_of(q, tile.a4, tile.a12, tile.a20, tile.a28));
        learn_weights(layer, 4u * j + 8u * q + 5u, k, one_of(q, tile.a5, tile.a13, tile.a21, tile.a29));
        learn_weights(layer, 4u * j + 8u * q + 6u, k, one_of(q, tile.a6, tile.a14, tile.a22, tile.a30));
        learn_weights(layer, 4u * j + 8u * q + 7u, k, one_of(q, tile.a7, tile.a15, tile.a23, tile.a31));
    }

    if k < 8u && j + k < n4 { learn_bias(layer, j + k); }
}

// A row of dy at two places, zero past the end of the batch.
fn rows_of(j0: u32, j1: u32, row: u32, n4: u32) -> array<vec4f, 2> {
    let at = min(row, batch.rows - 1u) * n4;
    let inside = row < batch.rows;
    return array<vec4f, 2>(select(vec4f(), signals[j0 + at], inside), select(vec4f(), signals[j1 + at], inside));
}
