//! Rows for tests.

use super::{Counts, ExportRow, Format};

/// A row that owns its text.
pub(super) struct OwnedRow {
    pub(super) path: Vec<u8>,
    pub(super) size: u64,
    pub(super) modified_ns: Option<i64>,
    pub(super) created_ns: Option<i64>,
    pub(super) extension: &'static str,
    pub(super) hash: Option<([u8; 32], &'static str)>,
}

impl OwnedRow {
    pub(super) fn new(path: &[u8]) -> Self {
        Self { path: path.to_vec(), size: 7, modified_ns: Some(0), created_ns: None, extension: "", hash: None }
    }

    pub(super) fn hashed(path: &[u8], algorithm: &'static str) -> Self {
        let mut hash = [0xab; 32];
        hash[0] = 0x01;
        Self { hash: Some((hash, algorithm)), ..Self::new(path) }
    }

    pub(super) fn borrow(&self) -> ExportRow<'_> {
        ExportRow {
            path: &self.path,
            size: self.size,
            allocated: 4096,
            modified_ns: self.modified_ns,
            created_ns: self.created_ns,
            file_type: "other",
            extension: self.extension,
            hash: self.hash.as_ref().map(|(hash, _)| hash),
            algorithm: self.hash.as_ref().map(|(_, algorithm)| *algorithm),
            hash_state: if self.hash.is_some() { "hashed" } else { "none" },
            links: 1,
            owner: 1000,
            root_id: 3,
            inode: u64::MAX,
        }
    }
}

/// A plain row, one with everything, and one whose path is not UTF-8.
pub(super) fn rows() -> [OwnedRow; 3] {
    let full = OwnedRow {
        size: 1 << 40,
        modified_ns: Some(1_704_067_200_123_456_789),
        created_ns: Some(1_704_067_200_500_000_000),
        extension: "jpg",
        ..OwnedRow::hashed("/a/\"é\",\n.jpg".as_bytes(), "blake3")
    };
    [OwnedRow::new(b"/a/=b"), full, OwnedRow { modified_ns: Some(-1), ..OwnedRow::new(b"/a/\xff,\x01") }]
}

/// The whole file that a format makes of groups of rows.
pub(super) fn render(format: Format, groups: &[&[OwnedRow]]) -> (Vec<u8>, Counts) {
    let (mut renderer, mut out) = (format.renderer().unwrap(), Vec::new());
    renderer.header(&mut out).unwrap();
    for group in groups {
        for row in *group {
            renderer.row(&row.borrow(), &mut out).unwrap();
        }
        renderer.group_end(&mut out).unwrap();
    }
    renderer.finish(&mut out).unwrap();
    (out, renderer.counts())
}
