//! Data for a trained model are taken whole, in their order and with their names; for training they are divided as ever.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use image::{GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use ndarray::Array3;
use std::{fs, path::Path};
use wgvae::data::{self, Content, Dataset, Options, Reading, Source, Subset, Whole};

fn open_whole(path: &Path) -> Result<(Content, String), String> {
    let mut lines = Vec::new();
    let source = Source::Path(path.to_path_buf());
    let content = data::open_whole(&source, None, &Reading::default(), &mut |line| lines.push(line.to_string()));
    content.map(|content| (content, lines.remove(0))).map_err(|error| error.to_string())
}

fn whole(path: &Path) -> (Whole, String) {
    match open_whole(path).unwrap() {
        (Content::Whole(whole), line) => (whole, line),
        (Content::Divided(_), line) => panic!("divided: {line}"),
    }
}

fn divided(path: &Path) -> Dataset {
    data::open(&Source::Path(path.to_path_buf()), None, &Options::default(), &mut |_| ()).unwrap()
}

fn refused(path: &Path) -> String {
    let message = open_whole(path).map(|(_, line)| line).unwrap_err();
    assert!(!message.contains('\n'), "{message}");
    message
}

fn table(dir: &Path, text: &str) -> std::path::PathBuf {
    let path = dir.join("x.csv");
    fs::write(&path, text).unwrap();
    path
}

fn gray(path: &Path, value: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    GrayImage::from_pixel(3, 2, Luma([value])).save(path).unwrap();
}

fn names(whole: &Whole) -> Vec<String> {
    (0..whole.images.count).map(|i| whole.images.names.of(i)).collect()
}

#[test]
fn an_array_is_whole_and_in_order_and_one_row_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    for count in [1_usize, 569] {
        let array = Array3::from_shape_fn((count, 2, 2), |(n, _, _)| n as u8);
        ndarray_npy::write_npy(&path, &array).unwrap();
        let (whole, line) = whole(&path);
        assert_eq!((whole.images.count, whole.width, whole.height, whole.classes), (count, 2, 2, 0));
        assert!(whole.images.images.bytes().unwrap().chunks(4).enumerate().all(|(n, pixels)| pixels == [n as u8; 4]));
        assert_eq!(names(&whole)[count - 1], format!("row {}", count - 1));
        assert!(line.contains(&format!("({count} images of 2x2 pixels, no labels)")), "{line}");
        assert_eq!(whole.all().subset, Subset::Whole);
    }
}

/// The hashes were written by version 0.2.0 into a run's `config.json`.
#[test]
fn the_division_for_training_is_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    ndarray_npy::write_npy(&path, &Array3::from_shape_fn((15, 2, 1), |(n, y, _)| (2 * n + y) as u8)).unwrap();
    let data = divided(&path);
    assert_eq!((data.train.count, data.test.images.bytes().unwrap()), (13, &[20, 21, 22, 23][..]));
    let hash = |part: &str| data.hashes[part].as_str();
    assert_eq!(hash("train-images"), "b4b4ede61bb5d8ec80e339ae3ca86fc71d424b699529695b7e8a3f7dcef10721");
    assert_eq!(hash("test-images"), "cce8f71c0da99fd0aa8a2dbaa703cf66d2f22f605a222b8302b62de4dbb4f059");
    for split in [&data.train, &data.test] {
        for i in 0..split.count {
            assert_eq!(
                split.names.of(i),
                format!("row {}", split.images.bytes().unwrap()[2 * i] / 2),
                "the row of the file"
            );
        }
    }
}

#[test]
fn pictures_keep_the_order_and_the_paths_of_their_files() {
    let dir = tempfile::tempdir().unwrap();
    for (file, value) in [("10/a.png", 3), ("2/b.png", 2), ("2/a.bmp", 1)] {
        gray(&dir.path().join(file), value);
    }
    let (whole, _) = whole(dir.path());
    assert_eq!(names(&whole), ["2/a.bmp", "2/b.png", "10/a.png"]);
    assert_eq!(whole.images.images.bytes().unwrap(), [[1; 6], [2; 6], [3; 6]].concat());
    assert_eq!((whole.images.labels, whole.classes), (Some(vec![0, 0, 1]), 2));

    let one = tempfile::tempdir().unwrap();
    gray(&one.path().join("only.png"), 9);
    assert_eq!(names(&self::whole(one.path()).0), ["only.png"]);
    let split = tempfile::tempdir().unwrap();
    gray(&split.path().join("train/a.png"), 1);
    gray(&split.path().join("test/b.png"), 2);
    let Content::Divided(data) = open_whole(split.path()).unwrap().0 else { panic!("train and test are two parts") };
    assert_eq!((data.train.names.of(0), data.test.names.of(0)), ("a.png".into(), "b.png".into()));
}

#[test]
fn rows_of_a_table_are_named_by_the_lines_that_editors_count() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [
        ("a,b\n1,2\n3,4\n", vec![2, 3]),
        ("1,2\n3,4", vec![1, 2]),
        ("a,b\r\n1,2\r\n3,4\r\n", vec![2, 3]),
        ("a,b\r1,2\r3,4\r", vec![2, 3]),
        ("\n\na,b\n\n1,2\n\n\n3,4\n\n", vec![5, 8]),
        ("\r\na,b\r\n\r\n1,2\r\n", vec![4]),
        ("\"a\nand more\",b\n1,2\n3,4\n", vec![3, 4]),
        ("\u{feff}a,b\n1,2\n", vec![2]),
    ];
    for (text, lines) in cases {
        let (whole, _) = whole(&table(dir.path(), text));
        assert_eq!(names(&whole), lines.iter().map(|line| format!("line {line}")).collect::<Vec<_>>(), "{text:?}");
    }
}

#[test]
fn errors_of_a_table_name_the_line_that_editors_show() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [
        ("a,b\r\n1,2\r\nx,4\r\n", "line 3, column a: \"x\""),
        ("a,b\n\n\n1,2\n\n3,x\n", "line 6, column b: \"x\""),
        ("\"a\n\n\",b\n1,y\n", "line 4, column b: \"y\""),
        ("a,b\r1,2\rx,4\r", "line 3, column a: \"x\""),
        ("a,b\n\n1,2\n3\n", "line 4: 1 fields, expected 2"),
    ];
    for (text, words) in cases {
        let message = refused(&table(dir.path(), text));
        assert!(message.contains(words), "{text:?}: {message}");
    }
    let path = dir.path().join("x.csv");
    fs::write(&path, b"a,b\n\n1,2\n\xff,4\n").unwrap();
    assert!(refused(&path).contains("line 4 is not UTF-8 text"), "{}", refused(&path));
}

#[test]
fn what_pictures_lose_by_becoming_gray_is_said() {
    let dir = tempfile::tempdir().unwrap();
    gray(&dir.path().join("a.png"), 1);
    RgbImage::from_pixel(3, 2, Rgb([7, 7, 7])).save(dir.path().join("b.png")).unwrap();
    let line = whole(dir.path()).1;
    assert!(
        !line.contains("colour") && !line.contains("transparency"),
        "an RGB picture of grays loses nothing: {line}"
    );
    RgbImage::from_pixel(3, 2, Rgb([7, 8, 7])).save(dir.path().join("c.png")).unwrap();
    RgbaImage::from_pixel(3, 2, Rgba([7, 7, 9, 255])).save(dir.path().join("d.png")).unwrap();
    RgbaImage::from_pixel(3, 2, Rgba([7, 7, 7, 254])).save(dir.path().join("e.png")).unwrap();
    let line = whole(dir.path()).1;
    assert!(
        line.contains(
            "2 of 5 in colour, made gray (--color rgb keeps the colours), 1 of 5 with transparency, which is left out"
        ),
        "{line}"
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_named() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let expected = "link: is a symbolic link to gone, which is not there";
    gray(&dir.path().join("a/b.png"), 1);
    let link = dir.path().join("link");
    symlink("gone", &link).unwrap();
    assert!(refused(&link).ends_with(expected));
    assert!(refused(dir.path()).ends_with(expected), "a folder of a class, as it seems");
    fs::remove_file(&link).unwrap();
    symlink("gone", dir.path().join("a/link.png")).unwrap();
    assert!(refused(dir.path()).ends_with("link.png: is a symbolic link to gone, which is not there"));
    let idx = tempfile::tempdir().unwrap();
    symlink("gone", idx.path().join("train-images-idx3-ubyte")).unwrap();
    fs::write(idx.path().join("t10k-images-idx3-ubyte"), [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7]).unwrap();
    assert!(refused(idx.path()).ends_with("train-images-idx3-ubyte: is a symbolic link to gone, which is not there"));
}

#[cfg(unix)]
#[test]
fn paths_that_are_not_utf_8_are_read_and_refused_for_training() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(OsStr::from_bytes(b"caf\xe9.npy"));
    ndarray_npy::write_npy(&path, &Array3::<u8>::zeros((1, 2, 2))).unwrap();
    let source = Source::parse(path.as_os_str()).unwrap();
    assert_eq!(source, Source::Path(path.clone()));
    assert_eq!(whole(&path).0.images.count, 1);
    let message = source.expect_recordable().unwrap_err().to_string();
    assert!(message.contains("is not UTF-8, and a run's config.json could not name it"), "{message}");
    Source::Glyphs.expect_recordable().unwrap();
}

#[test]
fn a_configuration_without_hashes_fits_no_data() {
    let mut data = wgvae::data::glyphs::dataset(0, 4, 2);
    let config = wgvae::run::DataConfig::new(&data);
    config.expect(&data).unwrap();
    for part in ["train-images", "train-labels", "test-images", "test-labels"] {
        let mut less = config.clone();
        less.hashes.remove(part);
        let message = less.expect(&data).unwrap_err().to_string();
        assert!(message.contains(&format!("the {part} differ")) && message.ends_with("then missing"), "{message}");
    }
    data.hashes.remove("test-labels");
    assert!(config.expect(&data).unwrap_err().to_string().contains("missing, then"));
}
