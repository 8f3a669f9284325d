//! Parquet files: every type of column, nulls, names of columns within columns, and damage. In a build with the feature `parquet`.

#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "not every way of packing is one of Parquet")]
mod mutate;

use mutate::{Generator, Packing};
use parquet::{
    basic::Compression,
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use std::{fs, path::Path, sync::Arc};
use wgvae::data::{self, Content, Missing, Reading, Scale, Source, Whole};

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

#[test]
fn a_damaged_file_is_read_or_refused_in_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    write(&path, Compression::SNAPPY);
    let bytes = fs::read(&path).unwrap();
    let (mut generator, mut refused) = (Generator::new(7), 0);
    for _ in mutate::rounds(1000) {
        let mutant = generator.mutant(&bytes, Packing::None);
        fs::write(&path, &mutant).unwrap();
        if let Err(error) = mutate::in_bounds(mutant.len(), || whole(&path, &plain())).unwrap() {
            refused += 1;
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
    assert!(refused > 100, "only {refused} were refused");
}
