//! Encoding and decoding in batches: the same numbers as the oracle's, whatever the batch a row falls into.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tiny;

use rand::RngExt;
use wgvae::{
    device::Device,
    model::{Bottleneck, Condition, Kind, Model, Rows, Variance},
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
        agree(&Model::new(kind, 30, [11, 7], latent, 4));
    }
}

#[test]
fn every_row_agrees_with_every_bottleneck_condition_and_variance() {
    use {Bottleneck::*, Condition::*};
    for (kind, bottleneck, condition, variance, input) in [
        (Kind::Ae, Direct, Add, Variance::None, 30),
        (Kind::Ae, Article, Add, Variance::Decoded, 31),
        (Kind::Vae, Direct, Add, Variance::Decoded, 30),
        (Kind::Vae, Direct, Add, Variance::Decoded, 32),
        (Kind::Vae, Article, Add, Variance::Learned, 30),
        (Kind::Cvae, Direct, Add, Variance::None, 30),
        (Kind::Cvae, Article, Mean, Variance::None, 30),
        (Kind::Cvae, Article, Multiply, Variance::Decoded, 29),
        (Kind::Cvae, Direct, Concat, Variance::None, 30),
        (Kind::Cvae, Article, Concat, Variance::Decoded, 32),
    ] {
        for latent in [3, 8] {
            agree(&Model { bottleneck, condition, variance, ..Model::new(kind, input, [11, 7], latent, 6) });
        }
    }
}

/// Holds encoding and decoding of `COUNT` rows to the oracle's.
fn agree(model: &Model) {
    let (input, latent, outputs) = (model.input, model.latent, model.outputs());
    let params = model.initialise(5);
    let [gpu, oracle] = [tiny::gpu(), Device::Oracle].map(|device| Codec::new(&device, model, &params).unwrap());
    let labels: Vec<u8> = (0..COUNT).map(|i| (i * i % model.classes) as u8).collect();
    let labels = Some(&labels[..]);
    let bytes: Vec<u8> = uniforms(0, COUNT * input).into_iter().map(|u| (u * 256.0) as u8).collect();
    let floats: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect();
    let (found, expected) = (gpu.encode(&floats, labels).unwrap(), oracle.encode(&floats, labels).unwrap());
    assert_eq!(found.code.len(), if model.has_code() { COUNT * latent } else { 0 });
    assert_eq!(found.mean().len(), COUNT * latent);
    let [of_bytes, by_oracle] = [&gpu, &oracle].map(|codec| codec.encode_rows(Rows::Bytes(&bytes), labels).unwrap());
    for encoding in [&found, &of_bytes, &by_oracle] {
        close(&encoding.code, &expected.code);
        close(&encoding.mu, &expected.mu);
        close(&encoding.log_var, &expected.log_var);
    }
    let z = uniforms(1, COUNT * latent);
    let images = gpu.decode(&z, labels).unwrap();
    assert_eq!(images.len(), COUNT * input);
    close(&images, &oracle.decode(&z, labels).unwrap());
    let given = gpu.decode_outputs(&z, labels).unwrap();
    assert_eq!(given.len(), COUNT * outputs);
    close(&given, &oracle.decode_outputs(&z, labels).unwrap());
    let seen = |value: &f32| if model.variance == Variance::None { 1.0 / (1.0 + (-value).exp()) } else { *value };
    let again: Vec<f32> = given.chunks(outputs).flat_map(|row| row[..input].iter().map(seen)).collect();
    close(&again, &images);
}

#[test]
fn nothing_is_decoded_to_nothing_and_wrong_labels_are_refused() {
    let model = Model::new(Kind::Cvae, 6, [4], 2, 3);
    let codec = Codec::new(&tiny::gpu(), &model, &model.initialise(0)).unwrap();
    assert!(codec.decode(&[], Some(&[])).unwrap().is_empty());
    let refused = |z: &[f32], labels: Option<&[u8]>| codec.decode(z, labels).unwrap_err().to_string();
    assert!(refused(&[0.0; 3], Some(&[0])).contains("3 values are no whole number of rows of 2"));
    assert!(refused(&[0.0; 4], Some(&[0])).contains("1 for 2 rows"));
    assert!(refused(&[0.0; 4], Some(&[0, 3])).contains("3 is none of the 3 classes"));
    assert!(refused(&[0.0; 4], None).contains("none were given"));
    assert!(codec.encode(&[0.0; 12], None).is_ok(), "an encoder that is not told the label needs none");

    let told = Model { condition: Condition::Concat, ..model };
    let codec = Codec::new(&tiny::gpu(), &told, &told.initialise(0)).unwrap();
    let refused = |labels: Option<&[u8]>| codec.encode(&[0.0; 12], labels).unwrap_err().to_string();
    assert!(refused(Some(&[0])).contains("1 for 2 rows"));
    assert!(refused(Some(&[0, 3])).contains("3 is none of the 3 classes"));
    assert!(refused(None).contains("none were given"));
}
