//! What a resumed run was trained with so far, and what is different now.

use super::print::progress;
use crate::{
    device::{Choice, Device},
    gpu::adapters,
    network,
    run::Config,
};

/// The device that a run was trained on, or where its adapter is gone, the best of its kind.
pub fn device(config: &Config) -> Choice {
    match config.device.backend.as_str() {
        "cpu" => Choice::Cpu,
        _ => adapters()
            .iter()
            .find(|adapter| adapter.name == config.device.adapter && adapter.backend == config.device.backend)
            .map_or(Choice::Auto, |adapter| Choice::Index(adapter.index)),
    }
}

/// Says what makes the epochs to come round otherwise than those before.
pub fn warn_of_differences(config: &Config, device: &Device) {
    let (version, now) = (&config.version, env!("CARGO_PKG_VERSION"));
    if version != now {
        progress!("warning: wgvae {version} trained this run so far, and {now} may round its sums otherwise");
    }
    if device.to_string() != config.device.adapter {
        progress!(
            "warning: this run was trained on {} so far; it goes on on {device}, where sums round otherwise",
            config.device.adapter
        );
    }
    if let (Device::Gpu(gpu), Some(then)) = (device, config.tilings) {
        let now = network::fit(&config.model, &config.objective, gpu.usable(Some(then)));
        if now != then {
            progress!(
                "warning: the run's tilings ({then}) are not to be had here; it goes on with {now}, and sums round otherwise"
            );
        }
    }
}
