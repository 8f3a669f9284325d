//! The report of runs: a page of one file, and the same page served while a run trains.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;

use base64::{Engine, prelude::BASE64_STANDARD};
use command::{fails, read, refused, succeed, text};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Trains a small run.
fn train(dir: &Path, arguments: &[&str]) {
    let own = ["train", "vae", "--device", "cpu", "--data", "glyphs", "--train-limit", "64", "--test-limit", "12"];
    let small = ["--hidden", "16", "--out", dir.to_str().unwrap()];
    succeed(&[&own[..], &small, arguments].concat());
}

fn report(runs: &[&Path], to: &Path) -> String {
    let runs: Vec<&str> = runs.iter().map(|run| run.to_str().unwrap()).collect();
    let (out, _) = succeed(&[&["report"], &runs[..], &["-o", to.to_str().unwrap()]].concat());
    assert_eq!(out.trim(), to.to_str().unwrap());
    text(&read(to)).into()
}

/// What stands between `from` and the next `to`.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let rest = page.split_once(from).unwrap_or_else(|| panic!("the page has no {from}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("the page has no {to} behind {from}")).0
}

/// Asserts that nothing in a page makes a request or runs.
fn asks_nobody(page: &str) {
    for attribute in ["src=\"", "href=\"", "url(", "action=\"", "srcset"] {
        for (at, _) in page.match_indices(attribute) {
            let value = &page[at + attribute.len()..];
            assert!(value.starts_with("data:"), "{attribute}{}", &value[..40.min(value.len())]);
        }
    }
    assert!(!page.contains("<script") && !page.contains("@import") && page.contains("default-src 'none'"));
}

#[test]
fn a_report_shows_a_run_in_one_file_that_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a & <b>");
    train(&dir, &["--epochs", "3", "--seed", "5"]);
    let page = report(&[&dir], &folder.path().join("report.html"));
    asks_nobody(&page);
    assert!(
        page.contains("<title>a &amp; &lt;b&gt; · wgvae</title>") && !page.contains("<b>"),
        "names are not escaped"
    );
    let figures = between(&page, "<h2>Figures</h2>", "</section>");
    let metrics: serde_json::Value =
        serde_json::from_str(text(&read(dir.join("metrics.jsonl"))).lines().last().unwrap()).unwrap();
    let loss = format!("<td class=\"number\">{:.3}</td>", metrics["test"]["loss"].as_f64().unwrap());
    assert!(
        figures.contains("<td>finished</td>") && figures.contains("3 of 3") && figures.contains(&loss),
        "{figures}"
    );
    let curves = between(&page, "<h2>Curves</h2>", "</section>");
    assert_eq!(curves.matches("<svg ").count(), 3, "loss, reconstruction, KL");
    assert!(curves.contains("KL divergence per image (nats)"));
    let embedded: Vec<Vec<u8>> = page
        .split("data:image/png;base64,")
        .skip(1)
        .map(|rest| BASE64_STANDARD.decode(rest.split('"').next().unwrap()).unwrap())
        .collect();
    let files = ["reconstructions", "samples", "traversal", "epoch-001", "epoch-002", "epoch-003"];
    assert!(embedded == files.map(|name| read(dir.join("images").join(format!("{name}.png")))));
    let config = between(&page, "<h2>Configuration</h2>", "</section>");
    assert!(config.contains("<th scope=\"row\">seed</th><td>5</td>") && config.contains(">model.latent</th><td>8<"));
    assert!(!page.contains("http-equiv=\"refresh\""));
}

#[test]
fn a_report_of_several_runs_says_what_differs_and_draws_units_apart() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second, third, none] = ["first", "second", "third", "none"].map(|name| folder.path().join(name));
    train(&first, &["--epochs", "1"]);
    train(&second, &["--epochs", "12", "--lr", "0.01"]);
    train(&third, &["--epochs", "1", "--loss", "bce"]);
    train(&none, &["--epochs", "1"]);
    fs::write(none.join("metrics.jsonl"), "").unwrap();
    fs::write(none.join("failure.txt"), "no <room>\n").unwrap();
    let page = report(&[&first, &second, &third, &none], &folder.path().join("report.html"));
    asks_nobody(&page);
    assert!(page.contains("<td class=\"failed\">failed: no &lt;room&gt;</td>"));
    let curves = between(&page, "<h2>Curves</h2>", "</section>");
    assert_eq!(curves.matches("<svg ").count(), 6, "three of squared errors, three of nats");
    for label in [">loss per image (squared error + ", ">loss per image (nats + ", ">KL divergence per image (nats)<"] {
        assert!(curves.contains(label), "no curves of {label}");
    }
    let differences = between(&page, "<h2>Differences of the configurations</h2>", "<details>");
    assert!(
        differences.contains(">adam.lr</th><td>0.001</td><td>0.01</td><td>0.001</td><td>0.001</td>"),
        "{differences}"
    );
    assert!(!differences.contains(">seed<"));
    let shared = between(&page, "<details>", "</details>");
    assert!(shared.contains(">seed</th><td>0</td></tr>") && !shared.contains(">adam.lr<"));
    // of twelve sheets the first, the last and some between
    let second = between(&page, "<h3>second</h3>", "<h3>");
    let sheets: Vec<&str> =
        second.split("<figcaption>epoch ").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert!(sheets.len() == 6 && sheets[0] == "1" && sheets[5] == "12", "{sheets:?}");

    let out = folder.path().join("report.html");
    let own = ["report", first.to_str().unwrap(), "-o", out.to_str().unwrap()];
    fails(&own, &["report.html exists: replace it with --force"]);
    succeed(&[&own[..], &["--force"]].concat());
    fails(&["report", first.to_str().unwrap(), "-o", "report.txt"], &["must end in .html"]);
    fails(&["report", folder.path().join("no").to_str().unwrap(), "-o", "r.html"], &["there is no such directory"]);
}

/// Training that goes on until it is killed, and the address its report is at.
struct Watched(Child, u16);

impl Watched {
    fn begin(dir: &Path) -> Watched {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgvae"));
        command.args(["train", "vae", "--device", "cpu", "--data", "glyphs", "--train-limit", "200", "--test-limit"]);
        command.args(["12", "--hidden", "16", "--epochs", "100000", "--watch", "--out"]).arg(dir);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find_map(|line| line.unwrap().strip_prefix("watch: http://127.0.0.1:").map(String::from));
        let port = line.expect("an address").trim_end_matches('/').parse().unwrap();
        std::thread::spawn(move || lines.for_each(drop)); // so that it is not stopped by a full pipe
        Watched(child, port)
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.1)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request.replace("PORT", &self.1.to_string()).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_run_is_watched_from_this_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let watched = Watched::begin(&dir);
    let idle: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(("127.0.0.1", watched.1)).unwrap()).collect();
    let start = Instant::now();
    let page = loop {
        let answer = watched.ask("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n");
        assert!(start.elapsed() < Duration::from_secs(60));
        if answer.contains("<svg ") {
            break answer;
        }
    };
    drop(idle);
    let (head, page) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", page.len())), "{head}");
    asks_nobody(page);
    assert!(page.contains("<td>running</td>") && page.contains("<meta http-equiv=\"refresh\" content=\"10\">"));
    for (request, status) in [
        ("GET /config.json HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", "404"),
        ("POST / HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", "405"),
        ("GET / HTTP/1.1\r\nHost: elsewhere.example:PORT\r\n\r\n", "403"),
        ("GET / HTTP/1.1\r\n\r\n", "403"),
        ("hello\r\nhost: localhost:PORT\r\n\r\n", "400"),
    ] {
        let answer = watched.ask(request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")) && !answer.contains("<svg"),
            "{request:?}: {answer}"
        );
    }
    #[cfg(target_os = "linux")] // where all of 127.0.0.0/8 is this machine
    assert!(TcpStream::connect(("127.0.0.2", watched.1)).is_err(), "it listens on other addresses too");

    let other = folder.path().join("other");
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_wgvae"));
    command.args(["train", "vae", "--data", "glyphs", "--device", "cpu", "--watch", &watched.1.to_string(), "--out"]);
    refused(command.arg(&other), 1, &[&format!("--watch: port {} of 127.0.0.1 cannot be had", watched.1)]);
    assert!(!other.exists());
}
