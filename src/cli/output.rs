//! Where commands write: never over a file that exists, unless told to.

use crate::{Error, Result};
use clap::Args;
use std::path::{Path, PathBuf};

/// Refuses `path`, given with `option`, where it is of none of the `formats`, and where it exists and is not to be replaced.
pub fn check(option: &str, path: &Path, formats: &[&str], force: bool) -> Result<()> {
    if path.extension().is_none() && formats.iter().any(|format| path.ends_with(format!(".{format}"))) {
        return Err(Error::invalid(option, format!("{} is an extension without a name before it", path.display())));
    }
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    if !extension.is_some_and(|extension| formats.contains(&extension.as_str())) {
        return Err(Error::invalid(option, format!("{} must end in .{}", path.display(), formats.join(" or ."))));
    }
    match path.exists() && !force {
        true => Err(Error::invalid(option, format!("{} exists: replace it with --force", path.display()))),
        false => Ok(()),
    }
}

/// Where a picture is written.
#[derive(Args)]
pub struct OutputOptions {
    /// Write the picture to FILE [default: named after the command, in RUN/images where there is a run]; sample writes arrays to a .npy,
    /// and rows of a table to a .csv or .npy
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace FILE where it exists
    #[arg(long)]
    force: bool,
}

impl OutputOptions {
    /// The file asked for, or `images/NAME.png` of the run in `dir`.
    pub fn picture(&self, dir: &Path, name: &str, formats: &[&str]) -> Result<PathBuf> {
        match &self.output {
            Some(path) => self.checked(path, formats),
            None => picture_of_run(dir, &format!("{name}.png")),
        }
    }

    /// The CSV file asked for, or `NAME.csv` in the run's directory `dir`.
    pub fn table(&self, dir: &Path, name: &str) -> Result<PathBuf> {
        match &self.output {
            Some(path) => self.checked(path, &["csv"]),
            None => Ok(dir.join(format!("{name}.csv"))),
        }
    }

    /// The file asked for, or `NAME.csv` in the run's directory `dir`: rows of a table.
    pub fn rows(&self, dir: &Path, name: &str) -> Result<PathBuf> {
        match &self.output {
            Some(path) => self.checked(path, &["csv", "npy"]),
            None => Ok(dir.join(format!("{name}.csv"))),
        }
    }

    /// The file asked for, or `default`.
    pub fn file(&self, default: &str, formats: &[&str]) -> Result<PathBuf> {
        self.checked(self.output.as_deref().unwrap_or(Path::new(default)), formats)
    }

    fn checked(&self, path: &Path, formats: &[&str]) -> Result<PathBuf> {
        check("--output", path, formats, self.force)?;
        Ok(path.to_path_buf())
    }
}

/// Whether a file's name ends in this extension, in either case.
pub fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// `images/NAME` of the run in `dir`, which is replaced: where training writes a file of that name, it shows the same.
pub fn picture_of_run(dir: &Path, name: &str) -> Result<PathBuf> {
    let images = dir.join("images");
    std::fs::create_dir_all(&images).map_err(Error::io("create", &images))?;
    Ok(images.join(name))
}
