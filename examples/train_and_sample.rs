//! Trains a conditional VAE, samples it by label, encodes new images, and goes on with the run:
//! `cargo run --release --example train_and_sample [DIR]`

use std::path::PathBuf;
use wgvae::{Result, data::glyphs, device::Device, gallery::*, model::*, run::*, train::*};

fn main() -> Result<()> {
    let dir = PathBuf::from(std::env::args().nth(1).unwrap_or("runs/example".into()));
    let data = glyphs::dataset(0, 2000, 200); // 28 × 28 digits with labels: 2000 to train on, 200 to test
    let device = Device::best()?; // the processor where there is no GPU
    let model = Model::new(Kind::Cvae, data.pixels(), [128], 8, data.classes);
    let settings = Settings { epochs: 2, ..Settings::new(model, Objective::elbo(Loss::BCE_SUM, 1.0)) };
    train(Session::begin(&settings, device.clone(), data.clone(), Some(&dir))?)?;

    let codec = Run::open(&dir)?.codec(&device)?;
    let eights = samples(&codec, &Origin::Prior, &Sampling { count: 10, labels: vec![8], seed: 0 })?.rows; // [10, 784], each in [0, 1]
    let new = glyphs::split(1, 0, 5); // five images that the model has not seen
    let latents = codec.encode_rows(new.images.rows(), new.labels.as_deref())?.mu; // [5, 8]
    println!("10 eights of {} pixels, 5 new images as {} latents each", eights.len() / 10, latents.len() / 5);

    train(Session::resume(&dir, &Changes { epochs: Some(4), ..Changes::default() }, device, data)?)
}

/// Trains the epochs that are left; the end of the session gives the directory free.
fn train(mut session: Session) -> Result<()> {
    while !session.is_done() {
        let metrics = session.epoch(&mut |_| true)?; // false would stop it
        println!("epoch {}: {:.2} nats per test image", metrics.epoch, metrics.test.loss);
    }
    Ok(())
}
