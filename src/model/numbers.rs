//! Numbers of a file that stays on disk: rows are read where they lie, as they are needed.
//!
//! They are read by position rather than through a memory map. A map of 2 GiB of which random rows are read is resident as a whole soon,
//! however often its pages are given back, because a fault brings in its neighbours; and a file that is shortened ends the process by a signal.

use half::f16;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Type of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// A byte; 0 is false.
    Bool,
    /// 8 bits without a sign.
    U8,
    /// 8 bits.
    I8,
    /// 16 bits without a sign.
    U16,
    /// 16 bits.
    I16,
    /// 32 bits without a sign.
    U32,
    /// 32 bits.
    I32,
    /// 64 bits without a sign.
    U64,
    /// 64 bits.
    I64,
    /// A float of 16 bits.
    F16,
    /// A float of 32 bits.
    F32,
    /// A float of 64 bits.
    F64,
}

impl Element {
    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            Element::Bool | Element::U8 | Element::I8 => 1,
            Element::U16 | Element::I16 | Element::F16 => 2,
            Element::U32 | Element::I32 | Element::F32 => 4,
            Element::U64 | Element::I64 | Element::F64 => 8,
        }
    }
}

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

/// A file that is open.
#[derive(Debug)]
pub struct Source {
    /// The file.
    pub file: File,
    /// Its path, for messages.
    pub path: PathBuf,
}

/// Numbers `[count, width]` of a file, row by row from some place on.
#[derive(Clone, Debug)]
pub struct Numbers {
    file: Arc<Source>,
    start: u64,
    element: Element,
    endian: Endian,
    count: usize,
    width: usize,
}

impl Numbers {
    /// The numbers of `file` from byte `start` on.
    pub fn new(file: Source, start: u64, element: Element, endian: Endian, [count, width]: [usize; 2]) -> Numbers {
        Numbers { file: Arc::new(file), start, element, endian, count, width }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Reads row `row` as it lies in the file.
    ///
    /// # Errors
    /// What the system says of reading; that the file ends, where it has been shortened.
    ///
    /// # Panics
    /// If there is no such row, or `to` is not as long.
    pub fn read(&self, row: usize, to: &mut [u8]) -> io::Result<()> {
        assert!(row < self.count, "row {row} of {}", self.count);
        assert_eq!(to.len(), self.row_bytes(), "bytes of a row");
        read_exact_at(&self.file.file, to, self.start + (row * to.len()) as u64)
    }

    /// Bytes of a row in the file.
    fn row_bytes(&self) -> usize {
        self.width * self.element.bytes()
    }

    /// Whether rows lie in the file as bytes of an image.
    pub fn are_bytes(&self) -> bool {
        self.element == Element::U8
    }

    /// Reads row `row` and hands every number of it to `take`, with its column.
    ///
    /// # Errors
    /// As [`Numbers::read`].
    pub fn each(&self, row: usize, mut take: impl FnMut(usize, f64)) -> io::Result<()> {
        let mut raw = vec![0; self.row_bytes()];
        self.read(row, &mut raw)?;
        macro_rules! read {
            ($number:ty, $to:expr) => {{
                let numbers = raw.as_chunks().0.iter().enumerate();
                match self.endian {
                    Endian::Little => numbers.for_each(|(j, &bytes)| take(j, $to(<$number>::from_le_bytes(bytes)))),
                    Endian::Big => numbers.for_each(|(j, &bytes)| take(j, $to(<$number>::from_be_bytes(bytes)))),
                }
            }};
        }
        match self.element {
            Element::Bool => read!(u8, |value| f64::from(u8::from(value != 0))),
            Element::U8 => read!(u8, f64::from),
            Element::I8 => read!(i8, f64::from),
            Element::U16 => read!(u16, f64::from),
            Element::I16 => read!(i16, f64::from),
            Element::U32 => read!(u32, f64::from),
            Element::I32 => read!(i32, f64::from),
            Element::U64 => read!(u64, |value| value as f64),
            Element::I64 => read!(i64, |value| value as f64),
            Element::F16 => read!(f16, f16::to_f64),
            Element::F32 => read!(f32, f64::from),
            Element::F64 => read!(f64, f64::from),
        }
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.file.path
    }
}

impl PartialEq for Numbers {
    /// Whether they are the same numbers of the same open file.
    fn eq(&self, other: &Numbers) -> bool {
        let place = |numbers: &Numbers| (numbers.start, numbers.element, numbers.endian, numbers.count, numbers.width);
        Arc::ptr_eq(&self.file, &other.file) && place(self) == place(other)
    }
}

/// Fills `to` from byte `at` on.
fn read_exact_at(file: &File, to: &mut [u8], at: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, to, at);
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < to.len() {
            match std::os::windows::fs::FileExt::seek_read(file, &mut to[done..], at + done as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => done += read,
            }
        }
        Ok(())
    }
}
