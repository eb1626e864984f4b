//! The rows of an answer between the work that makes them and the client that takes them: in a file without a name, which
//! goes with the last who holds it, or with the process.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;

use sanchay_core::{CoreError, VolumeId};

use super::answer::{HaveCopy, HaveRow, HaveState};
use crate::error::EngineError;

/// The rows so far.
#[derive(Debug)]
pub struct HaveRows {
    file: Mutex<File>,
}

/// Some of the rows.
#[derive(Debug, Default)]
pub struct HavePage {
    /// In the order in which they were found.
    pub rows: Vec<HaveRow>,
    /// Where the next page begins; None: this is the last.
    pub next: Option<u64>,
}

/// What a row takes in an answer beside its paths: at least as much as a message needs for it.
const ROW_BYTES: usize = 64;

impl HaveRows {
    /// None yet; the file lies in `folder`.
    pub(super) fn new(folder: &Path) -> Result<Self, EngineError> {
        let file = tempfile::tempfile_in(folder).map_err(CoreError::from)?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Adds rows behind those that are there.
    pub(super) fn append(&self, rows: &[HaveRow]) -> Result<(), EngineError> {
        let mut bytes = Vec::new();
        for row in rows {
            let at = bytes.len();
            bytes.extend_from_slice(&[0; 4]);
            encode(row, &mut bytes);
            let length = (bytes.len() - at - 4) as u32;
            bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        }
        let mut file = self.file.lock().expect("no panic under this lock");
        let write = |file: &mut File| file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(&bytes));
        Ok(write(&mut file).map_err(CoreError::from)?)
    }

    /// Up to `limit` rows from `from` on that are in one of `states` (empty: any), of at most `max_bytes`, one at least.
    pub fn page(
        &self,
        from: u64,
        limit: usize,
        max_bytes: Option<usize>,
        states: &[HaveState],
    ) -> Result<HavePage, EngineError> {
        let mut file = self.file.lock().expect("no panic under this lock");
        let end = file.seek(SeekFrom::End(0)).map_err(CoreError::from)?;
        if from > end {
            return Err(EngineError::invalid_argument("not a valid page token of this answer"));
        }
        file.seek(SeekFrom::Start(from)).map_err(CoreError::from)?;
        let mut reader = BufReader::with_capacity(1 << 16, &mut *file);
        let (mut page, mut at, mut taken) = (HavePage::default(), from, 0);
        let mut record = Vec::new();
        while at < end {
            let mut length = [0; 4];
            reader.read_exact(&mut length).map_err(CoreError::from)?;
            let length = u64::from(u32::from_le_bytes(length));
            if at + 4 + length > end {
                return Err(EngineError::invalid_argument("not a valid page token of this answer"));
            }
            record.resize(length as usize, 0);
            reader.read_exact(&mut record).map_err(CoreError::from)?;
            let row = decode(&record)
                .ok_or_else(|| EngineError::invalid_argument("not a valid page token of this answer"))?;
            if states.is_empty() || states.contains(&row.state) {
                let bytes = bytes_of(&row);
                let is_full = page.rows.len() >= limit || max_bytes.is_some_and(|most| taken + bytes > most);
                if is_full && !page.rows.is_empty() {
                    page.next = Some(at);
                    break;
                }
                taken += bytes;
                page.rows.push(row);
            }
            at += 4 + length;
        }
        Ok(page)
    }
}

/// What a row takes in a message, at most: paths travel with how they are shown, which escapes bytes by up to four each.
fn bytes_of(row: &HaveRow) -> usize {
    let path = |path: &[u8]| ROW_BYTES + 5 * path.len();
    let copies: usize = row.copies.iter().map(|copy| ROW_BYTES + path(&copy.path)).sum();
    path(&row.path) + 2 * row.reason.len() + copies
}

fn encode(row: &HaveRow, bytes: &mut Vec<u8>) {
    let put = |bytes: &mut Vec<u8>, text: &[u8]| {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text);
    };
    bytes.push(row.state as u8);
    bytes.extend_from_slice(&row.size_bytes.to_le_bytes());
    put(bytes, &row.path);
    put(bytes, row.reason.as_bytes());
    for copy in &row.copies {
        put(bytes, &copy.path);
        bytes.extend_from_slice(&copy.root_id.to_le_bytes());
        bytes.push(u8::from(copy.offline) | u8::from(copy.volume.is_some()) << 1);
        bytes.extend_from_slice(&copy.volume.map_or([0; 16], VolumeId::to_bytes));
    }
}

fn decode(record: &[u8]) -> Option<HaveRow> {
    let mut rest = record;
    let state = *HaveState::ALL.get(usize::from(take::<1>(&mut rest)?[0]))?;
    let size_bytes = u64::from_le_bytes(take(&mut rest)?);
    let path = take_text(&mut rest)?;
    let reason = String::from_utf8(take_text(&mut rest)?).ok()?;
    let mut copies = Vec::new();
    while !rest.is_empty() {
        let path = take_text(&mut rest)?;
        let root_id = i64::from_le_bytes(take(&mut rest)?);
        let [flags] = take(&mut rest)?;
        let volume = VolumeId::from_bytes(take(&mut rest)?);
        copies.push(HaveCopy { path, root_id, volume: (flags & 2 != 0).then_some(volume), offline: flags & 1 != 0 });
    }
    Some(HaveRow { path, state, reason, copies, size_bytes })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn take_text(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = u32::from_le_bytes(take(rest)?) as usize;
    let (text, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(text.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_row() -> impl Strategy<Value = HaveRow> {
        let copy = (any::<Vec<u8>>(), any::<i64>(), proptest::option::of(any::<[u8; 16]>()), any::<bool>()).prop_map(
            |(path, root_id, volume, offline)| HaveCopy {
                path,
                root_id,
                volume: volume.map(VolumeId::from_bytes),
                offline,
            },
        );
        (any::<Vec<u8>>(), 0usize..5, ".{0,20}", proptest::collection::vec(copy, 0..4), any::<u64>()).prop_map(
            |(path, state, reason, copies, size_bytes)| HaveRow {
                path,
                state: HaveState::ALL[state],
                reason,
                copies,
                size_bytes,
            },
        )
    }

    proptest! {
        #[test]
        fn pages_give_back_what_was_put_in(
            rows in proptest::collection::vec(any_row(), 0..30),
            limit in 1usize..8,
            max_bytes in 1usize..2000,
            only_new in any::<bool>(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let stored = HaveRows::new(folder.path()).unwrap();
            rows.chunks(3).for_each(|some| stored.append(some).unwrap());
            prop_assert!(cfg!(windows) || std::fs::read_dir(folder.path()).unwrap().count() == 0, "it has no name");
            let states: &[HaveState] = if only_new { &[HaveState::New] } else { &[] };
            let (mut found, mut from) = (Vec::new(), Some(0));
            while let Some(at) = from {
                let page = stored.page(at, limit, Some(max_bytes), states).unwrap();
                prop_assert!(page.rows.len() <= limit);
                let taken: usize = page.rows.iter().map(bytes_of).sum();
                prop_assert!(page.rows.len() <= 1 || taken <= max_bytes);
                found.extend(page.rows);
                from = page.next;
            }
            let wanted: Vec<HaveRow> =
                rows.into_iter().filter(|row| !only_new || row.state == HaveState::New).collect();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn a_token_that_no_page_gave_is_an_error_or_a_page_and_never_a_panic(from in any::<u64>(), row in any_row()) {
            let folder = tempfile::tempdir().unwrap();
            let stored = HaveRows::new(folder.path()).unwrap();
            stored.append(&[row]).unwrap();
            let _ = stored.page(from % 200, 10, None, &[]);
            prop_assert!(stored.page(u64::MAX, 10, None, &[]).is_err());
        }
    }
}
