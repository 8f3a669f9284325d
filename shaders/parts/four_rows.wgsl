// Four rows at a time: a vec4 holds one value of each row, and invocation j those of column j.
// Provides: gathered, across
// Needs: nothing

// Columns 4 q … 4 q + 3.
fn gathered(value: vec4f, q: u32) -> mat4x4f {
    return mat4x4f(subgroupShuffle(value, 4u * q), subgroupShuffle(value, 4u * q + 1u),
        subgroupShuffle(value, 4u * q + 2u), subgroupShuffle(value, 4u * q + 3u));
}

// Row r of four columns.
fn across(columns: mat4x4f, r: u32) -> vec4f {
    return vec4f(columns[0][r], columns[1][r], columns[2][r], columns[3][r]);
}
