// Which columns of vec4 number `j` lie inside a matrix of `width` columns; the others are padding and stay zero.
// Provides: in_width
// Needs: nothing
fn in_width(j: u32, width: u32) -> vec4<bool> {
    return 4u * j + vec4u(0u, 1u, 2u, 3u) < vec4u(width);
}
