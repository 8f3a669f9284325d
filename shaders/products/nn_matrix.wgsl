// Σⱼ dy[i, j] w[j, k] by cooperative matrices, handed to finish(i, k, …) four columns at a time.
// Rows and columns past the end are computed from the last one and dropped.
//
//     matrices   0 1   2 3   4 5   6 7
//     0 … 3      p0    p1    p2    p3     the part of the block that a subgroup multiplies: 4 × 2 matrices
//     4 … 7      p4    p5    p6    p7
//
// Provides: main, stage, left, right, place
// Needs: SIDE, multiply, args, EDGE, batch, keep_left, signals, keep_right, params, MatrixA, lefts, MatrixB, rights, finish, rest

var<private> block: vec2u;  // of the workgroup: first column, in vec4, and first row

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u,
        @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
        @builtin(local_invocation_index) lane: u32) {
    block = workgroup.xy * vec2u(SIDE / 4u, SIDE);
    multiply(args.n, lane, subgroup, subgroups);
}

// dy as [row, term], w as [term, column]; past the last term w is zero.
fn stage(term: u32, v: u32) {
    let n4 = (args.n + 3u) / 4u;
    let k4 = (args.k + 3u) / 4u;
    let q = min(term / 4u + v % (EDGE / 4u), n4 - 1u);
    let line = min(block.y + v / (EDGE / 4u), batch.rows - 1u);
    keep_left(4u * v, args.loss_scale * signals[args.dy + line * n4 + q]);
    let j = term + v / (SIDE / 4u);
    let column = min(block.x + v % (SIDE / 4u), k4 - 1u);
    keep_right(4u * v, select(0.0, 1.0, j < args.n) * params[args.w + min(j, args.n - 1u) * k4 + column]);
}
fn left(row: u32) -> MatrixA { return coopLoadT<MatrixA>(&lefts[row * EDGE], EDGE); }
fn right(column: u32) -> MatrixB { return coopLoadT<MatrixB>(&rights[column], SIDE); }

fn place(down: u32, across: u32, sum: vec4f) {
    let row = block.y + down;
    let k = block.x + across;
    if row < batch.rows && 4u * k < args.k { finish(row, k, rest(row, k), sum / args.loss_scale); }
}
