//! The small recorded runs of `tests/fixtures/`, for pages that replay them.

use super::trace::Trace;
use std::path::Path;

/// Name and content of each.
macro_rules! files {
    ($($name:literal)*) => {
        [$(($name, include_bytes!(concat!("../../tests/fixtures/", $name, ".safetensors")).as_slice())),*]
    };
}

const FILES: [(&str, &[u8]); 19] = files!(
    "small-ae" "small-vae-mse" "small-vae-bce" "small-cvae-mse" "small-cvae-bce"
    "s2-ae-softplus-direct" "s2-vae-tanh-direct" "s2-vae-silu-warmup-cosine" "s2-vae-gelu-adamw-clip"
    "s2-cvae-mean" "s2-cvae-multiply" "s2-cvae-concat" "s2-cvae-concat-article" "s2-cvae-add-iwae3"
    "s2-iwae5-tanh" "s2-dreg1-relu" "s2-dreg5-relu" "s2-gaussian" "s2-gaussian-het"
);

/// Every small recorded run; its path is the name of its file, without a folder or an ending.
pub fn recorded() -> impl Iterator<Item = Trace> {
    FILES.iter().map(|(name, bytes)| Trace::parse(Path::new(name), bytes).expect("what the tests read"))
}
