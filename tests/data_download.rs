//! Downloads, from a server on loopback: what is whole and right arrives, everything else leaves nothing behind.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use wgvae::data::download::{Hash, Remote, Settings, fetch};
use wgvae::data::{self, Options, Source};

/// A server that answers each path with `answer`'s status and bytes, for as long as the test runs; its address.
fn serve(answer: impl Fn(&str) -> (u16, Vec<u8>) + Send + 'static) -> String {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", server.server_addr().to_ip().unwrap());
    std::thread::spawn(move || {
        for request in server.incoming_requests() {
            let (status, bytes) = answer(request.url());
            let _ = request.respond(tiny_http::Response::from_data(bytes).with_status_code(status));
        }
    });
    address
}

/// A server that takes one connection after another, writes `bytes` as they are and then waits for `pause`.
fn serve_raw(bytes: &'static [u8], pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(bytes);
                std::thread::sleep(pause);
            });
        }
    });
    address
}

fn settings(mirrors: &[&str]) -> Settings {
    let mirrors = mirrors.iter().map(|mirror| mirror.to_string()).collect();
    let brief = Duration::from_millis(400);
    Settings { mirrors: Some(mirrors), connect: brief, stall: brief, total: Duration::from_secs(2) }
}

const CONTENT: &[u8] = b"sixteen bytes...";

fn hash() -> String {
    Sha256::digest(CONTENT).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Tries to download `CONTENT` from the mirrors; the folder that it went to, and the message of the error.
fn attempt(mirrors: &[&str]) -> (tempfile::TempDir, Result<(), String>) {
    let dir = tempfile::tempdir().unwrap();
    let file = Remote { name: "file.gz", bytes: Some(CONTENT.len() as u64), hash: Hash::Sha256(&hash()) };
    let result = fetch(&[file], dir.path(), &settings(mirrors)).map_err(|error| error.to_string());
    (dir, result)
}

fn names(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Asserts that the mirror is refused with all of `words`, leaves nothing behind, and that the next mirror is used.
fn refused(mirror: &str, words: &[&str]) {
    leaves(mirror, words, &[]);
}

/// As [`refused`], for a mirror that leaves these files behind.
fn leaves(mirror: &str, words: &[&str], left: &[&str]) {
    let (dir, result) = attempt(&[mirror]);
    let message = result.unwrap_err();
    for word in ["cannot download file.gz: 127.0.0.1:"].iter().chain(words) {
        assert!(message.contains(word), "`{message}` does not say `{word}`");
    }
    assert_eq!(names(dir.path()), left, "left behind");

    let good = serve(|_| (200, CONTENT.to_vec()));
    let (dir, result) = attempt(&[mirror, &good]);
    result.unwrap();
    assert_eq!(std::fs::read(dir.path().join("file.gz")).unwrap(), CONTENT);
}

#[test]
fn a_good_file_arrives_alone_and_whole() {
    let mirror = serve(|path| if path == "/data/file.gz" { (200, CONTENT.to_vec()) } else { (404, vec![]) });
    let (dir, result) = attempt(&[&format!("{mirror}data/")]);
    result.unwrap();
    assert_eq!(names(dir.path()), ["file.gz"]);
    assert_eq!(std::fs::read(dir.path().join("file.gz")).unwrap(), CONTENT);
}

#[test]
fn a_missing_folder_is_made() {
    let mirror = serve(|_| (200, CONTENT.to_vec()));
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("cache/mnist");
    let file = Remote { name: "file.gz", bytes: Some(CONTENT.len() as u64), hash: Hash::Sha256(&hash()) };
    fetch(&[file], &deep, &settings(&[&mirror])).unwrap();
    assert_eq!(names(&deep), ["file.gz"]);
}

#[test]
fn a_wrong_hash_is_refused() {
    refused(&serve(|_| (200, b"sixteen bytes,,,".to_vec())), &["SHA-256", &hash()]);
}

#[test]
fn wrong_sizes_are_refused() {
    refused(&serve(|_| (200, b"short".to_vec())), &["5 bytes, expected 16"]);
    refused(&serve(|_| (200, vec![7; 1 << 20])), &["more bytes, expected 16"]);
}

#[test]
fn a_missing_file_is_refused() {
    refused(&serve(|_| (404, b"<html>not here</html>".to_vec())), &["404"]);
}

#[test]
fn a_body_that_breaks_off_is_refused() {
    let mirror = serve_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\nsixteen", Duration::ZERO);
    leaves(&mirror, &["broke off after 7 of 16"], &[".download-file.gz"]);
}

#[test]
fn a_download_that_broke_off_goes_on_where_it_was() {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", server.server_addr().to_ip().unwrap());
    let (send, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for request in server.incoming_requests() {
            let range = request
                .headers()
                .iter()
                .find(|header| header.field.equiv("Range"))
                .map(|header| header.value.to_string());
            let from = range.as_ref().map_or(0, |range| range["bytes=".len()..range.len() - 1].parse().unwrap());
            send.send(range).unwrap();
            let answer = tiny_http::Response::from_data(&CONTENT[from..]).with_status_code(206);
            let header = format!("Content-Range: bytes {from}-15/16").parse::<tiny_http::Header>().unwrap();
            let _ = request.respond(answer.with_header(header));
        }
    });
    let broken = serve_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\nsixteen", Duration::ZERO);
    // in one attempt at two mirrors, and in two attempts
    let (dir, result) = attempt(&[&broken, &address]);
    result.unwrap();
    assert_eq!(std::fs::read(dir.path().join("file.gz")).unwrap(), CONTENT);
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [Some("bytes=7-".to_string())]);
    let (dir, result) = attempt(&[&broken]);
    assert!(result.is_err());
    let file = Remote { name: "file.gz", bytes: Some(CONTENT.len() as u64), hash: Hash::Sha256(&hash()) };
    fetch(&[file], dir.path(), &settings(&[&address])).unwrap();
    assert_eq!(names(dir.path()), ["file.gz"]);
    assert_eq!(std::fs::read(dir.path().join("file.gz")).unwrap(), CONTENT);
    assert_eq!(asked.try_iter().count(), 1);

    // a part of another file is not mixed into this one, and is gone after the refusal
    let (dir, _) = attempt(&[]);
    std::fs::create_dir_all(dir.path()).unwrap();
    std::fs::write(dir.path().join(".download-file.gz"), b"seventy").unwrap();
    let error = fetch(&[file], dir.path(), &settings(&[&address])).unwrap_err().to_string();
    assert!(error.contains("SHA-256"), "{error}");
    assert_eq!(names(dir.path()), [""; 0]);
    // nor does a process write into the part of another
    let part = std::fs::File::create(dir.path().join(".download-file.gz")).unwrap();
    part.lock().unwrap();
    let error = fetch(&[file], dir.path(), &settings(&[&address])).unwrap_err().to_string();
    assert!(error.contains("another process is downloading it"), "{error}");
}

#[test]
fn servers_that_hang_are_given_up_soon() {
    let long = Duration::from_secs(30);
    for bytes in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\nsix"] {
        let begin = Instant::now();
        let left: &[&str] = if bytes.is_empty() { &[] } else { &[".download-file.gz"] };
        leaves(&serve_raw(bytes, long), &["timeout"], left);
        assert!(begin.elapsed() < Duration::from_secs(3), "took {:?}", begin.elapsed());
    }
}

#[test]
fn a_host_without_a_server_is_refused() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    refused(&format!("http://{closed}/"), &["refused"]);
}

#[test]
fn the_mirror_that_served_is_asked_first_for_the_next_file() {
    let (send, asked) = std::sync::mpsc::channel();
    let empty = serve(move |path| {
        send.send(path.to_string()).unwrap();
        (404, vec![])
    });
    let good = serve(|_| (200, CONTENT.to_vec()));
    let dir = tempfile::tempdir().unwrap();
    let hash = hash();
    let files =
        ["a", "b", "c"].map(|name| Remote { name, bytes: Some(CONTENT.len() as u64), hash: Hash::Sha256(&hash) });
    fetch(&files, dir.path(), &settings(&[&empty, &good])).unwrap();
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), ["/a"]);
    assert_eq!(names(dir.path()).len(), 3);
}

#[test]
fn after_one_file_failed_at_every_mirror_no_other_is_tried() {
    let (send, asked) = std::sync::mpsc::channel();
    let empty = serve(move |path| {
        send.send(path.to_string()).unwrap();
        (500, vec![])
    });
    let dir = tempfile::tempdir().unwrap();
    let options = Options { download: settings(&[&empty]), ..Options::default() };
    let error = data::open(&Source::Mnist, Some(dir.path()), &options, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("cannot download train-images-idx3-ubyte.gz") && error.contains("500"), "{error}");
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), ["/train-images-idx3-ubyte.gz"]);
}

/// What `auto` does with this folder and these mirrors: the name of the data set, and its one line.
fn auto(dir: &Path, mirrors: &[&str]) -> (String, String) {
    let options = Options { download: settings(mirrors), glyph_train: 30, glyph_test: 5, ..Options::default() };
    let mut lines = Vec::new();
    let dataset = data::open(&Source::Auto, Some(dir), &options, &mut |line| lines.push(line.to_string())).unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    (dataset.name, lines.remove(0))
}

#[test]
fn auto_falls_back_to_the_glyphs_and_says_why() {
    let mirror = serve(|_| (404, vec![]));
    let dir = tempfile::tempdir().unwrap();
    let (name, line) = auto(dir.path(), &[&mirror]);
    assert_eq!(name, "glyphs");
    assert!(line.contains("could not be downloaded") && line.contains("404"), "{line}");
    assert!(line.contains("using the built-in glyphs"), "{line}");
}

#[test]
fn auto_names_a_damaged_file_and_leaves_it_alone() {
    let mirror = serve(|_| (404, vec![]));
    let dir = tempfile::tempdir().unwrap();
    for (stem, rank) in [("train-images", 3), ("train-labels", 1), ("t10k-images", 3), ("t10k-labels", 1)] {
        std::fs::write(dir.path().join(format!("{stem}-idx{rank}-ubyte")), b"<html>").unwrap();
    }
    let (name, line) = auto(dir.path(), &[&mirror]);
    assert_eq!(name, "glyphs");
    assert!(line.contains("train-images-idx3-ubyte: an HTML") && line.contains("built-in glyphs"), "{line}");
    assert_eq!(std::fs::read(dir.path().join("train-images-idx3-ubyte")).unwrap(), b"<html>");
}

#[test]
fn other_idx_files_are_not_taken_for_mnist() {
    let dir = tempfile::tempdir().unwrap();
    for (stem, header) in [("train-images-idx3", &[0, 0, 8, 3][..]), ("t10k-images-idx3", &[0, 0, 8, 3])] {
        let bytes = [header, &[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9]].concat();
        std::fs::write(dir.path().join(format!("{stem}-ubyte")), bytes).unwrap();
    }
    for stem in ["train-labels-idx1", "t10k-labels-idx1"] {
        std::fs::write(dir.path().join(format!("{stem}-ubyte")), [0, 0, 8, 1, 0, 0, 0, 1, 0]).unwrap();
    }
    let options = Options { download: settings(&[]), ..Options::default() };
    let error = data::open(&Source::Mnist, Some(dir.path()), &options, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("train-images-idx3-ubyte: SHA-256") && error.contains("MNIST's is ba891046"), "{error}");
    let path = Source::Path(dir.path().to_path_buf());
    assert_eq!(data::open(&path, None, &options, &mut |_| ()).unwrap().pixels(), 1);
}

#[test]
fn the_real_files_are_read_and_downloaded() {
    let Some(dir) = std::env::var_os("WGVAE_DATA") else {
        println!("skipped: WGVAE_DATA names no folder with MNIST's four files");
        return;
    };
    let original = std::path::PathBuf::from(dir);
    let begin = Instant::now();
    let options = Options { download: settings(&[]), ..Options::default() };
    let mut lines = Vec::new();
    let mnist =
        data::open(&Source::Mnist, Some(&original), &options, &mut |line| lines.push(line.to_string())).unwrap();
    println!("{lines:?} in {:?}", begin.elapsed());
    assert_eq!((mnist.name.as_str(), mnist.width, mnist.height, mnist.classes), ("mnist", 28, 28, 10));
    assert_eq!((mnist.train.count, mnist.test.count), (60_000, 10_000));
    let mean = |images: &[u8]| images.iter().map(|value| *value as f64 / 255.0).sum::<f64>() / images.len() as f64;
    assert!(
        (mean(mnist.train.images.bytes().unwrap()) - 0.130660).abs() < 5e-7,
        "{}",
        mean(mnist.train.images.bytes().unwrap())
    );
    assert!(
        (mean(mnist.test.images.bytes().unwrap()) - 0.132515).abs() < 5e-7,
        "{}",
        mean(mnist.test.images.bytes().unwrap())
    );
    let labels = mnist.train.labels.as_ref().unwrap();
    assert_eq!(labels[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);

    let folder = original.clone();
    let mirror = serve(move |path| match std::fs::read(folder.join(&path[1..])) {
        Ok(bytes) => (200, bytes),
        Err(_) => (404, vec![]),
    });
    if !original.join("t10k-labels-idx1-ubyte.gz").exists() {
        println!("skipped: the download, since WGVAE_DATA does not hold the compressed files");
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let (name, line) = auto(cache.path(), &[&mirror]);
    assert_eq!(name, "mnist");
    assert!(line.contains("downloaded to"), "{line}");
    std::fs::remove_file(cache.path().join("t10k-labels-idx1-ubyte.gz")).unwrap();
    let (_, line) = auto(cache.path(), &[&mirror]);
    assert!(line.contains("1 of its 4 files downloaded"), "{line}");
    let (_, line) = auto(cache.path(), &[]);
    assert!(line.starts_with("MNIST from"), "{line}");
}
