// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// A workgroup of 8 owns 32 outputs × 32 inputs of one layer, each invocation four of the inputs. Invocation q loads outputs
// 4 q … 4 q + 3 of dy, and the others take them from its registers: 32 loads feed 512 products.
// Needs subgroups of at least 8 invocations.

// Four rows: each invocation has four outputs of them in dy and four inputs in x.
fn accumulate(tile: ptr<function, Tile>, dy: mat4x4f, x: mat4x4f) {
    let d0 = mat4x4f(subgroupShuffle(dy[0], 0u), subgroupShuffle(dy[1], 0u), subgroupShuffle(dy[2], 0u), subgroupShuffle(dy[3], 0u));
    (*tile).a0 += d0[0].x * x[0] + d0[1].x * x[1] + d0[2].x * x[2] + d0[3].x * x[3];
    (*tile).a1 += d0[0].y * x[0] + d0[1].y * x[1] + d0[2].y * x[2] + d0[3].y * x[3];
    (*tile).a2 += d0[0].z * x[0] + d0[1].z * x[1] + d0[2].z * x[2] + d0[3].z * x[3];
    (*tile).a3 += d0[0].w * x[0] + d0[1].w * x[1] + d0[2].w * x[2] + d0[3].w * x[3];
    let d1 = mat4x4f(subgroupShuffle(dy[0], 1u), subgroupShuffle(dy[1], 1u), subgroupShuffle(dy[2], 1u), subgroupShuffle(dy[3], 1u));
    (*tile).a4 += d1[0].x * x[0] + d1[1].x * x[1] + d1[2].x * x[2] + d1[3].x * x[3];
    (*tile).a5 += d1[0].y * x[0] + d1[1].y * x[1] + d1[2].y * x[2] + d1[3].y * x[3];
    (*tile).a6 += d1[0].z * x[0] + d1[1].z * x[1] + d1[2].z * x[2] + d1[3].z * x[3];
    (*tile).a7 += d1[0].w * x[0] + d1[1].w * x[1] + d1[2].w * x[2] + d1[3].w * x[3];
    let d2 = mat4x4f(subgroupShuffle(dy[0], 2u), subgroupShuffle(dy[1], 2u), subgroupShuffle(dy[2], 2u), subgroupShuffle(dy[3], 2u));
    (*tile).a8 += d2[0].x * x[0] + d2[1].x * x[1] + d2[2].x * x[2] + d2[3].x * x[3];
    (*tile).a9 += d2[0].y * x[0] + d2[1].y * x[1] + d2[2].y * x[2] + d2[3].y * x[3];
    (*tile).a10 += d2[0].z * x[0] + d2[1].z * x[1] + d2[2].z * x[2] + d2[3].z * x[3];
    (*tile).a11 += d2[0].w * x[0] + d2[1].w * x[1] + d2[2].w * x[2] + d2[3].w * x[3];
    let d3 = mat4x4f(subgroupShuffle(dy[0], 3u), subgroupShuffle(dy[1], 3u), subgroupShuffle(dy[2], 3u), subgroupShuffle(dy[3], 3u));
    (*tile).a12 += d3[0].x * x[0] + d3[1].x * x[1] + d3[2].x * x[2] + d3[3].x * x[3];
    (*tile).a13 += d3[0].y * x[0] + d3[1].y * x[1] + d3[2].y * x[2] + d3[3].y * x[3];
    (*tile).a14 += d3[0].z * x[0] + d3[1].z * x[1] + d3[2].z * x[2] + d3[3].z * x[3];
    (*tile).a15 += d3[0].w * x[0] + d3[1].w * x[1] + d3[2].w * x[2] + d3[3].w * x[3];
    let d4 = mat4x4f(subgroupShuffle(dy[0], 4u), subgroupShuffle(dy[1], 4u), subgroupShuffle(dy[2], 4u), subgroupShuffle(dy[3], 4u));
    (*tile).a16 += d4[0].x * x[0] + d4[1].x * x[1] + d4[2].x * x[2] + d4[3].x * x[3];
    (*tile).a17 += d4[0].y * x[0] + d4[1].y * x[1] + d4[2].y * x[2] + d4[3].y * x[3];
    (*tile).a18 += d4[0].z * x[0] + d4[1].z * x[1] + d4[2].z * x[2] + d4[3].z * x[3];
    (*tile).a19 += d4[0].w * x[0] + d4[1].w * x[1] + d4[2].w * x[2] + d4[3].w * x[3];
    let d5 = mat4x4f(subgroupShuffle(dy[0], 5u), subgroupShuffle(dy[1], 5u), subgroupShuffle(dy[2], 5u), subgroupShuffle(dy[3], 5u));
    (*tile).a20 += d5[0].x * x[0] + d5[1].x * x[1] + d5[2].x * x[2] + d5[3].x * x[3];
    (*tile).a21 += d5[0].y * x[0] + d5[1].y * x[1] + d5[2].y * x[2] + d5[3].y * x[3];
    (*tile).a22 += d5[0].z * x[0] + d5[1].z * x[1] + d5[2].z * x[2] + d5[3].z * x[3];
    (*tile).a23 += d5[0].w * x[0] + d5[1].w * x[1] + d5[2].w * x[2] + d5[3].w * x[3];
    let d6 = mat4x4f(subgroupShuffle(dy[0], 6u), subgroupShuffle(dy[1], 6u), subgroupShuffle(dy[2], 6u), subgroupShuffle(dy[3], 6u));
    (*tile).a24 += d6[0].x * x[0] + d6[1].x * x[1] + d6[2].x * x[2] + d6[3].x * x[3];
    (*tile).a25 += d6[0].y * x[0] + d6[1].y * x[1] + d6[2].y * x[2] + d6[3].y * x[3];
    (*tile).a26 += d6[0].z * x[0] + d6[1].z * x[1] + d6[2].z * x[2] + d6[3].z * x[3];
    (*tile).a27 += d6[0].w * x[0] + d6[1].w * x[1] + d6[2].w * x[2] + d6[3].w * x[3];
    let d7 = mat4x4f(subgroupShuffle(dy[0], 7u), subgroupShuffle(dy[1], 7u), subgroupShuffle(dy[2], 7u), subgroupShuffle(dy[3], 7u));
    (*tile).a28 += d7[0].x * x[0] + d7[1].x * x[1] + d7[2].x * x[2] + d7[3].x * x[3];
    (*tile).a29 += d7[0].y * x[0] + d7[1].y * x[1] + d7[2].y * x[2] + d7[3].y * x[3];
    (*tile).a30 += d7[0].z * x[0] + d7[1].z * x[1] + d7[2].z * x[2] + d7[3].z * x[3];
    (*tile).a31 += d7[0].w * x[0] + d7[1].w * x[1] + d7[2].w * x[2] + d7[3].w * x[3];
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
    prepare();
    let group = workgroup.y * args.width + workgroup.x;
    let layer = layers[layer_of(group)];
    let k4 = (layer.k + 3u) / 4u;
    let n4 = (layer.n + 3u) / 4u;
    let columns = (k4 + 7u) / 8u;
    let place = group - layer.group;
    let j = 8u * (place / columns);
    let k = 8u * (place % columns) + lane;
    let column = min(k, k4 - 1u);
    let dy = layer.dy + min(j + lane, n4 - 1u);
    let last = batch.rows - 1u;

    var tile = Tile();
    if layer.images == 1u {
        for (var i = 0u; i < batch.rows; i += 4u) {
            let row = image_row(min(i + lane % 4u, last), k4);
            accumulate(&tile, rows_of(dy, i, n4), mat4x4f(
                image(subgroupShuffle(row, 0u), column), image(subgroupShuffle(row, 1u), column),
                image(subgroupShuffle(row, 2u), column), image(subgroupShuffle(row, 3u), column)));
        }
    } else {
        let x = layer.x + column;
        for (var i = 0u; i < batch.rows; i += 4u) {
            accumulate(&tile, rows_of(dy, i, n4), mat4x4f(
                activations[x + i * k4], activations[x + min(i + 1u, last) * k4],
                activations[x + min(i + 2u, last) * k4], activations[x + min(i + 3u, last) * k4]));
        }
    }
    for (var q = 0u; q < 32u; q++) { learn_weights(layer, 4u * j + q, k, part(tile, q)); }

    if k < 8u && j + k < n4 { learn_bias(layer, j + k); }
}

// Rows i … i + 3 of dy at one place, zero past the end of the batch.
fn rows_of(start: u32, i: u32, n4: u32) -> mat4x4f {
    let last = batch.rows - 1u;
    return mat4x4f(signals[start + i * n4],
        select(vec4f(), signals[start + min(i + 1u, last) * n4], i + 1u < batch.rows),
        select(vec4f(), signals[start + min(i + 2u, last) * n4], i + 2u < batch.rows),
        select(vec4f(), signals[start + min(i + 3u, last) * n4], i + 3u < batch.rows));
}
