// Σₖ x[i, k] w[j, k] by cooperative matrices, handed to finish(i, j, …) four columns at a time.
// Rows and columns past the end are computed from the last one and dropped.
//
//     matrices   0 1   2 3   4 5   6 7
//     0 … 3      p0    p1    p2    p3     the part of the block that a subgroup multiplies: 4 × 2 matrices
//     4 … 7      p4    p5    p6    p7
//
// Provides: main, stage, left, right, place
// Needs: SIDE, multiply, args, close, EDGE, keep_left, source, source_row, batch, keep_right, params, MatrixA, lefts, MatrixB, rights, finish

var<private> block: vec2u;  // of the workgroup: first column, in vec4, and first row

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
        @builtin(local_invocation_index) lane: u32) {
    block = workgroup.xy * vec2u(SIDE / 4u, SIDE);
    multiply(4u * args.k4, lane, subgroup, subgroups);
    close(workgroup.y * groups.x + workgroup.x, lane);
}

// Both as [line, term]; past the last term w is zero.
fn stage(term: u32, v: u32) {
    let line = v / (EDGE / 4u);
    let k = term / 4u + v % (EDGE / 4u);
    let at = min(k, args.k4 - 1u);
    keep_left(4u * v, source(source_row(min(block.y + line, batch.rows - 1u)), at));
    keep_right(4u * v, select(0.0, 1.0, k < args.k4) * params[args.w + min(4u * block.x + line, args.n - 1u) * args.k4 + at]);
}
fn left(row: u32) -> MatrixA { return coopLoadT<MatrixA>(&lefts[row * EDGE], EDGE); }
fn right(column: u32) -> MatrixB { return coopLoad<MatrixB>(&rights[column * EDGE], EDGE); }

fn place(down: u32, across: u32, sum: vec4f) {
    let row = block.y + down;
    let j = block.x + across;
    if row < batch.rows && 4u * j < args.n { finish(row, j, sum); }
}
