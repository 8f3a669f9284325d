// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// A workgroup of 8 owns 32 outputs × 32 inputs of one layer, each invocation four of the inputs. Invocation q loads outputs
// 4 q … 4 q + 3 of dy, and the others take them from its registers: eight loads of vec4 feed 512 products.
// It takes subgroups of at least 8 invocations.
//
//      inputs      0…3  4…7  8…11  …  28…31
//   outputs 0…31    0    1     2   …    7      the invocation that owns them
//
// Provides: main
// Needs: Tile, prepare, block_of, batch, image_row, image, activations, learn_weights, part, learn_bias, signals

const SIDE4 = 8u;  // inputs and outputs of a block, in vec4

// Four rows: each invocation has four outputs of them in dy and four inputs in x.
fn accumulate(tile: ptr<function, Tile>, dy: mat4x4f, x: mat4x4f) {
    let d0 = outputs_of(0u, dy);
    (*tile).a0 += x * d0[0]; (*tile).a1 += x * d0[1];
    (*tile).a2 += x * d0[2]; (*tile).a3 += x * d0[3];
    let d1 = outputs_of(1u, dy);
    (*tile).a4 += x * d1[0]; (*tile).a5 += x * d1[1];
    (*tile).a6 += x * d1[2]; (*tile).a7 += x * d1[3];
    let d2 = outputs_of(2u, dy);
    (*tile).a8 += x * d2[0]; (*tile).a9 += x * d2[1];
    (*tile).a10 += x * d2[2]; (*tile).a11 += x * d2[3];
    let d3 = outputs_of(3u, dy);
    (*tile).a12 += x * d3[0]; (*tile).a13 += x * d3[1];
    (*tile).a14 += x * d3[2]; (*tile).a15 += x * d3[3];
    let d4 = outputs_of(4u, dy);
    (*tile).a16 += x * d4[0]; (*tile).a17 += x * d4[1];
    (*tile).a18 += x * d4[2]; (*tile).a19 += x * d4[3];
    let d5 = outputs_of(5u, dy);
    (*tile).a20 += x * d5[0]; (*tile).a21 += x * d5[1];
    (*tile).a22 += x * d5[2]; (*tile).a23 += x * d5[3];
    let d6 = outputs_of(6u, dy);
    (*tile).a24 += x * d6[0]; (*tile).a25 += x * d6[1];
    (*tile).a26 += x * d6[2]; (*tile).a27 += x * d6[3];
    let d7 = outputs_of(7u, dy);
    (*tile).a28 += x * d7[0]; (*tile).a29 += x * d7[1];
    (*tile).a30 += x * d7[2]; (*tile).a31 += x * d7[3];
}

// What invocation q has of dy: an output in each column.
fn outputs_of(q: u32, dy: mat4x4f) -> mat4x4f {
    return transpose(mat4x4f(subgroupShuffle(dy[0], q), subgroupShuffle(dy[1], q), subgroupShuffle(dy[2], q),
        subgroupShuffle(dy[3], q)));
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
    prepare();
    let own = block_of(workgroup, SIDE4, 1u, 0u);
    let layer = own.layer;
    let k4 = own.k4;
    let n4 = own.n4;
    let j = own.j;
    let k = own.k + lane;
    let column = min(k, k4 - 1u);
    let dy = layer.dy + min(j + lane, n4 - 1u);
    let last = batch.rows - 1u;

    var tile = Tile();
    var bias = vec4f();  // db of the outputs that this invocation loads of dy
    if layer.images == 1u {
        for (var i = own.begin; i < own.end; i += 4u) {
            let row = image_row(min(i + lane % 4u, last), k4);
            let rows = rows_of(dy, i, n4);
            bias += rows[0] + rows[1] + rows[2] + rows[3];
            accumulate(&tile, rows, mat4x4f(
                image(subgroupShuffle(row, 0u), column), image(subgroupShuffle(row, 1u), column),
                image(subgroupShuffle(row, 2u), column), image(subgroupShuffle(row, 3u), column)));
        }
    } else {
        let x = layer.x + column;
        for (var i = own.begin; i < own.end; i += 4u) {
            let rows = rows_of(dy, i, n4);
            bias += rows[0] + rows[1] + rows[2] + rows[3];
            accumulate(&tile, rows, mat4x4f(
                activations[x + i * k4], activations[x + min(i + 1u, last) * k4],
                activations[x + min(i + 2u, last) * k4], activations[x + min(i + 3u, last) * k4]));
        }
    }
    for (var q = 0u; q < 32u; q++) { learn_weights(layer, 4u * j + q, k, part(tile, q)); }

    if own.k == 0u { learn_bias(layer, j + lane, bias); }
}

// Rows i … i + 3 of dy at one place, zero past the end of the batch.
fn rows_of(start: u32, i: u32, n4: u32) -> mat4x4f {
    let last = batch.rows - 1u;
    return mat4x4f(signals[start + i * n4],
        select(vec4f(), signals[start + min(i + 1u, last) * n4], i + 1u < batch.rows),
        select(vec4f(), signals[start + min(i + 2u, last) * n4], i + 2u < batch.rows),
        select(vec4f(), signals[start + min(i + 3u, last) * n4], i + 3u < batch.rows));
}
