//! `wgvae bench --soak`: a run that lasts, and memory that does not grow.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;

use command::{fails, succeed};
use wgvae::bench::{OnDevice, Soak, Taken};

#[test]
fn memory_that_grows_is_told() {
    let taken =
        |resident: u64, buffers: usize, bytes: u64| Taken { resident, device: Some(OnDevice { buffers, bytes }) };
    let soak = |after: Taken| Soak { seconds: 1.0, epochs: 1, steps: 1, before: taken(100 << 20, 10, 1000), after };
    soak(taken(132 << 20, 10, 1000)).expect_flat().unwrap();
    soak(taken(50 << 20, 10, 1000)).expect_flat().unwrap();
    for grown in [taken((132 << 20) + 1, 10, 1000), taken(100 << 20, 11, 1000), taken(100 << 20, 10, 1016)] {
        let error = soak(grown).expect_flat().unwrap_err().to_string();
        assert!(error.starts_with("memory is not flat: 104.9 MB resident, 10 buffers of 0.0 MB"), "{error}");
    }
}

#[test]
fn a_short_run_is_measured_at_both_ends() {
    let (out, err) = succeed(&["bench", "--soak", "0.01", "--device", "cpu", "--json"]);
    let soak: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(soak["seconds"].as_f64().unwrap() >= 0.6 && soak["steps"].as_u64().unwrap() > 0, "{soak}");
    for time in ["before", "after"] {
        assert!(soak[time]["resident"].as_u64().unwrap() > 10 << 20 && soak[time].get("device").is_none(), "{soak}");
    }
    assert!(err.contains("epoch 3: ") && err.contains(" MB resident"), "{err}");
    for minutes in ["0", "-1", "NaN", "inf"] {
        fails(&["bench", &format!("--soak={minutes}")], &["--soak: is ", "expected a number of minutes above 0"]);
    }
}
