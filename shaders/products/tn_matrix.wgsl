// The products of the update by cooperative matrices: dw[j, k] = Σᵢ dy[i, j] x[i, k].
//
//     matrices of inputs    0 1   2 3   4 5   6 7
//     of outputs  0 … 3     p0    p1    p2    p3     the part of the block that a subgroup multiplies: 4 × 2 matrices
//                 4 … 7     p4    p5    p6    p7
//
// Provides: main, stage, left, right, place
// Needs: prepare, block_of, SIDE, multiply, sums, learn_bias, layers, batch, signals, keep_left, args, keep_right, input, MatrixA, lefts, MatrixB, rights, learn_weights

var<private> number: u32;   // of the workgroup's layer
var<private> block: vec2u;  // of the workgroup: first input and first output, in vec4
var<private> begin: u32;    // first row of the workgroup's span
var<private> bias: vec4f;   // db of the vec4 output that this invocation loads of dy, over the rows it loads

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u,
        @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
        @builtin(local_invocation_index) lane: u32) {
    prepare();
    let own = block_of(workgroup, SIDE / 4u, 1u, 0u);
    number = own.number;
    block = vec2u(own.k, own.j);
    begin = own.begin;
    multiply(max(own.end, own.begin) - own.begin, lane, subgroup, subgroups);
    sums[4u * lane] = bias.x; sums[4u * lane + 1u] = bias.y; sums[4u * lane + 2u] = bias.z; sums[4u * lane + 3u] = bias.w;
    workgroupBarrier();
    if block.x == 0u && lane < SIDE / 4u {
        var sum = vec4f();
        for (var at = 4u * lane; at < 1024u; at += SIDE) {
            sum += vec4f(sums[at], sums[at + 1u], sums[at + 2u], sums[at + 3u]);
        }
        learn_bias(own.layer, block.y + lane, sum);
    }
}

// Both as [term, line]; past the last term dy is zero.
fn stage(term: u32, v: u32) {
    let layer = layers[number];
    let n4 = (layer.n + 3u) / 4u;
    let k4 = (layer.k + 3u) / 4u;
    let i = begin + term + v / (SIDE / 4u);
    let line = v % (SIDE / 4u);
    let row = min(i, batch.rows - 1u);
    let dy = select(0.0, 1.0, i < batch.rows) * signals[layer.dy + row * n4 + min(block.y + line, n4 - 1u)];
    if term == 0u && v < 256u { bias = vec4f(); }  // fewer subgroups than parts go over the rows again
    bias += dy;
    keep_left(4u * v, args.loss_scale * dy);
    keep_right(4u * v, input(layer, row, min(block.x + line, k4 - 1u), k4));
}
fn left(row: u32) -> MatrixA { return coopLoad<MatrixA>(&lefts[row], SIDE); }
fn right(column: u32) -> MatrixB { return coopLoadT<MatrixB>(&rights[column], SIDE); }

fn place(down: u32, across: u32, sum: vec4f) {
    learn_weights(layers[number], 4u * block.y + down, block.x + across, sum / args.loss_scale);
}
