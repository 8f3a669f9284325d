// Number q of four values.
// Provides: one_of
// Needs: nothing
fn one_of(q: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
    return select(select(a, b, q == 1u), select(c, d, q == 3u), q >= 2u);
}
