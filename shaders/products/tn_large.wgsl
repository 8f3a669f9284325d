// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// A workgroup of 16 × 16 owns 128 outputs × 128 inputs of one layer and keeps 16 rows of each in its memory; an invocation owns the vec4
// outputs y and y + 16 of the vec4 inputs x and x + 16, four loads of vec4 for 64 products. For the bias, an invocation adds up what it
// loads of dy itself, an eighth of the rows of one vec4; blocks that begin at the first input add up the eighths.
//
//      vec4 inputs    0      1    …   15     16     17    …   31
//   vec4 outputs  0  (0,0)  (1,0)  … (15,0)  (0,0)  (1,0)  … (15,0)    the invocation (x, y) that owns the 4 × 4 there
//                 1  (0,1)  (1,1)  … (15,1)  (0,1)  (1,1)  … (15,1)
//                 …
//                16  (0,0)  (1,0)  … (15,0)  (0,0)  (1,0)  … (15,0)
//
// Provides: main
// Needs: prepare, block_of, Tile, batch, signals, input, accumulate, learn_weights, part, learn_bias

const SIDE4 = 32u;  // inputs and outputs of a block, in vec4

var<workgroup> dys: array<vec4f, 512>;  // [row 16, j 32]
var<workgroup> xs:  array<vec4f, 512>;  // [row 16, k 32]

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    prepare();
    let own = block_of(workgroup, SIDE4, 1u, 0u);
    let layer = own.layer;
    let k4 = own.k4;
    let n4 = own.n4;
    let j = own.j;
    let k = own.k;
    let x = lane % 16u;
    let y = lane / 16u;
    let line = lane % 32u;

    var tile = Tile();
    var bias = vec4f();  // of the vec4 output `line`, over an eighth of the rows
    for (var first = own.begin; first < own.end; first += 16u) {
        for (var s = 0u; s < 2u; s++) {
            let i = first + 8u * s + lane / 32u;
            let row = min(i, batch.rows - 1u);
            let scale = select(0.0, 1.0, i < batch.rows);
            let dy = scale * signals[layer.dy + row * n4 + min(j + line, n4 - 1u)];
            bias += dy;
            dys[256u * s + lane] = dy;
            xs[256u * s + lane] = input(layer, row, min(k + line, k4 - 1u), k4);
        }
        workgroupBarrier();
        for (var i = 0u; i < 16u; i++) {
            let to_j = 32u * i + y;
            let to_k = 32u * i + x;
            accumulate(&tile, dys[to_j], dys[to_j + 16u], xs[to_k], xs[to_k + 16u]);
        }
        workgroupBarrier();
    }
    for (var q = 0u; q < 16u; q++) {
        let output = 4u * (j + y) + q % 4u + 64u * (q / 4u % 2u);
        learn_weights(layer, output, k + x + 16u * (q / 8u), part(tile, q));
    }

    dys[lane] = bias;
    workgroupBarrier();
    if k == 0u && lane < SIDE4 {
        var sum = vec4f();
        for (var s = 0u; s < 8u; s++) { sum += dys[SIDE4 * s + lane]; }
        learn_bias(layer, j + lane, sum);
    }
}
