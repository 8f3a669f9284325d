// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// A workgroup of 256 owns 64 outputs × 64 inputs of one layer and keeps 32 rows of each in its memory. Four groups of 64 invocations
// share the rows: of each block of 32 a group takes eight, and its invocation (x, y) adds up the vec4 outputs y and y + 8 and the vec4
// inputs x and x + 8, four loads of vec4 for 64 products. At the end the groups' sums are added up a quarter at a time, and each
// invocation owns one vec4 of every quarter.
// For the bias, an invocation adds up what it loads of dy itself, a sixteenth of the rows of one vec4; blocks that begin at the first
// input add up the sixteenths.
//
//      vec4 inputs    0      1    …    7      8      9    …   15
//   vec4 outputs  0  (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)    the invocation (x, y) of each group that adds up there
//                 1  (0,1)  (1,1)  …  (7,1)  (0,1)  (1,1)  …  (7,1)
//                 …
//                 8  (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)
//
// Provides: main
// Needs: prepare, block_of, Tile, batch, signals, input, accumulate, old_at, weight_at, learn_from, learn_bias

const SIDE4 = 16u;  // inputs and outputs of a block, in vec4

var<workgroup> kept: array<vec4f, 1024>;  // dy [row 32, j 16] and x [row 32, k 16]; then sums [group 4, vec4 4, invocation 64]

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    prepare();
    let own = block_of(workgroup, SIDE4, 1u, 0u);
    let layer = own.layer;
    let k4 = own.k4;
    let n4 = own.n4;
    let j = own.j;
    let k = own.k;
    let x = lane % 8u;
    let y = lane / 8u % 8u;
    let group = lane / 64u;
    let line = lane % 16u;

    var tile = Tile();
    var bias = vec4f();  // of the vec4 output `line`, over a sixteenth of the rows
    for (var first = own.begin; first < own.end; first += 32u) {
        for (var s = 0u; s < 2u; s++) {
            let i = first + 16u * s + lane / 16u;
            let row = min(i, batch.rows - 1u);
            let scale = select(0.0, 1.0, i < batch.rows);
            let dy = scale * signals[layer.dy + row * n4 + min(j + line, n4 - 1u)];
            bias += dy;
            kept[256u * s + lane] = dy;
            kept[512u + 256u * s + lane] = input(layer, row, min(k + line, k4 - 1u), k4);
        }
        workgroupBarrier();
        for (var i = 0u; i < 8u; i++) {
            let to_j = 128u * group + 16u * i + y;
            let to_k = 512u + 128u * group + 16u * i + x;
            accumulate(&tile, kept[to_j], kept[to_j + 8u], kept[to_k], kept[to_k + 8u]);
        }
        workgroupBarrier();
    }
    let output = 4u * (j + y) + group;
    let old0 = old_at(weight_at(layer, output, k + x));
    let old1 = old_at(weight_at(layer, output + 32u, k + x));
    let old2 = old_at(weight_at(layer, output, k + x + 8u));
    let old3 = old_at(weight_at(layer, output + 32u, k + x + 8u));
    learn_from(layer, output, k + x, old0, quarter(lane, tile.a0, tile.a1, tile.a2, tile.a3));
    learn_from(layer, output + 32u, k + x, old1, quarter(lane, tile.a4, tile.a5, tile.a6, tile.a7));
    learn_from(layer, output, k + x + 8u, old2, quarter(lane, tile.b0, tile.b1, tile.b2, tile.b3));
    learn_from(layer, output + 32u, k + x + 8u, old3, quarter(lane, tile.b4, tile.b5, tile.b6, tile.b7));

    kept[lane] = bias;
    workgroupBarrier();
    if k == 0u && lane < 16u {
        var sum = vec4f();
        for (var s = 0u; s < 16u; s++) { sum += kept[16u * s + lane]; }
        learn_bias(layer, j + lane, sum);
    }
}

// The sum over the groups of vec4 number lane / 64 of invocation lane % 64.
fn quarter(lane: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
    let at = 256u * (lane / 64u) + lane % 64u;
    kept[at] = a;
    kept[at + 64u] = b;
    kept[at + 128u] = c;
    kept[at + 192u] = d;
    workgroupBarrier();
    let sum = kept[lane] + kept[lane + 256u] + kept[lane + 512u] + kept[lane + 768u];
    workgroupBarrier();
    return sum;
}
