// The products of the update: dw[j, k] = Σᵢ dy[i, j] x[i, k].
// A workgroup of 8 × 8 owns 32 outputs × 32 inputs of one layer and keeps 32 rows of each in its memory; an invocation owns 4 × 4:
// small blocks, so that a layer of few weights keeps many workgroups busy. For the bias, an invocation adds up what it loads of dy
// itself, an eighth of the rows of one vec4; blocks that begin at the first input add up the eighths.
//
//      vec4 inputs    0      1    …    7
//   vec4 outputs  0  (0,0)  (1,0)  …  (7,0)    the invocation (x, y) that owns the 4 × 4 there
//                 1  (0,1)  (1,1)  …  (7,1)
//                 …
//                 7  (0,7)  (1,7)  …  (7,7)
//
// Provides: main
// Needs: prepare, block_of, old_at, weight_at, batch, signals, input, learn_from, learn_bias

const SIDE4 = 8u;  // inputs and outputs of a block, in vec4

var<workgroup> dys: array<vec4f, 256>;  // [row 32, j 8]
var<workgroup> xs:  array<vec4f, 256>;  // [row 32, k 8]

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

    let output = 4u * (j + y);
    let old0 = old_at(weight_at(layer, output, k + x));
    let old1 = old_at(weight_at(layer, output + 1u, k + x));
    let old2 = old_at(weight_at(layer, output + 2u, k + x));
    let old3 = old_at(weight_at(layer, output + 3u, k + x));
    var bias = vec4f();  // of the vec4 output x, over an eighth of the rows
    var a0 = vec4f();
    var a1 = vec4f();
    var a2 = vec4f();
    var a3 = vec4f();
    for (var first = own.begin; first < own.end; first += 32u) {
        for (var s = 0u; s < 4u; s++) {
            let i = first + 8u * s + y;
            let row = min(i, batch.rows - 1u);
            let scale = select(0.0, 1.0, i < batch.rows);
            let dy = scale * signals[layer.dy + row * n4 + min(j + x, n4 - 1u)];
            bias += dy;
            dys[64u * s + lane] = dy;
            xs[64u * s + lane] = input(layer, row, min(k + x, k4 - 1u), k4);
        }
        workgroupBarrier();
        for (var i = 0u; i < 32u; i++) {
            let dy = dys[8u * i + y];
            let inputs = xs[8u * i + x];
            a0 += dy.x * inputs;
            a1 += dy.y * inputs;
            a2 += dy.z * inputs;
            a3 += dy.w * inputs;
        }
        workgroupBarrier();
    }
    learn_from(layer, output, k + x, old0, a0);
    learn_from(layer, output + 1u, k + x, old1, a1);
    learn_from(layer, output + 2u, k + x, old2, a2);
    learn_from(layer, output + 3u, k + x, old3, a3);

    dys[lane] = bias;
    workgroupBarrier();
    if k == 0u && lane < 8u {
        var sum = vec4f();
        for (var s = 0u; s < 8u; s++) { sum += dys[8u * s + lane]; }
        learn_bias(layer, j + lane, sum);
    }
}
