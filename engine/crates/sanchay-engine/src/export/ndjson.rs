//! A JSON object a line, with the keys of `find --json`.

use super::columns::Column;
use super::text::{push_base64, push_hex, push_number, push_time};
use super::{Counts, ExportError, ExportRow, Renderer};

#[derive(Default)]
pub(super) struct Ndjson {
    counts: Counts,
}

impl Renderer for Ndjson {
    fn header(&mut self, _out: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }

    fn row(&mut self, row: &ExportRow<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let path = std::str::from_utf8(row.path);
        let mut before = b'{';
        for column in Column::ALL {
            // Only a path that is not text needs its bytes beside it.
            if column == Column::PathBytes && path.is_ok() {
                continue;
            }
            out.push(std::mem::replace(&mut before, b','));
            out.extend_from_slice(column.json_key().as_bytes());
            match column {
                Column::Path => push_quoted(out, |out| match path {
                    Ok(path) => push_string(out, path),
                    Err(_) => push_string(out, &String::from_utf8_lossy(row.path)),
                }),
                Column::PathBytes => push_quoted(out, |out| push_base64(out, row.path)),
                Column::Size => push_number(out, row.size),
                Column::Allocated => push_number(out, row.allocated),
                Column::Modified => push_or_null(out, row.modified_ns, push_time),
                Column::Created => push_or_null(out, row.created_ns, push_time),
                Column::FileType => push_quoted(out, |out| out.extend_from_slice(row.file_type.as_bytes())),
                Column::Extension => push_quoted(out, |out| push_string(out, row.extension)),
                Column::Hash => push_or_null(out, row.hash, push_hex),
                Column::Algorithm => {
                    push_or_null(out, row.algorithm, |out, name| out.extend_from_slice(name.as_bytes()));
                }
                Column::HashState => push_quoted(out, |out| out.extend_from_slice(row.hash_state.as_bytes())),
                Column::Links => push_number(out, row.links),
                Column::Owner => push_number(out, row.owner),
                Column::RootId => push_number(out, row.root_id),
                Column::Inode => push_number(out, row.inode),
            }
        }
        out.extend_from_slice(b"}\n");
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

fn push_or_null<T>(out: &mut Vec<u8>, value: Option<T>, push: impl FnOnce(&mut Vec<u8>, T)) {
    match value {
        Some(value) => push_quoted(out, |out| push(out, value)),
        None => out.extend_from_slice(b"null"),
    }
}

fn push_quoted(out: &mut Vec<u8>, push: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    push(out);
    out.push(b'"');
}

/// The inside of a JSON string.
fn push_string(out: &mut Vec<u8>, text: &str) {
    let special = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\');
    let mut rest = text.as_bytes();
    // Without a branch in the loop it runs over many bytes at once; most paths need no more.
    if rest.iter().fold(false, |found, byte| found | special(byte)) {
        while let Some(at) = rest.iter().position(special) {
            out.extend_from_slice(&rest[..at]);
            match rest[at] {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                control => {
                    out.extend_from_slice(if control < 0x10 { b"\\u000" } else { b"\\u001" });
                    out.push(b"0123456789abcdef"[usize::from(control & 0x0f)]);
                }
            }
            rest = &rest[at + 1..];
        }
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::super::sample::{render, rows, OwnedRow};
    use super::super::Format;
    use proptest::prelude::*;
    use serde_json::{json, Value};

    fn lines(rows: &[OwnedRow]) -> Vec<Value> {
        let (out, counts) = render(Format::Ndjson, &[rows]);
        assert_eq!((counts.rows, counts.left_out), (rows.len() as u64, 0));
        out.split_inclusive(|byte| *byte == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    #[test]
    fn each_key_is_written() {
        let found = lines(&rows());
        let plain = json!({
            "path": "/a/=b", "size": 7, "allocated": 4096, "modified": "1970-01-01T00:00:00Z", "created": null,
            "type": "other", "extension": "", "hash": null, "algorithm": null, "hash_state": "none", "links": 1,
            "owner": 1000, "root_id": 3, "inode": u64::MAX,
        });
        assert_eq!(found[0], plain);
        assert_eq!(found[1]["path"], "/a/\"é\",\n.jpg");
        assert_eq!(found[1]["modified"], "2024-01-01T00:00:00.123456789Z");
        assert_eq!(found[1]["created"], "2024-01-01T00:00:00.5Z");
        assert_eq!(found[1]["hash"], format!("01{}", "ab".repeat(31)));
        assert_eq!(found[1]["algorithm"], "blake3");
        assert_eq!(found[1]["hash_state"], "hashed");
        assert_eq!(found[2]["path"], "/a/\u{fffd},\u{1}");
        assert_eq!(found[2]["path_bytes"], "L2Ev/ywB");
        assert_eq!(found[1].get("path_bytes"), None);
    }

    proptest! {
        #[test]
        fn any_path_comes_back(path in "/(.|[\u{0}-\u{20}\"\\\\]){0,12}") {
            prop_assert_eq!(&lines(&[OwnedRow::new(path.as_bytes())])[0]["path"], &Value::from(path));
        }
    }
}
