//! Rows that pass through the device in shards train the same weights as rows that lie there, bit for bit.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tiny;

use std::sync::Arc;
use wgvae::{
    data::{Dataset, Split},
    device::Device,
    gpu::{Format, Gpu, LatentTiling, Tilings},
    model::{
        Binarization, Bound, Condition, Corruption, Drawn, Kind, Likelihood, Loss, Model, Noise, Objective, Reduction,
    },
    oracle::binarize::{binarize, threshold},
    run::{EpochLosses, Run, Settings, State},
    train::{Changes, GpuTrainer, Session},
};

const BATCH: usize = 8;

fn gpu() -> Arc<Gpu> {
    match tiny::gpu() {
        Device::Gpu(gpu) => gpu,
        Device::Oracle => panic!("a GPU was asked for"),
    }
}

/// The images of [`tiny::noise`] as a table of real values.
fn table() -> Dataset {
    let mut data = tiny::noise();
    for split in [&mut data.train, &mut data.test] {
        let floats: Vec<f32> = split.images.rows().floats().iter().map(|x| 6.0 * x - 3.0).collect();
        split.images = floats.into();
    }
    data
}

fn settings(kind: Kind, loss: Loss) -> Settings {
    let beta = if kind == Kind::Ae { 0.0 } else { 1.0 };
    let model = Model::new(kind, 63, [21], 5, 3);
    Settings { batch: BATCH, epochs: 3, seed: (5 << 32) + 17, ..Settings::new(model, Objective::elbo(loss, beta)) }
}

/// The least memory that these settings can do with, as the error says.
fn least(gpu: &Arc<Gpu>, settings: &Settings, data: &Dataset) -> u64 {
    let settings = Settings { gpu_memory: Some(1), ..settings.clone() };
    let error = GpuTrainer::new(Arc::clone(gpu), &settings, data).err().expect("a byte is too little").to_string();
    let (_, rest) = error.split_once("shards of a batch take ").expect(&error);
    rest.split_once(':').unwrap().0.parse().unwrap()
}

/// Three epochs: the state that they end with, and the losses of each in training and test. Where rows are streamed, every epoch stops on
/// its way, once within a shard and once where it ends or begins, and goes on.
fn trained(gpu: &Arc<Gpu>, settings: &Settings, data: &Dataset) -> (State, Vec<[EpochLosses; 2]>, usize) {
    let mut trainer = GpuTrainer::new(Arc::clone(gpu), settings, data).unwrap();
    let batches = trainer.device_memory().shard_rows / BATCH;
    let stops = if batches == 0 { Vec::new() } else { vec![1, batches, batches + 2] };
    let mut epoch = |epoch| {
        let mut done = EpochLosses::default();
        for stop in &stops {
            done = trainer.go_on(epoch, done, &mut |progress| progress.done < *stop).unwrap();
        }
        let all = trainer.go_on(epoch, done, &mut |_| true).unwrap();
        [all, trainer.evaluate().unwrap()]
    };
    let losses = (0..3).map(&mut epoch).collect();
    let memory = trainer.device_memory();
    assert!(settings.gpu_memory.is_none_or(|room| memory.total() <= room), "{memory} of {:?}", settings.gpu_memory);
    (trainer.state().unwrap(), losses, memory.shard_rows)
}

/// Asserts that the rows of `data` train the same, whatever the shards.
fn agree(what: &str, settings: &Settings, data: &Dataset) {
    let gpu = gpu();
    let (state, losses, rows) = trained(&gpu, settings, data);
    assert_eq!(rows, 0, "{what}: the rows are streamed unasked");
    let least = least(&gpu, settings, data);
    let mut seen = Vec::new();
    for more in [0, 1_500, 8_000] {
        let streamed = Settings { gpu_memory: Some(least + more), ..settings.clone() };
        let (found, found_losses, rows) = trained(&gpu, &streamed, data);
        assert!((40..171).contains(&rows), "{what}: shards of {rows} rows");
        assert_eq!(found_losses, losses, "{what}: losses in shards of {rows} rows");
        assert!(found == state, "{what}: weights or moments in shards of {rows} rows");
        seen.push(rows / BATCH);
    }
    seen.dedup();
    assert!(seen.len() > 1, "{what}: all shards have {} batches", seen[0]);
}

#[test]
fn images_in_shards_train_the_same_weights() {
    agree("ae", &settings(Kind::Ae, Loss::MSE_MEAN), &tiny::noise());
    agree("vae", &settings(Kind::Vae, Loss::BCE_SUM), &tiny::noise());
    let noisy = Some(Corruption { kind: Noise::Gaussian, strength: 0.3 });
    agree("noise", &Settings { corruption: noisy, ..settings(Kind::Vae, Loss::MSE_SUM) }, &tiny::noise());
}

#[test]
fn labels_come_with_their_rows() {
    for latent in [LatentTiling::Workgroup, LatentTiling::Layers] {
        let tilings = Some(Tilings { latent, ..gpu().tilings() });
        agree("cvae", &Settings { tilings, ..settings(Kind::Cvae, Loss::BCE_SUM) }, &tiny::noise());
    }
    let mut concatenated = settings(Kind::Cvae, Loss::BCE_SUM);
    concatenated.model.condition = Condition::Concat;
    agree("concat", &concatenated, &tiny::noise());
}

#[test]
fn real_values_and_samples_in_shards_train_the_same_weights() {
    let loss = Loss { likelihood: Likelihood::Gaussian, reduction: Reduction::Sum };
    let mut settings = Settings { format: Format::F32, ..settings(Kind::Vae, loss) };
    settings.model.variance = loss.likelihood.variance();
    agree("table", &settings, &table());
    settings.objective = Objective { bound: Bound::Iwae, samples: 3, ..settings.objective };
    agree("iwae", &settings, &table());
}

#[test]
fn images_that_are_drawn_are_drawn_alike_in_shards() {
    for binarization in Binarization::ALL {
        agree(binarization.name(), &Settings { binarization, ..settings(Kind::Vae, Loss::BCE_SUM) }, &tiny::noise());
    }
    let (images, epoch) = (tiny::noise().train, (3 << 32) + 1);
    let gray = images.images.bytes().unwrap();
    for (binarization, expected) in
        [(Binarization::Threshold, threshold(gray)), (Binarization::Epoch, binarize(gray, 63, 9, epoch))]
    {
        let drawn = Drawn { binarization, seed: 9, index: epoch };
        let mut found = gray.to_vec();
        found.chunks_exact_mut(63).enumerate().for_each(|(i, image)| drawn.draw(image, i));
        assert!(found == expected, "{binarization}");
    }
}

/// A split smaller than a batch, and a test split larger than the training split.
#[test]
fn splits_may_be_of_any_size() {
    let data = tiny::noise();
    let settings = Settings { batch: 60, ..settings(Kind::Vae, Loss::BCE_SUM) };
    let much = [0; 10].iter().flat_map(|_| data.train.images.bytes().unwrap()).copied().collect::<Vec<u8>>();
    let test = Split { images: much.into(), count: 1710, ..Split::default() };
    let data = Dataset { train: data.test, test, ..data };
    let gpu = gpu();
    let resident = trained(&gpu, &settings, &data);
    for more in [0, 10_000] {
        let room = Some(least(&gpu, &settings, &data) + more);
        let streamed = trained(&gpu, &Settings { gpu_memory: room, ..settings.clone() }, &data);
        let same = (&streamed.0, &streamed.1) == (&resident.0, &resident.1);
        assert!(same && (500..1710).contains(&streamed.2), "shards of {} rows", streamed.2);
    }
}

/// A run is interrupted within an epoch and resumed, with its rows in shards, in others, and on the device.
#[test]
fn a_resumed_run_makes_the_same_bytes_whatever_the_shards() {
    let (data, plain) = (tiny::noise(), settings(Kind::Vae, Loss::BCE_SUM));
    let (folder, device) = (tiny::folder("streaming"), tiny::gpu());
    let least = least(&gpu(), &plain, &data);
    let bytes = |name: &str| {
        ["model.safetensors", "checkpoint.safetensors"].map(|file| std::fs::read(folder.join(name).join(file)).unwrap())
    };
    let mut whole = Session::begin(&plain, device.clone(), data.clone(), Some(&folder.join("whole"))).unwrap();
    while !whole.is_done() {
        whole.epoch(&mut |_| true).unwrap();
    }
    for (name, first, then) in
        [("one", Some(least), None), ("two", Some(least), Some(least + 6_000)), ("three", None, Some(least))]
    {
        let dir = folder.join(name);
        let settings = Settings { gpu_memory: first, ..plain.clone() };
        let mut session = Session::begin(&settings, device.clone(), data.clone(), Some(&dir)).unwrap();
        session.epoch(&mut |_| true).unwrap();
        let ended = session.epoch(&mut |progress| progress.done < 9);
        assert!(ended.is_err() || first.is_none(), "{name}: shards are submitted apart"); // else an epoch may be one submit
        drop(session);
        let run = Run::open(&dir).unwrap();
        let claim = wgvae::run::Claim::resume(&run).unwrap();
        let changes = Changes { gpu_memory: then, ..Changes::default() };
        let mut session = Session::resume_in(&run, claim, &changes, device.clone(), data.clone()).unwrap();
        assert!(session.device_memory().unwrap().shard_rows > 0, "{name}: not streamed");
        while !session.is_done() {
            session.epoch(&mut |_| true).unwrap();
        }
        assert!(bytes(name) == bytes("whole"), "{name}: other bytes");
    }
}

/// Shards that are large beside all else, so that a third or one alone would not pass for two.
#[test]
fn two_shards_and_the_model_fill_the_memory_that_was_given_and_no_more() {
    let rows = |count: usize| Split { images: vec![7; count * 63].into(), count, ..Split::default() };
    let data = Dataset { train: rows(200_000), test: rows(1_000), classes: 0, ..tiny::noise() };
    let settings = settings(Kind::Vae, Loss::BCE_SUM);
    let least = least(&gpu(), &settings, &data);
    for more in [1 << 20, 6 << 20] {
        let (gpu, room) = (gpu(), least + more);
        let before = gpu.allocated().unwrap();
        let settings = Settings { gpu_memory: Some(room), ..settings.clone() };
        let trainer = GpuTrainer::new(Arc::clone(&gpu), &settings, &data).unwrap();
        let memory = trainer.device_memory();
        let shards = 2 * memory.shard_rows as u64 * (64 + 4); // a byte per value, padded to 16, and a label
        assert!(shards + memory.parameters <= room, "{memory} of {room}");
        assert!(shards > more * 9 / 10, "{memory} of {room}: the shards leave room unused");
        assert!(memory.total() <= room, "{memory} of {room}");
        // what the allocator has given out, by its own count: the buffers that losses come back in are the host's, and on top
        if let (Some((_, before)), Some((_, after))) = (before, gpu.allocated().unwrap()) {
            assert!(after - before <= room + (64 << 10), "{} bytes of {room}", after - before);
        }
    }
}
