//! A folder of image files as a data set: all in one folder, or a folder per class.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use image::ImageReader;
use rayon::prelude::*;

use super::{ACCEPTED, Dataset, Split, divide};
use crate::{Error, Result};

/// The files of a data set and, where folders stand for classes, the class of each.
struct Listing {
    files: Vec<PathBuf>,
    labels: Option<Vec<u8>>,
    classes: Vec<String>,
    ignored: usize,
}

/// Reads PNG, JPEG and BMP files, in the order of their names, as gray (transparency is left out); all must be of one
/// size. Folders within become classes, in the order of their names, by number where all are numbers; `train` and
/// `test` alone are the two splits, each of them such a folder. Else a seventh of the images becomes the test split.
/// Hidden files are passed over. Returns the data set and what it was made of.
///
/// # Errors
/// A folder without images, images beside folders of images, more than 256 classes, classes that differ between
/// `train` and `test`, a file that is not an image or not of the size of the first.
pub fn read(dir: &Path) -> Result<(Dataset, String)> {
    let (_, folders) = entries(dir)?;
    let names: Vec<_> = folders.iter().filter_map(|path| path.file_name()).collect();
    let name = dir.display().to_string();
    if names == [OsStr::new("test"), OsStr::new("train")] {
        let (train, test) = (list(&folders[1])?, list(&folders[0])?);
        if train.classes != test.classes {
            let problem = format!("its classes are {:?}, expected {:?} as in train", test.classes, train.classes);
            return Err(Error::malformed(&folders[0], problem));
        }
        let (train_images, sides) = decode(&train.files, None)?;
        let (test_images, _) = decode(&test.files, Some((sides, &train.files[0])))?;
        let note = format!("image files in train and test{}", remarks(&train, train.ignored + test.ignored));
        let train = Split { images: train_images, labels: train.labels, count: train.files.len() };
        let test = Split { images: test_images, labels: test.labels, count: test.files.len() };
        return Ok((Dataset::new(name, sides, train, test), note));
    }
    let all = list(dir)?;
    let (images, sides) = decode(&all.files, None)?;
    let (train, test) = divide(dir, &images, all.labels.as_deref(), sides[0] * sides[1])?;
    let note = format!("image files, a seventh for the test{}", remarks(&all, all.ignored));
    Ok((Dataset { classes: all.classes.len(), ..Dataset::new(name, sides, train, test) }, note))
}

fn remarks(listing: &Listing, ignored: usize) -> String {
    let classes = match listing.classes.as_slice() {
        [] => String::new(),
        [first, .., last] if listing.classes.len() > 4 => format!(", classes {first} to {last}"),
        few => format!(", classes {}", few.join(", ")),
    };
    let ignored = match ignored {
        0 => String::new(),
        files => format!(", {files} other files ignored"),
    };
    classes + &ignored
}

fn list(dir: &Path) -> Result<Listing> {
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
    Ok(Listing { files, labels, classes, ignored })
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
    let (mut folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
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

/// The gray values of all files, `[files, height, width]`, and `[height, width]`: those demanded, or the first file's.
fn decode(files: &[PathBuf], demanded: Option<([usize; 2], &Path)>) -> Result<(Vec<u8>, [usize; 2])> {
    let images = files.par_iter().map(|file| {
        let reader = ImageReader::open(file).map_err(Error::io("read", file))?;
        let reader = reader.with_guessed_format().map_err(Error::io("read", file))?;
        let image =
            reader.decode().map_err(|error| Error::malformed(file, format!("not a readable image: {error}")))?;
        Ok(image.into_luma8())
    });
    let images = images.collect::<Result<Vec<_>>>()?;
    let size = |image: &image::GrayImage| [image.height() as usize, image.width() as usize];
    let (sides, model) = demanded.unwrap_or_else(|| (size(&images[0]), &files[0]));
    if let Some(i) = images.iter().position(|image| size(image) != sides) {
        let ([height, width], [wanted_height, wanted_width]) = (size(&images[i]), sides);
        let problem =
            format!("{width}x{height} pixels, expected {wanted_width}x{wanted_height} as of {}", model.display());
        return Err(Error::malformed(&files[i], problem));
    }
    Ok((images.into_iter().flat_map(image::GrayImage::into_raw).collect(), sides))
}
