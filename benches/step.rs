//! Whole training steps on the best adapter and on the oracle: `cargo bench --bench step`.

use wgvae::{
    bench::report,
    device::{Choice, Device},
    gpu::Options,
};

fn main() -> wgvae::Result<()> {
    for choice in [Choice::Auto, Choice::Cpu] {
        let device = Device::open(&choice, Options::default(), &mut |line| eprintln!("device: {line}"))?;
        println!("{}", report(&device, &[32, 128, 1024, 4096], false, &mut |what| eprintln!("{what}"))?);
    }
    Ok(())
}
