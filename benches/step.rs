//! Whole training steps on the best adapter and on the oracle: `cargo bench --bench step`.

use wgvae::{
    bench::{article, report},
    device::{Choice, Device},
    gpu::Options,
    model::Kind,
};

fn main() -> wgvae::Result<()> {
    for choice in [Choice::Auto, Choice::Cpu] {
        let device = Device::open(&choice, Options::default(), &mut |line| eprintln!("device: {line}"))?;
        println!(
            "{}",
            report(&device, &article(Kind::Vae), &[32, 128, 1024, 4096], false, &mut |what| eprintln!("{what}"))?
        );
    }
    Ok(())
}
