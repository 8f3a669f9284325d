//! `wgvae data`

use super::{
    options::DataDir,
    print::{progress, result},
    print_json,
};
use crate::{
    Error, Result,
    data::{
        download,
        known::{self, Known, State},
    },
};
use clap::Subcommand;
use serde::Serialize;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    dir: DataDir,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Action {
    /// Download what is missing of data sets that are known by name
    Fetch {
        /// Their names
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        #[command(flatten)]
        dir: DataDir,
        /// Download from here; the name of a file is added [default: where the data set is published]
        #[arg(long, value_name = "URL")]
        mirror: Option<String>,
    },
    /// Check the files that are on this machine against the hashes of those who published them
    Verify {
        /// Names of data sets [default: all that are present]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        #[command(flatten)]
        dir: DataDir,
    },
}

/// A data set that is known by name.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    about: &'static str,
    /// Where its files lie, or would.
    folder: PathBuf,
    /// How many of its files are there.
    present: usize,
    files: usize,
}

pub fn run(arguments: Arguments) -> Result<()> {
    match arguments.action {
        None => list(&arguments.dir, arguments.json),
        Some(Action::Fetch { names, dir, mirror }) => fetch(&names, &dir, mirror),
        Some(Action::Verify { names, dir }) => verify(&names, &dir),
    }
}

fn list(dir: &DataDir, json: bool) -> Result<()> {
    let mut lines = Vec::new();
    for known in &known::ALL {
        let folder = known.folder(dir.data_dir.as_deref())?;
        let states = known.present(&folder);
        let Known { name, about, .. } = *known;
        lines.push(Line {
            name,
            about,
            folder,
            present: states.iter().filter(|there| **there).count(),
            files: states.len(),
        });
    }
    if json {
        return print_json(&lines);
    }
    for Line { name, about, folder, present, files } in lines {
        let place = match present {
            0 => "not on this machine".to_string(),
            _ => format!("{present} of {files} files in {}", folder.display()),
        };
        result!("{name:<14} {about}; {place}")?;
    }
    Ok(())
}

fn named(names: &[String]) -> Result<Vec<&'static Known>> {
    let find = |name: &String| {
        let all = || known::ALL.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
        Known::find(name).ok_or_else(|| Error::invalid("NAME", format!("{name} is not known; there are {}", all())))
    };
    names.iter().map(find).collect()
}

fn fetch(names: &[String], dir: &DataDir, mirror: Option<String>) -> Result<()> {
    for known in named(names)? {
        let folder = known.folder(dir.data_dir.as_deref())?;
        let mirrors = mirror.as_ref().map(|mirror| vec![format!("{}/", mirror.trim_end_matches('/'))]);
        let files = known.fetch(&folder, &download::Settings { mirrors, ..Default::default() })?;
        progress!("{}: {files} files downloaded", known.name);
        result!("{}", folder.display())?;
    }
    Ok(())
}

fn verify(names: &[String], dir: &DataDir) -> Result<()> {
    let (mut wrong, mut checked) = (0, 0);
    let asked = named(names)?;
    for known in &known::ALL {
        let folder = known.folder(dir.data_dir.as_deref())?;
        let is_asked = asked.iter().any(|other| other.name == known.name);
        if !(is_asked || names.is_empty() && known.present(&folder).contains(&true)) {
            continue;
        }
        for (file, state) in known.verify(&folder) {
            let (right, words) = match state {
                State::Right => (true, "as it was published".to_string()),
                State::Unknown => (true, "here, and no hash of it is known".into()),
                State::Missing => (false, "missing".into()),
                State::Wrong(problem) => (false, problem),
            };
            checked += 1;
            wrong += usize::from(!right);
            result!("{:<14} {file:<28} {words}", known.name)?;
        }
    }
    match (checked, wrong) {
        (0, _) => Err(Error::invalid("data verify", "no data set that is known by name is on this machine")),
        (_, 0) => Ok(()),
        _ => Err(Error::CheckFailed(format!("{wrong} of {checked} files are not as they were published"))),
    }
}
