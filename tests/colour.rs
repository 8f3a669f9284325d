//! Pictures and arrays in colour as data: three values for each pixel, one behind the other, scaled where that is asked for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use image::{GrayImage, Luma, Rgb, RgbImage};
use ndarray::Array4;
use std::{fs, path::Path};
use wgvae::{
    data::{self, Content, Dataset, Division, Options, Reading, Source, Whole},
    model::Color,
};

fn whole(path: &Path, reading: &Reading) -> wgvae::Result<(Whole, String)> {
    let mut said = String::new();
    match data::open_whole(&Source::Path(path.into()), None, reading, &mut |line| said += line)? {
        Content::Whole(whole) => Ok((whole, said)),
        Content::Divided(_) => panic!("the data are in one part"),
    }
}

fn divided(source: &Source, reading: &Reading, division: Division) -> wgvae::Result<(Dataset, String)> {
    let options = Options { glyph_train: 4, glyph_test: 2, reading: reading.clone(), division, ..Options::default() };
    let mut said = String::new();
    let dataset = data::open(source, None, &options, &mut |line| said += line)?;
    Ok((dataset, said))
}

fn rgb() -> Reading {
    Reading { color: Some(Color::Rgb), ..Reading::default() }
}

/// A picture whose values are all different.
fn picture(width: u32, height: u32, first: u8) -> RgbImage {
    let values = (0..3 * width * height).map(|i| first.wrapping_add(7 * i as u8)).collect();
    RgbImage::from_raw(width, height, values).unwrap()
}

#[test]
fn pictures_keep_their_colours_where_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (a, c) = (picture(3, 2, 5), picture(3, 2, 90));
    a.save(dir.path().join("a.png")).unwrap();
    GrayImage::from_fn(3, 2, |x, y| Luma([(10 * x + y) as u8])).save(dir.path().join("b.png")).unwrap();
    c.save(dir.path().join("c.png")).unwrap();

    let (found, said) = whole(dir.path(), &rgb()).unwrap();
    assert_eq!((found.width, found.height, found.color, found.resized), (3, 2, Color::Rgb, false));
    let gray: Vec<u8> = [0, 10, 20, 1, 11, 21].iter().flat_map(|&value| [value; 3]).collect();
    let expected = [a.as_raw(), &gray, c.as_raw()].map(Vec::as_slice).concat();
    assert_eq!(found.images.images.bytes().unwrap(), expected, "red, green and blue of a pixel lie together");
    assert!(said.contains("1 of 3 without colour (3 images of 3x2 pixels in colour, no labels)"), "{said}");
    let dataset = found.divide().unwrap();
    assert_eq!((dataset.color, dataset.pixels(), dataset.train.images.len()), (Color::Rgb, 18, 36));

    let (gray, said) = whole(dir.path(), &Reading::default()).unwrap();
    assert_eq!((gray.color, gray.images.images.len()), (Color::Gray, 18));
    assert!(said.contains("2 of 3 in colour, made gray (--color rgb keeps the colours)"), "{said}");
    let said = whole(dir.path(), &Reading { color: Some(Color::Gray), ..Reading::default() }).unwrap().1;
    assert!(said.contains("2 of 3 in colour, made gray (3 images"), "who asks for gray needs no advice: {said}");
}

#[test]
fn train_and_test_folders_are_in_colour_both() {
    let dir = tempfile::tempdir().unwrap();
    for (part, first) in [("train", 1), ("test", 2)] {
        fs::create_dir(dir.path().join(part)).unwrap();
        picture(2, 2, first).save(dir.path().join(part).join("a.png")).unwrap();
    }
    let size = Some([2, 2]);
    let source = Source::Path(dir.path().into());
    let (dataset, _) = divided(&source, &Reading { size, ..rgb() }, Division::Seventh).unwrap();
    assert_eq!((dataset.color, dataset.resized), (Color::Rgb, true));
    assert_eq!(dataset.train.images.bytes().unwrap(), picture(2, 2, 1).as_raw().as_slice());
    assert_eq!(
        dataset.test.images.bytes().unwrap(),
        picture(2, 2, 2).as_raw().as_slice(),
        "none is scaled to its own size"
    );
    let (config, gray) = (wgvae::run::DataConfig::new(&dataset), Dataset { color: Color::Gray, ..dataset.clone() });
    assert_eq!((config.reading().color, config.reading().size), (Some(Color::Rgb), size));
    let json = serde_json::to_value(&config).unwrap();
    assert_eq!((&json["color"], &json["resized"]), (&"rgb".into(), &true.into()));
    let json = serde_json::to_value(wgvae::run::DataConfig::new(&Dataset { resized: false, ..gray })).unwrap();
    assert!(json.get("color").is_none() && json.get("resized").is_none(), "a gray run's configuration is as it was");
}

#[test]
fn pictures_of_any_size_are_scaled_to_one() {
    let dir = tempfile::tempdir().unwrap();
    RgbImage::from_pixel(31, 17, Rgb([200, 10, 60])).save(dir.path().join("a.png")).unwrap();
    let parts = |x: u32, _| if x < 30 { Rgb([0, 0, 0]) } else { Rgb([255, 250, 0]) };
    RgbImage::from_fn(40, 6, parts).save(dir.path().join("b.png")).unwrap();
    picture(4, 3, 9).save(dir.path().join("c.png")).unwrap();

    let error = whole(dir.path(), &rgb()).unwrap_err().to_string();
    for word in ["b.png: 40x6 pixels, expected 31x17 as of ", "a.png: --size WxH scales pictures to one size"] {
        assert!(error.contains(word), "{error}");
    }
    let (found, said) = whole(dir.path(), &Reading { size: Some([3, 4]), ..rgb() }).unwrap();
    assert_eq!((found.width, found.height, found.resized), (4, 3, true));
    assert!(said.contains("2 of 3 scaled"), "{said}");
    let values = found.images.images.bytes().unwrap();
    let [a, b, c] = [0, 1, 2].map(|i| &values[36 * i..][..36]);
    assert_eq!(a, [200, 10, 60].repeat(12), "one colour stays it");
    for pixels in b.chunks(12) {
        let [left, right] = [&pixels[..3], &pixels[9..]];
        assert!(left.iter().all(|&value| value < 20), "black is at the left: {pixels:?}");
        assert!(right[0] > 235 && right[1] > 230 && right[2] == 0, "yellow is at the right: {pixels:?}");
    }
    assert_eq!(c, picture(4, 3, 9).as_raw().as_slice(), "a picture of the size stays as it is");
    let (gray, _) = whole(dir.path(), &Reading { size: Some([1, 1]), ..Reading::default() }).unwrap();
    assert_eq!(gray.images.images.len(), 3);

    let error = whole(dir.path(), &Reading { size: Some([0, 4]), ..rgb() }).unwrap_err().to_string();
    assert_eq!(error, "--size: is 4x0, expected at least 1 pixel each");
    let error = whole(dir.path(), &Reading { size: Some([1 << 30, 1 << 30]), ..rgb() }).unwrap_err().to_string();
    assert!(error.contains("3 images of 1073741824x1073741824 pixels"), "{error}");
}

#[test]
fn options_of_pictures_are_refused_where_nothing_is_converted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let images = Array4::from_shape_fn((7, 2, 3, 3), |(i, y, x, c)| (i * 30 + y * 9 + x * 3 + c) as u8);
    ndarray_npy::write_npy(&path, &images).unwrap();
    let (glyphs, array) = (Source::Glyphs, Source::Path(path.clone()));
    let refused =
        |source: &Source, reading: &Reading| divided(source, reading, Division::Seventh).unwrap_err().to_string();
    let only = "only pictures, as PNG, JPEG and BMP have them, are converted";
    assert_eq!(refused(&glyphs, &rgb()), format!("--color: is rgb, and these data are gray: {only}"));
    let gray = Reading { color: Some(Color::Gray), ..Reading::default() };
    assert_eq!(refused(&array, &gray), format!("--color: is gray, and these data are rgb: {only}"));
    for source in [&glyphs, &array] {
        let error = refused(source, &Reading { size: Some([2, 2]), ..Reading::default() });
        assert_eq!(error, format!("--size: is given, and these data stay as they are: {only}"));
    }
    assert!(divided(&array, &rgb(), Division::Seventh).is_ok(), "an array in colour is what was asked for");

    // a test file of other colours
    let pictures = dir.path().join("pictures");
    fs::create_dir(&pictures).unwrap();
    GrayImage::new(3, 2).save(pictures.join("a.png")).unwrap();
    let (data, _) = divided(&array, &Reading::default(), Division::File(pictures.clone())).unwrap();
    assert_eq!(data.test.images.bytes().unwrap(), [0; 18], "pictures are taken in the colours of the rows to train on");
    let error = divided(&Source::Path(pictures), &gray, Division::File(path)).unwrap_err().to_string();
    assert!(error.contains("x.npy: holds rows of 3x2 in colour, expected 3x2 as of "), "{error}");
}

#[test]
fn an_array_whose_last_axis_is_3_is_of_images_in_colour() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let bytes = Array4::from_shape_fn((4, 2, 5, 3), |(i, y, x, c)| (i * 60 + y * 20 + x * 4 + c) as u8);
    let expected: Vec<u8> = bytes.iter().copied().collect();
    let check = |what: &str| {
        for on_disk_from in [None, Some(0)] {
            let (found, said) = whole(&path, &Reading { on_disk_from, ..Reading::default() }).unwrap();
            assert_eq!((found.width, found.height, found.color), (5, 2, Color::Rgb), "{what}");
            assert_eq!(found.images.images.rows().bytes().as_ref(), expected, "{what}, {on_disk_from:?}");
            assert!(said.contains("4 images of 5x2 pixels in colour"), "{said}");
        }
    };
    ndarray_npy::write_npy(&path, &bytes).unwrap();
    check("bytes");
    ndarray_npy::write_npy(&path, &bytes.mapv(|byte| f32::from(byte) / 255.0)).unwrap();
    check("floats");
    ndarray_npy::write_npy(&path, &bytes.mapv(f64::from)).unwrap();
    check("whole numbers");

    ndarray_npy::write_npy(&path, &bytes.mapv(|byte| f32::from(byte) - 0.5)).unwrap();
    for on_disk_from in [None, Some(0)] {
        let found = whole(&path, &Reading { on_disk_from, ..Reading::default() }).unwrap().0;
        assert_eq!((found.width, found.height, found.color), (30, 1, Color::Gray), "real values are a table");
        assert_eq!(found.table.unwrap().columns[..4], ["0x0x0", "0x0x1", "0x0x2", "0x1x0"]);
    }
    ndarray_npy::write_npy(&path, &Array4::<u8>::zeros((2, 1, 5, 3))).unwrap();
    for (reading, expected) in [(Reading::default(), (3, 5, Color::Gray)), (rgb(), (5, 1, Color::Rgb))] {
        let found = whole(&path, &reading).unwrap().0;
        assert_eq!(
            (found.width, found.height, found.color),
            expected,
            "an axis of 1 is none unless a pixel has a colour"
        );
    }
    ndarray_npy::write_npy(&path, &bytes.clone().permuted_axes([0, 3, 1, 2])).unwrap();
    let error = whole(&path, &Reading::default()).unwrap_err().to_string();
    assert!(error.contains("shape [4, 3, 2, 5], expected [n, height, width], [n, height, width, 3]"), "{error}");
    assert!(error.ends_with("np.moveaxis(x, 1, 3) puts its colours last"), "{error}");
}
