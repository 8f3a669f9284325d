//! Error analysis of the maths that several kernels share, on top of [`tolerance`](crate::check::tolerance).

use crate::{
    check::tolerance::{Approx, ULP, exact, product},
    gpu::Precision,
    kernels::activation::part,
    model::{Activation, Adam, Likelihood, OUTPUT_LOG_VAR_MAX, Variance},
    oracle::{
        self,
        reparameterize::{LOG_VAR_MAX, LOG_VAR_MIN, bound},
    },
};
use ndarray::{Array2, ArrayRef2, Zip};
use std::f64::consts::TAU;

/// Additions in the longest chain of a product. In f32 the products of vec4 pairs are added: n / 4 vec4, and the components of
/// the last. What cooperative matrices do stands in no specification: taken for float32 sums in any order, in which each matrix of
/// eight or more terms rounds the sum so far once more.
pub fn depth(terms: usize, precision: Precision) -> usize {
    match precision {
        Precision::F32 => terms.div_ceil(4) + 8,
        Precision::Mixed => terms + terms.div_ceil(8),
    }
}

/// Sums that mixed precision divides by the loss scale again.
pub fn unscaled(sums: Array2<Approx>, precision: Precision) -> Array2<Approx> {
    match precision {
        Precision::F32 => sums,
        Precision::Mixed => sums.mapv(|sum| sum / Approx::exact(1.0)),
    }
}

/// `values` as a product of this precision takes them, multiplied by `scale`, a power of two, where it rounds them.
pub fn operand(values: &ArrayRef2<Approx>, precision: Precision, scale: f64) -> Array2<Approx> {
    match precision {
        Precision::F32 => values.to_owned(),
        Precision::Mixed => values.mapv(|value| value.f16(scale)),
    }
}

/// `y[i, j] = Σₖ x[i, k] weight[j, k] + bias[j]`
pub fn affine(x: &ArrayRef2<Approx>, layer: &oracle::linear::Linear, precision: Precision) -> Array2<Approx> {
    let [x, weight] = [x, &exact(&layer.weight.t())].map(|values| operand(values, precision, 1.0));
    let mut y = product(&x, &weight, depth(x.ncols(), precision));
    for mut row in y.rows_mut() {
        row.iter_mut().zip(&layer.bias).for_each(|(y, &bias)| *y = *y + bias.into());
    }
    y
}

/// `activation` of `a`: as far as the function takes the ends of the interval in which `a` lies, and what the shader part adds.
/// An extremum between them is at most ½ e² beyond the nearer end, e the half of the interval, because no activation that has one
/// curves more than 1.
pub fn activated(a: Approx, activation: Activation) -> Approx {
    let [below, value, above] = [a.value - a.error, a.value, a.value + a.error].map(|a| activation.forward(a));
    let ends = (value - below).abs().max((value - above).abs());
    let own = part(Some(activation)).activate_ulps * ULP * (a.value.abs() + a.error).max(1.0);
    Approx { value, error: ends + 0.5 * a.error * a.error + own }
}

/// A gradient before `activation`, from `dy` behind it and what is kept of it, which float32 holds.
pub fn backward(dy: Approx, kept: f64, activation: Activation) -> Approx {
    let slope = Approx { value: activation.derivative(kept), error: part(Some(activation)).derivative_ulps * ULP };
    match (slope.value, slope.error) {
        (0.0, 0.0) => Approx::exact(0.0),
        (1.0, 0.0) => dy,
        _ => dy * slope,
    }
}

/// Error analysis of a step of Adam.
pub struct AdamAnalysis {
    /// The parameters after the step.
    pub param: Array2<Approx>,
    /// The first moments after the step.
    pub m: Array2<Approx>,
    /// The second moments after the step.
    pub v: Array2<Approx>,
}

/// Adam's step `t` with arguments that float32 holds exactly, but for lr / (1 − β₁ᵗ), 1 / √(1 − β₂ᵗ) and the decay of the
/// parameters, which are rounded.
pub fn adam(
    param: &ArrayRef2<f64>,
    m: &ArrayRef2<f64>,
    v: &ArrayRef2<f64>,
    gradient: &ArrayRef2<Approx>,
    args: &Adam,
    t: u64,
) -> AdamAnalysis {
    let [beta1, beta2, epsilon] = [args.beta1, args.beta2, args.epsilon].map(Approx::exact);
    let [step_size, correction] = args.scales(t).map(|scale| Approx::rounded(scale, 0.0, 1.0));
    let one = Approx::exact(1.0);
    // a product with 1 is exact
    let decayed = |param: f64| match args.weight_decay == 0.0 {
        true => Approx::exact(param),
        false => Approx::exact(param) * Approx::rounded(args.decay(), 0.0, 1.0),
    };
    let mix = |new: Approx, old: f64, rate: Approx| new * (one - rate) + Approx::exact(old) * rate;
    let m = Zip::from(gradient).and(m).map_collect(|&g, &m| mix(g, m, beta1));
    let v = Zip::from(gradient).and(v).map_collect(|&g, &v| mix(g * g, v, beta2));
    let param = Zip::from(param)
        .and(&m)
        .and(&v)
        .map_collect(|&param, &m, &v| decayed(param) - step_size * m / (v.sqrt() * correction + epsilon));
    AdamAnalysis { param, m, v }
}

/// z of each latent variable, `[rows, latent]`, and the KL divergence of each row.
pub fn draw(
    mu: &ArrayRef2<Approx>,
    log_var: &ArrayRef2<Approx>,
    epsilon: &ArrayRef2<f64>,
) -> (Array2<Approx>, Vec<Approx>) {
    let half = Approx::exact(0.5);
    let z = Zip::from(mu)
        .and(log_var)
        .and(epsilon)
        .map_collect(|&mu, &log_var, &epsilon| mu + (half * bounded(log_var)).exp() * epsilon.into());
    let kl = Zip::from(mu).and(log_var).map_collect(|&mu, &log_var| {
        let bounded = bounded(log_var);
        half * (mu * mu + bounded.exp() - Approx::exact(1.0) - bounded)
    });
    let kl = kl.rows().into_iter().map(|row| Approx::sum(row.iter().copied(), row.len())).collect();
    (z, kl)
}

/// dμ and dlog σ² from dz, `[rows, latent]`.
pub fn slopes(
    mu: &ArrayRef2<f64>,
    log_var: &ArrayRef2<f64>,
    epsilon: &ArrayRef2<f64>,
    dz: &ArrayRef2<Approx>,
    beta: f64,
) -> (Array2<Approx>, Array2<Approx>) {
    let (half, one, beta) = (Approx::exact(0.5), Approx::exact(1.0), Approx::exact(beta));
    let dmu = Zip::from(dz).and(mu).map_collect(|&dz, &mu| dz + beta * mu.into());
    let dlog_var = Zip::from(dz).and(log_var).and(epsilon).map_collect(|&dz, &log_var, &epsilon| {
        let bounded = bounded(Approx::exact(log_var));
        let slope = half * (dz * epsilon.into() * (half * bounded).exp() + beta * (bounded.exp() - one));
        if LOG_VAR_MIN < log_var && log_var < LOG_VAR_MAX { slope } else { Approx::exact(0.0) }
    });
    (dmu, dlog_var)
}

/// log σ² within its bounds.
pub fn bounded(log_var: Approx) -> Approx {
    Approx { value: bound(log_var.value), ..log_var }
}

/// Loss of a pixel `t` and its derivative by the logit `l`.
pub fn compare(l: Approx, t: Approx, likelihood: Likelihood) -> (Approx, Approx) {
    let (p, z) = (l.sigmoid(), (-l.abs()).exp());
    if likelihood == Likelihood::SquaredError {
        let e = p - t;
        return (e * e, Approx::exact(2.0) * e * p * (-l).sigmoid());
    }
    // below 10⁻³ the shader takes z − z²/2, which leaves out z³/3
    let cut = z.value.powi(3) / 3.0;
    let series = z - Approx::exact(0.5) * z * z;
    let series = Approx { value: z.value.ln_1p(), error: series.error + cut };
    let tail = if z.value < 0.999e-3 { series } else { (Approx::exact(1.0) + z).ln() };
    (l.relu() - l * t + tail, p - t)
}

/// Loss of a value `t` and its derivatives by `output` and by a Gaussian's `log_var`, which float32 holds; for any likelihood.
pub fn measure(output: Approx, log_var: f64, t: Approx, likelihood: Likelihood) -> [Approx; 3] {
    if likelihood.variance() == Variance::None {
        let (loss, gradient) = compare(output, t, likelihood);
        return [loss, gradient, Approx::exact(0.0)];
    }
    let (half, one) = (Approx::exact(0.5), Approx::exact(1.0));
    let bounded = Approx::exact(log_var.clamp(-OUTPUT_LOG_VAR_MAX, OUTPUT_LOG_VAR_MAX));
    let (precision, d) = ((-bounded).exp(), output - t);
    let square = d * d * precision;
    let slope = if log_var.abs() < OUTPUT_LOG_VAR_MAX { half * (one - square) } else { Approx::exact(0.0) };
    [half * (Approx::rounded(TAU.ln(), 0.0, 1.0) + bounded + square), d * precision, slope]
}
