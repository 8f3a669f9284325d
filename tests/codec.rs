//! Encoding and decoding in batches: the same numbers as the oracle's, whatever the batch a row falls into.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tiny;

use rand::RngExt;
use wgvae::{
    device::Device,
    model::{Activation, Kind, Model},
    network::Codec,
    random::{Stream, stream},
};

/// Two batches and a part of a third; widths that are no multiple of four.
const COUNT: usize = 2048 + 77;

fn uniforms(index: u64, count: usize) -> Vec<f32> {
    stream(1, Stream::Sample, index).random_iter().take(count).collect()
}

fn close(a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "value {i}: {a} and {b}");
    }
}

#[test]
fn every_row_of_every_batch_agrees_with_the_oracle() {
    // The last two are too wide for subgroups.
    for (kind, latent) in [(Kind::Ae, 3), (Kind::Vae, 5), (Kind::Cvae, 8), (Kind::Cvae, 19), (Kind::Cvae, 77)] {
        let model = Model::new(kind, 30, [11, 7], latent, 4);
        let params = model.initialise(5);
        let [gpu, oracle] = [tiny::gpu(), Device::Oracle].map(|device| Codec::new(&device, &model, &params).unwrap());
        let bytes: Vec<u8> = uniforms(0, COUNT * 30).into_iter().map(|u| (u * 256.0) as u8).collect();
        let floats: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let (found, expected) = (gpu.encode(&floats).unwrap(), oracle.encode(&floats).unwrap());
        assert_eq!(found.code.len(), COUNT * latent);
        for encoding in [&found, &gpu.encode_bytes(&bytes).unwrap(), &oracle.encode_bytes(&bytes).unwrap()] {
            close(&encoding.code, &expected.code);
            close(&encoding.mu, &expected.mu);
            close(&encoding.log_var, &expected.log_var);
        }
        let z = uniforms(1, COUNT * latent);
        let labels: Vec<u8> = (0..COUNT).map(|i| (i * i % 4) as u8).collect();
        let images = gpu.decode(&z, Some(&labels)).unwrap();
        close(&images, &oracle.decode(&z, Some(&labels)).unwrap());
        let logits = gpu.decode_logits(&z, Some(&labels)).unwrap();
        close(&logits, &oracle.decode_logits(&z, Some(&labels)).unwrap());
        let again: Vec<f32> = logits.iter().map(|a| 1.0 / (1.0 + (-a).exp())).collect();
        close(&again, &images);
    }
}

#[test]
fn nothing_is_decoded_to_nothing_and_wrong_labels_are_refused() {
    let model =
        Model::new(Kind::Cvae, 6, [4], 2, 3);
    let codec = Codec::new(&tiny::gpu(), &model, &model.initialise(0)).unwrap();
    assert!(codec.decode(&[], Some(&[])).unwrap().is_empty());
    let refused = |z: &[f32], labels: Option<&[u8]>| codec.decode(z, labels).unwrap_err().to_string();
    assert!(refused(&[0.0; 3], Some(&[0])).contains("3 values are no whole number of rows of 2"));
    assert!(refused(&[0.0; 4], Some(&[0])).contains("1 for 2 latents"));
    assert!(refused(&[0.0; 4], Some(&[0, 3])).contains("3 is none of the 3 classes"));
    assert!(refused(&[0.0; 4], None).contains("none were given"));
}
