//! Recorded float64 runs of an independent implementation, replayed on the GPU with and without runtime checks.

use wgvae::{
    check::{
        replay::replay_gpu,
        trace::{Limits, Trace},
    },
    gpu::{Choice, Gpu, Options},
};

#[test]
fn the_gpu_replays_every_fixture_within_its_limits() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut traces: Vec<_> = all
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("small-") && name.ends_with(".safetensors")
        })
        .collect();
    traces.sort();
    assert_eq!(traces.len(), 5, "{traces:?}");
    for checked in [false, true] {
        let gpu = Gpu::open(&Choice::Best, Options { checked }).unwrap_or_else(|error| {
            panic!("{error}; this test needs an adapter: {}", error.hint().unwrap_or("see `wgvae devices`"))
        });
        for path in &traces {
            let trace = Trace::load(path).unwrap();
            for quantity in trace.compare(&replay_gpu(&gpu, &trace).unwrap(), Limits::F32).unwrap() {
                assert!(quantity.ok(), "{}, checks {checked}: {quantity:?}", path.display());
            }
        }
    }
}
