//! Parquet files: encoded pictures, as Hugging Face data sets and others have them, and a table in which every column is packed in its own way.

#![allow(dead_code, reason = "no test file uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use parquet::{
    basic::{Compression, Encoding},
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    file::{
        properties::{WriterProperties, WriterVersion},
        writer::SerializedFileWriter,
    },
    schema::parser::parse_message_type,
};
use std::{fs, io::Cursor, path::Path, sync::Arc};

/// A picture of `width` × 4 pixels whose values are all different, in this format.
pub fn picture(width: u32, first: u8, format: ImageFormat) -> Vec<u8> {
    let value = |x: u32, y: u32, channel: u32| first.wrapping_add((5 * (12 * y + 3 * x + channel)) as u8);
    let image = RgbImage::from_fn(width, 4, |x, y| Rgb([0, 1, 2].map(|channel| value(x, y, channel))));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A picture, if there is one, with a number and a name.
pub type Row<'a> = (Option<Vec<u8>>, i64, Option<&'a str>);

/// Where the pictures of a file lie.
#[derive(Clone, Copy, Debug)]
pub enum Layout {
    /// `image`, of `bytes` and `path`.
    Struct,
    /// `image` itself.
    Plain,
    /// `image` and the same again, `mask`.
    Twice,
}

/// Writes a row for each picture, in two groups, with a number (`label`), a name (`kind`) and a price.
pub fn write(path: &Path, layout: Layout, rows: &[Row]) {
    let image = match layout {
        Layout::Struct => "optional group image { optional BYTE_ARRAY bytes; optional BYTE_ARRAY path (UTF8); }",
        Layout::Plain => "optional BYTE_ARRAY image;",
        Layout::Twice => "optional BYTE_ARRAY image; optional BYTE_ARRAY mask;",
    };
    let schema = format!(
        "message rows {{ {image} REQUIRED INT64 label; OPTIONAL BYTE_ARRAY kind (UTF8); REQUIRED INT64 price; }}"
    );
    let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut file = SerializedFileWriter::new(fs::File::create(path).unwrap(), schema, properties).unwrap();
    for rows in rows.chunks(rows.len().div_ceil(2)) {
        let mut group = file.next_row_group().unwrap();
        let mut put = |values: &dyn Fn(&mut parquet::file::writer::SerializedColumnWriter)| {
            let mut column = group.next_column().unwrap().unwrap();
            values(&mut column);
            column.close().unwrap();
        };
        let bytes =
            |column: &mut parquet::file::writer::SerializedColumnWriter, cells: &[Option<Vec<u8>>], deepest: i16| {
                let levels: Vec<i16> =
                    cells.iter().map(|cell| if cell.is_some() { deepest } else { deepest - 1 }).collect();
                let values: Vec<ByteArray> = cells.iter().flatten().cloned().map(ByteArray::from).collect();
                column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
            };
        fn whole(column: &mut parquet::file::writer::SerializedColumnWriter, values: &[<Int64Type as DataType>::T]) {
            column.typed::<Int64Type>().write_batch(values, None, None).unwrap();
        }
        let pictures: Vec<_> = rows.iter().map(|row| row.0.clone()).collect();
        match layout {
            Layout::Plain => put(&|column| bytes(column, &pictures, 1)),
            Layout::Twice => (0..2).for_each(|_| put(&|column| bytes(column, &pictures, 1))),
            Layout::Struct => {
                put(&|column| bytes(column, &pictures, 2));
                let paths: Vec<_> = rows.iter().map(|row| row.0.as_ref().map(|_| b"a.png".to_vec())).collect();
                put(&|column| bytes(column, &paths, 2));
            }
        }
        put(&|column| whole(column, &rows.iter().map(|row| row.1).collect::<Vec<_>>()));
        let kinds: Vec<_> = rows.iter().map(|row| row.2.map(|kind| kind.as_bytes().to_vec())).collect();
        put(&|column| bytes(column, &kinds, 1));
        put(&|column| whole(column, &rows.iter().map(|row| 10 * row.1).collect::<Vec<_>>()));
        group.close().unwrap();
    }
    file.close().unwrap();
}

/// Writes a table of forty rows, each column of it with its own codec and encoding.
pub fn write_table(path: &Path) {
    let codecs = [
        Compression::SNAPPY,
        Compression::ZSTD(Default::default()),
        Compression::GZIP(Default::default()),
        Compression::LZ4_RAW,
        Compression::UNCOMPRESSED,
    ];
    let numbers = (0..codecs.len()).map(|i| format!("{} DOUBLE x{i};", ["REQUIRED", "OPTIONAL"][i % 2]));
    let schema = format!(
        "message rows {{ {} REQUIRED INT64 count; OPTIONAL BYTE_ARRAY label (UTF8); }}",
        numbers.collect::<String>()
    );
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_column_dictionary_enabled("count".into(), false)
        .set_column_encoding("count".into(), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled("label".into(), false)
        .set_column_encoding("label".into(), Encoding::DELTA_BYTE_ARRAY);
    for (i, codec) in codecs.into_iter().enumerate() {
        let column = format!("x{i}");
        properties = properties.set_column_compression(column.as_str().into(), codec);
        properties = properties.set_column_dictionary_enabled(column.into(), i < 2);
    }
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let to = fs::File::create(path).unwrap();
    let mut file = SerializedFileWriter::new(to, schema, Arc::new(properties.build())).unwrap();
    let mut group = file.next_row_group().unwrap();
    let rows = 0..40_i64;
    for i in 0..codecs.len() as i64 {
        let values: Vec<f64> = rows.clone().map(|row| (row * (i + 3) % 11) as f64 / 4.0).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&values, Some(&[1; 40]), None).unwrap();
        column.close().unwrap();
    }
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&rows.clone().collect::<Vec<_>>(), None, None).unwrap();
    column.close().unwrap();
    let names: Vec<ByteArray> = rows.map(|row| ["rose", "rosemary", "lily"][row as usize % 3].into()).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&names, Some(&[1; 40]), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.close().unwrap();
}
