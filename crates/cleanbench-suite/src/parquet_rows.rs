//! The rows of a Parquet file, each handed on as the text of one JSON object.
//!
//! Invariants: nothing is decoded before [`crate::parquet_bounds`] has looked at it; one row and one page of each
//! column are in memory at a time; what the decoder panics at is an error of the file and is not told as a
//! panic. Bytes that are no text and numbers that are none are read as null, and counted by column; numbers, truth values
//! and times are as [`crate::parquet_value`] writes them.
//!
//! Refused: what is packed otherwise than with Snappy, Zstandard or gzip, and files that change while they are read.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use cleanbench_core::Digest;
use cleanbench_core::digest::FileHasher;
use cleanbench_files::Opened;
use flate2::read::MultiGzDecoder;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::SerializedPageReader;

use crate::diagnostic::Fault;
use crate::parquet_bounds::{Chunk, Claims, MOST_PAGE, MOST_VALUES, check_footer};
use crate::parquet_column::Column;
use crate::parquet_record::{Cells, Node, Writer};
use crate::parquet_schema;
use crate::place::{Place, Stop};
use crate::source::UNPACKED;

/// What of a file tells that it was written to.
type Stamp = (u64, i64, i64);

/// Reads the rows of a file.
pub(crate) struct ParquetRows {
    file: File,
    bytes: u64,
    stamp: Stamp,
    digest: Digest,
    reader: SerializedFileReader<File>,
    root: Node,
    claims: Claims,
    /// Parts of the file that were begun.
    parts: usize,
    /// Rows that are left of the part at hand.
    left: i64,
    columns: Vec<Column>,
    cells: Vec<Cells>,
    /// Values of the row at hand, of all columns that hold lists.
    values: Arc<AtomicI64>,
    /// Bytes that pages packed with gzip may still unpack to.
    left_to_unpack: Arc<AtomicU64>,
    number: u32,
}

impl ParquetRows {
    /// Reads `file`, which is read once from its beginning for its digest.
    pub(crate) fn open(mut file: Opened) -> io::Result<Self> {
        let stamp = stamp_of(file.file())?;
        let digest = digest_of(&mut file)?;
        let bytes = file.bytes_at_opening();
        let file = file.file().try_clone()?;
        check_footer(&file, bytes)?;
        let own = file.try_clone()?;
        let reader = caught(|| SerializedFileReader::new(own)).map_err(io::Error::other)?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let root = parquet_schema::root_of(schema.root_schema())?;
        let cells = schema
            .columns()
            .iter()
            .map(|column| parquet_schema::cells_of(column));
        Ok(Self {
            file,
            bytes,
            stamp,
            digest,
            root,
            claims: Claims::default(),
            parts: 0,
            left: 0,
            columns: Vec::new(),
            cells: cells.collect(),
            reader,
            values: Arc::new(AtomicI64::new(0)),
            left_to_unpack: Arc::new(AtomicU64::new(UNPACKED.allowed(bytes))),
            number: 0,
        })
    }

    /// Digest of the file's bytes.
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// Puts the next row into `buffer`; `None` at the end.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Place>, Stop> {
        self.number = self.number.saturating_add(1);
        let place = Place::of_number(self.number);
        while self.left == 0 {
            let begun = self.begin_part();
            if !begun.map_err(|error| Stop::of(&error, place))? {
                return Ok(None);
            }
        }
        self.left -= 1;
        buffer.clear();
        let written = self.write_row(buffer);
        written.map_err(|message| {
            let message = format!("row {}: {message}", self.number);
            Stop::with(Fault::new(0, message), place)
        })?;
        Ok(Some(place))
    }

    /// What of the rows so far is there and was read as null, a sentence for each column.
    pub(crate) fn lost(&self) -> Vec<String> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let columns = schema.columns().iter().zip(&self.cells);
        columns
            .filter_map(|(column, cells)| cells.lost.told(&column.path().string()))
            .collect()
    }

    /// Begins the next part; false where there is none.
    fn begin_part(&mut self) -> io::Result<bool> {
        // What is open of the part before is let go first.
        self.columns.clear();
        if self.parts == self.reader.num_row_groups() {
            return if stamp_of(&self.file)? == self.stamp {
                Ok(false)
            } else {
                Err(io::Error::other(
                    "the file was written to while it was read",
                ))
            };
        }
        let rows = self.check_part()?;
        let file = Arc::new(self.file.try_clone()?);
        let opened = caught(|| self.open_part(&file));
        self.columns = opened.map_err(io::Error::other)?;
        self.left = rows;
        self.parts += 1;
        Ok(true)
    }

    /// Looks at what the next part claims; gives its number of rows.
    fn check_part(&mut self) -> io::Result<i64> {
        let part = self.reader.metadata().row_group(self.parts);
        let rows = part.num_rows();
        self.claims.add_rows(rows, self.bytes)?;
        let mut chunks = Vec::with_capacity(part.num_columns());
        for column in part.columns() {
            check_packing(column.compression(), &column.column_path().string())?;
            let start = column.dictionary_page_offset();
            chunks.push(Chunk {
                start: start.unwrap_or(column.data_page_offset()),
                bytes: column.compressed_size(),
                rows,
                is_list: column.column_descr().max_rep_level() > 0,
            });
        }
        if chunks.len() != self.cells.len() {
            return Err(io::Error::other("a part of it lacks columns"));
        }
        self.claims.add_pages(&self.file, self.bytes, &chunks)?;
        Ok(rows)
    }

    fn write_row(&mut self, buffer: &mut Vec<u8>) -> Result<(), String> {
        self.values.store(0, Ordering::Relaxed);
        for (column, cells) in self.columns.iter_mut().zip(&mut self.cells) {
            cells.clear();
            caught(|| column.read(cells))?;
        }
        let mut writer = Writer {
            number: self.number,
            cells: &mut self.cells,
            out: buffer,
        };
        writer.row(&self.root)
    }
}

fn check_packing(packing: Compression, column: &str) -> io::Result<()> {
    match packing {
        Compression::UNCOMPRESSED
        | Compression::SNAPPY
        | Compression::ZSTD(_)
        | Compression::GZIP(_) => Ok(()),
        other => {
            let name = other.to_string();
            let name = name.split('(').next().unwrap_or_default().to_owned();
            Err(io::Error::other(format!(
                "column `{column}` is packed with {name}; write the file with Snappy, Zstandard or gzip, with DuckDB `COPY 'it.parquet' TO 'new.parquet' (COMPRESSION zstd)`, with pandas `read_parquet('it.parquet').to_parquet('new.parquet')`"
            )))
        }
    }
}

fn stamp_of(file: &File) -> io::Result<Stamp> {
    let status = file.metadata()?;
    Ok((status.len(), status.mtime(), status.mtime_nsec()))
}

fn digest_of(file: &mut Opened) -> io::Result<Digest> {
    let mut hasher = FileHasher::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..count]);
    }
}

impl ParquetRows {
    fn open_part(&self, file: &Arc<File>) -> Result<Vec<Column>, ParquetError> {
        let group = self.reader.get_row_group(self.parts)?;
        let columns = group.metadata().columns().iter().enumerate();
        let columns = columns.map(|(position, column)| {
            let pages = match column.compression() {
                Compression::GZIP(_) => self.gzipped(file, column, group.metadata().num_rows())?,
                _ => group.get_column_page_reader(position)?,
            };
            let description = column.column_descr_ptr();
            let pages: Box<dyn PageReader> = if description.max_rep_level() > 0 {
                Box::new(Counted {
                    pages,
                    values: Arc::clone(&self.values),
                })
            } else {
                pages
            };
            let scale = parquet_schema::scale_of(&description);
            let kind = parquet_schema::kind_of(&description);
            let found: ColumnReader = get_column_reader(description, pages);
            Ok(Column::new(found, kind, scale))
        });
        columns.collect()
    }

    /// The pages of a column that is packed with gzip, as they lie there, and unpacked here.
    fn gzipped(
        &self,
        file: &Arc<File>,
        column: &ColumnChunkMetaData,
        rows: i64,
    ) -> Result<Box<dyn PageReader>, ParquetError> {
        let packing = Compression::UNCOMPRESSED;
        let plain = column.clone().into_builder().set_compression(packing);
        let rows = usize::try_from(rows).unwrap_or(0);
        let pages = SerializedPageReader::new(Arc::clone(file), &plain.build()?, rows, None)?;
        Ok(Box::new(Gzipped {
            pages: Box::new(pages),
            left: Arc::clone(&self.left_to_unpack),
        }))
    }
}

/// Pages that are packed with gzip. The library unpacks them without a bound, whatever they claim; here each may take
/// [`MOST_PAGE`], and all of them what a packed file may.
struct Gzipped {
    pages: Box<dyn PageReader>,
    left: Arc<AtomicU64>,
}

impl Gzipped {
    fn unpacked(&self, packed: &[u8]) -> Result<Vec<u8>, ParquetError> {
        if packed.is_empty() {
            return Ok(Vec::new());
        }
        let most = MOST_PAGE
            .unsigned_abs()
            .min(self.left.load(Ordering::Relaxed));
        let mut bytes = Vec::new();
        let mut unpacked = MultiGzDecoder::new(packed).take(most + 1);
        unpacked.read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            let message = "a page unpacks to more than any real one does";
            return Err(ParquetError::General(message.to_owned()));
        }
        self.left.fetch_sub(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    fn unpack(&self, page: &mut Page) -> Result<(), ParquetError> {
        match page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => {
                *buf = self.unpacked(buf)?.into();
            }
            Page::DataPageV2 {
                buf,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed,
                ..
            } if *is_compressed => {
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                let levels = usize::try_from(levels).ok();
                let parts = levels.and_then(|levels| buf.split_at_checked(levels));
                let (levels, values) = parts.ok_or_else(|| {
                    ParquetError::General("a page has more levels than bytes".to_owned())
                })?;
                *buf = [levels, &self.unpacked(values)?].concat().into();
                *is_compressed = false;
            }
            Page::DataPageV2 { .. } => {}
        }
        Ok(())
    }
}

impl PageReader for Gzipped {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let mut page = self.pages.get_next_page()?;
        if let Some(page) = &mut page {
            self.unpack(page)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for Gzipped {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

/// The pages of a column that holds lists. A row goes on for as long as no value says that another begins.
struct Counted {
    pages: Box<dyn PageReader>,
    values: Arc<AtomicI64>,
}

impl PageReader for Counted {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.pages.get_next_page()?;
        if let Some(Page::DataPage { num_values, .. } | Page::DataPageV2 { num_values, .. }) = &page
        {
            let more = i64::from(*num_values);
            let before = self.values.fetch_add(more, Ordering::Relaxed);
            if before > 2 * MOST_VALUES {
                let message = format!("a row of more than {MOST_VALUES} values");
                return Err(ParquetError::General(message));
            }
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for Counted {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

thread_local! {
    static DECODES: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is decoding a file's bytes: a panic is then damage of the file, is told as such, and is none of
/// the program.
#[must_use]
pub fn decodes_foreign_bytes() -> bool {
    DECODES.get()
}

/// What `decode` gives; what it panics at becomes an error.
fn caught<T>(decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    DECODES.set(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    DECODES.set(false);
    match decoded {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the file is damaged".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct NoPages;

    impl Iterator for NoPages {
        type Item = Result<Page, ParquetError>;

        fn next(&mut self) -> Option<Self::Item> {
            None
        }
    }

    impl PageReader for NoPages {
        fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
            Ok(None)
        }

        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
            Ok(None)
        }

        fn skip_next_page(&mut self) -> Result<(), ParquetError> {
            Ok(())
        }
    }

    #[test]
    fn pages_of_gzip_unpack_behind_their_levels_and_within_bounds() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        io::Write::write_all(&mut packer, &vec![7; 100_000]).unwrap();
        let packed = packer.finish().unwrap();
        let pages = Gzipped {
            pages: Box::new(NoPages),
            left: Arc::new(AtomicU64::new(150_000)),
        };
        let mut page = Page::DataPageV2 {
            buf: [b"abc", &packed[..]].concat().into(),
            num_values: 1,
            encoding: parquet::basic::Encoding::PLAIN,
            num_nulls: 0,
            num_rows: 1,
            def_levels_byte_len: 1,
            rep_levels_byte_len: 2,
            is_compressed: true,
            statistics: None,
        };
        pages.unpack(&mut page).unwrap();
        assert_eq!(page.buffer()[..4], *b"abc\x07");
        assert_eq!(page.buffer().len(), 100_003);
        // What is left of the file's bound is less than the next one comes to.
        let error = pages.unpacked(&packed).unwrap_err().to_string();
        assert!(error.contains("more than any real one does"), "{error}");
        assert!(pages.unpacked(b"no gzip").is_err());
        assert!(pages.unpacked(b"").unwrap().is_empty());
    }
}
