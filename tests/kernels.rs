//! Every kernel against the oracle, with and without runtime checks, on every adapter of this machine.

use std::sync::Arc;
use wgvae::{
    check::{report::verify, steps::models},
    gpu::{Choice, Gpu, Options, adapters},
};

#[test]
fn every_case_of_every_kernel_is_within_its_limits_on_every_adapter() {
    let found = adapters();
    assert!(
        !found.is_empty(),
        "no adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers); the check needs one"
    );
    for adapter in &found {
        for checked in [false, true] {
            let gpu = Gpu::open(&Choice::Index(adapter.index), Options { checked }).expect("the adapter was listed");
            let report = verify(&gpu, |_| {}).expect("the device survives");
            println!("checked: {checked}\n{report}");
            assert!(report.ok, "{} with checks {checked}:\n{report}", adapter.name);
            let steps = models(&Arc::new(gpu)).expect("the device survives");
            assert!(steps.iter().all(|model| model.ok), "{} with checks {checked}: {steps:?}", adapter.name);
        }
    }
}
