//! Training on black and white images: the same on both devices, after a resume, and in what is computed of a run afterwards.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod tiny;

use command::{json, read, succeed};
use std::{path::Path, sync::Arc};
use wgvae::{
    bench::article,
    data::{Dataset, Split, glyphs},
    device::Device,
    gpu::Gpu,
    model::{Binarization, Corruption, Kind, Loss, Model, Noise},
    oracle::binarize::{binarize, threshold},
    run::{Run, Settings},
    train::{Changes, GpuTrainer, Session, Trainer},
};

fn bytes(split: &Split) -> &[u8] {
    split.images.bytes().unwrap()
}

/// 75 pixels of each glyph: no multiple of four, so that images are padded.
fn data() -> Dataset {
    let cut = |split: Split| Split {
        images: bytes(&split).chunks(784).flat_map(|image| &image[210..285]).copied().collect::<Vec<u8>>().into(),
        ..split
    };
    let glyphs = glyphs::dataset(0, 60, 24);
    Dataset { width: 25, height: 3, train: cut(glyphs.train.clone()), test: cut(glyphs.test.clone()), ..glyphs }
}

/// A VAE in steps of 16, two of them with noise on the input.
fn settings(binarization: Binarization) -> Settings {
    let mut settings = article(Kind::Vae);
    settings.model = Model { input: 75, hidden: vec![13], latent: 3, ..settings.model };
    settings.objective.loss = Loss::BCE_SUM;
    let corruption = Some(Corruption { kind: Noise::Mask, strength: 0.2 });
    Settings { binarization, corruption, batch: 16, epochs: 2, seed: (7 << 32) + 5, ..settings }
}

fn gpu() -> Arc<Gpu> {
    match tiny::gpu() {
        Device::Gpu(gpu) => gpu,
        Device::Oracle => panic!("a GPU was asked for"),
    }
}

#[test]
fn a_pixel_is_white_as_often_as_it_is_bright() {
    let gray: Vec<u8> = (0..=255).collect();
    assert_eq!(threshold(&[0, 127, 128, 255]), [0, 0, 255, 255]);
    let draws: Vec<Vec<u8>> = (0..4000).map(|epoch| binarize(&gray, 16, 3, epoch)).collect();
    for (x, &level) in gray.iter().enumerate() {
        let white = draws.iter().filter(|draw| draw[x] == 255).count() as f64 / 4000.0;
        let (p, black) = (f64::from(level) / 255.0, draws.iter().filter(|draw| draw[x] == 0).count());
        assert!((white - p).abs() <= 5.0 * (p * (1.0 - p) / 4000.0).sqrt(), "{level}: white in {white}");
        assert_eq!(white * 4000.0 + black as f64, 4000.0, "neither black nor white");
    }
    assert!(draws[0] != draws[1] && draws[0] != binarize(&gray, 16, 4, 0), "one draw for all");
    let half = vec![128; 64];
    let one = binarize(&half, 32, 3, 0);
    assert!(one[..32] != one[32..], "two images are drawn alike");
}

/// The images that a GPU draws are, byte for byte, the oracle's: a step on others would leave other weights.
#[test]
fn a_gpu_trains_on_the_images_that_the_oracle_draws() {
    let gray = data();
    for way in [Binarization::Threshold, Binarization::Epoch, Binarization::Access] {
        let settings = settings(way);
        let mut drawn = Trainer::new(&tiny::gpu(), &settings, &gray).unwrap();
        for epoch in 0..2 {
            let (train, test) = (settings.in_epoch(&gray.train, epoch), settings.judged(&gray.test));
            assert!(bytes(&train).iter().chain(bytes(&test)).all(|&x| x == 0 || x == 255));
            let given = Dataset { train: train.into_owned(), test: test.into_owned(), ..gray.clone() };
            let plain = Settings { binarization: Binarization::None, ..settings.clone() };
            let mut plain = Trainer::new(&tiny::gpu(), &plain, &given).unwrap();
            plain.restore(&drawn.state().unwrap()).unwrap();
            let [ours, theirs] = [&mut drawn, &mut plain].map(|trainer| trainer.train_epoch(epoch).unwrap());
            assert_eq!(ours, theirs, "{way}, epoch {epoch}");
            assert!(drawn.state().unwrap() == plain.state().unwrap(), "{way}, epoch {epoch}");
            assert_eq!(drawn.evaluate().unwrap(), plain.evaluate().unwrap(), "{way}, epoch {epoch}");
        }
    }
}

#[test]
fn images_differ_from_epoch_to_epoch_where_they_are_drawn_and_the_oracle_trains_on_them() {
    let gray = data();
    let seen = |way, epoch| settings(way).in_epoch(&gray.train, epoch).images.clone();
    assert!(
        seen(Binarization::None, 0) == gray.train.images
            && seen(Binarization::Threshold, 0) == threshold(bytes(&gray.train)).into()
    );
    assert!(seen(Binarization::Epoch, 0) != seen(Binarization::Epoch, 1));
    assert!(seen(Binarization::Epoch, 3) == seen(Binarization::Access, 3));
    let settings = settings(Binarization::Epoch);
    let test = settings.judged(&gray.test).into_owned();
    assert!(settings.judged(&test).images == test.images, "black and white images are drawn otherwise");
    // both devices see the same images in both epochs
    let [ours, theirs] = [tiny::gpu(), Device::Oracle].map(|device| {
        let mut trainer = Trainer::new(&device, &settings, &gray).unwrap();
        let losses = [0, 1].map(|epoch| trainer.train_epoch(epoch).unwrap().reconstruction);
        [losses[0], losses[1], trainer.evaluate().unwrap().reconstruction]
    });
    for (a, b) in ours.into_iter().zip(theirs) {
        assert!((a / b - 1.0).abs() < 1e-4, "{ours:?} {theirs:?}");
    }
}

#[test]
fn a_second_copy_of_the_training_images_is_counted() {
    let (gray, gpu) = (data(), gpu());
    let images = |way| GpuTrainer::new(Arc::clone(&gpu), &settings(way), &gray).unwrap().device_memory().images;
    let [none, threshold, epoch] = [Binarization::None, Binarization::Threshold, Binarization::Epoch].map(images);
    assert_eq!([none, threshold, epoch], [(60 + 24) * 76, (60 + 24) * 76, (2 * 60 + 24) * 76]);
}

/// Trains `epochs` more and gives checkpoint and configuration.
fn train(mut session: Session, epochs: usize) -> [Vec<u8>; 2] {
    for _ in 0..epochs {
        session.epoch(&mut |_| true).unwrap();
    }
    ["checkpoint.safetensors", "config.json"].map(|name| read(session.dir().unwrap().join(name)))
}

#[test]
fn a_resumed_run_makes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for device in [Device::Oracle, tiny::gpu()] {
        for way in Binarization::ALL {
            let [whole, stopped] =
                ["whole", "stopped"].map(|kind| folder.path().join(format!("{way}-{kind}-{device}")));
            let begin = |dir: &Path| Session::begin(&settings(way), device.clone(), data(), Some(dir)).unwrap();
            let expected = train(begin(&whole), 2);
            train(begin(&stopped), 1);
            let run = Run::open(&stopped).unwrap();
            assert_eq!(run.config.binarization, way);
            let rest = Session::resume(&stopped, &Changes::default(), device.clone(), data()).unwrap();
            assert!(train(rest, 1) == expected, "{way} on {device}");
            let key = json(whole.join("config.json")).get("binarize").cloned();
            assert_eq!(key, (way != Binarization::None).then(|| way.name().into()));
        }
    }
}

/// The figures of commands are those of the black and white test images, as in `metrics.jsonl`.
#[test]
fn a_run_is_evaluated_on_the_images_it_was_judged_on() {
    let folder = tempfile::tempdir().unwrap();
    for (model, device, way) in [("vae", "gpu", "epoch"), ("vae", "cpu", "threshold"), ("ae", "gpu", "access")] {
        let dir = folder.path().join(format!("{model}-{device}"));
        let run = dir.to_str().unwrap();
        let small =
            ["--data", "glyphs", "--train-limit", "64", "--test-limit", "30", "--hidden", "16", "--latent", "3"];
        let own =
            ["train", model, "--loss", "bce", "--binarize", way, "--epochs", "1", "--device", device, "--out", run];
        succeed(&[&own[..], &small].concat());
        let reported = Run::open(&dir).unwrap().metrics().unwrap()[0].test.reconstruction;
        let (out, _) = succeed(&["evaluate", run, "--json", "--device", device]);
        let figures: serde_json::Value = serde_json::from_str(&out).unwrap();
        let bce = figures["bce"].as_f64().unwrap();
        assert!((bce / reported - 1.0).abs() < 1e-5, "{model} on {device}: {bce}, then {reported}");
        let (out, _) = succeed(&["score", run, "--device", device]);
        let column = out.lines().next().unwrap().split(',').position(|name| name == "bce").unwrap();
        let scores: Vec<f64> =
            out.lines().skip(1).map(|line| line.split(',').nth(column).unwrap().parse().unwrap()).collect();
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        assert!(scores.len() == 30 && (mean / reported - 1.0).abs() < 1e-5, "{mean}, then {reported}");
    }
}
