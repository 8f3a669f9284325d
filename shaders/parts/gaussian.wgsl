// The decoder gives the means of a Gaussian: loss = ½ (ln 2π + s + d² / σ²) with d = mean − t and s = log σ² within ±8;
// ∂loss/∂mean = d / σ², ∂loss/∂s = ½ (1 − d² / σ²) inside the bounds.
// Provides: measure
// Needs: output_log_var
const OUTPUT_LOG_VAR_MAX = 8.0;
const LN_2_PI = 1.8378770664093453;
struct Measured { loss: vec4f, output: vec4f, log_var: vec4f }
fn measure(row: u32, j: u32, mean: vec4f, t: vec4f) -> Measured {
    let given = output_log_var(row, j);
    let s = clamp(given, vec4f(-OUTPUT_LOG_VAR_MAX), vec4f(OUTPUT_LOG_VAR_MAX));
    let inverse = exp(-s);
    let d = mean - t;
    let square = d * d * inverse;
    let inside = abs(given) < vec4f(OUTPUT_LOG_VAR_MAX);
    return Measured(0.5 * (LN_2_PI + s + square), d * inverse, select(vec4f(), 0.5 * (1.0 - square), inside));
}
