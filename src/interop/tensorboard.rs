//! Event files that TensorBoard reads: scalars and PNG images, a record each.

use crate::{Error, Result};
use crc::{CRC_32_ISCSI, Crc};
use prost::Message;
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What an event file begins with.
const VERSION: &str = "brain.Event:2";

/// `tensorflow.Event`, as far as it is used.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
    #[prost(message, optional, tag = "4")]
    image: Option<Image>,
}

#[derive(Clone, PartialEq, Message)]
struct Image {
    #[prost(int32, tag = "1")]
    height: i32,
    #[prost(int32, tag = "2")]
    width: i32,
    /// 1: gray, 3: RGB, 4: RGBA.
    #[prost(int32, tag = "3")]
    colorspace: i32,
    #[prost(bytes = "vec", tag = "4")]
    encoded_image_string: Vec<u8>,
}

/// An event file in writing.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Begins a file in `folder`, which is made where it is missing. Each start of a program has its own; TensorBoard shows those of one
    /// folder as one run.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be made.
    pub fn create(folder: &Path) -> Result<EventFile> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let path = folder.join(format!("events.out.tfevents.{:.6}.{}.wgvae", now(), std::process::id()));
        let file = File::create_new(&path).map_err(Error::io("create", &path))?;
        let mut events = EventFile { path, file };
        events.write(Event { wall_time: now(), file_version: Some(VERSION.into()), ..Event::default() })?;
        Ok(events)
    }

    /// Adds the value of each tag at a training step.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be written.
    pub fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<()> {
        let value = |&(tag, value): &(&str, f64)| Value {
            tag: tag.into(),
            simple_value: Some(value as f32),
            ..Value::default()
        };
        self.summary(step, values.iter().map(value).collect())
    }

    /// Adds a PNG file as the image of a tag at a training step.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read or written, [`Error::Malformed`] where it is no PNG.
    pub fn image(&mut self, step: u64, tag: &str, png: &Path) -> Result<()> {
        let bytes = fs::read(png).map_err(Error::io("read", png))?;
        let damaged = |error: image::ImageError| Error::malformed(png, error.to_string());
        let image = image::load_from_memory_with_format(&bytes, image::ImageFormat::Png).map_err(damaged)?;
        let image = Image {
            height: image.height() as i32,
            width: image.width() as i32,
            colorspace: image.color().channel_count().into(),
            encoded_image_string: bytes,
        };
        self.summary(step, vec![Value { tag: tag.into(), image: Some(image), ..Value::default() }])
    }

    fn summary(&mut self, step: u64, value: Vec<Value>) -> Result<()> {
        self.write(Event { wall_time: now(), step: step as i64, summary: Some(Summary { value }), file_version: None })
    }

    fn write(&mut self, event: Event) -> Result<()> {
        let record = record(&event.encode_to_vec());
        self.file.write_all(&record).and_then(|()| self.file.flush()).map_err(Error::io("write", &self.path))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A record of a TFRecord file: length, checksum of the length, bytes, checksum of the bytes; numbers from their low byte on.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), bytes, &masked(bytes)].concat()
}

/// CRC-32C of `bytes`, rotated and shifted by a constant, as the format has it.
fn masked(bytes: &[u8]) -> [u8; 4] {
    let sum = Crc::<u32>::new(&CRC_32_ISCSI).checksum(bytes);
    sum.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}
