//! Encoded pictures, in files or in the rows of one, as images of bytes of one size, gray or in colour.

use std::fs::File;
#[cfg(feature = "parquet")]
use std::io::Cursor;
use std::io::{BufReader, Read};
use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, ImageError, ImageReader};
use rayon::prelude::*;

use super::Reading;
use crate::memory::{EXPANSION, expect_room};
use crate::model::Color;
use crate::{Error, Result};

/// Bits that a byte of a PNG, which deflate packs, can stand for. In other formats a byte stands for no more pixels than that.
const BITS: u64 = 8 * EXPANSION;

/// An encoded picture, and where it is.
#[derive(Clone, Copy)]
pub(super) enum Encoded<'a> {
    /// In a file of its own.
    File(&'a Path),
    /// In a row of a file; empty where the row has none.
    #[cfg(feature = "parquet")]
    Row { path: &'a Path, row: usize, column: &'a str, bytes: &'a [u8] },
}

impl Encoded<'_> {
    /// The picture, of the format that the content shows; none of more than 512 MiB.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it is none, or its header tells more pixels than can follow.
    pub(super) fn decoded(self) -> Result<DynamicImage> {
        let ([height, width], length) = (self.sides()?, self.length()?);
        if (height as u64 * width as u64).saturating_mul(self.bits()?) > BITS.saturating_mul(length) {
            return Err(self.wrong(format!("{length} bytes are too few for its {width}x{height} pixels")));
        }
        let image = match self {
            Encoded::File(path) => of_file(path)?.decode(),
            #[cfg(feature = "parquet")]
            Encoded::Row { bytes, .. } => of_bytes(bytes).decode(),
        };
        image.map_err(|error| self.unreadable(&error))
    }

    /// `[height, width]` as the picture's header tells them.
    fn sides(self) -> Result<[usize; 2]> {
        let sides = match self {
            Encoded::File(path) => of_file(path)?.into_dimensions(),
            #[cfg(feature = "parquet")]
            Encoded::Row { bytes, .. } => of_bytes(bytes).into_dimensions(),
        };
        let (width, height) = sides.map_err(|error| self.unreadable(&error))?;
        Ok([height as usize, width as usize])
    }

    /// Bits of a pixel of a PNG, from its header; 1 in other formats.
    fn bits(self) -> Result<u64> {
        let mut head = [0; 26];
        let whole = match self {
            Encoded::File(path) => {
                let mut file = File::open(path).map_err(Error::io("read", path))?;
                file.read_exact(&mut head).is_ok()
            }
            #[cfg(feature = "parquet")]
            Encoded::Row { mut bytes, .. } => bytes.read_exact(&mut head).is_ok(),
        };
        let (depth, values) = match head {
            [0x89, b'P', b'N', b'G', .., depth, color] if whole => {
                (depth, [1, 1, 3, 1, 2, 1, 4].get(usize::from(color)))
            }
            _ => (1, None),
        };
        Ok(u64::from(depth) * values.unwrap_or(&1))
    }

    /// Bytes of the encoded picture.
    fn length(self) -> Result<u64> {
        match self {
            Encoded::File(path) => Ok(path.metadata().map_err(Error::io("read", path))?.len()),
            #[cfg(feature = "parquet")]
            Encoded::Row { bytes, .. } => Ok(bytes.len() as u64),
        }
    }

    fn unreadable(self, error: &ImageError) -> Error {
        let words = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        match self {
            #[cfg(feature = "parquet")]
            Encoded::Row { bytes: [], .. } => self.wrong("holds no picture".into()),
            _ => self.wrong(format!("not a readable image: {words}")),
        }
    }

    /// What is wrong with it, and where it is.
    fn wrong(self, problem: String) -> Error {
        match self {
            Encoded::File(path) => Error::malformed(path, problem),
            #[cfg(feature = "parquet")]
            Encoded::Row { path, row, column, .. } => {
                Error::malformed(path, format!("row {row}, column {column}: {problem}"))
            }
        }
    }

    /// What it is called.
    fn name(self) -> String {
        match self {
            Encoded::File(path) => path.display().to_string(),
            #[cfg(feature = "parquet")]
            Encoded::Row { row, .. } => format!("row {row}"),
        }
    }
}

fn of_file(path: &Path) -> Result<ImageReader<BufReader<File>>> {
    let reader = ImageReader::open(path).map_err(Error::io("read", path))?;
    reader.with_guessed_format().map_err(Error::io("read", path))
}

#[cfg(feature = "parquet")]
fn of_bytes(bytes: &[u8]) -> ImageReader<Cursor<&[u8]>> {
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().expect("bytes in memory can be read")
}

/// Images of one size, and what was lost as they became so.
pub(super) struct Decoded {
    /// `[pictures, height, width]`, in colour `[pictures, height, width, 3]`
    pub bytes: Vec<u8>,
    /// `[height, width]`
    pub sides: [usize; 2],
    pub lost: Lost,
}

/// Decodes all pictures and scales them to the size that `reading` has. Without one their sides must be those demanded, or the first
/// one's, and are read, compared and held against the free memory before any pixel is decoded.
///
/// # Errors
/// [`Error::Malformed`] for a picture that cannot be read or is of another size, and for pictures that are too many for the memory.
pub(super) fn decode(
    pictures: &[Encoded],
    demanded: Option<([usize; 2], Encoded)>,
    reading: &Reading,
) -> Result<Decoded> {
    let color = reading.color.unwrap_or_default();
    let sides = match reading.size {
        Some(size) => checked(size)?,
        None => common_sides(pictures, demanded)?,
    };
    let [height, width] = sides;
    let values =
        (height as u64).checked_mul(width as u64).and_then(|pixels| pixels.checked_mul(color.channels() as u64));
    let total = values.and_then(|values| values.checked_mul(pictures.len() as u64));
    expect_room(total.and_then(|total| total.checked_mul(2))).map_err(|problem| {
        pictures[0].wrong(format!("{} images of {width}x{height} pixels {problem}", pictures.len()))
    })?;
    let images = pictures.par_iter().map(|picture| {
        let image = picture.decoded()?;
        Ok((Lost::of(&image, sides), values_of(image, color, sides)))
    });
    let images: Vec<Result<(Lost, Vec<u8>)>> = images.collect(); // whichever is found first, the first in order is named
    let images = images.into_iter().collect::<Result<Vec<_>>>()?;
    let lost = images.iter().fold(Lost::default(), |sum, (lost, _)| sum.and(*lost));
    Ok(Decoded { bytes: images.into_iter().flat_map(|(_, image)| image).collect(), sides, lost })
}

/// The values of a picture that is scaled to `sides` where it has others: each side by itself, by Lanczos' filter of three lobes.
fn values_of(image: DynamicImage, color: Color, [height, width]: [usize; 2]) -> Vec<u8> {
    let image: DynamicImage = match color {
        Color::Gray => image.into_luma8().into(),
        Color::Rgb => image.into_rgb8().into(),
    };
    let (width, height) = (width as u32, height as u32); // they are those of pictures, or were checked
    match (image.width(), image.height()) == (width, height) {
        true => image.into_bytes(),
        false => image.resize_exact(width, height, FilterType::Lanczos3).into_bytes(),
    }
}

/// A size that a picture can have.
fn checked(size: [usize; 2]) -> Result<[usize; 2]> {
    match size.iter().all(|&side| side > 0 && u32::try_from(side).is_ok()) {
        true => Ok(size),
        false => Err(Error::invalid("--size", format!("is {}x{}, expected at least 1 pixel each", size[1], size[0]))),
    }
}

/// The sides of all pictures: those demanded, or the first one's.
fn common_sides(pictures: &[Encoded], demanded: Option<([usize; 2], Encoded)>) -> Result<[usize; 2]> {
    let all_sides: Vec<Result<[usize; 2]>> = pictures.par_iter().map(|picture| picture.sides()).collect();
    let all_sides = all_sides.into_iter().collect::<Result<Vec<_>>>()?;
    let (sides, model) = demanded.unwrap_or_else(|| (all_sides[0], pictures[0]));
    let Some(i) = all_sides.iter().position(|found| *found != sides) else { return Ok(sides) };
    let ([height, width], [wanted_height, wanted_width]) = (all_sides[i], sides);
    let problem = format!(
        "{width}x{height} pixels, expected {wanted_width}x{wanted_height} as of {}: --size WxH scales pictures to one size",
        model.name()
    );
    Err(pictures[i].wrong(problem))
}

/// What pictures had that the images made of them cannot show.
#[derive(Clone, Copy, Default)]
pub(super) struct Lost {
    images: usize,
    colour: usize,
    transparency: usize,
    size: usize,
}

impl Lost {
    /// What one picture has that a gray image of these sides lacks.
    fn of(image: &DynamicImage, [height, width]: [usize; 2]) -> Lost {
        let (mut colour, mut transparency) = (false, false);
        if image.color().has_color() || image.color().has_alpha() {
            for image::Rgba([r, g, b, alpha]) in image.to_rgba8().pixels() {
                colour |= r != g || g != b;
                transparency |= *alpha < u8::MAX;
            }
        }
        let size = (image.width() as usize, image.height() as usize) != (width, height);
        Lost { images: 1, colour: colour.into(), transparency: transparency.into(), size: size.into() }
    }

    /// Both together.
    pub(super) fn and(self, other: Lost) -> Lost {
        Lost {
            images: self.images + other.images,
            colour: self.colour + other.colour,
            transparency: self.transparency + other.transparency,
            size: self.size + other.size,
        }
    }

    /// In words, where `reading` says whether colour was kept; and how it could have been, unless gray was asked for.
    pub(super) fn words(&self, reading: &Reading) -> String {
        let say = |count: usize, what: &str| match count {
            0 => String::new(),
            count => format!(", {count} of {} {what}", self.images),
        };
        let colour = match reading.color {
            None => say(self.colour, "in colour, made gray (--color rgb keeps the colours)"),
            Some(Color::Gray) => say(self.colour, "in colour, made gray"),
            Some(Color::Rgb) => say(self.images - self.colour, "without colour"),
        };
        colour + &say(self.transparency, "with transparency, which is left out") + &say(self.size, "scaled")
    }
}
