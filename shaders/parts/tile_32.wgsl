// The 32 vec4 of a result that one invocation owns, all in one column.
// Provides: Tile, part
// Needs: one_of
struct Tile {
    a0: vec4f, a1: vec4f, a2: vec4f, a3: vec4f,
    a4: vec4f, a5: vec4f, a6: vec4f, a7: vec4f,
    a8: vec4f, a9: vec4f, a10: vec4f, a11: vec4f,
    a12: vec4f, a13: vec4f, a14: vec4f, a15: vec4f,
    a16: vec4f, a17: vec4f, a18: vec4f, a19: vec4f,
    a20: vec4f, a21: vec4f, a22: vec4f, a23: vec4f,
    a24: vec4f, a25: vec4f, a26: vec4f, a27: vec4f,
    a28: vec4f, a29: vec4f, a30: vec4f, a31: vec4f,
}

// Number q of them. With it a loop ends a tile, and compilers see its end once instead of 32 times.
fn part(tile: Tile, q: u32) -> vec4f {
    let low = q % 4u;
    let middle = q / 4u % 4u;
    let upper = one_of(middle,
        one_of(low, tile.a0, tile.a1, tile.a2, tile.a3), one_of(low, tile.a4, tile.a5, tile.a6, tile.a7),
        one_of(low, tile.a8, tile.a9, tile.a10, tile.a11), one_of(low, tile.a12, tile.a13, tile.a14, tile.a15));
    let lower = one_of(middle,
        one_of(low, tile.a16, tile.a17, tile.a18, tile.a19), one_of(low, tile.a20, tile.a21, tile.a22, tile.a23),
        one_of(low, tile.a24, tile.a25, tile.a26, tile.a27), one_of(low, tile.a28, tile.a29, tile.a30, tile.a31));
    return select(upper, lower, q >= 16u);
}
