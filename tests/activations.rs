//! Every activation a model may have: its name, its maths, the accuracy that proofs grant its shader.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use wgvae::{
    check::tolerance::{Approx, ULP},
    kernels::activation::part,
    model::{Activation, Kept, Model},
};

#[test]
fn a_name_is_the_same_in_options_and_configurations() {
    for activation in Activation::ALL {
        assert_eq!(serde_json::to_string(&activation).unwrap(), format!("\"{}\"", activation.name()));
    }
}

#[test]
fn a_configuration_from_before_activations_means_relu() {
    let model = |rest: &str| {
        let text = format!(r#"{{"kind": "vae", "input": 9, "hidden": [5], "latent": 2, "classes": 0{rest}}}"#);
        serde_json::from_str::<Model>(&text)
    };
    assert_eq!(model("").unwrap().activation, Activation::Relu);
    assert_eq!(model(r#", "activation": "relu""#).unwrap(), model("").unwrap());
    assert!(model(r#", "activation": "rely""#).is_err());
}

#[test]
fn derivatives_are_central_differences() {
    let h = 1e-6;
    for activation in Activation::ALL {
        for a in (-40..40).map(|i| 0.1 * f64::from(i) + 0.03) {
            let difference = (activation.forward(a + h) - activation.forward(a - h)) / (2.0 * h);
            let kept = if activation.kept() == Kept::Sum { a } else { activation.forward(a) };
            let derivative = activation.derivative(kept);
            assert!((derivative - difference).abs() < 1e-8, "{activation} at {a}: {derivative}, not {difference}");
        }
        assert!(activation.forward(f64::NAN).is_nan(), "{activation} hides a NaN");
    }
}

/// `activate(a)` and `derivative` of what is kept, operation by operation as the shader computes them.
fn computed(activation: Activation, a: f64) -> [Approx; 2] {
    let (one, exact) = (Approx::exact(1.0), Approx::exact);
    let kept = match activation.kept() {
        Kept::Output => exact(activation.forward(a)),
        Kept::Sum => exact(a),
    };
    let z_of = |logit: Approx| (-logit.abs()).exp();
    // s and s (1 − s) of the sigmoid s, where z is e to the power of minus its magnitude
    let gates = |z: Approx| {
        let r = one / (one + z);
        let top = if a < 0.0 { z } else { one };
        [top / (one + z), top * r, z * r * r]
    };
    match activation {
        Activation::Relu => [exact(a).relu(), exact(if a > 0.0 { 1.0 } else { 0.0 })],
        Activation::Tanh => {
            let e = exact(-2.0 * a.abs()).exp(); // doubling rounds nothing
            let y = (one - e) / (one + e);
            [if a < 0.0 { -y } else { y }, one - kept * kept]
        }
        Activation::Silu => {
            let [s, top, slope] = gates(z_of(kept));
            [kept * s, top + kept * slope]
        }
        Activation::Gelu => {
            let constant = |value: f64| Approx::rounded(value, 0.0, 1.0);
            let scale = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
            let square = kept * kept;
            let logit = kept * (constant(scale) + constant(scale * 0.044715) * square);
            let [s, top, slope] = gates(z_of(logit));
            [kept * s, top + kept * slope * (constant(scale) + constant(3.0 * scale * 0.044715) * square)]
        }
        Activation::Softplus => {
            let positive = exact(a).relu();
            [positive + (one + z_of(exact(a))).ln(), one - (-kept).exp()]
        }
    }
}

#[test]
fn accuracies_are_what_the_operations_of_the_shaders_add_up_to() {
    let mut wrong = Vec::new();
    for activation in Activation::ALL {
        let part = part(Some(activation));
        let [mut worst, mut worst_slope] = [0.0_f64; 2];
        for a in (-4000..4000).map(|i| 0.003 * f64::from(i)) {
            let [y, slope] = computed(activation, a);
            assert!((y.value - activation.forward(a)).abs() < 1e-14, "{activation} of {a}");
            let kept = if activation.kept() == Kept::Sum { a } else { activation.forward(a) };
            assert!((slope.value - activation.derivative(kept)).abs() < 1e-14, "{activation}'s derivative at {a}");
            worst = worst.max(y.error / ULP / a.abs().max(1.0));
            worst_slope = worst_slope.max(slope.error / ULP);
        }
        let [own, own_slope] = [part.activate_ulps, part.derivative_ulps];
        let tight = |found: f64, own: f64| found <= own + 1e-5 && own < found + 1.0;
        if !tight(worst, own) || !tight(worst_slope, own_slope) {
            wrong.push(format!("{activation}: {worst:.2} and {worst_slope:.2} ulp, stated are {own} and {own_slope}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// On which the analysis of an activation relies where its argument is only known to lie in an interval.
#[test]
fn activations_that_have_an_extremum_curve_at_most_1() {
    for activation in [Activation::Silu, Activation::Gelu] {
        for a in (-1000..1000).map(|i| 0.01 * f64::from(i)) {
            let curvature = (activation.derivative(a + 1e-4) - activation.derivative(a - 1e-4)) / 2e-4;
            assert!(curvature.abs() < 1.0, "{activation} at {a}: {curvature}");
        }
    }
}

#[test]
fn a_shader_keeps_the_sums_where_the_model_says_so() {
    for activation in Activation::ALL {
        let line = format!("const KEEPS_SUMS = {};", activation.kept() == Kept::Sum);
        assert!(part(Some(activation)).source.text.lines().any(|found| found == line), "{activation}: {line}");
    }
}
