//! Every activation a model may have: its name, its maths, the accuracy that proofs grant its shader.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use wgvae::{
    check::tolerance::{Approx, ULP},
    kernels::activation::part,
    model::{Activation, Model},
};

#[test]
fn a_name_is_the_same_in_options_and_configurations() {
    for activation in Activation::ALL {
        assert_eq!(activation.name().parse::<Activation>().unwrap(), activation);
        assert_eq!(serde_json::to_string(&activation).unwrap(), format!("\"{activation}\""));
    }
    let error = "rely".parse::<Activation>().unwrap_err().to_string();
    assert!(error.starts_with("--activation: is \"rely\", expected relu"), "{error}");
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
            let derivative = activation.derivative(activation.forward(a));
            assert!((derivative - difference).abs() < 1e-8, "{activation} at {a}: {derivative}, not {difference}");
        }
        assert!(activation.forward(f64::NAN).is_nan(), "{activation} hides a NaN");
    }
}

/// As the shader computes it, operation by operation.
#[test]
fn the_accuracy_of_tanh_is_what_its_operations_add_up_to() {
    let (part, one) = (part(Some(Activation::Tanh)), Approx::exact(1.0));
    let [mut worst, mut worst_slope] = [0.0_f64; 2];
    for a in (0..4000).map(|i| 0.005 * f64::from(i)) {
        let e = Approx::exact(-2.0 * a).exp();
        let y = (one - e) / (one + e);
        assert!((y.value - Activation::Tanh.forward(a)).abs() < 1e-15);
        worst = worst.max(y.error / ULP);
        let y = Approx::exact(y.value);
        worst_slope = worst_slope.max((one - y * y).error / ULP);
    }
    assert!(worst <= part.activate_ulps && worst > part.activate_ulps - 0.1, "{worst}");
    assert!(worst_slope <= part.derivative_ulps + 1e-5 && worst_slope > part.derivative_ulps - 0.1, "{worst_slope}");
}
