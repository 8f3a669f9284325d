// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// A workgroup of 8 × 8 owns 64 outputs × 64 inputs of one layer and keeps 16 rows of each in its memory. Invocation (x, y) owns the
// vec4 outputs y and y + 8 and the vec4 inputs x and x + 8: four loads of vec4 feed 64 products. For the bias, an invocation adds up
// what it loads of dy itself, a quarter of the rows of one vec4; blocks that begin at the first input add up the quarters.
//
//      vec4 inputs    0      1    …    7      8      9    …   15
//   vec4 outputs  0  (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)    the invocation (x, y) that owns them
//                 1  (0,1)  (1,1)  …  (7,1)  (0,1)  (1,1)  …  (7,1)
//                 …
//                 8  (0,0)  (1,0)  …  (7,0)  (0,0)  (1,0)  …  (7,0)
//
// Provides: main
// Needs: prepare, block_of, Tile, batch, signals, input, accumulate, learn_weights, part, learn_bias

const SIDE4 = 16u;  // inputs and outputs of a block, in vec4

var<workgroup> dys: array<vec4f, 256>;  // [row 16, j 16]
var<workgroup> xs:  array<vec4f, 256>;  // [row 16, k 16]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
    prepare();
    let own = block_of(workgroup, SIDE4, 1u, 0u);
    let layer = own.layer;
    let k4 = own.k4;
    let n4 = own.n4;
    let j = own.j;
    let k = own.k;
    let x = lane % 8u;
    let y = lane / 8u;
    let line = lane % 16u;

    var tile = Tile();
    var bias = vec4f();  // of the vec4 output `line`, over a quarter of the rows
    for (var first = 0u; first < batch.rows; first += 16u) {
        for (var s = 0u; s < 4u; s++) {
            let i = first + 4u * s + lane / 16u;
            let row = min(i, batch.rows - 1u);
            let scale = select(0.0, 1.0, i < batch.rows);
            let dy = scale * signals[layer.dy + row * n4 + min(j + line, n4 - 1u)];
            bias += dy;
            dys[64u * s + lane] = dy;
            xs[64u * s + lane] = input(layer, row, min(k + line, k4 - 1u), k4);
        }
        workgroupBarrier();
        for (var i = 0u; i < 16u; i++) {
            let to_j = 16u * i + y;
            let to_k = 16u * i + x;
            accumulate(&tile, dys[to_j], dys[to_j + 8u], xs[to_k], xs[to_k + 8u]);
        }
        workgroupBarrier();
    }
    for (var q = 0u; q < 16u; q++) {
        let output = 4u * (j + y + 8u * (q / 4u % 2u)) + q % 4u;
        learn_weights(layer, output, k + x + 8u * (q / 8u), part(tile, q));
    }

    dys[lane] = bias;
    workgroupBarrier();
    if k == 0u && lane < 16u { learn_bias(layer, j + lane, dys[lane] + dys[lane + 16u] + dys[lane + 32u] + dys[lane + 48u]); }
}
