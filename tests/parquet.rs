//! Parquet files: every type of column, nulls, names of columns within columns, encoded pictures, and damage. In a build with the feature `parquet`.

#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod encoded;
#[allow(dead_code, reason = "not every way of packing is one of Parquet")]
mod mutate;
mod tiny;

use encoded::{Layout, Row, picture};
use image::ImageFormat::{Jpeg, Png};
use mutate::{Generator, Packing};
use parquet::{
    basic::{Compression, Encoding},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type},
    file::{
        properties::{WriterProperties, WriterVersion},
        writer::SerializedFileWriter,
    },
    schema::parser::parse_message_type,
};
use std::{fs, path::Path, sync::Arc};
use wgvae::{
    data::{self, Content, Missing, Reading, Scale, Source, Whole},
    model::Color,
};

/// Writes five rows in two groups of three and two.
fn write(path: &Path, compression: Compression) {
    let schema = "message rows {
        REQUIRED DOUBLE height; OPTIONAL FLOAT weight; REQUIRED INT32 count; REQUIRED INT64 price (DECIMAL(12,2));
        REQUIRED BOOLEAN old; REQUIRED BYTE_ARRAY kind (UTF8); REQUIRED group place { REQUIRED INT32 floor; }
    }";
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = SerializedFileWriter::new(fs::File::create(path).unwrap(), schema, properties).unwrap();
    for rows in [0..3, 3..5] {
        let rows: Vec<i32> = rows.collect();
        let mut group = file.next_row_group().unwrap();
        let mut column = |fill: &mut dyn FnMut(&mut parquet::file::writer::SerializedColumnWriter)| {
            let mut column = group.next_column().unwrap().unwrap();
            fill(&mut column);
            column.close().unwrap();
        };
        fn put<T: DataType>(
            column: &mut parquet::file::writer::SerializedColumnWriter,
            values: &[T::T],
            levels: Option<&[i16]>,
        ) {
            column.typed::<T>().write_batch(values, levels, None).unwrap();
        }
        let of = |value: fn(i32) -> f64| rows.iter().map(|&i| value(i)).collect::<Vec<f64>>();
        let whole = |value: fn(i32) -> i32| rows.iter().map(|&i| value(i)).collect::<Vec<i32>>();
        column(&mut |column| put::<DoubleType>(column, &of(|i| f64::from(i) + 0.5), None));
        let (levels, weights): (Vec<i16>, Vec<f32>) = (
            whole(|i| i32::from(i != 1)).iter().map(|&level| level as i16).collect(),
            rows.iter().filter(|&&i| i != 1).map(|&i| 10.0 * i as f32).collect(),
        );
        column(&mut |column| put::<FloatType>(column, &weights, Some(&levels)));
        column(&mut |column| put::<Int32Type>(column, &whole(|i| -i), None));
        column(&mut |column| {
            put::<Int64Type>(column, &rows.iter().map(|&i| 125 * i64::from(i)).collect::<Vec<_>>(), None)
        });
        column(&mut |column| put::<BoolType>(column, &rows.iter().map(|i| i % 2 == 0).collect::<Vec<_>>(), None));
        let kinds: Vec<ByteArray> = rows.iter().map(|i| ["rose", "lily"][*i as usize % 2].into()).collect();
        column(&mut |column| put::<ByteArrayType>(column, &kinds, None));
        column(&mut |column| put::<Int32Type>(column, &whole(|i| i + 7), None));
        group.close().unwrap();
    }
    file.close().unwrap();
}

fn whole(path: &Path, reading: &Reading) -> wgvae::Result<Whole> {
    match data::open_whole(&Source::Path(path.into()), None, reading, &mut |_| ())? {
        Content::Whole(whole) => Ok(whole),
        Content::Divided(_) => panic!("a table is whole"),
    }
}

fn plain() -> Reading {
    Reading { labels: Some("kind".into()), scale: Some(Scale::None), missing: Missing::Drop, ..Reading::default() }
}

#[test]
fn columns_of_every_type_are_read_with_every_codec() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(Default::default()),
        Compression::GZIP(Default::default()),
        Compression::LZ4_RAW,
    ] {
        write(&path, codec);
        let found = whole(&path, &plain()).unwrap();
        let columns = ["height", "weight", "count", "price", "old", "place.floor"];
        assert_eq!(found.table.unwrap().columns, columns, "{codec:?}");
        let rows = [0, 2, 3, 4].map(|i| {
            let x = i as f32;
            [x + 0.5, 10.0 * x, -x, 1.25 * x, f32::from(i % 2 == 0), x + 7.0]
        });
        assert_eq!(found.images.images.rows().floats(), rows.concat(), "{codec:?}: the row with a null is left out");
        assert_eq!(
            (found.images.labels.unwrap(), found.class_names),
            (vec![1, 1, 0, 1], vec!["lily".into(), "rose".into()])
        );
        assert_eq!(found.images.names.of(1), "row 2");
    }
    let error = whole(&path, &Reading { missing: Missing::Refuse, ..plain() }).unwrap_err().to_string();
    assert!(error.contains("row 1, column weight: the value is missing"), "{error}");
    let error = whole(&path, &Reading::default()).unwrap_err().to_string();
    assert!(error.contains("columns that hold text: kind: leave them out with --except kind"), "{error}");
}

/// Names and numbers of a thousand rows in every encoding that writers choose, with dictionaries or without.
#[test]
fn columns_are_read_in_every_encoding() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    let schema = "message rows { OPTIONAL INT32 x; OPTIONAL BYTE_ARRAY kind (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let names: Vec<String> = (0..1000).map(|i| format!("{}{}", ["rose", "rosemary", "lily"][i % 3], i / 100)).collect();
    let present = |i: &usize| i % 7 != 3;
    let levels: Vec<i16> = (0..1000).map(|i| i16::from(present(&i))).collect();
    let numbers: Vec<i32> = (0..1000).filter(present).map(|i| i as i32 * 37 % 501 - 250).collect();
    let kinds: Vec<ByteArray> = (0..1000).filter(present).map(|i| names[i].as_str().into()).collect();
    let delta = [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY];
    let packed = delta.map(|text| (Some((Encoding::DELTA_BINARY_PACKED, text)), false));
    for (version, (encodings, dictionary)) in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]
        .into_iter()
        .flat_map(|version| [(None, true), (None, false), packed[0], packed[1]].map(|how| (version, how)))
    {
        let mut properties = WriterProperties::builder()
            .set_writer_version(version)
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(dictionary)
            .set_data_page_row_count_limit(300)
            .set_write_batch_size(100);
        if let Some((number, text)) = encodings {
            properties = properties.set_column_encoding("x".into(), number).set_column_encoding("kind".into(), text);
        }
        let to = fs::File::create(&path).unwrap();
        let mut file = SerializedFileWriter::new(to, schema.clone(), Arc::new(properties.build())).unwrap();
        let mut group = file.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&numbers, Some(&levels), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&kinds, Some(&levels), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        file.close().unwrap();

        let how = format!("{version:?}, {encodings:?}, dictionary: {dictionary}");
        let found = whole(&path, &plain()).unwrap_or_else(|error| panic!("{how}: {error}"));
        let rows: Vec<f32> = numbers.iter().map(|&number| number as f32).collect();
        assert_eq!(found.images.images.rows().floats(), rows, "{how}");
        let of = |label: &u8| found.class_names[*label as usize].as_str();
        let read: Vec<&str> = found.images.labels.as_ref().unwrap().iter().map(of).collect();
        let written: Vec<&str> = (0..1000).filter(present).map(|i| names[i].as_str()).collect();
        assert_eq!(read, written, "{how}");
    }
}

/// The values of a picture, in colour.
fn values(encoded: &[u8]) -> Vec<u8> {
    image::load_from_memory(encoded).unwrap().into_rgb8().into_raw()
}

fn rgb() -> Reading {
    Reading { color: Some(Color::Rgb), ..Reading::default() }
}

#[test]
fn a_column_of_encoded_pictures_is_a_data_set_of_images() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    let pictures = [picture(3, 1, Png), picture(3, 70, Jpeg), picture(3, 140, Png), picture(3, 9, Png)];
    let kinds = ["rose", "lily", "rose", "aster"];
    let rows: Vec<_> = (0..4).map(|i| (Some(pictures[i].clone()), 3 - i as i64, Some(kinds[i]))).collect();
    for layout in [Layout::Struct, Layout::Plain] {
        encoded::write(&path, layout, &rows);
        let mut said = String::new();
        let source = Source::Path(path.clone());
        let content = data::open_whole(&source, None, &rgb(), &mut |line| said += line).unwrap();
        let Content::Whole(found) = content else { panic!("{layout:?}: pictures are whole") };
        assert_eq!((found.width, found.height, found.color, found.table), (3, 4, Color::Rgb, None), "{layout:?}");
        let expected: Vec<u8> = pictures.iter().flat_map(|picture| values(picture)).collect();
        assert_eq!(found.images.images.bytes().unwrap(), expected, "{layout:?}");
        assert_eq!(found.images.labels.unwrap(), [3, 2, 1, 0], "a column called label is of labels");
        assert!(
            said.contains("x.parquet: Parquet with pictures in column image, columns passed over: kind, price ("),
            "{said}"
        );

        let named = Reading { labels: Some("kind".into()), ..rgb() };
        let found = whole(&path, &named).unwrap();
        assert_eq!(found.class_names, ["aster", "lily", "rose"]);
        assert_eq!(found.images.labels.unwrap(), [2, 1, 2, 0]);
        let gray = whole(&path, &Reading { size: Some([2, 5]), ..Reading::default() }).unwrap();
        assert_eq!((gray.width, gray.height, gray.color, gray.resized), (5, 2, Color::Gray, true));
        let table = Reading { columns: vec!["price".into()], ..Reading::default() };
        assert_eq!(whole(&path, &table).unwrap().table.unwrap().columns, ["price"], "a choice of columns is a table");
        let error = whole(&path, &Reading { labels: Some("color".into()), ..rgb() }).unwrap_err().to_string();
        assert!(error.contains("--labels names color, which is none of its columns"), "{error}");
    }
}

#[test]
fn pictures_that_do_not_fit_are_named_by_row_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    let good = |first| (Some(picture(3, first, Png)), 1, Some("a"));
    for layout in [Layout::Struct, Layout::Plain] {
        let refused = |rows: &[Row], reading: &Reading, words: &str| {
            encoded::write(&path, layout, rows);
            let error = whole(&path, reading).unwrap_err().to_string();
            assert!(error.contains(words), "{layout:?}: {error}");
        };
        let torn = picture(3, 5, Png);
        let torn = (Some(torn[..torn.len() - 30].to_vec()), 1, Some("b"));
        let wrong = [good(1), (Some(b"text".to_vec()), 2, Some("b")), (None, 0, Some("c")), torn.clone()];
        refused(&wrong, &rgb(), "row 1, column image: not a readable image");
        refused(&[good(1), (None, 0, None)], &rgb(), "row 1, column image: holds no picture");
        refused(&[good(1), good(2), torn], &rgb(), "row 2, column image: not a readable image");
        let size = "row 1, column image: 5x4 pixels, expected 3x4 as of row 0: --size WxH scales pictures to one size";
        refused(&[good(1), (Some(picture(5, 1, Png)), 1, None)], &rgb(), size);
        let named = Reading { labels: Some("kind".into()), ..rgb() };
        refused(&[good(1), (Some(picture(3, 1, Png)), 1, None)], &named, "row 1, column kind: the label is missing");

        encoded::write(&path, layout, &wrong);
        let mut said = String::new();
        let skipping = Reading { skip_bad: true, labels: Some("kind".into()), ..rgb() };
        data::open_whole(&Source::Path(path.clone()), None, &skipping, &mut |line| said += line).unwrap();
        assert!(said.contains("3 that cannot be read left out: row 1, row 2, row 3"), "{said}");
        encoded::write(&path, layout, &[&wrong[..1], &wrong[2..3], &[good(60)]].concat());
        let found = whole(&path, &skipping).unwrap();
        assert_eq!(
            (found.images.count, found.images.names.of(1), found.class_names),
            (2, "row 2".into(), vec!["a".into()])
        );
        let expected = [picture(3, 1, Png), picture(3, 60, Png)].map(|picture| values(&picture)).concat();
        assert_eq!(found.images.images.bytes().unwrap(), expected);
    }
    encoded::write(&path, Layout::Twice, &[good(1), good(2)]);
    let error = whole(&path, &rgb()).unwrap_err().to_string();
    assert!(error.ends_with("its columns image, mask hold pictures, expected one such"), "{error}");
    encoded::write(&path, Layout::Plain, &[good(1), good(2)]);
    let error = whole(&path, &Reading { labels: Some("image".into()), ..rgb() }).unwrap_err().to_string();
    assert!(error.ends_with("column image is asked for as labels and holds pictures"), "{error}");
    encoded::write(&path, Layout::Struct, &[(None, 0, None), (Some(Vec::new()), 1, None)]);
    let error = whole(&path, &Reading { skip_bad: true, ..rgb() }).unwrap_err().to_string();
    assert!(error.contains("none of its pictures can be read"), "{error}");
    encoded::write(
        &path,
        Layout::Plain,
        &[(Some(b"BMW".to_vec()), 0, Some("a")), (Some(b"GIF89a".to_vec()), 1, Some("a"))],
    );
    let error = whole(&path, &rgb()).unwrap_err().to_string();
    assert!(error.contains("columns that hold text: image, kind"), "bytes that are no PNG or JPEG are text: {error}");
}

/// A run on pictures in a Parquet file, with other pictures in another.
#[test]
fn a_run_on_pictures_in_parquet_keeps_what_it_was_told() {
    let dir = tiny::folder("parquet");
    let at = |name: &str| dir.join(name).display().to_string();
    let rows = |width: u32| {
        (0..28).map(move |i: u32| {
            (Some(picture(width + i % 2, 9 * i as u8, Png)), i.into(), Some(["red", "blue"][i as usize % 2]))
        })
    };
    encoded::write(&dir.join("a.parquet"), Layout::Struct, &rows(6).collect::<Vec<_>>());
    encoded::write(&dir.join("b.parquet"), Layout::Plain, &rows(11).collect::<Vec<_>>());
    let (data, run) = (at("a.parquet"), at("run"));
    let shape = ["--hidden", "6", "--latent", "2", "--epochs", "1", "--device", "cpu", "--out", &run];
    let pictures = ["train", "cvae", "--data", &data, "--labels", "kind", "--color", "rgb", "--size", "6x5"];
    command::succeed(&[&pictures[..], &shape].concat());
    let config = &command::json(dir.join("run/config.json"))["data"];
    assert_eq!((&config["color"], &config["labels"]), (&"rgb".into(), &"kind".into()));
    assert_eq!(config["class_names"], serde_json::json!(["blue", "red"]));
    command::succeed(&["train", "--resume", &run, "--epochs", "2"]);
    let (other, z) = (at("b.parquet"), at("z.npy"));
    let said = command::succeed(&["encode", &run, "--data", &other, "-o", &z, "--device", "cpu"]).1;
    assert!(said.contains("28 of 28 scaled (28 images of 6x5 pixels in colour, 2 classes (blue, red))"), "{said}");
}

#[test]
fn a_damaged_file_is_read_or_refused_in_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    let row = |first: u8| (Some(picture(9, first, Png)), 1, Some("a"));
    let pictures = || encoded::write(&path, Layout::Struct, &[row(1), row(2), row(3)]);
    let kinds: [(&dyn Fn(), Reading); 2] = [
        (&|| write(&path, Compression::SNAPPY), plain()),
        (&pictures, Reading { labels: Some("kind".into()), ..rgb() }),
    ];
    for (make, reading) in kinds {
        make();
        damage(&path, &reading);
    }
}

/// Reads mutants of a file.
fn damage(path: &Path, reading: &Reading) {
    let bytes = fs::read(path).unwrap();
    let (mut generator, mut refused) = (Generator::new(7), 0);
    for _ in mutate::rounds(1000) {
        fs::write(path, generator.mutant(&bytes, Packing::None)).unwrap();
        if let Err(error) = whole(path, reading) {
            refused += 1;
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
    assert!(refused > 100, "only {refused} were refused");
}
