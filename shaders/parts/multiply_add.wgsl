// sum + w x by fused multiply-adds, one after the other. Compilers make of sum + w * x one multiplication and one addition more.
// Provides: multiply_add
// Needs: nothing
fn multiply_add(w: mat4x4f, x: vec4f, sum: vec4f) -> vec4f {
    return fma(w[3], vec4f(x.w), fma(w[2], vec4f(x.z), fma(w[1], vec4f(x.y), fma(w[0], vec4f(x.x), sum))));
}
