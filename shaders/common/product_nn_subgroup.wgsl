// Σⱼ dy[i, j] w[j, k], handed to finish(i, k, …) four columns at a time.
// A workgroup of 16 owns 16 rows × 64 columns, each invocation four of the columns. Invocation r loads row r of dy and the others
// take it from its registers: 20 loads feed 256 products. Needs subgroups of at least 16 invocations.
// Rows and columns past the end are computed from the last one and dropped.

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
    let k4 = (args.k + 3u) / 4u;
    let n4 = (args.n + 3u) / 4u;
    let i = 16u * workgroup.y;
    let k = 16u * workgroup.x + lane;
    let column = args.w + min(k, k4 - 1u);
    let own = args.dy + min(i + lane, batch.rows - 1u) * n4;
    var a0 = vec4f();
    var a1 = vec4f();
    var a2 = vec4f();
    var a3 = vec4f();
    var a4 = vec4f();
    var a5 = vec4f();
    var a6 = vec4f();
    var a7 = vec4f();
    var a8 = vec4f();
    var a9 = vec4f();
    var a10 = vec4f();
    var a11 = vec4f();
    var a12 = vec4f();
    var a13 = vec4f();
    var a14 = vec4f();
    var a15 = vec4f();
    for (var j = 0u; j < n4; j++) {
        let w0 = 4u * j * k4;
        let w1 = min(4u * j + 1u, args.n - 1u) * k4;
        let w2 = min(4u * j + 2u, args.n - 1u) * k4;
        let w3 = min(4u * j + 3u, args.n - 1u) * k4;
        let w = mat4x4f(params[column + w0], params[column + w1], params[column + w2], params[column + w3]);
        let dy = signals[own + j];
        a0 += w * subgroupShuffle(dy, 0u);
        a1 += w * subgroupShuffle(dy, 1u);
        a2 += w * subgroupShuffle(dy, 2u);
        a3 += w * subgroupShuffle(dy, 3u);
        a4 += w * subgroupShuffle(dy, 4u);
        a5 += w * subgroupShuffle(dy, 5u);
        a6 += w * subgroupShuffle(dy, 6u);
        a7 += w * subgroupShuffle(dy, 7u);
        a8 += w * subgroupShuffle(dy, 8u);
        a9 += w * subgroupShuffle(dy, 9u);
        a10 += w * subgroupShuffle(dy, 10u);
        a11 += w * subgroupShuffle(dy, 11u);
        a12 += w * subgroupShuffle(dy, 12u);
        a13 += w * subgroupShuffle(dy, 13u);
        a14 += w * subgroupShuffle(dy, 14u);
        a15 += w * subgroupShuffle(dy, 15u);
    }
    finish_row(i + 0u, k, k4, a0);
    finish_row(i + 1u, k, k4, a1);
    finish_row(i + 2u, k, k4, a2);
    finish_row(i + 3u, k, k4, a3);
    finish_row(i + 4u, k, k4, a4);
    finish_row(i + 5u, k, k4, a5);
    finish_row(i + 6u, k, k4, a6);
    finish_row(i + 7u, k, k4, a7);
    finish_row(i + 8u, k, k4, a8);
    finish_row(i + 9u, k, k4, a9);
    finish_row(i + 10u, k, k4, a10);
    finish_row(i + 11u, k, k4, a11);
    finish_row(i + 12u, k, k4, a12);
    finish_row(i + 13u, k, k4, a13);
    finish_row(i + 14u, k, k4, a14);
    finish_row(i + 15u, k, k4, a15);
}

fn finish_row(row: u32, k: u32, k4: u32, sum: vec4f) {
    if row < batch.rows && k < k4 { finish(row, k, sum); }
}
