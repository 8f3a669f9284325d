// One latent variable: z = μ + exp(½ log σ²) ε and its share of the KL divergence from N(0, 1).
// log σ² is bounded, so that neither exp(log σ²) nor the loss can overflow.
// Provides: LOG_VAR_MIN, LOG_VAR_MAX, draw, slopes
// Needs: nothing
const LOG_VAR_MIN = -30.0;
const LOG_VAR_MAX = 20.0;

// eˣ − 1 − x; near 0, where the terms cancel, from its series.
fn excess(x: f32) -> f32 {
    let series = 0.5 + x * (0.16666667 + x * (0.041666667 + x * (0.0083333333 + x * (0.0013888889 + x * (1.984127e-4 + x * 2.4801587e-5)))));
    return select(exp(x) - 1.0 - x, x * x * series, abs(x) < 0.5);
}

struct Draw { z: f32, kl: f32 }
fn draw(mu: f32, log_var: f32, epsilon: f32) -> Draw {
    let bounded = clamp(log_var, LOG_VAR_MIN, LOG_VAR_MAX);
    return Draw(mu + exp(0.5 * bounded) * epsilon, 0.5 * (mu * mu + excess(bounded)));
}

// Gradients of μ and log σ², from dz and dz ε, with β · KL added and `pull` taken from 2 dlog σ²; nothing flows through a log σ² at its
// bounds or beyond.
struct Slopes { mu: f32, log_var: f32 }
fn slopes(mu: f32, log_var: f32, dz: f32, turned: f32, beta: f32, pull: f32) -> Slopes {
    let inside = log_var > LOG_VAR_MIN && log_var < LOG_VAR_MAX;
    let bounded = clamp(log_var, LOG_VAR_MIN, LOG_VAR_MAX);
    let d = 0.5 * (turned * exp(0.5 * bounded) + beta * (bounded + excess(bounded)) - pull);
    return Slopes(dz + beta * mu, select(0.0, d, inside));
}
