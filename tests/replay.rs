//! Recorded float64 runs of an independent implementation, replayed on the GPU with and without runtime checks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use wgvae::{
    gpu::{AdapterChoice, Gpu, Options, Precision},
    verify::{
        replay::replay_gpu,
        trace::{Limits, Trace},
    },
};

#[test]
fn the_gpu_replays_every_fixture_within_its_limits() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut traces: Vec<_> = all
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.starts_with("small-") || name.starts_with("s2-")) && name.ends_with(".safetensors")
        })
        .collect();
    traces.sort();
    assert_eq!(traces.len(), 19, "{traces:?}");
    for (checked, precision) in
        [(false, Precision::F32), (true, Precision::F32), (false, Precision::Mixed), (true, Precision::Mixed)]
    {
        let gpu = Gpu::open(&AdapterChoice::Best, Options { checked, precision, ..Options::default() }).unwrap_or_else(
            |error| panic!("{error}; this test needs an adapter: {}", error.hint().unwrap_or("see `wgvae devices`")),
        );
        if gpu.precision() != precision {
            println!("not checked: {precision} precision, which takes cooperative matrices");
            continue;
        }
        for path in &traces {
            let trace = Trace::load(path).unwrap();
            for quantity in trace.compare(&replay_gpu(&gpu, &trace).unwrap(), Limits::of(precision)).unwrap() {
                assert!(quantity.ok(), "{}, checks {checked}, {precision}: {quantity:?}", path.display());
            }
        }
    }
}
