// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// A workgroup of 16 owns 32 rows × 64 columns, each invocation four of the columns. Invocation r loads rows r and 16 + r of x, and
// the others take them from its registers: 24 loads feed 512 products. Needs subgroups of at least 16 invocations.
// Rows and columns past the end are computed from the last one and dropped.

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
    let i = 32u * workgroup.y;
    let j = 16u * workgroup.x + lane;
    let w_rows = weight_rows(j);
    let last = batch.rows - 1u;
    let r0 = source_row(min(i + lane, last));
    let r1 = source_row(min(i + lane + 16u, last));
    var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
    var a4 = vec4f(); var a5 = vec4f(); var a6 = vec4f(); var a7 = vec4f();
    var a8 = vec4f(); var a9 = vec4f(); var a10 = vec4f(); var a11 = vec4f();
    var a12 = vec4f(); var a13 = vec4f(); var a14 = vec4f(); var a15 = vec4f();
    var a16 = vec4f(); var a17 = vec4f(); var a18 = vec4f(); var a19 = vec4f();
    var a20 = vec4f(); var a21 = vec4f(); var a22 = vec4f(); var a23 = vec4f();
    var a24 = vec4f(); var a25 = vec4f(); var a26 = vec4f(); var a27 = vec4f();
    var a28 = vec4f(); var a29 = vec4f(); var a30 = vec4f(); var a31 = vec4f();
    for (var k = 0u; k < args.k4; k++) {
        let w = weights(w_rows, k);
        let x0 = source(r0, k);
        let x1 = source(r1, k);
        a0 += subgroupShuffle(x0, 0u) * w;
        a1 += subgroupShuffle(x0, 1u) * w;
        a2 += subgroupShuffle(x0, 2u) * w;
        a3 += subgroupShuffle(x0, 3u) * w;
        a4 += subgroupShuffle(x0, 4u) * w;
        a5 += subgroupShuffle(x0, 5u) * w;
        a6 += subgroupShuffle(x0, 6u) * w;
        a7 += subgroupShuffle(x0, 7u) * w;
        a8 += subgroupShuffle(x0, 8u) * w;
        a9 += subgroupShuffle(x0, 9u) * w;
        a10 += subgroupShuffle(x0, 10u) * w;
        a11 += subgroupShuffle(x0, 11u) * w;
        a12 += subgroupShuffle(x0, 12u) * w;
        a13 += subgroupShuffle(x0, 13u) * w;
        a14 += subgroupShuffle(x0, 14u) * w;
        a15 += subgroupShuffle(x0, 15u) * w;
        a16 += subgroupShuffle(x1, 0u) * w;
        a17 += subgroupShuffle(x1, 1u) * w;
        a18 += subgroupShuffle(x1, 2u) * w;
        a19 += subgroupShuffle(x1, 3u) * w;
        a20 += subgroupShuffle(x1, 4u) * w;
        a21 += subgroupShuffle(x1, 5u) * w;
        a22 += subgroupShuffle(x1, 6u) * w;
        a23 += subgroupShuffle(x1, 7u) * w;
        a24 += subgroupShuffle(x1, 8u) * w;
        a25 += subgroupShuffle(x1, 9u) * w;
        a26 += subgroupShuffle(x1, 10u) * w;
        a27 += subgroupShuffle(x1, 11u) * w;
        a28 += subgroupShuffle(x1, 12u) * w;
        a29 += subgroupShuffle(x1, 13u) * w;
        a30 += subgroupShuffle(x1, 14u) * w;
        a31 += subgroupShuffle(x1, 15u) * w;
    }
    for (var q = 0u; q < 4u; q++) {
        finish_row(i + 8u * q, j, one_of(q, a0, a8, a16, a24));
        finish_row(i + 8u * q + 1u, j, one_of(q, a1, a9, a17, a25));
        finish_row(i + 8u * q + 2u, j, one_of(q, a2, a10, a18, a26));
        finish_row(i + 8u * q + 3u, j, one_of(q, a3, a11, a19, a27));
        finish_row(i + 8u * q + 4u, j, one_of(q, a4, a12, a20, a28));
        finish_row(i + 8u * q + 5u, j, one_of(q, a5, a13, a21, a29));
        finish_row(i + 8u * q + 6u, j, one_of(q, a6, a14, a22, a30));
        finish_row(i + 8u * q + 7u, j, one_of(q, a7, a15, a23, a31));
    }
    close(workgroup.y * 16u * groups.x + j);
}

fn finish_row(row: u32, j: u32, sum: vec4f) {
    if row < batch.rows && 4u * j < args.n { finish(row, j, sum); }
}
