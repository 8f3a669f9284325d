// The 16 vec4 of a result that one invocation owns: eight in one column and eight in another.
// Provides: Tile, part
// Needs: one_of
struct Tile {
    a0: vec4f, b0: vec4f,
    a1: vec4f, b1: vec4f,
    a2: vec4f, b2: vec4f,
    a3: vec4f, b3: vec4f,
    a4: vec4f, b4: vec4f,
    a5: vec4f, b5: vec4f,
    a6: vec4f, b6: vec4f,
    a7: vec4f, b7: vec4f,
}

// Number q of them, column by column. With it a loop ends a tile, and compilers see its end once instead of 16 times.
fn part(tile: Tile, q: u32) -> vec4f {
    let low = q % 4u;
    return one_of(q / 4u,
        one_of(low, tile.a0, tile.a1, tile.a2, tile.a3), one_of(low, tile.a4, tile.a5, tile.a6, tile.a7),
        one_of(low, tile.b0, tile.b1, tile.b2, tile.b3), one_of(low, tile.b4, tile.b5, tile.b6, tile.b7));
}
