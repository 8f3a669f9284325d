// y = ln(1 + eᵃ) = max(a, 0) + ln(1 + e^−|a|), which cannot overflow      dy/da = 1 / (1 + e⁻ᵃ) = 1 − e⁻ʸ
// Provides: KEEPS_SUMS, activate, derivative
// Needs: nothing
const KEEPS_SUMS = false;

fn activate(a: vec4f) -> vec4f { return max(a, vec4f()) + log(1.0 + exp(-abs(a))); }

fn derivative(y: vec4f) -> vec4f { return 1.0 - exp(-y); }
