//! Sizes that a file or a configuration announces are held against what there is before anything as large is allocated:
//! each of these inputs once ended the process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use wgvae::{
    data::{self, Options, Reading, Source},
    interop::npy,
};

/// A `.npy` file of version 1 with this dictionary.
fn npy_file(dir: &Path, dictionary: &str, data: &[u8]) -> PathBuf {
    let path = dir.join("x.npy");
    let length = (dictionary.len() as u16 + 1).to_le_bytes();
    fs::write(&path, [b"\x93NUMPY\x01\x00", &length[..], dictionary.as_bytes(), b"\n", data].concat()).unwrap();
    path
}

fn dictionary(kind: &str, shape: &str) -> String {
    format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}")
}

fn one_line<T>(result: wgvae::Result<T>) -> String {
    let message = result.err().expect("an error was expected").to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

fn open(path: &Path) -> wgvae::Result<data::Content> {
    data::open_whole(&Source::Path(path.to_path_buf()), None, &Reading::default(), &mut |_| ())
}

#[test]
fn npy_headers_that_announce_more_than_the_file_holds() {
    let dir = tempfile::tempdir().unwrap();
    let shapes = ["(108000000, 1000)", "(4294967296, 4294967296, 2)", "(18446744073709551615,)", "(2, 3)"];
    for (kind, shape) in ["|u1", "<f4", "<f8", "<i8"].into_iter().flat_map(|kind| shapes.map(|shape| (kind, shape))) {
        let path = npy_file(dir.path(), &dictionary(kind, shape), &[0; 5]);
        let expected = format!("its header announces shape {}", shape.replace(['('], "[").replace([')'], "]"));
        let expected = expected.replace(",]", "]");
        let mut messages = Vec::new();
        if kind != "<i8" {
            messages.extend([one_line(open(&path)), one_line(npy::read_latents(&path, 3))]);
            messages.push(one_line(npy::read_range(&path, 3)));
        }
        if kind != "<f4" && kind != "<f8" {
            messages.push(one_line(npy::read_labels(&path, 3)));
        }
        for message in messages {
            assert!(message.contains(&expected) && message.ends_with("and 5 bytes follow"), "{kind}: {message}");
        }
    }
}

#[test]
fn npy_arrays_without_values_have_no_other_axis_either() {
    let dir = tempfile::tempdir().unwrap();
    let path = npy_file(dir.path(), &dictionary("|u1", "(0, 18446744073709551615)"), &[]);
    for message in [one_line(open(&path)), one_line(npy::read_latents(&path, 3))] {
        assert!(message.contains("its header announces shape [0, 18446744073709551615]"), "{message}");
    }
    let path = npy_file(dir.path(), &dictionary("|u1", "(0, 3)"), &[]);
    assert!(one_line(open(&path)).ends_with("shape [0, 3], expected no axis of 0"));
}

#[test]
fn npy_headers_of_brackets_or_of_any_length_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    for text in ["[".repeat(9000), "(".repeat(30), "{".repeat(65000), "[(".repeat(40)] {
        let message = one_line(open(&npy_file(dir.path(), &text, &[])));
        assert!(message.contains("brackets is not that of an array of numbers"), "{message}");
    }
    let path = dir.path().join("x.npy");
    fs::write(&path, b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'").unwrap();
    assert!(one_line(open(&path)).contains("its header of 4294967295 bytes"));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn glyphs_beyond_the_free_memory_are_refused() {
    for (train, test) in [(1_000_000_000_000, 10), (usize::MAX, 10), (10, usize::MAX), (usize::MAX / 2, usize::MAX)] {
        let options = Options { glyph_train: train, glyph_test: test, ..Options::default() };
        let message = one_line(data::open(&Source::Glyphs, None, &options, &mut |_| ()));
        assert!(message.starts_with(&format!("glyphs: {train} for training and {test} for test would take")));
        assert!(message.ends_with(" GB are free"), "{message}");
    }
}

/// A gray PNG of these sides whose pixels are missing: its header and an empty stream.
fn hollow_png(path: &Path, width: u32, height: u32) {
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let body = [&name[..], data].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&body);
        [&(data.len() as u32).to_be_bytes()[..], &body, &crc.sum().to_be_bytes()].concat()
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let empty = [0x78, 0x9c, 3, 0, 0, 0, 0, 1];
    let file = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", &empty), chunk(b"IEND", &[])];
    fs::write(path, file.concat()).unwrap();
}

#[test]
fn images_beyond_the_free_memory_are_refused_before_they_are_decoded() {
    let dir = tempfile::tempdir().unwrap();
    hollow_png(&dir.path().join("a.png"), 2_000_000_000, 2_000_000_000);
    let message = one_line(open(dir.path()));
    assert!(message.ends_with("a.png: not a readable image: Memory limit exceeded"), "{message}");

    // One is within the decoder's limit; a thousand files of it take a few kilobytes on disk and half a terabyte decoded.
    for i in 0..1000 {
        hollow_png(&dir.path().join(format!("{i}.png")), 22_000, 22_000);
    }
    fs::remove_file(dir.path().join("a.png")).unwrap();
    let message = one_line(open(dir.path()));
    assert!(message.contains("1000 images of 22000x22000 pixels would take 968.0 GB of memory"), "{message}");
}

#[test]
fn a_picture_that_announces_more_than_it_holds_is_refused_before_it_is_decoded() {
    let dir = tempfile::tempdir().unwrap();
    hollow_png(&dir.path().join("a.png"), 300, 300);
    let message = one_line(open(dir.path()));
    assert!(message.ends_with("a.png: 65 bytes are too few for its 300x300 pixels"), "{message}");
}

#[test]
fn a_gzip_stream_that_announces_more_than_it_or_the_free_memory_holds_is_refused_before_it_is_unpacked() {
    let header = [&[0, 0, 8, 3][..], &[0xff; 4], &[0, 0, 0x0f, 0xff], &[0, 0, 0x0f, 0xff]].concat();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &header).unwrap();
    let stream = gzip.finish().unwrap();
    let message = one_line(data::idx::parse(Path::new("x.gz"), &stream, 3));
    let (packed, most) = (stream.len(), 1032 * stream.len());
    assert!(message.ends_with(&format!(" bytes, and {packed} bytes hold at most {most}")), "{message}");
    assert!(message.contains("its sizes 4294967295 x 4095 x 4095 would unpack to "), "{message}");

    // A gigabyte could unpack to a terabyte.
    let header = [&[0, 0, 8, 3][..], &[0, 0x10, 0, 0], &[0, 0, 4, 0], &[0, 0, 4, 0]].concat();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &[header, vec![0; 64]].concat()).unwrap();
    let begun = gzip.finish().unwrap();
    let mut stream = vec![0; 1 << 30]; // never touched but for its first bytes
    stream[..begun.len()].copy_from_slice(&begun);
    let message = one_line(data::idx::parse(Path::new("x.gz"), &stream, 3));
    assert!(message.contains("its sizes 1048576 x 1024 x 1024 would take"), "{message}");
}
