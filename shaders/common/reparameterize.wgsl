// One latent variable: z = μ + exp(½ log σ²) ε and its share of the KL divergence from N(0, 1).
// log σ² is bounded, so that neither exp(log σ²) nor the loss can overflow.
const LOG_VAR_MIN = -30.0;
const LOG_VAR_MAX = 20.0;
struct Draw { z: f32, kl: f32 }
fn draw(mu: f32, log_var: f32, epsilon: f32) -> Draw {
    let bounded = clamp(log_var, LOG_VAR_MIN, LOG_VAR_MAX);
    return Draw(mu + exp(0.5 * bounded) * epsilon, 0.5 * (mu * mu + exp(bounded) - 1.0 - bounded));
}

// Gradients of μ and log σ², from dz and with β · KL added; nothing flows through a log σ² at its bounds or beyond.
struct Slopes { mu: f32, log_var: f32 }
fn slopes(mu: f32, log_var: f32, epsilon: f32, dz: f32, beta: f32) -> Slopes {
    let inside = log_var > LOG_VAR_MIN && log_var < LOG_VAR_MAX;
    let bounded = clamp(log_var, LOG_VAR_MIN, LOG_VAR_MAX);
    let d = 0.5 * (dz * epsilon * exp(0.5 * bounded) + beta * (exp(bounded) - 1.0));
    return Slopes(dz + beta * mu, select(0.0, d, inside));
}
