//! The pages of Parquet files. The library allocates what the header of a page announces, so that headers are checked here first against
//! the bytes that follow them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Take};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::Length;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};

use crate::memory::EXPANSION;
use crate::{Error, Result};

pub(super) type Parquet<T> = std::result::Result<T, ParquetError>;

/// A file, and what its footer says of its columns.
pub(super) struct ParquetFile {
    file: Arc<File>,
    metadata: ParquetMetaData,
}

impl ParquetFile {
    /// # Errors
    /// [`Error::Io`] if the file cannot be opened, [`Error::Malformed`] if its footer is damaged.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io("read", path))?;
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).map_err(|error| damaged(path, &error))?;
        Ok(Self { file: Arc::new(file), metadata })
    }

    pub(super) fn schema(&self) -> &SchemaDescriptor {
        self.metadata.file_metadata().schema_descr()
    }

    /// Rows that the file announces; none where that is no number of rows.
    pub(super) fn rows(&self) -> Option<usize> {
        self.metadata.row_groups().iter().map(|group| usize::try_from(group.num_rows()).ok()).sum()
    }

    /// Bytes of a column when unpacked; none where that is no number of bytes.
    pub(super) fn unpacked(&self, column: usize) -> Option<u64> {
        let groups = self.metadata.row_groups().iter();
        groups.map(|group| u64::try_from(group.column(column).uncompressed_size()).ok()).sum()
    }

    /// Readers of a column, one for each row group.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = Parquet<ColumnReader>> + '_ {
        let of = self.schema().column(column);
        self.metadata.row_groups().iter().map(move |group| {
            let (part, of) = (group.column(column), of.clone());
            expect_codec(part)?;
            let rows = u64::try_from(group.num_rows()).unwrap_or_default();
            expect_sizes(&self.file, part)?;
            let pages = SerializedPageReader::new(self.file.clone(), part, rows as usize, None)?;
            Ok(get_column_reader(of.clone(), Box::new(Counted { pages, of, left: rows })))
        })
    }
}

/// The library's error in one line.
pub(super) fn damaged(path: &Path, error: &ParquetError) -> Error {
    let words = match error {
        ParquetError::NYI(words) => return Error::malformed(path, words),
        ParquetError::General(words) => words.clone(),
        _ => error.to_string(),
    };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    Error::malformed(path, format!("not a whole Parquet file: {words}"))
}

/// Checks that the library reads the codec of a part of a column.
fn expect_codec(part: &ColumnChunkMetaData) -> Parquet<()> {
    let codec = match part.compression() {
        Compression::BROTLI(_) => "brotli",
        Compression::LZO => "LZO",
        _ => return Ok(()),
    };
    let column = part.column_path().string();
    let problem = format!("column {column} is packed by {codec}, which is not read: snappy, zstd, gzip and lz4 are");
    Err(ParquetError::NYI(problem))
}

/// Checks that the pages of a part of a column lie in the file, and that each can unpack to what its header announces.
fn expect_sizes(file: &File, part: &ColumnChunkMetaData) -> Parquet<()> {
    let (start, length) = part.byte_range();
    let column = part.column_path().string();
    if start.checked_add(length).is_none_or(|end| end > file.len()) {
        return Err(ParquetError::EOF(format!("column {column} ends after the end of the file")));
    }
    let mut from = BufReader::new(file.try_clone()?);
    from.seek(SeekFrom::Start(start))?;
    let mut headers = Headers(from.take(length));
    while headers.0.limit() > 0 {
        let numbers = headers.fields(PAGE, 0)?;
        let size = |field| numbers.get(&field).and_then(|size| u64::try_from(*size).ok());
        let (Some(unpacked), Some(packed)) = (size(2), size(3)) else {
            return Err(ParquetError::General(format!("column {column} has a page without a size")));
        };
        if unpacked > packed.saturating_mul(expansion(part.compression())) {
            let problem =
                format!("column {column} has a page of {packed} bytes that announces {unpacked} when unpacked");
            return Err(ParquetError::General(problem));
        }
        headers.pass(packed)?;
    }
    Ok(())
}

/// Bytes that a byte of a codec can stand for.
fn expansion(codec: Compression) -> u64 {
    match codec {
        Compression::SNAPPY => 22,                      // a copy of 64 bytes takes three
        Compression::LZ4 | Compression::LZ4_RAW => 255, // each byte that continues a length adds so many
        Compression::GZIP(_) => EXPANSION,
        Compression::ZSTD(_) => 1 << 15, // a repeated byte fills a block of 128 KiB in four bytes
        // Nothing is allocated for these: pages are taken as they are, or the codec is not there.
        Compression::UNCOMPRESSED | Compression::BROTLI(_) | Compression::LZO => u64::MAX,
    }
}

/// How the library reads a field of a header, whatever type the file gives it.
#[derive(Clone, Copy)]
enum Field {
    Number,
    Flag,
    Fields(&'static [Field]),
}

use Field::{Fields, Flag, Number};

/// The fields of a page's header, from 1 on. The second and the third are its size unpacked and packed.
///
/// Source: `parquet.thrift` of the format, `PageHeader`.
const PAGE: &[Field] = &[
    Number,
    Number,
    Number,
    Number,
    Fields(&[Number, Number, Number, Number, Fields(&[])]), // of a data page
    Fields(&[]),                                            // of an index
    Fields(&[Number, Number, Flag]),                        // of a dictionary
    Fields(&[Number, Number, Number, Number, Number, Number, Flag, Fields(&[])]), // of a data page, version 2
];

/// Structs within each other, at most; those of today's headers are three.
const DEPTH: usize = 8;

/// The headers of pages, in Thrift's compact protocol.
struct Headers(Take<BufReader<File>>);

impl Headers {
    /// Passes the fields of a struct, and gives the numbers among them. A list is an error, because no header has one, and the library
    /// believes its length.
    fn fields(&mut self, known: &[Field], depth: usize) -> Parquet<BTreeMap<i16, i64>> {
        let odd = || ParquetError::General("the header of a page is not valid".into());
        let (mut numbers, mut id) = (BTreeMap::new(), 0_i16);
        loop {
            let byte = varint_byte(&mut self.0)?;
            let (step, kind) = (i16::from(byte >> 4), byte & 15);
            if kind == 0 {
                return Ok(numbers);
            }
            id = match step {
                0 => zigzag(varint(&mut self.0)?) as i16,
                _ => id.checked_add(step).ok_or_else(odd)?,
            };
            let field = usize::try_from(id).ok().and_then(|id| known.get(id.checked_sub(1)?));
            match (kind, field) {
                (1 | 2, Some(Flag) | None) => {}
                (3, None) => self.pass(1)?,
                (4..=6, Some(Number) | None) => {
                    numbers.insert(id, zigzag(varint(&mut self.0)?));
                }
                (7, None) => self.pass(8)?,
                (8, None) => {
                    let length = varint(&mut self.0)?;
                    self.pass(length)?;
                }
                (12, _) if depth < DEPTH => match field {
                    Some(Fields(inner)) => self.fields(inner, depth + 1).map(drop)?,
                    None => self.fields(&[], depth + 1).map(drop)?,
                    Some(_) => return Err(odd()),
                },
                _ => return Err(odd()),
            }
        }
    }

    /// Passes so many bytes, which must be there.
    fn pass(&mut self, bytes: u64) -> Parquet<()> {
        let left = self.0.limit().checked_sub(bytes);
        let left = left.ok_or_else(|| ParquetError::EOF("a page ends after the end of its column".into()))?;
        self.0.get_mut().seek_relative(bytes as i64)?;
        self.0.set_limit(left);
        Ok(())
    }
}

/// Pages of a column without lists. Their numbers of values are checked against the rows of the row group, because a page of a few bytes
/// can stand for any number of nulls, and against their bytes.
struct Counted {
    pages: SerializedPageReader<File>,
    of: ColumnDescPtr,
    /// Rows that no page has had yet.
    left: u64,
}

impl Counted {
    fn expect_counts(&mut self, page: &Page) -> Parquet<()> {
        let count = u64::from(page.num_values());
        let (encoding, buffer) = (page.encoding(), page.buffer());
        let most = match page {
            Page::DictionaryPage { .. } => buffer.len() as u64 / self.least(),
            Page::DataPage { .. } | Page::DataPageV2 { .. } => self.left,
        };
        if count > most {
            return Err(self.odd(&format!("{count} values where there can be {most}")));
        }
        if page.is_data_page() {
            self.left -= count;
        }
        if let Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY = encoding {
            let mut values = buffer.get(self.levels(page)?..).ok_or_else(|| self.odd("no values"))?;
            // Lengths; before them, in the second encoding, those of what a value shares with the one before.
            pass_delta(&mut values, count)?;
            if encoding == Encoding::DELTA_BYTE_ARRAY {
                pass_delta(&mut values, count)?;
            }
        }
        Ok(())
    }

    /// Bytes of a value as a dictionary has it, at least.
    fn least(&self) -> u64 {
        match self.of.physical_type() {
            Type::BOOLEAN => 1,
            Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::FIXED_LEN_BYTE_ARRAY => u64::try_from(self.of.type_length()).unwrap_or_default().max(1),
        }
    }

    /// Bytes of a page that say which values are null.
    fn levels(&self, page: &Page) -> Parquet<usize> {
        match page {
            Page::DataPageV2 { rep_levels_byte_len, def_levels_byte_len, .. } => {
                Ok(*rep_levels_byte_len as usize + *def_levels_byte_len as usize)
            }
            Page::DataPage { buf, def_level_encoding: Encoding::RLE, .. } if self.of.max_def_level() > 0 => {
                let length = buf.first_chunk().ok_or_else(|| self.odd("no values"))?;
                Ok(4 + u32::from_le_bytes(*length) as usize)
            }
            _ if self.of.max_def_level() == 0 => Ok(0),
            _ => Err(self.odd("nulls in a deprecated encoding")),
        }
    }

    fn odd(&self, what: &str) -> ParquetError {
        ParquetError::General(format!("column {} has a page with {what}", self.of.path().string()))
    }
}

impl PageReader for Counted {
    fn get_next_page(&mut self) -> Parquet<Option<Page>> {
        let page = self.pages.get_next_page()?;
        page.iter().try_for_each(|page| self.expect_counts(page))?;
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Parquet<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Parquet<()> {
        self.pages.skip_next_page()
    }
}

impl Iterator for Counted {
    type Item = Parquet<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

/// Passes whole numbers in the encoding `DELTA_BINARY_PACKED`, of which there are at most `most`.
///
/// Source: `Encodings.md` of the format, "Delta Encoding".
fn pass_delta(from: &mut &[u8], most: u64) -> Parquet<()> {
    let (block, parts, count, _first) = (varint(from)?, varint(from)?, varint(from)?, varint(from)?);
    let each = block.checked_div(parts).unwrap_or_default(); // numbers in a part of a block
    if count > most {
        return Err(ParquetError::General(format!("a page has {count} lengths of {most} values")));
    }
    let eof = || ParquetError::EOF("a page ends early".into());
    let mut left = count.saturating_sub(1);
    while left > 0 {
        let _least = varint(from)?;
        let widths = usize::try_from(parts).ok().and_then(|parts| from.split_off(..parts)).ok_or_else(eof)?;
        for width in widths {
            if left > 0 {
                let bytes = each.checked_mul(u64::from(*width)).and_then(|bits| usize::try_from(bits / 8).ok());
                bytes.and_then(|bytes| from.split_off(..bytes)).ok_or_else(eof)?;
                left = left.saturating_sub(each);
            }
        }
    }
    Ok(())
}

fn varint_byte(from: &mut impl Read) -> Parquet<u8> {
    let mut byte = [0];
    from.read_exact(&mut byte).map_err(|error| ParquetError::EOF(format!("a page ends early: {error}")))?;
    Ok(byte[0])
}

/// A number of seven bits a byte, the lowest first.
fn varint(from: &mut impl Read) -> Parquet<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = varint_byte(from)?;
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Ok(number);
        }
    }
    Err(ParquetError::General("a number of a page has more than 64 bits".into()))
}

/// The signed number that is written as 0, −1, 1, −2, …
fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
