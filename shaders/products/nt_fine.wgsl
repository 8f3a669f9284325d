// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// A workgroup of 256 owns 8 rows × 8 columns; 64 invocations share the sum of each 4 × 4 of them. The shares are added up in workgroup
// memory, four at a time by all invocations and then sixteen at a time by the owners of the sums.
// Rows and columns past the end are computed from the last one and dropped.
//
//     vec4 columns    0    1
//   row  0            0    1     the invocation that owns the sum
//   row  1            2    3
//     …
//   row  7           14   15
//
// GPUs serve eight invocations at a time, and at once if the numbers of their vec4 differ modulo 8. Eight neighbours store eight shares
// of one sum, 16 apart; so a sum is kept at its number with the lowest three bits changed, by xor with the share. Eight that add up
// load eight neighbouring sums of one share.
//
// Provides: OWNERS, shares, main
// Needs: batch, source_row, weight_rows, args, weights, multiply_add, source, finish, close

const ROWS = 8u;      // of a block
const COLUMNS4 = 2u;  // of a block, in vec4
const OWNERS = 16u;   // invocations that end up with a sum

var<workgroup> shares: array<vec4f, 1024>;  // [share 64, row 8, column 2]

// Where a share of a sum is kept.
fn kept_at(share: u32, sum: u32) -> u32 { return 16u * share + (sum ^ (share % 8u)); }

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
    let i = ROWS * workgroup.y;
    let j = COLUMNS4 * workgroup.x;
    let share = lane % 8u + 8u * (lane / 32u);
    let x = lane / 8u % 2u;
    let y = lane / 16u % 2u;
    let last = batch.rows - 1u;
    let r0 = source_row(min(i + 4u * y, last));
    let r1 = source_row(min(i + 4u * y + 1u, last));
    let r2 = source_row(min(i + 4u * y + 2u, last));
    let r3 = source_row(min(i + 4u * y + 3u, last));
    let w_rows = weight_rows(j + x);
    var a0 = vec4f();
    var a1 = vec4f();
    var a2 = vec4f();
    var a3 = vec4f();
    for (var k = share; k < args.k4; k += 64u) {
        let w = transpose(weights(w_rows, k));
        a0 = multiply_add(w, source(r0, k), a0);
        a1 = multiply_add(w, source(r1, k), a1);
        a2 = multiply_add(w, source(r2, k), a2);
        a3 = multiply_add(w, source(r3, k), a3);
    }
    let first = 8u * y + x;
    shares[kept_at(share, first)] = a0;
    shares[kept_at(share, first + 2u)] = a1;
    shares[kept_at(share, first + 4u)] = a2;
    shares[kept_at(share, first + 6u)] = a3;
    workgroupBarrier();
    // of the sum lane % 16, every sixteenth share from lane / 16 on
    let four = kept_at(lane / 16u, lane % 16u);
    shares[four] += shares[four + 256u] + shares[four + 512u] + shares[four + 768u];
    workgroupBarrier();

    if lane < OWNERS {
        var sum = vec4f();
        for (var s = 0u; s < 16u; s++) { sum += shares[kept_at(s, lane)]; }
        let row = i + lane / 2u;
        let column = j + lane % 2u;
        if row < batch.rows && 4u * column < args.n { finish(row, column, sum); }
    }
    close(workgroup.y * groups.x + workgroup.x, lane);
}
