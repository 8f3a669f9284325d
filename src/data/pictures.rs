//! Files of encoded pictures as images of bytes of one size, gray or in colour.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};
use rayon::prelude::*;

use super::Reading;
use crate::model::Color;
use crate::{Error, Result, memory::expect_room};

/// Images of one size, and what was lost as they became so.
pub(super) struct Decoded {
    /// `[files, height, width]`, in colour `[files, height, width, 3]`
    pub bytes: Vec<u8>,
    /// `[height, width]`
    pub sides: [usize; 2],
    pub lost: Lost,
}

/// Decodes all files and scales them to the size that `reading` has. Without one their sides must be those demanded, or the first
/// file's, and are read, compared and held against the free memory before any pixel is decoded.
///
/// # Errors
/// [`Error::Malformed`] for a file that is no picture or of another size, and for pictures that are too many for the memory.
pub(super) fn decode(files: &[PathBuf], demanded: Option<([usize; 2], &Path)>, reading: &Reading) -> Result<Decoded> {
    let (color, sides) = (
        reading.color.unwrap_or_default(),
        match reading.size {
            Some(size) => checked(size)?,
            None => common_sides(files, demanded)?,
        },
    );
    let [height, width] = sides;
    let values =
        (height as u64).checked_mul(width as u64).and_then(|pixels| pixels.checked_mul(color.channels() as u64));
    let total = values.and_then(|values| values.checked_mul(files.len() as u64));
    expect_room(total.and_then(|total| total.checked_mul(2))).map_err(|problem| {
        Error::malformed(&files[0], format!("{} images of {width}x{height} pixels {problem}", files.len()))
    })?;
    let images = files.par_iter().map(|file| {
        let image = decoded(file)?;
        Ok((Lost::of(&image, sides), values_of(image, color, sides)))
    });
    let images: Vec<(Lost, Vec<u8>)> = images.collect::<Result<_>>()?;
    let lost = images.iter().fold(Lost::default(), |sum, (lost, _)| sum.and(*lost));
    Ok(Decoded { bytes: images.into_iter().flat_map(|(_, image)| image).collect(), sides, lost })
}

/// The pixels of a file.
///
/// # Errors
/// [`Error::Malformed`] where it is no picture.
pub(super) fn decoded(file: &Path) -> Result<DynamicImage> {
    reader(file)?.decode().map_err(unreadable(file))
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

/// The sides of all files: those demanded, or the first file's.
fn common_sides(files: &[PathBuf], demanded: Option<([usize; 2], &Path)>) -> Result<[usize; 2]> {
    let all_sides = files.par_iter().map(|file| sides(file)).collect::<Result<Vec<_>>>()?;
    let (sides, model) = demanded.unwrap_or_else(|| (all_sides[0], &files[0]));
    let Some(i) = all_sides.iter().position(|found| *found != sides) else { return Ok(sides) };
    let ([height, width], [wanted_height, wanted_width]) = (all_sides[i], sides);
    let problem = format!(
        "{width}x{height} pixels, expected {wanted_width}x{wanted_height} as of {}: --size WxH scales pictures to one size",
        model.display()
    );
    Err(Error::malformed(&files[i], problem))
}

/// `[height, width]` as an image's header tells them.
fn sides(file: &Path) -> Result<[usize; 2]> {
    let (width, height) = reader(file)?.into_dimensions().map_err(unreadable(file))?;
    Ok([height as usize, width as usize])
}

/// A reader of the format that the content shows; it refuses images of more than 512 MiB.
fn reader(file: &Path) -> Result<ImageReader<BufReader<std::fs::File>>> {
    let reader = ImageReader::open(file).map_err(Error::io("read", file))?;
    reader.with_guessed_format().map_err(Error::io("read", file))
}

fn unreadable(file: &Path) -> impl Fn(image::ImageError) -> Error + '_ {
    move |error| {
        let words = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Error::malformed(file, format!("not a readable image: {words}"))
    }
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
