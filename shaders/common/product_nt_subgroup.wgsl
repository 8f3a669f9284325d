// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// A workgroup of 16 owns 16 rows × 64 columns, each invocation four of the columns. Invocation r loads row r of x and the others
// take it from its registers: 20 loads feed 256 products. Needs subgroups of at least 16 invocations.
// Rows and columns past the end are computed from the last one and dropped.

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
    let i = 16u * workgroup.y;
    let j = 16u * workgroup.x + lane;
    let own = source_row(min(i + lane, batch.rows - 1u));
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
    for (var k = 0u; k < args.k4; k++) {
        let w = weights(j, k);
        let x = source(own, k);
        a0 += subgroupShuffle(x, 0u) * w;
        a1 += subgroupShuffle(x, 1u) * w;
        a2 += subgroupShuffle(x, 2u) * w;
        a3 += subgroupShuffle(x, 3u) * w;
        a4 += subgroupShuffle(x, 4u) * w;
        a5 += subgroupShuffle(x, 5u) * w;
        a6 += subgroupShuffle(x, 6u) * w;
        a7 += subgroupShuffle(x, 7u) * w;
        a8 += subgroupShuffle(x, 8u) * w;
        a9 += subgroupShuffle(x, 9u) * w;
        a10 += subgroupShuffle(x, 10u) * w;
        a11 += subgroupShuffle(x, 11u) * w;
        a12 += subgroupShuffle(x, 12u) * w;
        a13 += subgroupShuffle(x, 13u) * w;
        a14 += subgroupShuffle(x, 14u) * w;
        a15 += subgroupShuffle(x, 15u) * w;
    }
    finish_row(i + 0u, j, a0);
    finish_row(i + 1u, j, a1);
    finish_row(i + 2u, j, a2);
    finish_row(i + 3u, j, a3);
    finish_row(i + 4u, j, a4);
    finish_row(i + 5u, j, a5);
    finish_row(i + 6u, j, a6);
    finish_row(i + 7u, j, a7);
    finish_row(i + 8u, j, a8);
    finish_row(i + 9u, j, a9);
    finish_row(i + 10u, j, a10);
    finish_row(i + 11u, j, a11);
    finish_row(i + 12u, j, a12);
    finish_row(i + 13u, j, a13);
    finish_row(i + 14u, j, a14);
    finish_row(i + 15u, j, a15);
    close(workgroup.y * 16u * groups.x + j);
}

fn finish_row(row: u32, j: u32, sum: vec4f) {
    if row < batch.rows && 4u * j < args.n { finish(row, j, sum); }
}
