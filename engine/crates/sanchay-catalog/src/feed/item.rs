//! One change, and its packed form.

use super::kind::ChangeKind;
use crate::block::column::{put_varint, take_varint, unzigzag, zigzag};
use crate::error::CatalogError;

const KIND_MASK: u8 = 0x0f;
const FOLDER_BIT: u8 = 0x10;
const FROM_BIT: u8 = 0x20;

/// One change of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeItem<'a> {
    /// What happened.
    pub kind: ChangeKind,
    /// The name in the directory; empty: the directory itself.
    pub name: &'a [u8],
    /// Where it was before a move: the whole path, or another name in the same directory.
    pub from: Option<&'a [u8]>,
    /// A folder with all below it.
    pub folder: bool,
    /// Regular files that it concerns; 1 for a file.
    pub files: u64,
    /// Bytes more, or fewer.
    pub bytes_delta: i64,
    /// Apparent bytes: now, or the last that were seen of what is gone.
    pub size_bytes: u64,
}

impl<'a> ChangeItem<'a> {
    /// A change of one regular file.
    pub fn file(kind: ChangeKind, name: &'a [u8], bytes_delta: i64, size_bytes: u64) -> Self {
        Self { kind, name, from: None, folder: false, files: 1, bytes_delta, size_bytes }
    }

    /// A folder with all that it held: `files` and `bytes` more, or fewer.
    pub fn folder(kind: ChangeKind, files: i64, bytes: i64) -> Self {
        let (files, size_bytes) = (files.unsigned_abs(), bytes.unsigned_abs());
        Self { kind, name: b"", from: None, folder: true, files, bytes_delta: bytes, size_bytes }
    }

    /// A file that has another name in the same directory.
    pub fn renamed(from: &'a [u8], name: &'a [u8], size_bytes: u64) -> Self {
        Self { from: Some(from), ..Self::file(ChangeKind::Moved, name, 0, size_bytes) }
    }

    /// The whole path that it was moved from; `directory` is where it is now.
    pub fn from_path(&self, directory: &[u8]) -> Option<Vec<u8>> {
        let from = self.from?;
        let is_path = from.iter().any(|&byte| byte == b'/' || (cfg!(windows) && byte == b'\\'));
        Some(if is_path { from.to_vec() } else { sanchay_core::path::join(directory, from) })
    }

    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        let folder = if self.folder { FOLDER_BIT } else { 0 };
        let from = if self.from.is_some() { FROM_BIT } else { 0 };
        out.push(self.kind as u8 | folder | from);
        put_bytes(out, self.name);
        put_varint(out, zigzag(self.bytes_delta));
        put_varint(out, self.size_bytes);
        if self.folder {
            put_varint(out, self.files);
        }
        if let Some(from) = self.from {
            put_bytes(out, from);
        }
    }

    /// Reads the item at `*at`, and moves `*at` behind it.
    pub fn unpack(packed: &'a [u8], at: &mut usize) -> Result<Self, CatalogError> {
        let damaged = || CatalogError::corrupt("a row of the change feed cannot be read");
        let tag = *packed.get(*at).ok_or_else(damaged)?;
        *at += 1;
        let kind = ChangeKind::from_bits(tag & KIND_MASK).ok_or_else(damaged)?;
        let name = take_bytes(packed, at)?.ok_or_else(damaged)?;
        let bytes_delta = unzigzag(take_varint(packed, at)?);
        let size_bytes = take_varint(packed, at)?;
        let folder = tag & FOLDER_BIT != 0;
        let files = if folder { take_varint(packed, at)? } else { 1 };
        let from = if tag & FROM_BIT != 0 { Some(take_bytes(packed, at)?.ok_or_else(damaged)?) } else { None };
        Ok(Self { kind, name, from, folder, files, bytes_delta, size_bytes })
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take_bytes<'a>(packed: &'a [u8], at: &mut usize) -> Result<Option<&'a [u8]>, CatalogError> {
    let length = take_varint(packed, at)? as usize;
    let bytes = at.checked_add(length).and_then(|end| packed.get(*at..end));
    if bytes.is_some() {
        *at += length;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_item_gives_back_what_was_put_in(
            kind in 0u8..8, name: Vec<u8>, from: Option<Vec<u8>>, folder: bool, files: u64, bytes_delta: i64, size_bytes: u64,
        ) {
            let item = ChangeItem {
                kind: ChangeKind::from_bits(kind).unwrap(), name: &name, from: from.as_deref(), folder,
                files: if folder { files } else { 1 }, bytes_delta, size_bytes,
            };
            let (mut packed, mut at) = (Vec::new(), 0);
            item.pack(&mut packed);
            prop_assert_eq!(ChangeItem::unpack(&packed, &mut at).unwrap(), item);
            prop_assert_eq!(at, packed.len());
        }

        #[test]
        fn a_torn_item_is_an_error_and_never_a_panic(packed: Vec<u8>) {
            let mut at = 0;
            while at < packed.len() && ChangeItem::unpack(&packed, &mut at).is_ok() {}
        }
    }
}
