//! Files whose rows stay on disk give what they give when they are read into memory, and train the same weights.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod tiny;

use half::f16;
use ndarray::{Array1, Array2, Array3, ShapeBuilder};
use ndarray_npy::write_npy;
use std::{fs, path::Path};
use wgvae::{
    Error,
    data::{self, Content, Dataset, Missing, Options, Reading, Scale, Source, Split},
    device::Device,
    gpu::Format,
    model::{Binarization, Kind, Likelihood, Loss, Model, Objective, Reduction, Values},
    run::{EpochLosses, Settings},
    train::{GpuTrainer, Session},
};

/// Opens data for training, with the line about it or the error's message; files of `from` bytes on stay on disk.
fn open(path: &Path, reading: &Reading, from: Option<u64>) -> Result<(Dataset, String), String> {
    let mut line = String::new();
    let reading = Reading { on_disk_from: from, ..reading.clone() };
    let options = Options { reading, ..Options::default() };
    let data = data::open(&Source::Path(path.into()), None, &options, &mut |text| line = text.into());
    data.map(|data| (data, line)).map_err(|error| error.to_string())
}

fn is_on_disk(split: &Split) -> bool {
    matches!(split.images, Values::OnDisk(_))
}

/// Asserts that a file gives the same from disk as from memory; `stays` where that is to be from disk at all.
fn agree(path: &Path, reading: &Reading, stays: bool) -> Dataset {
    let (held, line) = open(path, reading, None).unwrap();
    let (found, found_line) = open(path, reading, Some(1)).unwrap();
    let what = format!("{} {reading:?}", path.display());
    assert_eq!(found_line, line, "{what}");
    for (held, found) in [(&held.train, &found.train), (&held.test, &found.test)] {
        assert_eq!((is_on_disk(held), is_on_disk(found)), (false, stays), "{what}");
        let (theirs, ours) = (held.images.rows(), found.images.rows());
        assert!(ours.floats() == theirs.floats() && ours.doubles() == theirs.doubles(), "{what}");
        let inner = 3..theirs.len() - 2;
        assert!(ours.slice(inner.clone()).bytes() == theirs.slice(inner).bytes(), "{what}");
        assert_eq!((&found.labels, &found.names), (&held.labels, &held.names), "{what}");
        let items = [2, 0];
        let [theirs, ours] = [held, found].map(|split| split.images.pick(&items, held.images.len() / held.count));
        assert!(ours.rows().bytes() == theirs.rows().bytes(), "{what}");
    }
    assert_eq!((&found.hashes, &found.table), (&held.hashes, &held.table), "{what}");
    assert_eq!((&found.class_names, found.width, found.height), (&held.class_names, held.width, held.height), "{what}");
    found
}

#[test]
fn arrays_of_every_type_are_read_alike() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name);
    let plain = Reading::default();
    let bytes = Array3::from_shape_fn((40, 3, 5), |(i, y, x)| (i * 41 + y * 17 + x * 7) as u8);
    write_npy(file("bytes.npy"), &bytes).unwrap();
    agree(&file("bytes.npy"), &plain, true);
    agree(&file("bytes.npy"), &Reading { scale: Some(Scale::Standard), ..plain.clone() }, true);
    write_npy(file("shares.npy"), &bytes.mapv(|x| f32::from(x) / 255.0)).unwrap();
    agree(&file("shares.npy"), &plain, true);
    write_npy(file("words.npy"), &bytes.mapv(i64::from)).unwrap();
    agree(&file("words.npy"), &plain, true);
    write_npy(file("flags.npy"), &bytes.mapv(|x| x % 2 == 0)).unwrap();
    agree(&file("flags.npy"), &plain, true);
    let reals = Array2::from_shape_fn((40, 7), |(i, j)| (i * i * (j + 1)) as f64 * 0.37 - 20.0);
    macro_rules! types {
        ($($number:ty),*) => {
            $(
                write_npy(file("reals.npy"), &reals.mapv(|x| x as $number)).unwrap();
                for scale in Scale::ALL {
                    agree(&file("reals.npy"), &Reading { scale: Some(scale), ..plain.clone() }, true);
                }
            )*
        };
    }
    types!(f64, f32, i8, i16, u16, i32, u32, i64, u64);
    for (name, big) in [("f2", false), ("f4", true), ("f8", true), ("i2", true)] {
        let mark = if big { '>' } else { '<' };
        let header = format!("{{'descr': '{mark}{name}', 'fortran_order': False, 'shape': (40, 7), }}\n");
        let mut whole = b"\x93NUMPY\x01\x00".to_vec();
        whole.extend((header.len() as u16).to_le_bytes());
        whole.extend(header.bytes());
        for &x in &reals {
            match name {
                "f2" => whole.extend(f16::from_f64(x).to_le_bytes()),
                "f4" => whole.extend((x as f32).to_be_bytes()),
                "f8" => whole.extend(x.to_be_bytes()),
                _ => whole.extend((x as i16).to_be_bytes()),
            }
        }
        fs::write(file("other.npy"), &whole).unwrap();
        agree(&file("other.npy"), &plain, true);
        whole.extend([0; 8]);
        fs::write(file("other.npy"), &whole).unwrap();
        let [held, found] = [None, Some(1)].map(|from| open(&file("other.npy"), &plain, from).unwrap_err());
        assert!(held == found && held.contains("not a whole .npy file"), "{held}, {found}");
        fs::write(file("other.npy"), &whole[..whole.len() - 9]).unwrap();
        let [held, found] = [None, Some(1)].map(|from| open(&file("other.npy"), &plain, from).unwrap_err());
        assert!(held == found && held.contains("bytes follow"), "{held}, {found}");
    }
    // what is not row by row, or not whole rows, is read into memory
    write_npy(file("columns.npy"), &Array2::from_shape_vec((40, 7).f(), reals.iter().copied().collect()).unwrap())
        .unwrap();
    agree(&file("columns.npy"), &plain, false);
    agree(&file("reals.npy"), &Reading { except: vec!["2".into()], ..plain }, false);
}

#[test]
fn labels_and_missing_values_are_dealt_with_alike() {
    let dir = tempfile::tempdir().unwrap();
    let (path, labels) = (dir.path().join("x.npy"), dir.path().join("y.npy"));
    let mut reals = Array2::from_shape_fn((50, 4), |(i, j)| (i * (j + 2)) as f32 * 0.5 - 9.0);
    reals.column_mut(3).fill(2.5);
    write_npy(&path, &reals).unwrap();
    write_npy(&labels, &Array1::from_shape_fn(50, |i| (i % 3) as i32)).unwrap();
    let labelled = Reading { labels: Some(labels.display().to_string()), ..Reading::default() };
    assert_eq!(agree(&path, &labelled, true).classes, 3);
    reals[[7, 1]] = f32::NAN;
    reals[[20, 2]] = f32::INFINITY;
    write_npy(&path, &reals).unwrap();
    for missing in Missing::ALL {
        agree(&path, &Reading { missing, ..labelled.clone() }, true);
    }
    let [held, found] = [None, Some(1)].map(|from| open(&path, &labelled, from).unwrap_err());
    assert!(held == found && held.contains("row 7, column 1: the value is missing"), "{held}, {found}");
    // new data of a model, by the columns of its run
    let (data, _) = open(&path, &Reading { missing: Missing::Mean, ..labelled }, None).unwrap();
    let whole = |on_disk_from| {
        let reading =
            Reading { recipe: data.table.clone(), missing: Missing::Mean, on_disk_from, ..Reading::default() };
        match data::open_whole(&Source::Path(path.clone()), None, &reading, &mut |_| ()).unwrap() {
            Content::Whole(whole) => whole,
            Content::Divided(_) => panic!("a table is whole"),
        }
    };
    let [held, found] = [None, Some(1)].map(whole);
    assert!(is_on_disk(&found.images) && found.images.images.rows().floats() == held.images.images.rows().floats());
}

#[test]
fn images_of_idx_files_stay_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let idx = |name: &str, shape: &[u32], value: &dyn Fn(usize) -> u8| {
        let mut bytes = vec![0, 0, 8, shape.len() as u8];
        shape.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
        bytes.extend((0..shape.iter().product::<u32>() as usize).map(value));
        fs::write(dir.path().join(name), bytes).unwrap();
    };
    for (stem, count) in [("train", 30), ("t10k", 11)] {
        idx(&format!("{stem}-images-idx3-ubyte"), &[count, 4, 3], &|i| (i * 31 + count as usize) as u8);
        idx(&format!("{stem}-labels-idx1-ubyte"), &[count], &|i| (i % 4) as u8);
    }
    agree(dir.path(), &Reading::default(), true);
    idx("train-images-idx3-ubyte", &[31, 4, 3], &|_| 0);
    let [held, found] = [None, Some(1)].map(|from| open(dir.path(), &Reading::default(), from).unwrap_err());
    assert!(held == found && held.contains("30 labels, expected 31"), "{held}, {found}");
}

/// Weights and losses of two epochs, and the losses of the test.
fn trained(settings: &Settings, data: &Dataset) -> impl PartialEq + use<> {
    let mut session = Session::begin(settings, tiny::gpu(), data.clone(), None).unwrap();
    let losses = [0; 2].map(|_| {
        let metrics = session.epoch(&mut |_| true).unwrap();
        (metrics.train.loss, metrics.test.loss, metrics.active_units)
    });
    (session.weights().unwrap(), losses)
}

#[test]
fn rows_on_disk_train_the_same_weights() {
    let dir = tempfile::tempdir().unwrap();
    let (images, reals) = (dir.path().join("images.npy"), dir.path().join("reals.npy"));
    let glyphs = tiny::data().train;
    let shape = (glyphs.count, 28, 28);
    let bytes = Array3::from_shape_vec(shape, glyphs.images.bytes().unwrap().to_vec()).unwrap();
    write_npy(&images, &bytes).unwrap();
    let cut = bytes.slice(ndarray::s![.., 10, 5..16]).mapv(|x| f32::from(x) * 0.03 - 2.0);
    write_npy(&reals, &cut).unwrap();
    for (path, likelihood) in [(&images, Likelihood::Bernoulli), (&reals, Likelihood::Gaussian)] {
        let [(held, _), (found, _)] = [None, Some(1)].map(|from| open(path, &Reading::default(), from).unwrap());
        assert!(is_on_disk(&found.train));
        let mut model = Model::new(Kind::Vae, held.pixels(), [13], 3, 0);
        model.variance = likelihood.variance();
        let objective = Objective::elbo(Loss { likelihood, reduction: Reduction::Sum }, 1.0);
        let plain = Settings { batch: 16, epochs: 2, ..Settings::new(model, objective) };
        let format = Format::of(held.train.images.rows());
        let ways = if format == Format::U8 { &Binarization::ALL[..] } else { &[Binarization::None] };
        for &binarization in ways {
            let settings = Settings { format, binarization, ..plain.clone() };
            let held_weights = trained(&settings, &held);
            assert!(trained(&settings, &found) == held_weights, "{binarization}: resident");
            let oracle = |data: &Dataset| {
                let mut session = Session::begin(&settings, Device::Oracle, data.clone(), None).unwrap();
                session.epoch(&mut |_| true).unwrap().test.loss
            };
            assert!(oracle(&found) == oracle(&held), "{binarization}: the oracle");
        }
        let Device::Gpu(gpu) = tiny::gpu() else { panic!("a GPU was asked for") };
        let error =
            GpuTrainer::new(gpu, &Settings { format, gpu_memory: Some(1), ..plain.clone() }, &held).err().unwrap();
        let least = error.to_string().split_once("batch take ").unwrap().1.split(':').next().unwrap().parse().unwrap();
        for &binarization in ways {
            let settings = Settings { format, binarization, ..plain.clone() };
            let streamed = Settings { gpu_memory: Some(least), ..settings.clone() };
            assert!(trained(&streamed, &found) == trained(&settings, &held), "{binarization}: streamed");
        }
    }
}

#[test]
fn a_file_that_is_shortened_ends_training_with_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let glyphs = tiny::data().train;
    let images = Array3::from_shape_vec((glyphs.count, 28, 28), glyphs.images.bytes().unwrap().to_vec()).unwrap();
    write_npy(&path, &images).unwrap();
    let (data, _) = open(&path, &Reading::default(), Some(1)).unwrap();
    let settings = Settings {
        batch: 16,
        ..Settings::new(Model::new(Kind::Ae, 784, [13], 3, 0), Objective::elbo(Loss::MSE_SUM, 0.0))
    };
    let Device::Gpu(gpu) = tiny::gpu() else { panic!("a GPU was asked for") };
    let trainer = |room| GpuTrainer::new(gpu.clone(), &Settings { gpu_memory: Some(room), ..settings.clone() }, &data);
    let error = trainer(1).err().unwrap().to_string();
    let least = error.split_once("batch take ").unwrap().1.split(':').next().unwrap().parse().unwrap();
    let mut trainer = trainer(least).unwrap();
    trainer.go_on(0, EpochLosses::default(), &mut |_| true).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100_000).unwrap();
    let error = trainer.go_on(1, EpochLosses::default(), &mut |_| true).unwrap_err();
    assert!(matches!(&error, Error::Io { path: named, .. } if *named == path), "{error}");
}
