// Squared error of p = sigmoid(l): loss = (p − t)², ∂loss/∂l = 2 (p − t) p (1 − p).
// Provides: compare
// Needs: nothing
struct Comparison { loss: vec4f, gradient: vec4f }
fn compare(l: vec4f, t: vec4f) -> Comparison {
    let z = exp(-abs(l));
    let p = select(z, vec4f(1.0), l >= vec4f()) / (1.0 + z);
    let q = select(vec4f(1.0), z, l >= vec4f()) / (1.0 + z);
    let e = p - t;
    return Comparison(e * e, 2.0 * e * p * q);
}
