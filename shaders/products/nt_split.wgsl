// Σₖ x[i, k] w[j, k], handed to finish(i, j, …) four columns at a time.
// A workgroup of 256 owns 16 rows × 16 columns; 16 invocations share the sum of each 4 × 4 of them, and add up their shares in
// workgroup memory. Rows and columns past the end are computed from the last one and dropped.
//
//     vec4 columns    0    1    2    3
//   row   0           0    1    2    3     the invocation that adds up the 16 shares and owns the sum
//   row   1           4    5    6    7
//     …
//   row  15          60   61   62   63
//
// GPUs serve eight invocations at a time, and at once if the numbers of their vec4 differ modulo 8. Eight neighbours store eight shares
// of one sum, 64 apart; so a sum is kept at its number with the lowest three bits changed, by xor with the share. Eight that add up
// load eight neighbouring sums of one share.
//
// Provides: OWNERS, shares, main
// Needs: batch, source_row, weight_rows, args, weights, multiply_add, source, finish, close

const ROWS = 16u;     // of a block
const COLUMNS4 = 4u;  // of a block, in vec4
const OWNERS = 64u;   // invocations that add up shares

var<workgroup> shares: array<vec4f, 1024>;  // [share 16, row 16, column 4]

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
    let i = ROWS * workgroup.y;
    let j = COLUMNS4 * workgroup.x;
    let share = lane % 16u;
    let x = lane / 16u % 4u;
    let y = lane / 64u;
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
    for (var k = share; k < args.k4; k += 16u) {
        let w = transpose(weights(w_rows, k));
        a0 = multiply_add(w, source(r0, k), a0);
        a1 = multiply_add(w, source(r1, k), a1);
        a2 = multiply_add(w, source(r2, k), a2);
        a3 = multiply_add(w, source(r3, k), a3);
    }
    let at = 64u * share + 16u * y;
    let even = at + (x ^ (share % 8u));
    let odd = at + ((x + 4u) ^ (share % 8u));
    shares[even] = a0;
    shares[odd] = a1;
    shares[even + 8u] = a2;
    shares[odd + 8u] = a3;
    workgroupBarrier();

    if lane < OWNERS {
        var sum = vec4f();
        for (var s = 0u; s < 16u; s++) { sum += shares[64u * s + (lane ^ (s % 8u))]; }
        let row = i + lane / 4u;
        let column = j + lane % 4u;
        if row < batch.rows && 4u * column < args.n { finish(row, column, sum); }
    }
    close(workgroup.y * groups.x + workgroup.x, lane);
}
