// Number q of four values. With it, a loop of four rounds ends a tile of 32 rows, and compilers see its end eight times instead of 32.
fn one_of(q: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
    return select(select(a, b, q == 1u), select(c, d, q == 3u), q >= 2u);
}
