//! The catalog's files written for other programs.
//!
//! A renderer takes rows one at a time and appends what it makes of them to a buffer that the caller drains whenever it
//! likes: memory stays flat, whatever the number of rows. Nothing here reads the catalog or writes to a file.
//!
//! | format | what it is |
//! |---|---|
//! | CSV | RFC 4180 quoting, lines end with `\n`, a line of column names; empty where nothing is known |
//! | NDJSON | an object a line, keys as `find --json`; null where nothing is known |
//! | Parquet | typed columns, times in microseconds (UTC), hashes as 32 bytes; row groups of 131,072 rows |
//! | b3sum, sha256sum | what `b3sum --check` and `sha256sum --check` read |
//! | fdupes | the paths of each group of equal files, an empty line between groups |
//!
//! Times in text are RFC 3339 in UTC with as many digits of a second as are needed. A path that is not UTF-8 is written
//! with replacement characters, and its exact bytes beside it in `path_bytes` (base64; raw in Parquet), which is empty
//! for all others. The formats of other programs have no such place: b3sum and fdupes leave out
//! what they cannot carry, and it is counted.

mod checksums;
mod columns;
mod csv;
mod fdupes;
mod ndjson;
mod parquet;
#[cfg(test)]
mod sample;
mod text;

use thiserror::Error;

/// A file as it is exported.
#[derive(Clone, Copy, Debug)]
pub struct ExportRow<'a> {
    /// Exact bytes of its whole path.
    pub path: &'a [u8],
    /// Apparent size in bytes.
    pub size: u64,
    /// Bytes of its allocated blocks.
    pub allocated: u64,
    /// Unix time of its last modification, in nanoseconds, where 64 bits hold it.
    pub modified_ns: Option<i64>,
    /// The same of its birth, where the file system says it.
    pub created_ns: Option<i64>,
    /// The name of its type.
    pub file_type: &'static str,
    /// Its extension; empty where it has none.
    pub extension: &'a str,
    /// The hash of its content, where there is one.
    pub hash: Option<&'a [u8; 32]>,
    /// The algorithm of the hash: `blake3` or `sha256`.
    pub algorithm: Option<&'static str>,
    /// What is known of its content: `none`, `pending`, `hashed`, `unstable` or `unreadable`.
    pub hash_state: &'static str,
    /// How many names it has.
    pub links: u32,
    /// The number of its owner.
    pub owner: u32,
    /// The root that it lies in.
    pub root_id: i64,
    /// Its number on its volume.
    pub inode: u64,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
    /// A check file of `b3sum`.
    B3sum,
    /// A check file of `sha256sum`.
    Sha256sum,
    /// Groups of equal files.
    Fdupes,
}

impl Format {
    /// Every format, in the order in which they are named.
    pub const ALL: [Self; 6] = [Self::Csv, Self::Ndjson, Self::Parquet, Self::B3sum, Self::Sha256sum, Self::Fdupes];

    /// The name as commands spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
            Self::B3sum => "b3sum",
            Self::Sha256sum => "sha256sum",
            Self::Fdupes => "fdupes",
        }
    }

    /// The format of a name as commands spell it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Whether rows must come group by group, with [`Renderer::group_end`] after each.
    pub const fn is_grouped(self) -> bool {
        matches!(self, Self::Fdupes)
    }

    /// A renderer that has rendered nothing yet.
    pub fn renderer(self) -> Result<Box<dyn Renderer>, ExportError> {
        Ok(match self {
            Self::Csv => Box::new(csv::Csv::default()),
            Self::Ndjson => Box::new(ndjson::Ndjson::default()),
            Self::Parquet => Box::new(parquet::Parquet::new()?),
            Self::B3sum => Box::new(checksums::Checksums::b3sum()),
            Self::Sha256sum => Box::new(checksums::Checksums::sha256sum()),
            Self::Fdupes => Box::new(fdupes::Fdupes::default()),
        })
    }
}

/// How many rows went in and stayed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that are in the file.
    pub rows: u64,
    /// Rows that the format cannot carry.
    pub left_out: u64,
}

/// Turns rows into the bytes of a file. The calls come in the order `header`, then `row` (and `group_end`) any number of
/// times, then `finish`; each appends to `out`, which the caller may empty between them.
pub trait Renderer: Send {
    /// What comes before the first row.
    fn header(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError>;
    /// One row.
    fn row(&mut self, row: &ExportRow<'_>, out: &mut Vec<u8>) -> Result<(), ExportError>;
    /// The rows since the last call have equal content. Only grouped formats care.
    fn group_end(&mut self, _out: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }
    /// What comes after the last row.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError>;
    /// The rows so far.
    fn counts(&self) -> Counts;
}

/// The encoder refused what it was given, which is a fault of this program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the rows could not be written as {format}: {reason}")]
pub struct ExportError {
    /// The name of the format.
    pub format: &'static str,
    /// The encoder's own words.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.name()), Some(format));
        }
        assert_eq!(Format::parse("CSV"), None);
    }

    #[test]
    fn every_format_counts_its_rows() {
        let [plain, hashed, strange] = sample::rows();
        for format in Format::ALL {
            let mut renderer = format.renderer().unwrap();
            let mut out = Vec::new();
            renderer.header(&mut out).unwrap();
            for row in [&plain, &hashed, &strange] {
                renderer.row(&row.borrow(), &mut out).unwrap();
            }
            renderer.group_end(&mut out).unwrap();
            renderer.finish(&mut out).unwrap();
            let Counts { rows, left_out } = renderer.counts();
            assert_eq!(rows + left_out, 3, "{}", format.name());
        }
    }
}
