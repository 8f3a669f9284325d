//! Downloads that are either whole and right or not there: size and SHA-256 checked, then renamed into place.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use md5::Md5;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::hex;
use crate::{Error, Result};

/// A file as its publisher made it.
#[derive(Clone, Copy, Debug)]
pub struct Remote<'a> {
    /// Its name, at the mirrors and on disk.
    pub name: &'a str,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
    /// What it must hash to.
    pub hash: Hash<'a>,
}

/// A hash in hex.
#[derive(Clone, Copy, Debug)]
pub enum Hash<'a> {
    /// SHA-256.
    Sha256(&'a str),
    /// MD5, which some publishers give: it tells damage, not intent.
    Md5(&'a str),
}

/// The largest file whose size is not known, in bytes.
const MOST: u64 = 1 << 28;

/// Where files come from, and how long to wait for them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Addresses that a file's name is added to, in the order they are tried; none: those that the data set is known to have.
    pub mirrors: Option<Vec<String>>,
    /// How long to wait for a name to be resolved, and again for a connection.
    pub connect: Duration,
    /// How long to wait for the next bytes.
    pub stall: Duration,
    /// How long one file may take at one mirror.
    pub total: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            mirrors: None,
            connect: Duration::from_secs(3),
            stall: Duration::from_secs(6),
            total: Duration::from_secs(120),
        }
    }
}

/// Downloads files into `dir`, which is made if it is missing, one after another, each from the first mirror that
/// has it. The mirror that served one file is the first to be asked for the next.
///
/// # Errors
/// [`Error::Download`] with the failure of every mirror, at the first file that none has; [`Error::Io`] where `dir`
/// cannot be written. A file that failed leaves nothing behind.
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

/// One file from one mirror; the inner error is the mirror's, the outer this machine's.
fn fetch_from(agent: &ureq::Agent, mirror: &str, file: &Remote, dir: &Path) -> Result<Result<(), String>> {
    let mut body = match agent.get(format!("{mirror}{}", file.name)).call() {
        Ok(response) => response.into_body().into_reader().take(file.bytes.unwrap_or(MOST) + 1),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let mut kept = temporary(dir)?;
    let (mut sha256, mut md5, mut bytes, mut chunk) = (Sha256::new(), Md5::new(), 0, vec![0; 64 << 10]);
    loop {
        match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => {
                bytes += read as u64;
                match file.hash {
                    Hash::Sha256(_) => sha256.update(&chunk[..read]),
                    Hash::Md5(_) => md5.update(&chunk[..read]),
                }
                kept.write_all(&chunk[..read]).map_err(Error::io("write", kept.path()))?;
            }
            Err(error) => {
                let whole = file.bytes.map_or(String::new(), |whole| format!(" of {whole}"));
                return Ok(Err(format!("broke off after {bytes}{whole} bytes: {error}")));
            }
        }
    }
    let (least, most) = (file.bytes.unwrap_or(0), file.bytes.unwrap_or(MOST));
    if !(least..=most).contains(&bytes) {
        let found = if bytes > most { "more".to_string() } else { bytes.to_string() };
        return Ok(Err(format!("{found} bytes, expected {most}")));
    }
    let (kind, found, expected) = match file.hash {
        Hash::Sha256(expected) => ("SHA-256", hex(&sha256.finalize()), expected),
        Hash::Md5(expected) => ("MD5", hex(&md5.finalize()), expected),
    };
    if found != expected {
        return Ok(Err(format!("{kind} {found}, expected {expected}")));
    }
    let path = dir.join(file.name);
    kept.as_file().sync_all().map_err(Error::io("write", &path))?;
    kept.persist(&path).map_err(|error| Error::io("create", &path)(error.error))?;
    Ok(Ok(()))
}

/// A file beside the one it is to become, readable by those who may read any new file, deleted unless it is renamed.
fn temporary(dir: &Path) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".download-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the process's umask
    builder.tempfile_in(dir).map_err(Error::io("write into", dir))
}

/// The part of an address that people know it by.
fn host(mirror: &str) -> &str {
    let rest = mirror.split_once("://").map_or(mirror, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
