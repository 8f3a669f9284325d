// Binary cross-entropy from the logit: loss = max(l, 0) − l t + ln(1 + e^−|l|), ∂loss/∂l = sigmoid(l) − t.
// Provides: compare
// Needs: nothing
struct Comparison { loss: vec4f, gradient: vec4f }
fn compare(l: vec4f, t: vec4f) -> Comparison {
    let z = exp(-abs(l));
    let p = select(z, vec4f(1.0), l >= vec4f()) / (1.0 + z);
    let tail = select(log(1.0 + z), z - 0.5 * z * z, z < vec4f(1e-3));
    return Comparison(max(l, vec4f()) - l * t + tail, p - t);
}
