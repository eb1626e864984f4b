//! Apache Parquet by its column writers, without Arrow: one row group is in memory at a time.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type};

use super::columns::Column;
use super::{Counts, ExportError, ExportRow, Renderer};

/// Rows of a row group: what readers like, and some 25 MB of rows here.
const GROUP_ROWS: usize = 131_072;

pub(super) struct Parquet {
    writer: SerializedFileWriter<Vec<u8>>,
    columns: Columns,
    counts: Counts,
}

impl Parquet {
    pub(super) fn new() -> Result<Self, ExportError> {
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema()?), Arc::new(properties()))?;
        Ok(Self { writer, columns: Columns::default(), counts: Counts::default() })
    }

    /// Moves what is written so far to `out`.
    fn drain(&mut self, out: &mut Vec<u8>) -> Result<(), ParquetError> {
        self.writer.flush()?;
        // Taking written bytes away is safe: offsets are counted by the writer, not by the length of this buffer.
        out.append(self.writer.inner_mut());
        Ok(())
    }

    fn write_group(&mut self, out: &mut Vec<u8>) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        self.columns.write(&mut group)?;
        group.close()?;
        self.drain(out)
    }
}

impl Renderer for Parquet {
    fn header(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(self.drain(out)?)
    }

    fn row(&mut self, row: &ExportRow<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.columns.push(row);
        self.counts.rows += 1;
        if self.columns.size.len() == GROUP_ROWS {
            self.write_group(out)?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        if !self.columns.size.is_empty() {
            self.write_group(out)?;
        }
        self.writer.finish()?;
        Ok(self.drain(out)?)
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

impl From<ParquetError> for ExportError {
    fn from(error: ParquetError) -> Self {
        Self { format: "parquet", reason: error.to_string() }
    }
}

/// The columns and their types.
fn schema() -> Result<Type, ParquetError> {
    use Physical::{BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY, INT32, INT64};
    const REQUIRED: Repetition = Repetition::REQUIRED;
    const OPTIONAL: Repetition = Repetition::OPTIONAL;
    let text = || Some(LogicalType::String);
    // Some readers refuse a whole file for one column in nanoseconds.
    let time = || Some(LogicalType::timestamp(true, TimeUnit::MICROS));
    let unsigned = |bits: i8| Some(LogicalType::integer(bits, false));
    let types = |column: Column| match column {
        Column::Path | Column::FileType | Column::Extension | Column::HashState => (BYTE_ARRAY, REQUIRED, text()),
        Column::PathBytes => (BYTE_ARRAY, OPTIONAL, None),
        Column::Size | Column::Allocated | Column::RootId => (INT64, REQUIRED, None),
        Column::Modified | Column::Created => (INT64, OPTIONAL, time()),
        Column::Hash => (FIXED_LEN_BYTE_ARRAY, OPTIONAL, None),
        Column::Algorithm => (BYTE_ARRAY, OPTIONAL, text()),
        Column::Links | Column::Owner => (INT32, REQUIRED, unsigned(32)),
        Column::Inode => (INT64, REQUIRED, unsigned(64)),
    };
    let fields = Column::ALL.into_iter().map(|column| {
        let (name, (physical, repetition, logical)) = (column.name(), types(column));
        let length = if physical == FIXED_LEN_BYTE_ARRAY { 32 } else { -1 };
        let column = Type::primitive_type_builder(name, physical).with_repetition(repetition).with_length(length);
        column.with_logical_type(logical).build().map(Arc::new)
    });
    Type::group_type_builder("file").with_fields(fields.collect::<Result<_, _>>()?).build()
}

fn properties() -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by("sanchay".to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_write_batch_size(8192)
        .set_max_row_group_row_count(Some(GROUP_ROWS));
    // Columns whose values hardly ever come again gain nothing by a dictionary.
    for name in ["path", "path_bytes", "size", "allocated", "modified", "created", "hash", "inode"] {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    properties
        // A path mostly begins as the one before it.
        .set_column_encoding(ColumnPath::from("path"), Encoding::DELTA_BYTE_ARRAY)
        .set_column_compression(ColumnPath::from("hash"), Compression::UNCOMPRESSED)
        .set_column_statistics_enabled(ColumnPath::from("hash"), EnabledStatistics::None)
        .build()
}

/// A row group on its way.
#[derive(Default)]
struct Columns {
    path: Texts,
    path_bytes: Optional<ByteArray>,
    size: Vec<i64>,
    allocated: Vec<i64>,
    modified: Optional<i64>,
    created: Optional<i64>,
    file_type: Vec<ByteArray>,
    extension: Texts,
    hash: Texts,
    hash_levels: Vec<i16>,
    algorithm: Optional<ByteArray>,
    hash_state: Vec<ByteArray>,
    links: Vec<i32>,
    owner: Vec<i32>,
    root_id: Vec<i64>,
    inode: Vec<i64>,
}

impl Columns {
    fn push(&mut self, row: &ExportRow<'_>) {
        if std::str::from_utf8(row.path).is_ok() {
            self.path.push(row.path);
            self.path_bytes.push(None);
        } else {
            self.path.push(String::from_utf8_lossy(row.path).as_bytes());
            self.path_bytes.push(Some(ByteArray::from(row.path.to_vec())));
        }
        // A size past 2^63 is no file's; an inode's number may be, and its column says that it has no sign.
        self.size.push(i64::try_from(row.size).unwrap_or(i64::MAX));
        self.allocated.push(i64::try_from(row.allocated).unwrap_or(i64::MAX));
        self.modified.push(row.modified_ns.map(micros));
        self.created.push(row.created_ns.map(micros));
        self.file_type.push(fixed(row.file_type));
        self.extension.push(row.extension.as_bytes());
        if let Some(hash) = row.hash {
            self.hash.push(hash);
        }
        self.hash_levels.push(i16::from(row.hash.is_some()));
        self.algorithm.push(row.algorithm.map(fixed));
        self.hash_state.push(fixed(row.hash_state));
        self.links.push(row.links.cast_signed());
        self.owner.push(row.owner.cast_signed());
        self.root_id.push(row.root_id);
        self.inode.push(row.inode.cast_signed());
    }

    /// Writes every column and empties it.
    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, Vec<u8>>) -> Result<(), ParquetError> {
        for column in Column::ALL {
            match column {
                Column::Path => write::<ByteArrayType>(group, &self.path.take(), None)?,
                Column::PathBytes => self.path_bytes.write::<ByteArrayType>(group)?,
                Column::Size => write::<Int64Type>(group, &self.size, None)?,
                Column::Allocated => write::<Int64Type>(group, &self.allocated, None)?,
                Column::Modified => self.modified.write::<Int64Type>(group)?,
                Column::Created => self.created.write::<Int64Type>(group)?,
                Column::FileType => write::<ByteArrayType>(group, &self.file_type, None)?,
                Column::Extension => write::<ByteArrayType>(group, &self.extension.take(), None)?,
                Column::Hash => {
                    let hashes: Vec<FixedLenByteArray> = self.hash.take().into_iter().map(Into::into).collect();
                    write::<FixedLenByteArrayType>(group, &hashes, Some(&self.hash_levels))?;
                }
                Column::Algorithm => self.algorithm.write::<ByteArrayType>(group)?,
                Column::HashState => write::<ByteArrayType>(group, &self.hash_state, None)?,
                Column::Links => write::<Int32Type>(group, &self.links, None)?,
                Column::Owner => write::<Int32Type>(group, &self.owner, None)?,
                Column::RootId => write::<Int64Type>(group, &self.root_id, None)?,
                Column::Inode => write::<Int64Type>(group, &self.inode, None)?,
            }
        }
        for numbers in [&mut self.size, &mut self.allocated, &mut self.root_id, &mut self.inode] {
            numbers.clear();
        }
        self.links.clear();
        self.owner.clear();
        self.file_type.clear();
        self.hash_state.clear();
        self.hash_levels.clear();
        Ok(())
    }
}

/// Microseconds, as a clock that shows no more would have shown them.
fn micros(unix_ns: i64) -> i64 {
    unix_ns.div_euclid(1000)
}

/// Text that lives as long as the program needs no copy.
fn fixed(text: &'static str) -> ByteArray {
    ByteArray::from(Bytes::from_static(text.as_bytes()))
}

fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let column = group.next_column()?;
    let mut column =
        column.ok_or_else(|| ParquetError::General("the schema has fewer columns than rows".to_owned()))?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

/// Texts end to end in one buffer: an allocation for each would cost more than all else.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    /// The values, which share the buffer.
    fn take(&mut self) -> Vec<ByteArray> {
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let mut start = 0;
        let cut = |end: usize| ByteArray::from(bytes.slice(std::mem::replace(&mut start, end)..end));
        self.ends.drain(..).map(cut).collect()
    }
}

/// Values that may be absent.
struct Optional<T> {
    values: Vec<T>,
    levels: Vec<i16>,
}

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self { values: Vec::new(), levels: Vec::new() }
    }
}

impl<V> Optional<V> {
    fn push(&mut self, value: Option<V>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }

    fn write<T: DataType<T = V>>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    ) -> Result<(), ParquetError> {
        write::<T>(group, &self.values, Some(&self.levels))?;
        self.values.clear();
        self.levels.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{render, rows, OwnedRow};
    use super::super::{Counts, Format};
    use super::*;
    use parquet::file::metadata::RowGroupMetaData;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    fn read(file: Vec<u8>) -> Vec<Vec<(String, Field)>> {
        let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|row| row.unwrap().into_columns()).collect()
    }

    fn column<'a>(row: &'a [(String, Field)], name: &str) -> &'a Field {
        &row.iter().find(|(column, _)| column == name).unwrap().1
    }

    #[test]
    fn each_column_comes_back() {
        let (out, counts) = render(Format::Parquet, &[&rows()]);
        assert_eq!(counts, Counts { rows: 3, left_out: 0 });
        let found = read(out);
        let columns: Vec<&str> = found[0].iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            columns,
            [
                "path",
                "path_bytes",
                "size",
                "allocated",
                "modified",
                "created",
                "type",
                "extension",
                "hash",
                "algorithm",
                "hash_state",
                "links",
                "owner",
                "root_id",
                "inode"
            ]
        );
        let [plain, full, strange] = [&found[0], &found[1], &found[2]];
        assert_eq!(column(plain, "path"), &Field::Str("/a/=b".into()));
        for name in ["path_bytes", "created", "hash", "algorithm"] {
            assert_eq!(column(plain, name), &Field::Null, "{name}");
        }
        assert_eq!(column(plain, "inode"), &Field::ULong(u64::MAX));
        assert_eq!(column(plain, "owner"), &Field::UInt(1000));
        assert_eq!(column(full, "path"), &Field::Str("/a/\"é\",\n.jpg".into()));
        assert_eq!(column(full, "size"), &Field::Long(1 << 40));
        assert_eq!(column(full, "modified"), &Field::TimestampMicros(1_704_067_200_123_456));
        assert_eq!(column(full, "created"), &Field::TimestampMicros(1_704_067_200_500_000));
        assert_eq!(column(strange, "modified"), &Field::TimestampMicros(-1));
        assert_eq!(column(full, "extension"), &Field::Str("jpg".into()));
        assert_eq!(column(full, "algorithm"), &Field::Str("blake3".into()));
        assert_eq!(column(full, "hash_state"), &Field::Str("hashed".into()));
        let Field::Bytes(hash) = column(full, "hash") else { panic!("{full:?}") };
        assert_eq!(hash.data()[..2], [0x01, 0xab]);
        assert_eq!(column(strange, "path"), &Field::Str("/a/\u{fffd},\u{1}".into()));
        assert_eq!(column(strange, "path_bytes"), &Field::Bytes(ByteArray::from(b"/a/\xff,\x01".to_vec())));
    }

    #[test]
    fn row_groups_are_written_as_they_fill() {
        let mut renderer = Parquet::new().unwrap();
        let (mut out, mut file) = (Vec::new(), Vec::new());
        renderer.header(&mut out).unwrap();
        let total = GROUP_ROWS * 2 + 5;
        for index in 0..total {
            let row = OwnedRow { size: index as u64, ..OwnedRow::new(format!("/{index}").as_bytes()) };
            renderer.row(&row.borrow(), &mut out).unwrap();
            file.append(&mut out);
        }
        assert!(file.len() > 4);
        renderer.finish(&mut out).unwrap();
        file.append(&mut out);
        let reader = SerializedFileReader::new(Bytes::from(file.clone())).unwrap();
        let groups: Vec<_> = reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
        assert_eq!(groups, [GROUP_ROWS as i64, GROUP_ROWS as i64, 5]);
        let found = read(file);
        assert_eq!(found.len(), total);
        for index in [0, GROUP_ROWS - 1, GROUP_ROWS, total - 1] {
            assert_eq!(column(&found[index], "path"), &Field::Str(format!("/{index}")));
            assert_eq!(column(&found[index], "size"), &Field::Long(index as i64));
        }
    }

    #[test]
    fn a_file_without_rows_is_whole() {
        assert!(read(render(Format::Parquet, &[]).0).is_empty());
    }
}
