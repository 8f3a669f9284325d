//! One NumPy array as a data set: `[n, height, width]` (an axis of 1 more does no harm), in colour `[n, height, width, 3]`, or
//! `[n, values]`.

use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use half::f16;
use ndarray::ArrayD;
use ndarray_npy::{ReadDataError, ReadNpyExt, ReadableElement, npy::header::Header};

use super::table::{Cells, LabelColumn, Reading, Selection, Table};
use super::{Found, Names, Split, Whole, bytes, open_file, sides, stays_on_disk};
use crate::model::{Color, Element, Endian, Numbers, OnDisk, Seen, Values};
use crate::{Error, Result, memory::expect_room};

/// The longest header that is read, in bytes: NumPy's own limit (`max_header_size`).
const LONGEST_HEADER: usize = 10_000;
/// The most brackets of a header that is parsed: that of an array of numbers has two pairs. Each `[` that is not closed
/// doubles the time the parser takes.
const MOST_BRACKETS: usize = 8;

/// Reads a `.npy` file of floats, integers or booleans; the first axis counts the rows. An array of u8 holds images unless `reading`
/// says that it is a table; so may others, as [`Table::white`] tells. Returns what the file holds and what that was made of.
///
/// # Errors
/// [`Error::Malformed`] for another type or shape, and as [`Selection::new`].
pub(super) fn read(path: &Path, reading: &Reading) -> Result<(Found, String)> {
    let of_file = reading.label_file().map(|path| labels(&NpyFile::open(path)?)).transpose()?;
    let file = match stays_on_disk(path, reading.on_disk_from)? {
        Some(length) => NpyFile::on_disk(path, length)?,
        None => NpyFile::open(path)?,
    };
    found(file, of_file, reading)
}

/// The same of an array with the labels of its rows, where they are known.
pub(super) fn found(file: NpyFile, known: Option<LabelColumn>, reading: &Reading) -> Result<(Found, String)> {
    let path = file.path;
    let by_column = reading.labels.is_some() && reading.label_file().is_none();
    let as_table = reading.wants_table().is_some() || reading.recipe.is_some() || by_column;
    let shape = format!("{} array {:?}", file.type_name(), file.header.shape);
    let expect = |count: usize| match known.as_ref().map_or(count, LabelColumn::len) {
        labels if labels != count => {
            let problem = format!("{labels} labels for {count} rows, expected one each");
            Err(Error::malformed(path, problem))
        }
        _ => Ok(()),
    };
    let bytes = || (!as_table && file.element() == Some(Element::U8)).then(|| file.images(reading)).transpose();
    if let Some(((sides, color), count, images)) = bytes()? {
        expect(count)?;
        let (labels, class_names) = match known {
            Some(known) => known.classes(path, &reading.class_names).map(|(labels, names)| (Some(labels), names))?,
            None => (None, Vec::new()),
        };
        let images = Split { images, labels, count, names: Names::InOrder };
        let whole = Whole::new(path, sides, images).with_class_names(class_names);
        return Ok((Found::Images(Whole { color, ..whole }), shape));
    }
    let Some(element) = file.element() else {
        let problem = format!("holds values of type {}, expected floats, integers or booleans", file.type_name());
        return Err(Error::malformed(path, problem));
    };
    file.expect_whole(element.bytes())?;
    let table = table(&file, reading, by_column)?;
    expect(table.count())?;
    let labels = known.or(table.labels);
    Ok((Found::Table(Table { labels, ..table }), shape))
}

/// An array of whole numbers, one for each row.
///
/// # Errors
/// [`Error::Malformed`] for another type or shape.
pub(super) fn labels(file: &NpyFile) -> Result<LabelColumn> {
    let wrong = |problem: String| Error::malformed(file.path, format!("labels {problem}"));
    let Some(array) = file.numbers()? else {
        return Err(wrong(format!("of type {}, expected numbers", file.type_name())));
    };
    match array.shape() {
        [_] | [_, 1] => {}
        shape => return Err(wrong(format!("of shape {shape:?}, expected [n]"))),
    }
    let mut labels = LabelColumn::default();
    for (row, value) in array.iter().enumerate() {
        if value.fract() != 0.0 {
            return Err(wrong(format!("of row {row} is {value}, expected a whole number")));
        }
        labels.push(&value.to_string());
    }
    Ok(labels)
}

/// The columns of an array that `reading` chooses. They are numbered from 0, or where rows are images, `ROWxCOLUMN`, in colour
/// `ROWxCOLUMNxCHANNEL`.
fn table(file: &NpyFile, reading: &Reading, by_column: bool) -> Result<Table> {
    let (path, shape) = (file.path, &file.header.shape);
    let (sides, color) = sides_of(path, shape, reading)?;
    let (flat, [height, width]) = (shape.len() == 2, sides);
    let names: Vec<String> = match flat {
        true => (0..height * width).map(|i| i.to_string()).collect(),
        false => {
            let pixels = (0..height).flat_map(|y| (0..width).map(move |x| format!("{y}x{x}")));
            match color {
                Color::Gray => pixels.collect(),
                Color::Rgb => {
                    pixels.flat_map(|pixel| (0..3).map(move |channel| format!("{pixel}x{channel}"))).collect()
                }
            }
        }
    };
    let labels = reading.labels.clone().filter(|_| by_column);
    let selection = Selection::new(path, &names, &Reading { labels, ..reading.clone() })?;
    let whole = selection.features.iter().copied().eq(0..names.len());
    let table = Table {
        path: path.to_path_buf(),
        columns: selection.features.iter().map(|&i| names[i].clone()).collect(),
        named: false,
        sides: whole.then_some(sides),
        color: if whole { color } else { Color::Gray },
        values: Vec::new().into(),
        labels: None,
        names: Names::InOrder,
    };
    if whole && let Some(numbers) = file.in_place()? {
        return Ok(Table { values: Cells::OnDisk(numbers, None), ..table });
    }
    let array = file.numbers()?.expect("the type of the values was checked");
    let all: Vec<f64> = array.iter().copied().collect(); // row by row, whatever order the file has
    let mut labels = selection.labels.map(|_| LabelColumn::default());
    if let (Some(labels), Some(column)) = (&mut labels, selection.labels) {
        all.chunks(names.len()).for_each(|row| labels.push(&row[column].to_string()));
    }
    let values = match whole {
        true => all,
        false => all.chunks(names.len()).flat_map(|row| selection.features.iter().map(|&i| row[i])).collect(),
    };
    Ok(Table { values: values.into(), labels, ..table })
}

/// The bytes of a file.
enum Bytes {
    Held(Vec<u8>),
    /// So many, which stay on disk.
    OnDisk(u64),
}

/// A `.npy` file whose header has been read.
pub(crate) struct NpyFile<'a> {
    path: &'a Path,
    bytes: Bytes,
    /// The bytes of the header, as the library is to see them.
    head: Vec<u8>,
    header: Header,
    /// Whether the values are of float16, which the library cannot read: the header then says uint16.
    half: bool,
}

impl NpyFile<'_> {
    /// Reads a file and its header.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it does not begin with a header, or the header is longer than any that NumPy reads.
    pub(crate) fn open(path: &Path) -> Result<NpyFile<'_>> {
        NpyFile::parse(path, bytes(path)?)
    }

    /// The same of a file's bytes; `path` is for messages only.
    ///
    /// # Errors
    /// As [`NpyFile::open`].
    pub(crate) fn parse(path: &Path, bytes: Vec<u8>) -> Result<NpyFile<'_>> {
        let head = bytes[..bytes.len().min(12 + LONGEST_HEADER)].to_vec();
        NpyFile::of(path, head, Bytes::Held(bytes))
    }

    /// The same of a file of `length` bytes that stays on disk.
    ///
    /// # Errors
    /// As [`NpyFile::open`].
    fn on_disk(path: &Path, length: u64) -> Result<NpyFile<'_>> {
        let mut head = Vec::new();
        let most = (12 + LONGEST_HEADER) as u64;
        open_file(path)?.file.take(most).read_to_end(&mut head).map_err(Error::io("read", path))?;
        NpyFile::of(path, head, Bytes::OnDisk(length))
    }

    /// The file whose first bytes, the whole header among them, are `head`.
    fn of(path: &Path, mut head: Vec<u8>, bytes: Bytes) -> Result<NpyFile<'_>> {
        let length = match *head {
            [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, low, high, ..] => u16::from_le_bytes([low, high]) as usize,
            [0x93, b'N', b'U', b'M', b'P', b'Y', _, _, a, b, c, d, ..] => u32::from_le_bytes([a, b, c, d]) as usize,
            _ => 0, // no header at all, which the library says
        };
        let brackets = head.iter().take(12 + length).filter(|byte| b"([{".contains(byte)).count();
        if length > LONGEST_HEADER || brackets > MOST_BRACKETS {
            let problem =
                format!("its header of {length} bytes and {brackets} brackets is not that of an array of numbers");
            return Err(Error::malformed(path, problem));
        }
        let parse = |head: &[u8]| {
            let mut cursor = Cursor::new(head);
            let header = Header::from_reader(&mut cursor).map_err(|error| not_whole(path, &error))?;
            Ok((header, cursor.position() as usize))
        };
        let (mut header, end) = parse(&head)?;
        head.truncate(end);
        let half = ["'<f2'", "'>f2'"].contains(&header.type_descriptor.to_string().as_str());
        if half {
            let at = head.windows(2).position(|pair| pair == b"f2").expect("the header's text says f2");
            head[at] = b'u';
            header = parse(&head)?.0;
        }
        Ok(NpyFile { path, bytes, head, header, half })
    }

    /// The array, where its values are of this type.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the file does not hold the values that its header announces.
    pub(crate) fn array<T: ReadableElement>(&self) -> Result<Option<ArrayD<T>>> {
        if !self.holds::<T>() {
            return Ok(None);
        }
        let announced = self.expect_whole(size_of::<T>())?;
        expect_room(announced).map_err(|problem| Error::malformed(self.path, problem))?;
        let array = match &self.bytes {
            Bytes::Held(bytes) => ArrayD::<T>::read_npy(self.head.chain(&bytes[self.head.len()..])),
            Bytes::OnDisk(_) => {
                let mut file = open_file(self.path)?.file;
                file.seek(SeekFrom::Start(self.head.len() as u64)).map_err(Error::io("read", self.path))?;
                ArrayD::<T>::read_npy(self.head.chain(BufReader::new(file)))
            }
        };
        array.map(Some).map_err(|error| not_whole(self.path, &error))
    }

    /// Whether the values are of this type.
    fn holds<T: ReadableElement>(&self) -> bool {
        let probe = T::read_to_end_exact_vec(std::io::empty(), &self.header.type_descriptor, 0);
        !matches!(probe, Err(ReadDataError::WrongDescriptor(_)))
    }

    /// Checks that the file holds as many values of so many bytes each as its header announces; returns the bytes of all.
    fn expect_whole(&self, size: usize) -> Result<Option<u64>> {
        let all = match &self.bytes {
            Bytes::Held(bytes) => bytes.len(),
            Bytes::OnDisk(length) => usize::try_from(*length).unwrap_or(usize::MAX),
        };
        let (shape, data) = (&self.header.shape, all - self.head.len());
        // The library also multiplies the other axes of an array that one axis of 0 makes empty.
        let values = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size.max(1)));
        let announced = values.and_then(|values| values.checked_mul(size));
        let room = if shape.contains(&0) { isize::MAX as usize } else { data };
        if announced.is_none_or(|announced| announced > room) {
            let problem =
                format!("not a whole .npy file: its header announces shape {shape:?}, and {data} bytes follow");
            return Err(Error::malformed(self.path, problem));
        }
        Ok(announced.map(|bytes| bytes as u64))
    }

    /// The type of the values, where they are floats, integers or booleans.
    fn element(&self) -> Option<Element> {
        macro_rules! first {
            ($($number:ty => $element:ident),*) => {
                match () {
                    _ if self.half => Some(Element::F16),
                    $(_ if self.holds::<$number>() => Some(Element::$element),)*
                    _ => None,
                }
            };
        }
        first!(bool => Bool, f32 => F32, f64 => F64, u8 => U8, i8 => I8, u16 => U16, i16 => I16, u32 => U32, i32 => I32,
            u64 => U64, i64 => I64)
    }

    /// The values where they lie, `[rows, values of a row]`: those of a file that stays on disk, row by row and whole.
    fn in_place(&self) -> Result<Option<Numbers>> {
        let (Bytes::OnDisk(length), &[count, ref row @ ..]) = (&self.bytes, self.header.shape.as_slice()) else {
            return Ok(None);
        };
        let (Some(element), false) = (self.element(), self.header.layout.is_fortran()) else { return Ok(None) };
        let (start, width) = (self.head.len() as u64, row.iter().product::<usize>());
        let endian = match self.header.type_descriptor.to_string().trim_matches('\'').starts_with('>') {
            true => Endian::Big,
            false => Endian::Little,
        };
        if *length != start + (count * width * element.bytes()) as u64 {
            return Ok(None); // goes on behind the array, which reading it says
        }
        Ok(Some(Numbers::new(open_file(self.path)?, start, element, endian, [count, width])))
    }

    /// The sides of images of bytes, what their pixels are, their number, and the images.
    ///
    /// # Errors
    /// As [`NpyFile::array`], and for a shape that is not one of images.
    fn images(&self, reading: &Reading) -> Result<(([usize; 2], Color), usize, Values)> {
        self.expect_whole(1)?;
        let (sides, count) = (sides_of(self.path, &self.header.shape, reading)?, self.header.shape[0]);
        let images = match self.in_place()? {
            Some(numbers) => OnDisk::new(numbers, Seen::Pixels(255.0)).into(),
            None => {
                let array = self.array::<u8>()?.expect("the type of the values was checked");
                array.iter().copied().collect::<Vec<u8>>().into() // row by row, whatever order the file has
            }
        };
        Ok((sides, count, images))
    }

    /// The values in float64, where they are floats, integers or booleans.
    ///
    /// # Errors
    /// As [`NpyFile::array`].
    pub(crate) fn numbers(&self) -> Result<Option<ArrayD<f64>>> {
        if self.half {
            let bits = self.array::<u16>()?;
            return Ok(bits.map(|bits| bits.mapv(|bits| f16::from_bits(bits).to_f64())));
        }
        if let Some(array) = self.array::<bool>()? {
            return Ok(Some(array.mapv(|value| f64::from(u8::from(value)))));
        }
        macro_rules! read {
            ($($number:ty),*) => {
                $(if let Some(array) = self.array::<$number>()? {
                    return Ok(Some(array.mapv(|value| value as f64)));
                })*
            };
        }
        read!(f32, f64, u8, i8, u16, i16, u32, i32, u64, i64);
        Ok(None)
    }

    /// NumPy's name for the type of the values, such as `uint8`; of types that are no numbers as the header has it.
    pub(crate) fn type_name(&self) -> String {
        let descriptor = self.header.type_descriptor.to_string();
        let (kind, bytes) = descriptor.trim_matches(['\'', '<', '>', '|', '=']).split_at_checked(1).unwrap_or_default();
        let kind = match kind {
            _ if self.half => "float",
            "f" => "float",
            "u" => "uint",
            "i" => "int",
            "b" => return "bool".into(),
            _ => return descriptor,
        };
        match bytes.parse::<u8>() {
            Ok(bytes) => format!("{kind}{}", 8 * u32::from(bytes)),
            Err(_) => descriptor,
        }
    }
}

/// The library's error in one line.
fn not_whole(path: &Path, error: &dyn std::error::Error) -> Error {
    let words = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    Error::malformed(path, format!("not a whole .npy file: {words}"))
}

/// The sides `[height, width]` of the rows of an array, and what a pixel of theirs is: four axes whose last is 3 are of images in
/// colour; else, and where another is 1 and nothing is known of a colour, an axis of 1 more does no harm. Flat rows are square where
/// they can be.
fn sides_of(path: &Path, shape: &[usize], reading: &Reading) -> Result<([usize; 2], Color)> {
    let image = match shape {
        [_, image @ ..] => image.iter().copied().filter(|size| *size != 1).collect::<Vec<_>>(),
        [] => Vec::new(),
    };
    let gray = |sides: [usize; 2]| (sides, Color::Gray);
    let in_colour = image.len() == 3 || reading.color == Some(Color::Rgb);
    let sides = match (shape, image.as_slice()) {
        (&[_, height, width, 3], _) if in_colour => ([height, width], Color::Rgb),
        (&[_, values], _) => gray(sides(values)),
        ([_, _, _] | [_, _, _, _], &[height, width]) => gray([height, width]),
        (&[_, height, width], _) => gray([height, width]),
        _ => {
            let channels_first = matches!(shape, [_, 3, _, _]);
            let how = if channels_first { ": np.moveaxis(x, 1, 3) puts its colours last" } else { "" };
            let problem =
                format!("shape {shape:?}, expected [n, height, width], [n, height, width, 3] or [n, values]{how}");
            return Err(Error::malformed(path, problem));
        }
    };
    match shape.contains(&0) {
        true => Err(Error::malformed(path, format!("shape {shape:?}, expected no axis of 0"))),
        false => Ok(sides),
    }
}
