// Σⱼ dy[i, j] w[j, k], handed to finish(i, k, …) four columns at a time.
// A workgroup of 16 owns 32 rows × 64 columns, each invocation four of the columns. Invocation r loads rows r and 16 + r of dy, and
// the others take them from its registers: 24 loads feed 512 products. Needs subgroups of at least 16 invocations.
// Rows and columns past the end are computed from the last one and dropped.

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
    let n = args.n;
    let k4 = (args.k + 3u) / 4u;
    let n4 = (n + 3u) / 4u;
    let i = 32u * workgroup.y;
    let k = 16u * workgroup.x + lane;
    let column = args.w + min(k, k4 - 1u);
    let last = batch.rows - 1u;
    let r0 = args.dy + min(i + lane, last) * n4;
    let r1 = args.dy + min(i + lane + 16u, last) * n4;
    var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
    var a4 = vec4f(); var a5 = vec4f(); var a6 = vec4f(); var a7 = vec4f();
    var a8 = vec4f(); var a9 = vec4f(); var a10 = vec4f(); var a11 = vec4f();
    var a12 = vec4f(); var a13 = vec4f(); var a14 = vec4f(); var a15 = vec4f();
    var a16 = vec4f(); var a17 = vec4f(); var a18 = vec4f(); var a19 = vec4f();
    var a20 = vec4f(); var a21 = vec4f(); var a22 = vec4f(); var a23 = vec4f();
    var a24 = vec4f(); var a25 = vec4f(); var a26 = vec4f(); var a27 = vec4f();
    var a28 = vec4f(); var a29 = vec4f(); var a30 = vec4f(); var a31 = vec4f();
    for (var j = 0u; j < n4; j++) {
        let w0 = 4u * j * k4;
        let w1 = min(4u * j + 1u, n - 1u) * k4;
        let w2 = min(4u * j + 2u, n - 1u) * k4;
        let w3 = min(4u * j + 3u, n - 1u) * k4;
        let w = mat4x4f(params[column + w0], params[column + w1], params[column + w2], params[column + w3]);
        let dy0 = signals[r0 + j];
        let dy1 = signals[r1 + j];
        a0 += w * subgroupShuffle(dy0, 0u);
        a1 += w * subgroupShuffle(dy0, 1u);
        a2 += w * subgroupShuffle(dy0, 2u);
        a3 += w * subgroupShuffle(dy0, 3u);
        a4 += w * subgroupShuffle(dy0, 4u);
        a5 += w * subgroupShuffle(dy0, 5u);
        a6 += w * subgroupShuffle(dy0, 6u);
        a7 += w * subgroupShuffle(dy0, 7u);
        a8 += w * subgroupShuffle(dy0, 8u);
        a9 += w * subgroupShuffle(dy0, 9u);
        a10 += w * subgroupShuffle(dy0, 10u);
        a11 += w * subgroupShuffle(dy0, 11u);
        a12 += w * subgroupShuffle(dy0, 12u);
        a13 += w * subgroupShuffle(dy0, 13u);
        a14 += w * subgroupShuffle(dy0, 14u);
        a15 += w * subgroupShuffle(dy0, 15u);
        a16 += w * subgroupShuffle(dy1, 0u);
        a17 += w * subgroupShuffle(dy1, 1u);
        a18 += w * subgroupShuffle(dy1, 2u);
        a19 += w * subgroupShuffle(dy1, 3u);
        a20 += w * subgroupShuffle(dy1, 4u);
        a21 += w * subgroupShuffle(dy1, 5u);
        a22 += w * subgroupShuffle(dy1, 6u);
        a23 += w * subgroupShuffle(dy1, 7u);
        a24 += w * subgroupShuffle(dy1, 8u);
        a25 += w * subgroupShuffle(dy1, 9u);
        a26 += w * subgroupShuffle(dy1, 10u);
        a27 += w * subgroupShuffle(dy1, 11u);
        a28 += w * subgroupShuffle(dy1, 12u);
        a29 += w * subgroupShuffle(dy1, 13u);
        a30 += w * subgroupShuffle(dy1, 14u);
        a31 += w * subgroupShuffle(dy1, 15u);
    }
    for (var q = 0u; q < 4u; q++) {
        finish_row(i + 8u * q, k, k4, one_of(q, a0, a8, a16, a24));
        finish_row(i + 8u * q + 1u, k, k4, one_of(q, a1, a9, a17, a25));
        finish_row(i + 8u * q + 2u, k, k4, one_of(q, a2, a10, a18, a26));
        finish_row(i + 8u * q + 3u, k, k4, one_of(q, a3, a11, a19, a27));
        finish_row(i + 8u * q + 4u, k, k4, one_of(q, a4, a12, a20, a28));
        finish_row(i + 8u * q + 5u, k, k4, one_of(q, a5, a13, a21, a29));
        finish_row(i + 8u * q + 6u, k, k4, one_of(q, a6, a14, a22, a30));
        finish_row(i + 8u * q + 7u, k, k4, one_of(q, a7, a15, a23, a31));
    }
}

fn finish_row(row: u32, k: u32, k4: u32, sum: vec4f) {
    if row < batch.rows && k < k4 { finish(row, k, sum); }
}
