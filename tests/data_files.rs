//! One's own data: image folders, `.npy` and `.csv` files, and what is said of anything else.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage};
use ndarray::{Array, Array2, Array3, ShapeBuilder};
use wgvae::data::{self, Dataset, Options, Source};

/// Opens a path; the data set and the line about it, or the error's message.
fn open(path: &Path) -> Result<(Dataset, String), String> {
    let mut lines = Vec::new();
    let source = Source::Path(path.to_path_buf());
    let result = data::open(&source, None, &Options::default(), &mut |line| lines.push(line.to_string()));
    let dataset = result.map_err(|error| error.to_string())?;
    assert_eq!(lines.len(), 1, "{lines:?}");
    Ok((dataset, lines.remove(0)))
}

fn refused(path: &Path, words: &[&str]) {
    let message = open(path).map(|(_, line)| line).unwrap_err();
    for word in words {
        assert!(message.contains(word), "`{message}` does not say `{word}`");
    }
    assert!(!message.contains('\n'), "`{message}` is more than a line");
}

/// Both splits' images as `(first byte, label)`, sorted.
fn items(dataset: &Dataset) -> Vec<(u8, Option<u8>)> {
    let pixels = dataset.pixels();
    let mut items = Vec::new();
    for split in [&dataset.train, &dataset.test] {
        assert_eq!(split.images.len(), split.count * pixels);
        for i in 0..split.count {
            items.push((split.images.bytes().unwrap()[i * pixels], split.labels.as_ref().map(|labels| labels[i])));
        }
    }
    items.sort();
    items
}

fn gray(path: &Path, value: u8) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    GrayImage::from_pixel(3, 2, Luma([value])).save(path).unwrap();
}

#[test]
fn sources_are_named_as_on_the_command_line() {
    for (text, source) in [("auto", Source::Auto), ("mnist", Source::Mnist), ("glyphs", Source::Glyphs)] {
        assert_eq!((text.parse::<Source>().unwrap(), source.to_string().as_str()), (source, text));
    }
    assert_eq!("./mnist".parse::<Source>().unwrap(), Source::Path("./mnist".into()));
    assert!("".parse::<Source>().unwrap_err().to_string().contains("expected auto, mnist, glyphs or a path"));
}

#[test]
fn a_folder_of_images_is_a_data_set_without_labels() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..12 {
        gray(&dir.path().join(format!("{i}.png")), i);
    }
    gray(&dir.path().join("12.BMP"), 12);
    RgbImage::from_pixel(3, 2, Rgb([13, 13, 13])).save(dir.path().join("13.png")).unwrap();
    std::fs::write(dir.path().join(".hidden"), "x").unwrap();
    std::fs::write(dir.path().join("notes.txt"), "x").unwrap();
    let (dataset, line) = open(dir.path()).unwrap();
    assert_eq!((dataset.width, dataset.height, dataset.classes), (3, 2, 0));
    assert_eq!((dataset.train.count, dataset.test.count), (12, 2));
    assert_eq!(items(&dataset), (0..14).map(|i| (i, None)).collect::<Vec<_>>());
    assert!(line.contains("1 other files ignored"), "{line}");
    assert_eq!(open(dir.path()).unwrap().0, dataset, "the same split each time");
    let test = [dataset.test.images.bytes().unwrap()[0], dataset.test.images.bytes().unwrap()[6]];
    assert_ne!(test, [8, 9], "the test images are the last by name");
}

#[test]
fn jpeg_is_read() {
    let dir = tempfile::tempdir().unwrap();
    gray(&dir.path().join("a.jpg"), 100);
    gray(&dir.path().join("b.jpeg"), 200);
    let items = items(&open(dir.path()).unwrap().0);
    assert!(items[0].0.abs_diff(100) < 3 && items[1].0.abs_diff(200) < 3, "{items:?}");
}

#[test]
fn folders_within_are_classes_in_the_order_of_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    for class in [1_u8, 2, 10] {
        gray(&dir.path().join(class.to_string()).join("a.png"), class);
        gray(&dir.path().join(class.to_string()).join("b.png"), class);
    }
    let (dataset, line) = open(dir.path()).unwrap();
    let expected = [(1, 0), (1, 0), (2, 1), (2, 1), (10, 2), (10, 2)].map(|(value, label)| (value, Some(label)));
    assert_eq!(items(&dataset), expected);
    assert_eq!(dataset.classes, 3);
    assert!(line.contains("classes 1, 2, 10"), "{line}");
}

#[test]
fn train_and_test_are_splits_and_not_classes() {
    let dir = tempfile::tempdir().unwrap();
    for (i, file) in ["train/cat/a", "train/cat/b", "train/dog/a", "test/cat/a", "test/dog/a"].iter().enumerate() {
        gray(&dir.path().join(format!("{file}.png")), i as u8);
    }
    let (dataset, _) = open(dir.path()).unwrap();
    assert_eq!((dataset.train.count, dataset.test.count, dataset.classes), (3, 2, 2));
    assert_eq!(dataset.train.labels.as_deref(), Some(&[0, 0, 1][..]));
    assert_eq!(dataset.test.labels.as_deref(), Some(&[0, 1][..]));
    gray(&dir.path().join("test/fox/a.png"), 9);
    refused(dir.path(), &["test: its classes are", "fox", "as in train"]);
}

#[test]
fn images_that_do_not_fit_are_named() {
    let dir = tempfile::tempdir().unwrap();
    gray(&dir.path().join("a.png"), 1);
    refused(dir.path(), &["1 images, expected at least 2"]);
    GrayImage::new(4, 2).save(dir.path().join("b.png")).unwrap();
    refused(dir.path(), &["b.png: 4x2 pixels, expected 3x2 as of", "a.png: --size WxH scales pictures to one size"]);
    std::fs::write(dir.path().join("b.png"), "not an image").unwrap();
    refused(dir.path(), &["b.png: not a readable image"]);
    gray(&dir.path().join("b.png"), 1);
    gray(&dir.path().join("class/c.png"), 1);
    refused(dir.path(), &["a.png: stands beside the folder", "not both"]);
    std::fs::remove_file(dir.path().join("a.png")).unwrap();
    std::fs::remove_file(dir.path().join("b.png")).unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    refused(dir.path(), &["empty: a folder without PNG, JPEG or BMP images"]);
}

#[test]
fn anything_else_is_told_what_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let accepted = ["train-images-idx3-ubyte", "PNG, JPEG or BMP", ".npy", ".csv"];
    refused(dir.path(), &accepted);
    let file = dir.path().join("data.zip");
    std::fs::write(&file, "PK").unwrap();
    refused(&file, &accepted);
    refused(&dir.path().join("missing"), &["cannot read", "missing"]);
}

#[test]
fn arrays_of_bytes_and_floats_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let bytes = Array3::from_shape_fn((7, 2, 3), |(n, y, x)| (n * 6 + y * 3 + x) as u8);
    ndarray_npy::write_npy(&path, &bytes).unwrap();
    let (whole, line) = open(&path).unwrap();
    assert_eq!((whole.width, whole.height, whole.train.count, whole.test.count), (3, 2, 6, 1));
    assert_eq!(items(&whole), (0..7).map(|n| (n * 6, None)).collect::<Vec<_>>());
    assert!(line.contains("uint8 array [7, 2, 3]"), "{line}");

    ndarray_npy::write_npy(&path, &bytes.mapv(|value| value as f32 / 255.0)).unwrap();
    assert_eq!(open(&path).unwrap().0, whole);
    ndarray_npy::write_npy(&path, &bytes.mapv(|value| value as f64 / 255.0)).unwrap();
    assert_eq!(open(&path).unwrap().0, whole);
    let mut columns = Array::zeros((7, 1, 2, 3).f());
    columns.assign(&bytes.insert_axis(ndarray::Axis(1)));
    ndarray_npy::write_npy(&path, &columns).unwrap();
    assert_eq!(open(&path).unwrap().0, whole, "column by column, with an axis of 1");
}

#[test]
fn flat_arrays_are_square_where_they_can_be() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    for (pixels, sides) in [(9, (3, 3)), (10, (10, 1))] {
        ndarray_npy::write_npy(&path, &Array2::<u8>::zeros((4, pixels))).unwrap();
        let (dataset, _) = open(&path).unwrap();
        assert_eq!((dataset.width, dataset.height), sides);
    }
}

#[test]
fn arrays_that_do_not_fit_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let mut floats = Array2::<f32>::zeros((4, 3));
    for (wrong, what) in [(f32::NAN, "missing"), (f32::INFINITY, "infinite")] {
        floats[[2, 1]] = wrong;
        ndarray_npy::write_npy(&path, &floats).unwrap();
        refused(
            &path,
            &[&format!("x.npy: row 2, column 1: the value is {what} (1 such values in 1 of 4 rows)"), "--missing"],
        );
    }
    ndarray_npy::write_npy(&path, &ndarray::Array1::<u8>::zeros(4)).unwrap();
    refused(&path, &["shape [4], expected [n, height, width], [n, height, width, 3] or [n, values]"]);
    ndarray_npy::write_npy(&path, &ndarray::Array4::<u8>::zeros((4, 3, 2, 2))).unwrap();
    refused(&path, &["shape [4, 3, 2, 2]", "np.moveaxis(x, 1, 3) puts its colours last"]);
    ndarray_npy::write_npy(&path, &Array2::<u8>::zeros((0, 3))).unwrap();
    refused(&path, &["shape [0, 3], expected no axis of 0"]);
    ndarray_npy::write_npy(&path, &Array2::<u8>::zeros((1, 3))).unwrap();
    refused(&path, &["1 images, expected at least 2"]);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    refused(&path, &["x.npy: not a whole .npy file"]);
    std::fs::write(&path, "text").unwrap();
    refused(&path, &["x.npy: not a whole .npy file"]);
}

/// Opens a table with this text.
fn table(text: &str, check: impl FnOnce(&Path)) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.csv");
    std::fs::write(&path, text).unwrap();
    check(&path);
}

#[test]
fn tables_with_header_and_labels_are_read() {
    table("label,1x1,1x2,2x1,2x2\n0,10,0,0,255\n2,20,0,0,0\n1,30,1,2,3\n", |path| {
        let (dataset, line) = open(path).unwrap();
        assert_eq!((dataset.width, dataset.height, dataset.classes), (2, 2, 3));
        assert_eq!(items(&dataset), [(10, Some(0)), (20, Some(2)), (30, Some(1))]);
        assert!(line.contains("a table of 4 columns, taken as images of 0 to 255"), "{line}");
    });
}

#[test]
fn tables_of_shares_and_without_header_are_read() {
    table("0, 0.5\n1, 0\n\n0.2, 0.2\n", |path| {
        let (dataset, line) = open(path).unwrap();
        assert_eq!((dataset.width, dataset.height), (2, 1));
        assert_eq!(items(&dataset), [(0, None), (51, None), (255, None)]);
        assert!(line.contains("taken as images of 0 to 1"), "{line}");
    });
    table("p1,p2\n7,8\n9,200\n", |path| assert_eq!(items(&open(path).unwrap().0), [(7, None), (9, None)]));
    table("5,0,0,0,0\n3,0,0,0,9\n", |path| {
        let (_, line) = open(path).unwrap();
        assert!(line.contains("if the first column holds labels, add a header"), "{line}");
    });
}

#[test]
fn tables_that_do_not_fit_are_refused_with_line_and_column() {
    table("label,a,b\n0,1,2\n1,x,4\n", |path| refused(path, &["x.csv: line 3, column a: \"x\", expected a number"]));
    table("1,2\n3,nan\n", |path| refused(path, &["line 2, column 2: the value is missing"]));
    table("1,\n3,4\n", |path| refused(path, &["line 1, column 2: the value is missing"]));
    table("label,a\n0,1\n,4\n", |path| refused(path, &["line 3 has no label", "--missing drop"]));
    table("1,2\n3,4,5\n", |path| refused(path, &["x.csv: line 2: 3 fields, expected 2 fields as in the first"]));
    table("1,2\n", |path| refused(path, &["1 images, expected at least 2"]));
    table("", |path| refused(path, &["0 rows"]));
    table("label,a\n", |path| refused(path, &["0 rows of 2 columns"]));
    table("label\n1\n2\n", |path| refused(path, &["no column of numbers is left"]));
}

#[test]
fn limits_of_nothing_are_refused() {
    let options = Options { test_limit: Some(0), ..Options::default() };
    let error = data::open(&Source::Glyphs, None, &options, &mut |_| ()).unwrap_err().to_string();
    assert_eq!(error, "--test-limit: is 0, expected at least 1");
}
