//! How data are divided, labels that lie in files of their own, classes by name, and pictures that cannot be read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;

use command::{fails, json, succeed};
use ndarray::{Array1, Array2, Array3, arr1};
use ndarray_npy::write_npy;
use std::{fs, io::Write, path::Path};
use wgvae::data::{self, Content, Dataset, Division, Names, Options, Reading, Source, Whole};

fn divided(path: &Path, division: Division, reading: Reading) -> wgvae::Result<(Dataset, String)> {
    let (options, mut line) = (Options { division, reading, ..Options::default() }, String::new());
    let data = data::open(&Source::Path(path.into()), None, &options, &mut |text| line = text.into())?;
    Ok((data, line))
}

fn whole(path: &Path, reading: &Reading) -> wgvae::Result<(Whole, String)> {
    let mut line = String::new();
    match data::open_whole(&Source::Path(path.into()), None, reading, &mut |text| line = text.into())? {
        Content::Whole(whole) => Ok((whole, line)),
        Content::Divided(_) => panic!("data in one part"),
    }
}

fn rows(dir: &Path, name: &str, rows: std::ops::Range<i32>) -> std::path::PathBuf {
    let text: String = rows.map(|i| format!("{}.5,{}\n", i, if i % 2 == 0 { "even" } else { "odd" })).collect();
    fs::write(dir.join(name), format!("height,kind\n{text}")).unwrap();
    dir.join(name)
}

fn kinds() -> Reading {
    Reading { labels: Some("kind".into()), ..Reading::default() }
}

#[test]
fn a_share_of_the_rows_is_for_test() {
    let dir = tempfile::tempdir().unwrap();
    let path = rows(dir.path(), "x.csv", 0..40);
    for (division, train, test) in [
        (Division::Seventh, 35, 5),
        (Division::Share(0.25), 30, 10),
        (Division::Share(0.001), 39, 1),
        (Division::Share(0.999), 1, 39),
        (Division::Share(0.0), 40, 40),
    ] {
        let (data, line) = divided(&path, division.clone(), kinds()).unwrap();
        assert_eq!((data.train.count, data.test.count), (train, test), "{division:?}");
        let mut names: Vec<String> = (0..train).map(|i| data.train.names.of(i)).collect();
        names.extend((0..test).map(|i| data.test.names.of(i)));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 40, "{division:?}: each row is in one part");
        assert_eq!(line.contains("the test is on the same"), division == Division::Share(0.0), "{line}");
        assert_eq!(data.division, division);
    }
    let (data, _) = divided(&path, Division::Share(0.0), kinds()).unwrap();
    assert_eq!((&data.train.images, data.test.names.of(39)), (&data.test.images, "line 41".into()));
    for share in [-0.1, 1.0, f64::NAN] {
        let error = divided(&path, Division::Share(share), kinds()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("--test-share: is {share}, expected")), "{error}");
    }
    let glyphs = Options { division: Division::Share(0.5), ..Options::default() };
    let error = data::open(&Source::Glyphs, None, &glyphs, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("these come as two parts already"), "{error}");
}

#[test]
fn a_test_file_is_scaled_as_the_training_rows_are() {
    let dir = tempfile::tempdir().unwrap();
    let (path, test) = (rows(dir.path(), "x.csv", 0..41), rows(dir.path(), "y.csv", 20..23));
    let (data, line) = divided(&path, Division::File(test.clone()), kinds()).unwrap();
    assert_eq!((data.train.count, data.test.count, data.classes), (41, 3, 2));
    assert!(line.contains("y.csv"), "{line}");
    let recipe = data.table.unwrap();
    assert!((recipe.shift[0] - 20.5).abs() < 1e-9, "the mean of the training rows: {recipe:?}");
    let heights = recipe.undo(&data.test.images.rows().floats());
    assert!(heights.iter().zip([20.5, 21.5, 22.5]).all(|(a, b)| (a - b).abs() < 1e-5), "{heights:?}");
    assert_eq!(data.test.labels.unwrap(), [0, 1, 0]);

    fs::write(&test, "height,kind\n1.5,odd\n2.5,prime\n").unwrap();
    let error = divided(&path, Division::File(test.clone()), kinds()).unwrap_err().to_string();
    assert!(error.ends_with("y.csv: line 3: the class prime is that of no row to train on"), "{error}");
    let images = dir.path().join("x.npy");
    write_npy(&images, &Array3::<u8>::zeros((4, 2, 2))).unwrap();
    let wide = dir.path().join("y.npy");
    write_npy(&wide, &Array3::<u8>::zeros((4, 2, 3))).unwrap();
    let error = divided(&images, Division::File(wide), Reading::default()).unwrap_err().to_string();
    assert!(error.contains("y.npy: holds rows of 3x2, expected 2x2 as of"), "{error}");
}

#[test]
fn labels_of_an_array_lie_in_a_file_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let (x, y) = (dir.path().join("x.npy"), dir.path().join("y.npy"));
    let reading = Reading { labels: Some(y.display().to_string()), ..Reading::default() };
    write_npy(&x, &Array3::from_shape_fn((4, 2, 2), |(n, _, _)| n as u8)).unwrap();
    write_npy(&y, &arr1(&[3_i64, 0, 1, 1])).unwrap();
    let (images, _) = whole(&x, &reading).unwrap();
    assert_eq!((images.images.labels.unwrap(), images.classes, images.table), (vec![3, 0, 1, 1], 4, None));
    write_npy(&y, &arr1(&[true, false, true, true])).unwrap();
    assert_eq!(whole(&x, &reading).unwrap().0.images.labels.unwrap(), [1, 0, 1, 1]);
    write_npy(&y, &Array2::from_shape_vec((4, 1), vec![2.0_f32, 0.0, 1.0, 1.0]).unwrap()).unwrap();
    assert_eq!(whole(&x, &reading).unwrap().0.images.labels.unwrap(), [2, 0, 1, 1]);
    write_npy(&x, &Array2::from_shape_fn((4, 3), |(n, k)| n as f32 - 2.0 * k as f32)).unwrap();
    let (table, _) = whole(&x, &reading).unwrap();
    assert_eq!((table.images.labels.unwrap(), table.table.unwrap().columns.len()), (vec![2, 0, 1, 1], 3));
    let (data, _) = divided(&x, Division::Seventh, reading.clone()).unwrap();
    assert_eq!(data.labels, Some(y.display().to_string()));

    write_npy(&y, &arr1(&[3_i64, 0, 1])).unwrap();
    let error = whole(&x, &reading).unwrap_err().to_string();
    assert!(error.ends_with("x.npy: 3 labels for 4 rows, expected one each"), "{error}");
    write_npy(&y, &arr1(&[3.0, 0.5, 1.0, 1.0])).unwrap();
    assert!(whole(&x, &reading).unwrap_err().to_string().contains("y.npy: labels of row 1 is 0.5"));
}

/// An archive of these members, the first stored, the others deflated.
fn archive(path: &Path, members: &[(&str, Vec<u8>)]) {
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    let methods =
        [zip::CompressionMethod::Stored].into_iter().chain(std::iter::repeat(zip::CompressionMethod::Deflated));
    for ((name, bytes), method) in members.iter().zip(methods) {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

fn npy<T: ndarray_npy::WritableElement, D: ndarray::Dimension>(array: &ndarray::Array<T, D>) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    ndarray_npy::WriteNpyExt::write_npy(array, &mut bytes).unwrap();
    bytes.into_inner()
}

#[test]
fn an_archive_of_arrays_holds_rows_and_labels() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npz");
    let x = npy(&Array2::from_shape_fn((5, 3), |(n, k)| n as f32 - 2.0 * k as f32));
    let y = npy(&Array1::from(vec![-1_i32, 1, 1, -1, 1]));
    for members in [[("x.npy", x.clone()), ("y.npy", y.clone())], [("y.npy", y.clone()), ("x.npy", x.clone())]] {
        archive(&path, &members);
        let (found, line) = whole(&path, &Reading::default()).unwrap();
        assert_eq!(
            (found.images.labels.unwrap(), found.class_names),
            (vec![0, 1, 1, 0, 1], vec!["-1".into(), "1".into()])
        );
        assert!(line.contains("float32 array [5, 3]"), "{line}");
    }
    archive(&path, &[("x.npy", x.clone())]);
    assert_eq!(whole(&path, &Reading::default()).unwrap().0.images.labels, None);
    archive(&path, &[("data.npy", x), ("target.npy", y)]);
    let error = whole(&path, &Reading::default()).unwrap_err().to_string();
    assert!(error.ends_with("has no array x, the rows; it has data, target"), "{error}");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(whole(&path, &Reading::default()).unwrap_err().to_string().contains("x.npz: not a whole .npz archive"));
}

#[test]
fn pictures_that_cannot_be_read_are_named_and_left_out_where_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    for (name, value) in [("cat/a.png", 1), ("cat/b.png", 2), ("dog/c.png", 3)] {
        fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        image::GrayImage::from_pixel(3, 2, image::Luma([value])).save(dir.path().join(name)).unwrap();
    }
    let good = fs::read(dir.path().join("cat/a.png")).unwrap();
    fs::write(dir.path().join("cat/a.png"), &good[..good.len() - 20]).unwrap();
    let error = whole(dir.path(), &Reading::default()).unwrap_err().to_string();
    assert!(error.contains("cat/a.png: not a readable image"), "{error}");
    let skip = Reading { skip_bad: true, ..Reading::default() };
    let (left, line) = whole(dir.path(), &skip).unwrap();
    assert_eq!(left.images.names, Names::Files(vec!["cat/b.png".into(), "dog/c.png".into()]));
    assert_eq!((left.images.labels.unwrap(), left.class_names), (vec![0, 1], vec!["cat".into(), "dog".into()]));
    assert!(line.contains("1 that cannot be read left out: ") && line.contains("cat/a.png"), "{line}");
    for name in ["cat/b.png", "dog/c.png"] {
        fs::write(dir.path().join(name), b"").unwrap();
    }
    assert!(whole(dir.path(), &skip).unwrap_err().to_string().contains("none of its pictures can be read"));
}

#[test]
fn classes_go_by_name_and_the_rows_of_a_run_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let path = rows(dir.path(), "x.csv", 0..20).display().to_string();
    let small = ["--device", "cpu", "--hidden", "4", "--latent", "2", "--epochs", "1", "--labels", "kind"];
    let out = at("cvae");
    succeed(&[&["train", "cvae", "--data", &path, "--out", &out, "--test-share", "0.2"], &small[..]].concat());
    let config = json(format!("{out}/config.json"));
    assert_eq!(config["data"]["division"], serde_json::json!({"share": 0.2}));
    let (listed, _) = succeed(&["split", &out]);
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!((lines[0], lines.len()), ("split,index,name,label", 21));
    assert_eq!(lines.iter().filter(|line| line.starts_with("test,")).count(), 4);
    for line in &lines[1..] {
        let cells: Vec<&str> = line.split(',').collect();
        let row: usize = cells[2].strip_prefix("line ").unwrap().parse().unwrap();
        assert_eq!(cells[3], if row.is_multiple_of(2) { "even" } else { "odd" }, "{line}");
    }
    let (drawn, _) = succeed(&["sample", &out, "--label", "odd", "--count", "3", "--device", "cpu"]);
    let text = fs::read_to_string(drawn.trim()).unwrap();
    assert!(text.lines().skip(1).all(|line| line.starts_with("odd,")) && text.lines().count() == 4, "{text}");
    fails(
        &["sample", &out, "--label", "even,od", "--device", "cpu"],
        &["od is none of the classes even, odd; did you mean odd?"],
    );
    let scored = succeed(&["score", &out, "--data", &path, "--device", "cpu"]).0;
    assert!(scored.lines().nth(1).unwrap().contains("line 2,even,"), "{scored}");

    // a run on all rows, and one with a file for its test
    let (all, test) = (at("all"), rows(dir.path(), "y.csv", 3..7).display().to_string());
    succeed(&[&["train", "vae", "--data", &path, "--out", &all, "--test", &test], &small[..]].concat());
    let before = fs::read(format!("{all}/model.safetensors")).unwrap();
    assert_eq!(json(format!("{all}/config.json"))["data"]["test"], 4);
    succeed(&["train", "--resume", &all, "--epochs", "2"]);
    assert!(fs::read(format!("{all}/model.safetensors")).unwrap() != before);
    fs::write(&test, "height,kind\n1.5,odd\n").unwrap();
    fails(&["train", "--resume", &all, "--epochs", "3"], &["the test-images differ from those the run was trained on"]);
}
