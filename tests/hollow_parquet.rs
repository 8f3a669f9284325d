//! Parquet files that announce far more than they hold, written byte by byte. In a build with the feature `parquet`.

#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use parquet::{
    basic::{Compression, Encoding},
    file::{
        metadata::{
            ColumnChunkMetaData, FileMetaData, ParquetMetaDataBuilder, ParquetMetaDataWriter, RowGroupMetaData,
        },
        writer::TrackedWrite,
    },
    schema::{parser::parse_message_type, types::SchemaDescriptor},
};
use peak_alloc::PeakAlloc;
use std::{fs, io::Write, path::Path, sync::Arc};
use wgvae::data::{self, Reading, Source};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Numbers as Thrift's compact protocol writes them.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The fields of a struct that are the next after each other, each a number.
fn numbers(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| [vec![0x15], varint(2 * value)].concat()).collect()
}

/// A page of this kind (0 for data, 2 for a dictionary), unpacked size and count of values.
fn page(kind: u64, unpacked: usize, count: usize, encoding: Encoding, body: &[u8]) -> Vec<u8> {
    let sizes = numbers(&[kind, unpacked as u64, body.len() as u64]);
    let step = if kind == 0 { 0x2c } else { 0x4c }; // to field 5 or 7, a struct
    let levels = if kind == 0 { numbers(&[Encoding::RLE as u64; 2]) } else { Vec::new() };
    let inner = numbers(&[count as u64, encoding as u64]);
    [&sizes[..], &[step], &inner, &levels, &[0, 0], body].concat()
}

/// A file with one column and one group of rows.
fn write(path: &Path, column: &str, codec: Compression, rows: usize, pages: &[u8]) {
    let schema = Arc::new(parse_message_type(&format!("message rows {{ {column}; }}")).unwrap());
    let schema = Arc::new(SchemaDescriptor::new(schema));
    let chunk = ColumnChunkMetaData::builder(schema.column(0))
        .set_compression(codec)
        .set_num_values(rows as i64)
        .set_data_page_offset(4)
        .set_total_compressed_size(pages.len() as i64)
        .set_total_uncompressed_size(pages.len() as i64);
    let group = RowGroupMetaData::builder(schema.clone())
        .set_num_rows(rows as i64)
        .set_total_byte_size(pages.len() as i64)
        .add_column_metadata(chunk.build().unwrap());
    let file = FileMetaData::new(1, rows as i64, None, None, schema, None);
    let metadata = ParquetMetaDataBuilder::new(file).add_row_group(group.build().unwrap()).build();
    let mut to = TrackedWrite::new(fs::File::create(path).unwrap());
    to.write_all(b"PAR1").unwrap();
    to.write_all(pages).unwrap();
    ParquetMetaDataWriter::new_with_tracked(to, &metadata).finish().unwrap();
}

/// Three numbers, as a page without nulls has them.
const VALUES: [u8; 12] = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0];
const HUGE: usize = 1 << 28;

#[test]
fn a_page_that_announces_more_than_it_holds_is_refused_before_anything_is_allocated() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    let (number, text) = ("REQUIRED INT32 x", "REQUIRED BYTE_ARRAY x");
    let (nullable, plain) = ("OPTIONAL INT32 x", Compression::UNCOMPRESSED);
    let data = |count, encoding, body: &[u8]| page(0, body.len(), count, encoding, body);

    write(&path, number, plain, 3, &data(3, Encoding::PLAIN, &VALUES));
    data::open_whole(&Source::Path(path.clone()), None, &Reading::default(), &mut |_| ()).unwrap();

    let run = [&varint(2 * HUGE as u64)[..], &[0]].concat(); // so many levels of 0
    let nulls = |count: usize| data(count, Encoding::PLAIN, &[&(run.len() as u32).to_le_bytes()[..], &run].concat());
    let delta = |count: usize| [varint(128), varint(4), varint(count as u64), vec![0]].concat();
    let shared = [delta(1), delta(HUGE)].concat();
    let (few, many) = (delta(3), delta(HUGE));
    let listed = {
        let mut page = data(3, Encoding::PLAIN, &VALUES);
        let end = page.len() - VALUES.len() - 1;
        let list = [&[0x49, 0xf7][..], &varint((1 << 31) - 1)].concat(); // field 9, of numbers of eight bytes
        page.splice(end..end, list);
        page
    };
    let twice = {
        let mut page = data(3, Encoding::PLAIN, &VALUES);
        let end = page.len() - VALUES.len() - 1;
        page.splice(end..end, [&[0x05, 4][..], &varint(2 * HUGE as u64)].concat()); // field 2 once more
        page
    };
    let cases = [
        (
            "unpacked",
            number,
            Compression::SNAPPY,
            page(0, HUGE, 3, Encoding::PLAIN, &VALUES),
            "12 bytes that announces 268435456",
        ),
        ("said twice", number, Compression::SNAPPY, twice, "12 bytes that announces 268435456"),
        (
            "a dictionary",
            number,
            plain,
            page(2, 12, HUGE, Encoding::PLAIN, &VALUES),
            "268435456 values where there can be 3",
        ),
        ("nulls", nullable, plain, nulls(HUGE), "268435456 values where there can be 3"),
        ("nulls of many pages", nullable, plain, nulls(3).repeat(1000), "3 values where there can be 0"),
        ("lengths", text, plain, data(3, Encoding::DELTA_LENGTH_BYTE_ARRAY, &many), "268435456 lengths of 3 values"),
        ("shared lengths", text, plain, data(3, Encoding::DELTA_BYTE_ARRAY, &shared), "268435456 lengths of 3 values"),
        ("lengths without values", text, plain, data(3, Encoding::DELTA_BYTE_ARRAY, &few), "a page ends early"),
        (
            "a codec that is not here",
            number,
            Compression::BROTLI(Default::default()),
            data(3, Encoding::PLAIN, &VALUES),
            ": column x is packed by brotli, which is not read: snappy, zstd, gzip and lz4 are",
        ),
        ("a list", number, plain, listed, "the header of a page is not valid"),
        (
            "a short column",
            number,
            plain,
            data(3, Encoding::PLAIN, &VALUES)[..20].to_vec(),
            "after the end of its column",
        ),
        ("structs without end", number, plain, [0x1c; 4096].to_vec(), "the header of a page is not valid"),
    ];
    let mut faults = Vec::new();
    for (name, column, codec, pages, words) in cases {
        write(&path, column, codec, 3, &pages);
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let read = data::open_whole(&Source::Path(path.clone()), None, &Reading::default(), &mut |_| ());
        let used = MEMORY.peak_usage() - before;
        let error = read.err().map(|error| error.to_string()).unwrap_or_default();
        if !error.contains(words) || used >= 1 << 20 {
            faults.push(format!("{name}: {used} bytes of memory, {error}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
