//! A folder of image files as a data set: all in one folder, or a folder per class.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::pictures::{Encoded, Lost, decode};
use super::table::shown;
use super::{ACCEPTED, Dataset, Found, Names, Reading, Split, Whole, metadata};
use crate::{Error, Result};

/// The files of a data set and, where folders stand for classes, the class of each.
struct Listing {
    files: Vec<PathBuf>,
    labels: Option<Vec<u8>>,
    classes: Vec<String>,
    ignored: usize,
    /// Files that cannot be read and were left out.
    bad: Vec<PathBuf>,
}

/// Reads PNG, JPEG and BMP files, in the order of their names, as gray or in colour (transparency is left out), scaled to one size
/// where `reading` has that; else all must be of one. Folders within become classes, in the order of their names, by number where all are numbers; `train` and
/// `test` alone are the two splits, each of them such a folder. Hidden files are passed over. Returns what the folder holds
/// and what that was made of.
///
/// # Errors
/// A folder without images, images beside folders of images, more than 256 classes, classes that differ between
/// `train` and `test`, a symbolic link that leads nowhere, a file that is not an image or not of the size of the first.
pub(super) fn read(dir: &Path, reading: &Reading) -> Result<(Found, String)> {
    let (color, resized, skip_bad) = (reading.color.unwrap_or_default(), reading.size.is_some(), reading.skip_bad);
    let (_, folders) = entries(dir)?;
    let names: Vec<_> = folders.iter().filter_map(|path| path.file_name()).collect();
    let name = dir.display().to_string();
    if names == [OsStr::new("test"), OsStr::new("train")] {
        let (train, test) = (list(&folders[1], skip_bad)?, list(&folders[0], skip_bad)?);
        if train.classes != test.classes {
            let problem = format!("its classes are {:?}, expected {:?} as in train", test.classes, train.classes);
            return Err(Error::malformed(&folders[0], problem));
        }
        let train_images = decode(&train.encoded(), None, reading)?;
        let demanded = Some((train_images.sides, Encoded::File(&train.files[0])));
        let test_images = decode(&test.encoded(), demanded, reading)?;
        let (sides, lost) = (train_images.sides, train_images.lost.and(test_images.lost));
        let note = format!("image files in train and test{}", remarks(&[&train, &test], &lost, reading));
        let class_names = train.class_names();
        let (train, test) = (train.split(&folders[1], train_images.bytes), test.split(&folders[0], test_images.bytes));
        let dataset = Dataset { class_names, color, resized, ..Dataset::new(name, sides, train, test) };
        return Ok((Found::Divided(dataset), note));
    }
    let all = list(dir, skip_bad)?;
    let decoded = decode(&all.encoded(), None, reading)?;
    let note = format!("image files{}", remarks(&[&all], &decoded.lost, reading));
    let class_names = all.class_names();
    let images = all.split(dir, decoded.bytes);
    let whole = Whole::new(dir, decoded.sides, images).with_class_names(class_names);
    Ok((Found::Images(Whole { color, resized, ..whole }), note))
}

impl Listing {
    /// The files that can be decoded; a second time they are decoded for their pixels.
    fn without_bad(self, dir: &Path) -> Result<Listing> {
        let read: Vec<bool> = self.encoded().par_iter().map(|file| file.decoded().is_ok()).collect();
        if !read.contains(&true) {
            return Err(Error::malformed(dir, "none of its pictures can be read"));
        }
        let kept = |i: usize| read[i];
        let labels =
            self.labels.map(|labels| (0..).zip(labels).filter(|(i, _)| kept(*i)).map(|(_, label)| label).collect());
        let (files, bad): (Vec<_>, Vec<_>) = (0..).zip(self.files).partition(|(i, _)| kept(*i));
        let [files, bad] = [files, bad].map(|some| some.into_iter().map(|(_, file)| file).collect());
        Ok(Listing { files, labels, bad, ..self })
    }

    fn encoded(&self) -> Vec<Encoded<'_>> {
        self.files.iter().map(|file| Encoded::File(file)).collect()
    }

    /// The names of the classes; none where they are the numbers from 0 on, which stand for themselves.
    fn class_names(&self) -> Vec<String> {
        match (0..).zip(&self.classes).all(|(number, name): (usize, _)| *name == number.to_string()) {
            true => Vec::new(),
            false => self.classes.clone(),
        }
    }

    /// The files' images, named by their paths within `dir`.
    fn split(self, dir: &Path, images: Vec<u8>) -> Split {
        let within = |path: &PathBuf| path.strip_prefix(dir).unwrap_or(path).display().to_string();
        let names = Names::Files(self.files.iter().map(within).collect());
        Split { images: images.into(), labels: self.labels, count: self.files.len(), names }
    }
}

fn remarks(listings: &[&Listing], lost: &Lost, reading: &Reading) -> String {
    let all = listings[0].classes.as_slice(); // the same in each
    let classes = match all {
        [] => String::new(),
        [first, .., last] if all.len() > 4 => format!(", classes {first} to {last}"),
        few => format!(", classes {}", few.join(", ")),
    };
    let ignored = match listings.iter().map(|listing| listing.ignored).sum() {
        0 => String::new(),
        files => format!(", {files} other files ignored"),
    };
    let bad: Vec<String> =
        listings.iter().flat_map(|listing| &listing.bad).map(|path| path.display().to_string()).collect();
    let bad = match bad.len() {
        0 => String::new(),
        count => format!(", {count} that cannot be read left out: {}", shown(&bad)),
    };
    classes + &ignored + &bad + &lost.words(reading)
}

fn list(dir: &Path, skip_bad: bool) -> Result<Listing> {
    let (here, folders) = entries(dir)?;
    let (mut files, others): (Vec<_>, Vec<_>) = here.into_iter().partition(|path| is_image(path));
    let mut ignored = others.len();
    let (mut labels, mut classes) = (Vec::new(), Vec::new());
    for folder in &folders {
        let (within, deeper) = entries(folder)?;
        let (images, others): (Vec<_>, Vec<_>) = within.into_iter().partition(|path| is_image(path));
        ignored += others.len() + deeper.len();
        if images.is_empty() {
            return Err(Error::malformed(
                folder,
                "a folder without PNG, JPEG or BMP images, expected those of one class",
            ));
        }
        if let Some(file) = files.first().filter(|_| classes.is_empty()) {
            let problem = format!(
                "stands beside the folder {}: expected images or folders of images, not both",
                folder.display()
            );
            return Err(Error::malformed(file, problem));
        }
        let label = u8::try_from(classes.len())
            .map_err(|_| Error::malformed(dir, format!("{} folders, expected at most 256 classes", folders.len())))?;
        classes.push(folder.file_name().unwrap_or_default().to_string_lossy().into_owned());
        labels.extend(std::iter::repeat_n(label, images.len()));
        files.extend(images);
    }
    if files.is_empty() {
        return Err(Error::malformed(dir, format!("not a data set: {ACCEPTED}")));
    }
    let labels = (!classes.is_empty()).then_some(labels);
    let listing = Listing { files, labels, classes, ignored, bad: Vec::new() };
    if skip_bad { listing.without_bad(dir) } else { Ok(listing) }
}

/// The files and the folders in a folder, each in order, without hidden ones.
fn entries(dir: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let entry = entry.map_err(Error::io("read", dir))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    for path in paths {
        if metadata(&path)?.is_dir() { folders.push(path) } else { files.push(path) }
    }
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u64>().ok();
    if folders.iter().all(|folder| number(folder).is_some()) {
        folders.sort_by_key(number);
    }
    Ok((files, folders))
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    ["png", "jpg", "jpeg", "bmp"].iter().any(|known| extension == *known)
}
