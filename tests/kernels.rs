//! Every kernel against the oracle, with and without runtime checks, on every adapter of this machine.

use std::sync::Arc;
use wgvae::{
    check::{report::verify, run::run, steps::models, wgsl::shuffled},
    gpu::{Choice, Gpu, Needs, Options, Precision, adapters},
    kernels,
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
            let options = Options { checked, precision: Precision::Mixed };
            let gpu = Gpu::open(&Choice::Index(adapter.index), options).expect("the adapter was listed");
            let report = verify(&gpu, |_| {}).expect("the device survives");
            println!("checked: {checked}\n{report}");
            assert!(report.ok, "{} with checks {checked}:\n{report}", adapter.name);
            let steps = models(&Arc::new(gpu)).expect("the device survives");
            assert!(steps.iter().all(|model| model.ok), "{} with checks {checked}: {steps:?}", adapter.name);
        }
    }
}

/// Which part of a product a subgroup has, and how many rounds there are, depends on how many subgroups a device makes of a workgroup.
#[test]
fn cooperative_matrices_do_not_depend_on_the_number_or_order_of_invocations() {
    let gpu = Gpu::open(&Choice::Best, Options { precision: Precision::Mixed, ..Options::default() })
        .expect("an adapter: install a Vulkan driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)");
    let multiplies = |spec: &&_| gpu.runs(spec) && matches!(spec.needs, Needs::Matrices(_));
    let mut kernels = 0;
    for spec in kernels::ALL.iter().copied().flatten().filter(multiplies) {
        kernels += 1;
        let ways = shuffled(&spec.shader());
        assert!(ways.len() >= 3, "{}: {} ways", spec.name, ways.len());
        for (way, case) in ways.iter().flat_map(|way| (spec.cases)().into_iter().map(move |case| (way, case))) {
            let found = run(&gpu, &case, Some(way)).expect("the device survives");
            assert!(found.is_ok(), "{}, {}: {}\n{way}", spec.name, case.name, found.unwrap_err());
        }
    }
    if kernels == 0 {
        println!("not checked: products by cooperative matrices, which {} lacks", gpu.adapter().name);
    }
}
