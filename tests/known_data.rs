//! Data sets that are known by name: listed, downloaded, verified, and trained on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;

use command::{fails, succeed, text, wgvae};
use std::{fs, io::Write, path::Path, thread};
use wgvae::data::{
    self, Options, Source,
    download::{Hash, Remote, Settings, fetch},
    known::{Known, State},
};

/// A server that answers every request with these bytes.
fn serve(bytes: &'static [u8]) -> String {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", server.server_addr());
    thread::spawn(move || {
        for request in server.incoming_requests() {
            let _ = request.respond(tiny_http::Response::from_data(bytes));
        }
    });
    address
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The four files of a tiny data set of 2 x 2 pixels, compressed where `end` says so.
fn tiny(folder: &Path, end: &str) {
    fs::create_dir_all(folder).unwrap();
    for split in ["train", "t10k"] {
        let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2][..], &[1, 2, 3, 4, 5, 6, 7, 8]].concat();
        let labels = [0, 0, 8, 1, 0, 0, 0, 2, 0, 1];
        for (name, bytes) in [("images-idx3", &images[..]), ("labels-idx1", &labels)] {
            let bytes = if end.is_empty() { bytes.to_vec() } else { gzip(bytes) };
            fs::write(folder.join(format!("{split}-{name}-ubyte{end}")), bytes).unwrap();
        }
    }
}

#[test]
fn known_names_are_listed_with_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    tiny(&dir.path().join("kmnist"), "");
    let at = dir.path().to_str().unwrap();
    let (json, _) = succeed(&["data", "--data-dir", at, "--json"]);
    let list: serde_json::Value = serde_json::from_str(&json).unwrap();
    let line = |i: usize| {
        (list[i]["name"].as_str().unwrap(), list[i]["present"].as_u64().unwrap(), list[i]["files"].as_u64().unwrap())
    };
    assert_eq!([0, 1, 2].map(line), [("mnist", 0, 4), ("fashion-mnist", 0, 4), ("kmnist", 4, 4)]);
    let (words, _) = succeed(&["data", "--data-dir", at]);
    assert!(words.lines().nth(1).unwrap().ends_with("; not on this machine"), "{words}");
    assert!(words.lines().nth(2).unwrap().contains("4 of 4 files in"), "{words}");
}

#[test]
fn a_file_that_is_not_the_publishers_is_not_fetched() {
    let (dir, mirror) = (tempfile::tempdir().unwrap(), serve(b"something else"));
    let at = dir.path().to_str().unwrap();
    let words = ["cannot download train-images-idx3-ubyte.gz", "MD5", "expected 8d4fb7e6c68d591d4c3dfef9ec88bf0d"];
    fails(&["data", "fetch", "fashion-mnist", "--data-dir", at, "--mirror", &mirror], &words);
    assert_eq!(fs::read_dir(dir.path().join("fashion-mnist")).unwrap().count(), 0, "left behind");
    fails(
        &["data", "fetch", "fashion", "--data-dir", at],
        &["fashion is not known; there are mnist, fashion-mnist, kmnist, emnist-digits, emnist-letters"],
    );
    // MD5 of "something else"
    let file = Remote { name: "x.gz", bytes: None, hash: Hash::Md5("6c7ba9c5a141421e1c03cb9807c97c74") };
    let settings = Settings { mirrors: Some(vec![mirror]), ..Settings::default() };
    fetch(&[file], dir.path(), &settings).unwrap();
    assert_eq!(fs::read(dir.path().join("x.gz")).unwrap(), b"something else");
    // nothing is missing: no mirror is asked
    tiny(&dir.path().join("kmnist"), "");
    succeed(&["data", "fetch", "kmnist", "--data-dir", at, "--mirror", "http://127.0.0.1:9/"]);
}

#[test]
fn files_are_verified_and_wrong_ones_are_not_trained_on() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().to_str().unwrap();
    fails(&["data", "verify", "--data-dir", at], &["no data set that is known by name is on this machine"]);
    let known = Known::find("kmnist").unwrap();
    let folder = known.folder(Some(dir.path())).unwrap();
    tiny(&folder, "");
    assert!(known.verify(&folder).iter().all(|(_, state)| *state == State::Unknown));
    succeed(&["data", "verify", "--data-dir", at]);
    let open = || data::open(&Source::Known("kmnist"), Some(dir.path()), &Options::default(), &mut |_| ());
    let found = open().unwrap();
    assert_eq!((found.name.as_str(), found.train.count, found.directory.as_deref()), ("kmnist", 2, Some(dir.path())));

    fs::remove_dir_all(&folder).unwrap();
    tiny(&folder, ".gz");
    assert!(known.verify(&folder).iter().all(|(_, state)| matches!(state, State::Wrong(_))));
    let output = wgvae(&["data", "verify", "kmnist", "--data-dir", at]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("that of kmnist is bdb82020997e1d708af4cf47b453dcf7"), "{output:?}");
    assert!(text(&output.stderr).contains("4 of 4 files are not as they were published"), "{output:?}");
    let error = open().unwrap_err().to_string();
    assert!(error.contains("train-images-idx3-ubyte.gz: its hash is") && error.contains("delete the file"), "{error}");
    fs::remove_file(folder.join("t10k-labels-idx1-ubyte.gz")).unwrap();
    let output = wgvae(&["data", "verify", "kmnist", "--data-dir", at]);
    assert!(text(&output.stdout).lines().nth(3).unwrap().ends_with(" missing"), "{output:?}");
}

#[test]
fn a_run_on_a_known_data_set_finds_it_again() {
    let dir = tempfile::tempdir().unwrap();
    tiny(&dir.path().join("kmnist"), "");
    let (at, out) = (dir.path().to_str().unwrap(), dir.path().join("run").display().to_string());
    let small = ["--device", "cpu", "--hidden", "3", "--latent", "1", "--epochs", "1", "--out", &out];
    succeed(&[&["train", "vae", "--data", "kmnist", "--data-dir", at], &small[..]].concat());
    let config = command::json(format!("{out}/config.json"));
    assert_eq!(config["data"]["source"], "kmnist");
    // samples as an array of images
    let array = dir.path().join("drawn.npy");
    succeed(&["sample", &out, "--count", "3", "-o", array.to_str().unwrap(), "--device", "cpu"]);
    let drawn: ndarray::Array3<f32> = ndarray_npy::read_npy(&array).unwrap();
    assert!(drawn.dim() == (3, 2, 2) && drawn.iter().all(|value| (0.0..=1.0).contains(value)), "{drawn}");
    let mut evaluate = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
    let output = evaluate.args(["evaluate", &out, "--device", "cpu"]).env_remove("WGVAE_DATA").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// What [`tiny`] makes, as the archive of EMNIST has it: three labelled images of 2 x 3 pixels, stored with rows and columns exchanged.
fn emnist(path: &Path, labels: [u8; 3]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for split in ["train", "test"] {
        let sizes = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3];
        let images = [&sizes[..], &[1, 2, 3, 4, 5, 6].repeat(3)].concat();
        let labels = [&[0, 0, 8, 1, 0, 0, 0, 3][..], &labels].concat();
        for (name, bytes) in [("images-idx3", images), ("labels-idx1", labels)] {
            let name = format!("gzip/emnist-letters-{split}-{name}-ubyte.gz");
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(&gzip(&bytes)).unwrap();
        }
    }
    archive.finish().unwrap();
}

#[test]
fn letters_are_turned_and_have_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().to_str().unwrap();
    emnist(&dir.path().join("emnist/gzip.zip"), [1, 26, 2]);
    let open = || data::open(&Source::Known("emnist-letters"), Some(dir.path()), &Options::default(), &mut |_| ());
    let found = open().unwrap();
    assert_eq!((found.height, found.width, found.classes), (3, 2, 26));
    assert_eq!(found.train.images.bytes().unwrap()[..6], [1, 4, 2, 5, 3, 6]);
    assert_eq!(found.test.labels.as_deref(), Some(&[0, 25, 1][..]));
    assert_eq!((found.class_names[0].as_str(), found.class_names[25].as_str()), ("a", "z"));
    let (words, _) = succeed(&["data", "verify", "emnist-letters", "--data-dir", at]);
    assert_eq!(words.matches("here, and no hash of it is known").count(), 4, "{words}");
    // the archive has no digits; letters have no class 0; an archive that is something else is none
    let words = ["gzip.zip", "has no gzip/emnist-digits-train-images-idx3-ubyte.gz", "delete it to have it downloaded"];
    fails(&["data", "fetch", "emnist-digits", "--data-dir", at], &words);
    fs::remove_dir_all(dir.path().join("emnist-letters")).unwrap();
    emnist(&dir.path().join("emnist/gzip.zip"), [0, 1, 2]);
    assert!(open().unwrap_err().to_string().contains("a label 0, expected 1 to 26"));
    fs::remove_dir_all(dir.path().join("emnist-letters")).unwrap();
    fs::write(dir.path().join("emnist/gzip.zip"), b"no archive").unwrap();
    assert!(open().unwrap_err().to_string().contains("gzip.zip: not a whole archive"));
    fs::remove_file(dir.path().join("emnist/gzip.zip")).unwrap();
    let mirror = serve(b"something else");
    let words = ["cannot download gzip.zip", "MD5", "expected 58c8d27c78d21e728a6bc7b3cc06412e"];
    fails(&["data", "fetch", "emnist-letters", "--data-dir", at, "--mirror", &mirror], &words);
}
