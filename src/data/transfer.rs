//! Downloads that are either whole and right or not there: size and hash checked, then renamed into place. One that broke off goes on
//! where it was.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::download::{Hash, Remote, Settings};
use super::hex;
use crate::{Error, Result};

/// The largest file whose size is not known, in bytes.
const MOST: u64 = 1 << 30;
/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// Downloads files into `dir`, which is made if it is missing, one after another, each from the first mirror that
/// has it. The mirror that served one file is the first to be asked for the next.
///
/// # Errors
/// [`Error::Download`] with the failure of every mirror, at the first file that none has; [`Error::Io`] where `dir`
/// cannot be written. A file that failed leaves nothing behind, or where a mirror broke off a hidden part, which the next attempt goes
/// on with.
pub fn fetch(files: &[Remote], dir: &Path, settings: &Settings) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    let config = ureq::Agent::config_builder()
        .timeout_resolve(Some(settings.connect))
        .timeout_connect(Some(settings.connect))
        .timeout_recv_response(Some(settings.stall))
        .timeout_per_read(Some(settings.stall))
        .timeout_global(Some(settings.total))
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let mut mirrors: Vec<&str> = settings.mirrors.iter().flatten().map(String::as_str).collect();
    for file in files {
        let mut failures: Vec<(String, String)> = Vec::new(); // hosts, and the problem they share
        let mut served = None;
        for (i, mirror) in mirrors.iter().enumerate() {
            match fetch_from(&agent, mirror, file, dir)? {
                Ok(()) => {
                    served = Some(i);
                    break;
                }
                Err(problem) => match failures.last_mut() {
                    Some((hosts, same)) if *same == problem => *hosts += &format!(", {}", host(mirror)),
                    _ => failures.push((host(mirror).to_string(), problem)),
                },
            }
        }
        let Some(i) = served else {
            let problem = match failures.as_slice() {
                [] => "no mirror is named".to_string(),
                some => {
                    some.iter().map(|(hosts, problem)| format!("{hosts}: {problem}")).collect::<Vec<_>>().join("; ")
                }
            };
            return Err(Error::Download { file: file.name.to_string(), problem });
        };
        mirrors[..=i].rotate_right(1);
    }
    Ok(())
}

/// One file from one mirror; the inner error is the mirror's, the outer this machine's. What arrives of a file before a mirror breaks off
/// is kept, and the next attempt asks for the rest.
fn fetch_from(agent: &ureq::Agent, mirror: &str, file: &Remote, dir: &Path) -> Result<Result<(), String>> {
    let (path, place) = (dir.join(file.name), dir.join(format!(".download-{}", file.name)));
    let Some(mut part) = Part::open(&place)? else { return Ok(Err("another process is downloading it".into())) };
    let outcome = part.fill(agent, &format!("{mirror}{}", file.name), file)?;
    let keeps = matches!(&outcome, Err(Failure::BrokeOff(_))) && part.bytes > 0;
    let outcome = match outcome {
        Ok(()) => part.check(file),
        Err(Failure::BrokeOff(problem) | Failure::Refused(problem)) => Err(problem),
    };
    match outcome {
        Ok(()) => {
            part.file.sync_all().map_err(Error::io("write", &path))?;
            std::fs::rename(&place, &path).map_err(Error::io("create", &path))?;
        }
        Err(_) if keeps => {}
        Err(_) => std::fs::remove_file(&place).map_err(Error::io("remove", &place))?,
    }
    Ok(outcome)
}

/// What a mirror did wrong.
enum Failure {
    /// It has not got the file.
    Refused(String),
    /// It gave a part of it, or nothing in time.
    BrokeOff(String),
}

/// What has arrived of a file, beside its place.
struct Part<'a> {
    place: &'a Path,
    /// Locked: one process at a time writes it.
    file: File,
    bytes: u64,
    sha256: Sha256,
    md5: Md5,
}

impl Part<'_> {
    /// What was kept of an earlier attempt, or an empty part; none where another process has it.
    fn open(place: &Path) -> Result<Option<Part<'_>>> {
        let options = File::options().read(true).append(true).create(true).clone();
        let file = options.open(place).map_err(Error::io("create", place))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", place)(error)),
        }
        let mut part = Part { place, file, bytes: 0, sha256: Sha256::new(), md5: Md5::new() };
        let mut chunk = vec![0; CHUNK];
        loop {
            match part.file.read(&mut chunk).map_err(Error::io("read", place))? {
                0 => return Ok(Some(part)),
                read => part.count(&chunk[..read]),
            }
        }
    }

    fn count(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        self.sha256.update(chunk);
        self.md5.update(chunk);
    }

    fn empty(&mut self) -> Result<()> {
        (self.bytes, self.sha256, self.md5) = (0, Sha256::new(), Md5::new());
        self.file.set_len(0).map_err(Error::io("write", self.place))
    }

    /// Downloads what is not there yet.
    fn fill(&mut self, agent: &ureq::Agent, address: &str, file: &Remote) -> Result<Result<(), Failure>> {
        if self.bytes > 0 && file.bytes.is_some_and(|whole| self.bytes >= whole) {
            return Ok(Ok(()));
        }
        let mut request = agent.get(address);
        if self.bytes > 0 {
            request = request.header("Range", format!("bytes={}-", self.bytes));
        }
        let response = match request.call() {
            Ok(response) => response,
            Err(error @ ureq::Error::StatusCode(_)) => return Ok(Err(Failure::Refused(error.to_string()))),
            Err(error) => return Ok(Err(Failure::BrokeOff(error.to_string()))),
        };
        let from = format!("bytes {}-", self.bytes);
        let range = response.headers().get("Content-Range").and_then(|range| range.to_str().ok());
        if !(response.status() == 206 && range.is_some_and(|range| range.starts_with(&from))) {
            self.empty()?; // the mirror begins at the beginning
        }
        let most = file.bytes.unwrap_or(MOST) + 1;
        let mut body = response.into_body().into_reader().take(most.saturating_sub(self.bytes));
        let mut chunk = vec![0; CHUNK];
        loop {
            match body.read(&mut chunk) {
                Ok(0) => return Ok(Ok(())),
                Ok(read) => {
                    self.file.write_all(&chunk[..read]).map_err(Error::io("write", self.place))?;
                    self.count(&chunk[..read]);
                }
                Err(error) => {
                    let whole = file.bytes.map_or(String::new(), |whole| format!(" of {whole}"));
                    return Ok(Err(Failure::BrokeOff(format!("broke off after {}{whole} bytes: {error}", self.bytes))));
                }
            }
        }
    }

    /// Checks the size and the hash of a part that is all there.
    fn check(&self, file: &Remote) -> Result<(), String> {
        let (least, most) = (file.bytes.unwrap_or(0), file.bytes.unwrap_or(MOST));
        if !(least..=most).contains(&self.bytes) {
            let found = if self.bytes > most { "more".to_string() } else { self.bytes.to_string() };
            return Err(format!("{found} bytes, expected {most}"));
        }
        let (kind, found, expected) = match file.hash {
            Hash::Sha256(expected) => ("SHA-256", hex(&self.sha256.clone().finalize()), expected),
            Hash::Md5(expected) => ("MD5", hex(&self.md5.clone().finalize()), expected),
        };
        match found == expected {
            true => Ok(()),
            false => Err(format!("{kind} {found}, expected {expected}")),
        }
    }
}

/// The part of an address that people know it by.
fn host(mirror: &str) -> &str {
    let rest = mirror.split_once("://").map_or(mirror, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
