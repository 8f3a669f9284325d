// A block of a product by cooperative matrices, which the invocations of a subgroup multiply together.
// A workgroup of 256 owns 8 × 8 matrices of the result, and each subgroup one of the block's eight parts: four matrices down and
// two across. Fewer subgroups than parts go over the operands again; those past the eighth repeat a part.
// The form of the product tells where operands come from (stage, left, right) and where four sums of row `down` of the block go
// that begin at column 4 · `across` (place).
// Provides: SIDE, OWNERS, lefts, rights, sums, multiply, keep_left, keep_right
// Needs: EDGE, MatrixC, right, left, stage, place

const SIDE = 8u * EDGE;               // rows and columns of a block
const AREA = EDGE * EDGE;             // elements of a matrix
const OWNERS = min(256u, 2u * AREA);  // invocations that place sums
const SLOTS = 2048u / AREA;           // matrices of sums; a multiple of eight, so that subgroups of one slot have one part

var<workgroup> lefts:  array<f16, SIDE * EDGE>;  // SIDE rows of EDGE terms, in the order of the form
var<workgroup> rights: array<f16, SIDE * EDGE>;  // EDGE terms of SIDE columns, likewise
var<workgroup> sums:   array<f32, SLOTS * AREA>; // [slot, row EDGE, column EDGE]: a matrix of each subgroup at a time

// Step 2 stands here, because matrices stay in registers: staged operands are multiplied, and the sums stored one matrix of a part
// at a time.
fn multiply(terms: u32, lane: u32, subgroup: u32, subgroups: u32) {
    let slot = subgroup % SLOTS * AREA;
    for (var first = 0u; first < 8u; first += subgroups) {
        let row = part_row((first + subgroup) % 8u);
        let column = part_column((first + subgroup) % 8u);
        var a0 = MatrixC(); var b0 = MatrixC();
        var a1 = MatrixC(); var b1 = MatrixC();
        var a2 = MatrixC(); var b2 = MatrixC();
        var a3 = MatrixC(); var b3 = MatrixC();
        for (var term = 0u; term < terms; term += EDGE) {
            stage_block(term, lane);
            workgroupBarrier();
            let ra = right(column);
            let rb = right(column + EDGE);
            let l0 = left(row); a0 = coopMultiplyAdd(l0, ra, a0); b0 = coopMultiplyAdd(l0, rb, b0);
            let l1 = left(row + EDGE); a1 = coopMultiplyAdd(l1, ra, a1); b1 = coopMultiplyAdd(l1, rb, b1);
            let l2 = left(row + 2u * EDGE); a2 = coopMultiplyAdd(l2, ra, a2); b2 = coopMultiplyAdd(l2, rb, b2);
            let l3 = left(row + 3u * EDGE); a3 = coopMultiplyAdd(l3, ra, a3); b3 = coopMultiplyAdd(l3, rb, b3);
            workgroupBarrier();
        }
        for (var q = 0u; q < 8u; q++) {
            switch q {
                case 0u: { coopStoreT(a0, &sums[slot], EDGE); }
                case 1u: { coopStoreT(a1, &sums[slot], EDGE); }
                case 2u: { coopStoreT(a2, &sums[slot], EDGE); }
                case 3u: { coopStoreT(a3, &sums[slot], EDGE); }
                case 4u: { coopStoreT(b0, &sums[slot], EDGE); }
                case 5u: { coopStoreT(b1, &sums[slot], EDGE); }
                case 6u: { coopStoreT(b2, &sums[slot], EDGE); }
                default: { coopStoreT(b3, &sums[slot], EDGE); }
            }
            workgroupBarrier();
            place_sums(q, first, lane, subgroups);
            workgroupBarrier();
        }
    }
}

// Step 1: the operands of EDGE terms, four neighbours of each at a time.
fn stage_block(term: u32, lane: u32) {
    for (var v = lane; v < SIDE * EDGE / 4u; v += 256u) { stage(term, v); }
}

// Step 3: matrix q of each part that was multiplied this time, from part `first` on; four neighbours at a time.
fn place_sums(q: u32, first: u32, lane: u32, subgroups: u32) {
    for (var at = 4u * lane; at < 8u * AREA; at += 1024u) {
        let part = at / AREA;
        let element = at % AREA;
        if part - first < subgroups {
            let stored = at - first * AREA;
            place(part_row(part) + EDGE * (q % 4u) + element / EDGE,
                (part_column(part) + EDGE * (q / 4u) + element % EDGE) / 4u,
                vec4f(sums[stored], sums[stored + 1u], sums[stored + 2u], sums[stored + 3u]));
        }
    }
}

// Where a part starts in its block.
fn part_row(part: u32) -> u32 { return 4u * EDGE * (part / 4u); }
fn part_column(part: u32) -> u32 { return 2u * EDGE * (part % 4u); }

// Keeps four neighbours, rounded to f16.
fn keep_left(at: u32, values: vec4f) {
    let rounded = vec4<f16>(values);
    lefts[at] = rounded.x; lefts[at + 1u] = rounded.y; lefts[at + 2u] = rounded.z; lefts[at + 3u] = rounded.w;
}
fn keep_right(at: u32, values: vec4f) {
    let rounded = vec4<f16>(values);
    rights[at] = rounded.x; rights[at + 1u] = rounded.y; rights[at + 2u] = rounded.z; rights[at + 3u] = rounded.w;
}
