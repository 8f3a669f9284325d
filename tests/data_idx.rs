//! IDX files: what is read, and that every kind of damage is one clear error that names the file.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use wgvae::data::{self, Dataset, Missing, Options, Reading, Recipe, Source, Split, idx};

fn idx(kind: u8, shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn parse(bytes: &[u8], rank: usize) -> Result<idx::Idx, String> {
    idx::parse(Path::new("some/file"), bytes, rank).map_err(|error| error.to_string())
}

/// Asserts that the bytes are refused with a message that names the file and has all of `words`.
fn refused(bytes: &[u8], rank: usize, words: &[&str]) {
    let message = parse(bytes, rank).unwrap_err();
    for word in ["some/file: "].iter().chain(words) {
        assert!(message.contains(word), "`{message}` does not say `{word}`");
    }
    assert!(!message.contains('\n'), "`{message}` is more than a line");
}

fn whole() -> Vec<u8> {
    idx(8, &[2, 2, 3], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255])
}

#[test]
fn plain_and_gzip_are_told_apart_by_content() {
    let plain = parse(&whole(), 3).unwrap();
    assert_eq!((plain.shape.as_slice(), plain.values.len(), plain.values[11]), (&[2, 2, 3][..], 12, 255));
    assert_eq!(parse(&gzip(&whole()), 3).unwrap(), plain, "same values and same hash of the uncompressed bytes");
}

#[test]
fn gzip_of_several_members_is_read_to_its_end() {
    let whole = whole();
    let members = [gzip(&whole[..19]), gzip(&whole[19..])].concat();
    assert_eq!(parse(&members, 3).unwrap(), parse(&whole, 3).unwrap());
}

#[test]
fn truncated_values_are_refused_with_numbers() {
    refused(&whole()[..20], 3, &["truncated", "4 values", "expected 12 = 2 x 2 x 3"]);
    refused(&gzip(&whole()[..20]), 3, &["4 values", "expected 12"]);
    let cut = gzip(&whole());
    refused(&cut[..cut.len() - 9], 3, &["gzip stream is damaged"]);
}

#[test]
fn truncated_headers_are_refused() {
    refused(&[], 3, &["0 bytes", "header of 16"]);
    refused(&whole()[..3], 3, &["3 bytes", "header of 16"]);
    refused(&whole()[..13], 3, &["13 bytes", "header of 16"]);
}

#[test]
fn trailing_bytes_are_refused() {
    let longer = [whole(), vec![0]].concat();
    refused(&longer, 3, &["goes on after the 12 = 2 x 2 x 3 values"]);
    refused(&gzip(&longer), 3, &["goes on"]);
    let member = [gzip(&whole()), gzip(&[7])].concat();
    refused(&member, 3, &["goes on"]);
}

#[test]
fn a_flipped_bit_in_a_gzip_stream_is_noticed() {
    let mut bytes = gzip(&whole());
    let crc = bytes.len() - 8;
    bytes[crc] ^= 1;
    refused(&bytes, 3, &["gzip stream is damaged"]);
}

#[test]
fn other_magic_types_and_ranks_are_refused() {
    refused(&[1, 2, 3, 4, 5, 6, 7, 8], 3, &["[01, 02, 03, 04]", "[00, 00, 08, 03]"]);
    refused(&idx(0x07, &[1, 1, 1], &[0]), 3, &["0x07, which no IDX file has"]);
    refused(&idx(8, &[2], &[1, 2]), 3, &["has 1 sizes", "expected 3 for images"]);
    refused(&whole(), 1, &["has 3 sizes", "expected 1 for labels"]);
    refused(&idx(8, &[], &[]), 3, &["has 0 sizes", "expected 3"]);
    refused(&idx(8, &[], &[]), 1, &["has 0 sizes", "expected 1"]);
}

#[test]
fn sizes_of_zero_and_sizes_too_large_are_refused() {
    refused(&idx(8, &[2, 0, 3], &[]), 3, &["2 x 0 x 3", "none to be 0"]);
    refused(&idx(8, &[0], &[]), 1, &["none to be 0"]);
    refused(&idx(8, &[u32::MAX; 3], &[]), 3, &["4294967295 x 4294967295 x 4294967295", "too large"]);
    // announces 2^60 bytes: refused as truncated, without an attempt to reserve them
    refused(&idx(8, &[1 << 20; 3], &[1, 2, 3]), 3, &["3 values", "expected 1152921504606846976"]);
}

#[test]
fn pages_and_pointers_in_place_of_a_file_are_named() {
    refused(b"\n<!DOCTYPE html><html><body>Sign in</body></html>", 3, &["HTML", "expected an IDX file"]);
    refused(&gzip(b"<html>404</html>"), 3, &["HTML"]);
    refused(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", 3, &["Git LFS pointer"]);
    refused(b"/annex/objects/SHA256E-s9912422--440f.gz\n", 3, &["git-annex pointer"]);
}

const FILES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// A folder of four small files: 5 + 2 images of 3x2 pixels, labels below 4.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let images = |count: u32| idx(8, &[count, 2, 3], &(0..count as u8 * 6).collect::<Vec<_>>());
    write(dir.path(), FILES[0], &images(5));
    write(dir.path(), FILES[1], &gzip(&idx(8, &[5], &[3, 0, 1, 2, 0])));
    write(dir.path(), FILES[2], &images(2));
    write(dir.path(), FILES[3], &idx(8, &[2], &[3, 1]));
    dir
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn open(dir: &Path) -> Result<Dataset, String> {
    let source = Source::Path(dir.to_path_buf());
    data::open(&source, None, &Options::default(), &mut |_| ()).map_err(|error| error.to_string())
}

#[test]
fn a_folder_of_four_files_is_a_data_set_of_their_sizes() {
    let dir = folder();
    let dataset = open(dir.path()).unwrap();
    assert_eq!((dataset.width, dataset.height, dataset.classes, dataset.pixels()), (3, 2, 4, 6));
    assert_eq!((dataset.train.count, dataset.test.count), (5, 2));
    assert_eq!(dataset.train.labels.as_deref(), Some(&[3, 0, 1, 2, 0][..]));
    assert_eq!(dataset.test.images.bytes().unwrap()[6..], [6, 7, 8, 9, 10, 11]);
    assert_eq!(dataset.hashes.len(), 4);
    let rows = data::rows_f32(&dataset.train, 6, &[4, 0]);
    assert_eq!(rows[..2], [24.0 / 255.0, 25.0 / 255.0]);
    assert_eq!((rows.len(), rows[6]), (12, 0.0));
}

#[test]
fn dotted_names_and_gz_are_found() {
    let dir = folder();
    for name in FILES {
        let bytes = std::fs::read(dir.path().join(name)).unwrap();
        std::fs::remove_file(dir.path().join(name)).unwrap();
        write(dir.path(), &format!("{}.gz", name.replace("-idx", ".idx")), &gzip_once(&bytes));
    }
    assert_eq!(open(dir.path()).unwrap().classes, 4);
}

fn gzip_once(bytes: &[u8]) -> Vec<u8> {
    if bytes.starts_with(&[0x1f, 0x8b]) { bytes.to_vec() } else { gzip(bytes) }
}

#[test]
fn files_without_labels_are_a_data_set_without_labels() {
    let dir = folder();
    std::fs::remove_file(dir.path().join(FILES[1])).unwrap();
    let message = open(dir.path()).unwrap_err();
    assert!(message.contains("missing train-labels-idx1-ubyte.gz"), "{message}");
    std::fs::remove_file(dir.path().join(FILES[3])).unwrap();
    let dataset = open(dir.path()).unwrap();
    assert_eq!((dataset.train.labels, dataset.test.labels, dataset.classes, dataset.hashes.len()), (None, None, 0, 2));
}

#[test]
fn missing_files_are_named() {
    let dir = folder();
    std::fs::remove_file(dir.path().join(FILES[2])).unwrap();
    let message = open(dir.path()).unwrap_err();
    assert!(message.contains("missing t10k-images-idx3-ubyte.gz"), "{message}");
    assert!(message.contains("found train-images-idx3-ubyte, "), "{message}");
}

#[test]
fn files_that_do_not_fit_each_other_are_refused() {
    let cases: [(usize, Vec<u8>, &str); 4] = [
        (1, idx(8, &[4], &[0, 1, 2, 3]), "4 labels, expected 5"),
        (3, idx(8, &[3], &[0, 1, 2]), "3 labels, expected 2"),
        (3, idx(8, &[2], &[0, 4]), "label 1 is 4, expected less than 4"),
        (2, idx(8, &[2, 3, 3], &[0; 18]), "3x3 pixels, expected 3x2"),
    ];
    for (file, bytes, words) in cases {
        let dir = folder();
        write(dir.path(), FILES[file], &bytes);
        let message = open(dir.path()).unwrap_err();
        assert!(message.contains(words) && message.contains(FILES[file]), "{message}");
    }
}

#[test]
fn a_limit_keeps_the_first_images_and_the_hashes() {
    let dir = folder();
    let source = Source::Path(dir.path().to_path_buf());
    let options = Options { train_limit: Some(3), test_limit: Some(1), ..Options::default() };
    let dataset = data::open(&source, None, &options, &mut |_| ()).unwrap();
    let whole = open(dir.path()).unwrap();
    assert_eq!((dataset.train.count, dataset.train.images.len(), dataset.test.count), (3, 18, 1));
    assert_eq!(dataset.train.labels.as_deref(), Some(&[3, 0, 1][..]));
    assert_eq!((dataset.hashes, dataset.classes), (whole.hashes, whole.classes));
}

#[test]
fn values_of_every_type_become_bytes() {
    let of = |kind: u8, values: Vec<u8>, rank: usize| {
        let shape: &[u32] = if rank == 3 { &[1, 2, 2] } else { &[4] };
        parse(&idx(kind, shape, &values), rank)
    };
    let whole = [0, 7, 100, 127];
    for rank in [1, 3] {
        for (kind, values) in [
            (0x08, whole.iter().map(|&x| x as u8).collect::<Vec<u8>>()),
            (0x09, whole.iter().map(|&x| x as u8).collect()),
            (0x0b, whole.iter().flat_map(|&x| (x as i16).to_be_bytes()).collect()),
            (0x0c, whole.iter().flat_map(|&x: &i32| x.to_be_bytes()).collect()),
            (0x0d, whole.iter().flat_map(|&x| (x as f32).to_be_bytes()).collect()),
            (0x0e, whole.iter().flat_map(|&x| f64::from(x).to_be_bytes()).collect()),
        ] {
            assert_eq!(of(kind, values, rank).unwrap().values, [0, 7, 100, 127], "type {kind:#x}, rank {rank}");
        }
    }
    let shares = |x: [f32; 4]| x.iter().flat_map(|x| x.to_be_bytes()).collect::<Vec<u8>>();
    assert_eq!(of(0x0d, shares([0.0, 0.5, 0.2, 1.0]), 3).unwrap().values, [0, 128, 51, 255]);
    assert_eq!(of(0x0d, shares([0.0, 1.0, 1.0, 0.0]), 1).unwrap().values, [0, 1, 1, 0], "labels are no shares");
    let wrong = |kind, values, rank| of(kind, values, rank).unwrap_err();
    assert!(
        wrong(0x0d, shares([0.0, 1.5, 0.0, 0.0]), 3).contains("value 1 is 1.5, expected whole numbers in 0 to 255")
    );
    assert!(wrong(0x0d, shares([0.0, 0.0, f32::NAN, 0.0]), 1).contains("label 2 is NaN, expected a whole number"));
    assert!(wrong(0x09, vec![0, 0, 0, 0xff], 3).contains("value 3 is -1"));
    assert!(wrong(0x0c, vec![0; 15], 3).contains("truncated: 3 values, expected 4 = 1 x 2 x 2"));
    assert!(wrong(0x0c, vec![0; 17], 1).contains("goes on after the 4 = 4 values"));
}

#[test]
fn real_values_are_a_table_of_two_parts() {
    let dir = folder();
    let floats = |count: usize, scale: f32| -> Vec<u8> {
        (0..6 * count).flat_map(|i| (scale * (i * i % 23) as f32 - 1.5).to_be_bytes()).collect()
    };
    write(dir.path(), FILES[0], &idx(0x0d, &[5, 2, 3], &floats(5, 0.5)));
    write(dir.path(), FILES[2], &idx(0x0d, &[2, 2, 3], &floats(2, 3.0)));
    let open = |reading: Reading, train_limit: Option<usize>| {
        let (mut line, options) = (String::new(), Options { reading, train_limit, ..Options::default() });
        let data = data::open(&Source::Path(dir.path().into()), None, &options, &mut |text| line = text.into());
        data.map(|data| (data, line)).map_err(|error| error.to_string())
    };
    let (data, line) = open(Reading::default(), None).unwrap();
    assert!(line.contains("IDX files of real values (5 training and 2 test rows of 6 columns, 4 classes)"), "{line}");
    let recipe = data.table.clone().unwrap();
    assert_eq!((recipe.columns[5].as_str(), data.width, data.height), ("1x2", 3, 2));
    assert_eq!((data.train.labels.as_ref().unwrap()[0], data.test.count), (3, 2));
    let values =
        |count, scale| -> Vec<f64> { (0..6 * count).map(|i| f64::from(scale * (i * i % 23) as f32 - 1.5)).collect() };
    for (split, expected) in [(&data.train, values(5, 0.5)), (&data.test, values(2, 3.0))] {
        let undone = recipe.undo(&split.images.rows().floats());
        assert!(undone.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5), "{undone:?}, {expected:?}");
    }
    let mean = |split: &Split| split.images.rows().floats().chunks(6).map(|row| f64::from(row[0])).sum::<f64>();
    assert!(mean(&data.train).abs() < 1e-5 && mean(&data.test).abs() > 0.1, "scaled by the training rows");
    // rows beyond a limit have no part in the scale; a run's scale is taken as it is
    let (limited, _) = open(Reading::default(), Some(3)).unwrap();
    assert!(limited.table != data.table && mean(&limited.train).abs() < 1e-5);
    let of_run = Reading { recipe: limited.table.clone(), ..Reading::default() };
    assert_eq!(open(of_run, None).unwrap().0.table, limited.table);
    let other = Recipe { columns: vec!["a".into(); 6], ..recipe };
    assert!(
        open(Reading { recipe: Some(other), ..Reading::default() }, None).unwrap_err().contains("the run has others")
    );
    assert!(
        open(Reading { columns: vec!["0x0".into()], ..Reading::default() }, None).unwrap_err().contains("--columns")
    );
    // one part of bytes, the other of real values
    write(dir.path(), FILES[2], &idx(8, &[2, 2, 3], &[7; 12]));
    let (mixed, _) = open(Reading::default(), None).unwrap();
    let undone = mixed.table.unwrap().undo(&mixed.test.images.rows().floats());
    assert!(undone.iter().all(|value| (value - 7.0).abs() < 1e-5), "{undone:?}");
    let missing =
        idx(0x0d, &[5, 2, 3], &[floats(4, 0.5), vec![0x7f, 0xc0, 0, 0], floats(1, 0.5)[..20].to_vec()].concat());
    write(dir.path(), FILES[0], &missing);
    assert!(open(Reading::default(), None).unwrap_err().contains("row 4, column 0x0: the value is missing"));
    let (dropped, _) = open(Reading { missing: Missing::Drop, ..Reading::default() }, None).unwrap();
    assert_eq!((dropped.train.count, dropped.train.labels.unwrap().len()), (4, 4));
}
