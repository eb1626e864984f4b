//! Comma-separated values.
//!
//! A field is quoted only where it holds a comma, a quote or the end of a line; nothing in it is ever altered, so that a
//! path comes back as it was. A whole path begins with a `/` or a drive, never with a sign that a spreadsheet computes.

use super::columns::Column;
use super::text::{push_base64, push_hex, push_number, push_time};
use super::{Counts, ExportError, ExportRow, Renderer};

#[derive(Default)]
pub(super) struct Csv {
    counts: Counts,
}

impl Renderer for Csv {
    fn header(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend_from_slice(Column::ALL.map(Column::name).join(",").as_bytes());
        out.push(b'\n');
        Ok(())
    }

    fn row(&mut self, row: &ExportRow<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let path = std::str::from_utf8(row.path);
        for column in Column::ALL {
            match column {
                Column::Path => match path {
                    Ok(path) => push_field(out, path.as_bytes()),
                    Err(_) => push_field(out, String::from_utf8_lossy(row.path).as_bytes()),
                },
                Column::PathBytes if path.is_err() => push_base64(out, row.path),
                Column::PathBytes => {}
                Column::Size => push_number(out, row.size),
                Column::Allocated => push_number(out, row.allocated),
                Column::Modified => row.modified_ns.into_iter().for_each(|at_ns| push_time(out, at_ns)),
                Column::Created => row.created_ns.into_iter().for_each(|at_ns| push_time(out, at_ns)),
                Column::FileType => out.extend_from_slice(row.file_type.as_bytes()),
                Column::Extension => push_field(out, row.extension.as_bytes()),
                Column::Hash => {
                    if let Some(hash) = row.hash {
                        push_hex(out, hash);
                    }
                }
                Column::Algorithm => out.extend_from_slice(row.algorithm.unwrap_or_default().as_bytes()),
                Column::HashState => out.extend_from_slice(row.hash_state.as_bytes()),
                Column::Links => push_number(out, row.links),
                Column::Owner => push_number(out, row.owner),
                Column::RootId => push_number(out, row.root_id),
                Column::Inode => push_number(out, row.inode),
            }
            out.push(b',');
        }
        // Behind the last column stands the end of the line.
        out.pop();
        out.push(b'\n');
        self.counts.rows += 1;
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

/// A field, in quotes where it needs them.
fn push_field(out: &mut Vec<u8>, field: &[u8]) {
    // Without a branch in the loop it runs over many bytes at once.
    let special = |byte: &u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    if !field.iter().fold(false, |found, byte| found | special(byte)) {
        out.extend_from_slice(field);
        return;
    }
    out.push(b'"');
    for (index, part) in field.split(|byte| *byte == b'"').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::sample::{render, rows, OwnedRow};
    use super::super::{Counts, Format};
    use proptest::prelude::*;

    #[test]
    fn each_column_is_written() {
        let (out, counts) = render(Format::Csv, &[&rows()]);
        let hash = format!("01{}", "ab".repeat(31));
        let expected = format!(
            "path,path_bytes,size,allocated,modified,created,type,extension,hash,algorithm,hash_state,links,owner,root_id,inode\n\
             /a/=b,,7,4096,1970-01-01T00:00:00Z,,other,,,,none,1,1000,3,18446744073709551615\n\
             \"/a/\"\"é\"\",\n.jpg\",,1099511627776,4096,2024-01-01T00:00:00.123456789Z,2024-01-01T00:00:00.5Z,other,jpg,\
             {hash},blake3,hashed,1,1000,3,18446744073709551615\n\
             \"/a/\u{fffd},\u{1}\",L2Ev/ywB,7,4096,1969-12-31T23:59:59.999999999Z,,other,,,,none,1,1000,3,18446744073709551615\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(counts, Counts { rows: 3, left_out: 0 });
    }

    /// The first field of a line, read by RFC 4180.
    fn first_field(line: &str) -> String {
        let Some(quoted) = line.strip_prefix('"') else { return line.split(',').next().unwrap().to_owned() };
        let (mut field, mut letters) = (String::new(), quoted.chars().peekable());
        while let Some(letter) = letters.next() {
            if letter == '"' && letters.next_if_eq(&'"').is_none() {
                break;
            }
            field.push(letter);
        }
        field
    }

    proptest! {
        #[test]
        fn any_path_comes_back(path in "/[a-z,\"\n\r =+@-]{0,12}") {
            let (out, _) = render(Format::Csv, &[&[OwnedRow::new(path.as_bytes())]]);
            let text = String::from_utf8(out).unwrap();
            prop_assert_eq!(first_field(text.split_once('\n').unwrap().1), path);
        }
    }
}
