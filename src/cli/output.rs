//! Where commands write: never over a file that exists, unless told to.

use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Refuses `path`, given with `option`, where it is of none of the `formats`, and where it exists and is not to be replaced.
pub fn check(option: &str, path: &Path, formats: &[&str], force: bool) -> Result<()> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    if !extension.is_some_and(|extension| formats.contains(&extension.as_str())) {
        return Err(Error::invalid(option, format!("{} must end in .{}", path.display(), formats.join(" or ."))));
    }
    match path.exists() && !force {
        true => Err(Error::invalid(option, format!("{} exists: replace it with --force", path.display()))),
        false => Ok(()),
    }
}

/// `images/NAME` of the run in `dir`, which is replaced: training writes no file of that name.
pub fn picture_of_run(dir: &Path, name: &str) -> Result<PathBuf> {
    let images = dir.join("images");
    std::fs::create_dir_all(&images).map_err(Error::io("create", &images))?;
    Ok(images.join(name))
}
