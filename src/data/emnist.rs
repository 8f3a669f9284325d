//! EMNIST: digits and letters, published as one archive of compressed IDX files whose images are stored with rows and columns exchanged.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zip::ZipArchive;

use super::download::{self, Hash, Remote};
use super::mnist::PARTS;
use super::{Dataset, Split};
use crate::files::write_atomically;
use crate::{Error, Result};

/// The archive with all parts of EMNIST, 536 MB; its hash is torchvision's.
const ARCHIVE: Remote = Remote { name: "gzip.zip", bytes: None, hash: Hash::Md5("58c8d27c78d21e728a6bc7b3cc06412e") };
/// The largest file of the archive that is unpacked, in bytes.
const MOST: u64 = 1 << 30;

/// A part of EMNIST.
pub(super) struct Part {
    /// What the archive calls it.
    pub name: &'static str,
    /// Whether its classes are the letters of the alphabet, numbered from 1.
    pub letters: bool,
}

impl Part {
    /// Unpacks into `folder` the files that it lacks, from the archive beside it, which is downloaded where it is not there and stays for the
    /// other parts. Says how many files those were.
    ///
    /// # Errors
    /// As [`download::fetch`] and [`unpack`].
    pub(super) fn fetch(&self, folder: &Path, settings: &download::Settings) -> Result<usize> {
        let missing = PARTS.iter().filter(|part| part.find(folder).is_none()).count();
        if missing == 0 {
            return Ok(0);
        }
        let archives = folder.with_file_name("emnist");
        let archive = archives.join(ARCHIVE.name);
        if !archive.exists() {
            download::fetch(&[ARCHIVE], &archives, settings)?;
        }
        unpack(&archive, self.name, folder)?;
        Ok(missing)
    }

    /// The data set with its images upright, and letters under their names.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a letter that is none.
    pub(super) fn upright(&self, mut dataset: Dataset, folder: &Path) -> Result<Dataset> {
        let sides = [dataset.height, dataset.width];
        for split in [&mut dataset.train, &mut dataset.test] {
            split.images = turned(split, sides).into();
            for label in split.labels.iter_mut().flatten().filter(|_| self.letters) {
                if !(1..=26).contains(label) {
                    let problem = format!("has a label {label}, expected 1 to 26 for the letters a to z");
                    return Err(Error::malformed(folder, problem));
                }
                *label -= 1;
            }
        }
        if self.letters {
            dataset.class_names = ('a'..='z').map(String::from).collect();
            dataset.classes = dataset.class_names.len();
        }
        Ok(Dataset { height: sides[1], width: sides[0], ..dataset })
    }
}

/// The pixels of images whose rows and columns are exchanged, `[height, width]` each as they are stored.
fn turned(split: &Split, [height, width]: [usize; 2]) -> Vec<u8> {
    let stored = split.images.rows().bytes();
    let image =
        |image: &[u8]| -> Vec<u8> { (0..width * height).map(|i| image[i % height * width + i / height]).collect() };
    stored.chunks(width * height).flat_map(image).collect()
}

/// Writes to `folder` the four files of part `name` that `archive` has and `folder` lacks, under the names that they have of MNIST.
///
/// # Errors
/// [`Error::Malformed`] for an archive that is damaged or lacks one; [`Error::Io`] where one cannot be written.
pub fn unpack(archive: &Path, name: &str, folder: &Path) -> Result<()> {
    let wrong = |problem: String| Error::malformed(archive, format!("{problem}; delete it to have it downloaded"));
    let file = File::open(archive).map_err(Error::io("read", archive))?;
    let mut zip = ZipArchive::new(file).map_err(|error| wrong(format!("not a whole archive: {error}")))?;
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    for part in PARTS.iter().filter(|part| part.find(folder).is_none()) {
        let member = format!("gzip/emnist-{name}-{}", part.file.replace("t10k", "test"));
        let found = zip.by_name(&member).map_err(|error| wrong(format!("has no {member}: {error}")))?;
        let mut bytes = Vec::new();
        let read = found.take(MOST).read_to_end(&mut bytes);
        read.map_err(|error| wrong(format!("its {member} is damaged: {error}")))?;
        write_atomically(&folder.join(part.file), &bytes)?;
    }
    Ok(())
}
