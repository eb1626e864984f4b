//! Reading a block without unpacking it.

use sanchay_core::{Algorithm, ContentHash};

use super::column::{take_varint, Column, TAIL_PADDING};
use super::entry::{
    usual_allocation, Entry, EntryKind, EntryRef, HashState, BIRTH_BIT, BLOCK_SLOTS, KIND_MASK, SHA256_BIT, STATE_MASK,
    STATE_SHIFT, VOLUME_BIT, VOLUME_BYTES,
};
use crate::error::CatalogError;

const NS: i64 = 1_000_000_000;

/// The columns that filters look at.
#[derive(Clone, Copy, Debug)]
pub struct BlockColumns<'a> {
    count: usize,
    flags: Column<'a>,
    size: Column<'a>,
    mtime_s: Column<'a>,
    extension: Column<'a>,
    birth_s: Column<'a>,
    owner: Column<'a>,
    links: Column<'a>,
}

impl<'a> BlockColumns<'a> {
    /// Finds the columns in `blob`.
    pub fn parse(blob: &'a [u8]) -> Result<Self, CatalogError> {
        let mut at = 0;
        let count = take_varint(blob, &mut at)? as usize;
        if count > BLOCK_SLOTS {
            return Err(CatalogError::corrupt_block());
        }
        let mut next = || Column::parse(blob, &mut at, count);
        Ok(Self {
            count,
            flags: next()?,
            size: next()?,
            mtime_s: next()?,
            extension: next()?,
            birth_s: next()?,
            owner: next()?,
            links: next()?,
        })
    }

    /// Slots in use or dead.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no slots.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What is in `slot`.
    #[inline]
    pub fn kind(&self, slot: usize) -> EntryKind {
        match self.flags.get(slot) as u8 & KIND_MASK {
            1 => EntryKind::File,
            2 => EntryKind::Symlink,
            3 => EntryKind::Special,
            _ => EntryKind::Dead,
        }
    }

    /// Whether every slot holds a regular file.
    #[inline]
    pub fn all_files(&self) -> bool {
        self.flags.uniform().is_some_and(|flags| flags as u8 & KIND_MASK == EntryKind::File as u8)
    }

    /// The algorithm by which every slot's file is hashed, where all are, and by one.
    #[inline]
    pub fn all_hashed_by(&self) -> Option<Algorithm> {
        let hashed = self.all_files() && self.hash_state(0).has_hash();
        hashed.then(|| self.algorithm(0))
    }

    /// What is known of the content of `slot`.
    #[inline]
    pub fn hash_state(&self, slot: usize) -> HashState {
        HashState::from_bits(self.flags.get(slot) as u8 >> STATE_SHIFT & STATE_MASK)
    }

    /// Apparent bytes.
    #[inline]
    pub fn size_bytes(&self, slot: usize) -> u64 {
        self.size.get(slot) as u64
    }

    /// Modification, whole seconds (rounded down).
    #[inline]
    pub fn mtime_s(&self, slot: usize) -> i64 {
        self.mtime_s.get(slot)
    }

    /// Birth, whole seconds (rounded down); None where unknown.
    #[inline]
    pub fn birth_s(&self, slot: usize) -> Option<i64> {
        (self.flags.get(slot) as u8 & BIRTH_BIT != 0).then(|| self.birth_s.get(slot))
    }

    /// Extension id; 0: none.
    #[inline]
    pub fn extension(&self, slot: usize) -> u32 {
        self.extension.get(slot) as u32
    }

    /// The extension of every slot, where it is one.
    #[inline]
    pub fn uniform_extension(&self) -> Option<u32> {
        self.extension.uniform().map(|id| id as u32)
    }

    /// User id.
    #[inline]
    pub fn owner(&self, slot: usize) -> u32 {
        self.owner.get(slot) as u32
    }

    /// Link count.
    #[inline]
    pub fn links(&self, slot: usize) -> u32 {
        self.links.get(slot) as u32
    }

    /// Whether the volume of `slot` is not its folder's.
    fn has_volume(&self, slot: usize) -> bool {
        self.flags.get(slot) as u8 & VOLUME_BIT != 0
    }

    /// The algorithm of a hash.
    #[inline]
    pub fn algorithm(&self, slot: usize) -> Algorithm {
        if self.flags.get(slot) as u8 & SHA256_BIT != 0 {
            Algorithm::Sha256
        } else {
            Algorithm::Blake3
        }
    }
}

/// Names, witnesses and hashes.
#[derive(Clone, Copy, Debug)]
pub struct BlockDetail<'a> {
    inode: Column<'a>,
    mtime_nanos: Column<'a>,
    ctime_delta: Column<'a>,
    birth_delta: Column<'a>,
    allocated_delta: Column<'a>,
    name_length: Column<'a>,
    names_and_hashes: &'a [u8],
}

impl<'a> BlockDetail<'a> {
    /// Finds the columns in `blob`, which holds `count` entries.
    pub fn parse(blob: &'a [u8], count: usize) -> Result<Self, CatalogError> {
        let mut at = 0;
        let mut next = || Column::parse(blob, &mut at, count);
        let (inode, mtime_nanos, ctime_delta) = (next()?, next()?, next()?);
        let (birth_delta, allocated_delta, name_length) = (next()?, next()?, next()?);
        let end = blob.len().checked_sub(TAIL_PADDING).ok_or_else(CatalogError::corrupt_block)?;
        let names_and_hashes = blob.get(at..end).ok_or_else(CatalogError::corrupt_block)?;
        Ok(Self { inode, mtime_nanos, ctime_delta, birth_delta, allocated_delta, name_length, names_and_hashes })
    }

    /// Inode on its volume.
    #[inline]
    pub fn inode(&self, slot: usize) -> u64 {
        self.inode.get(slot) as u64
    }

    /// Each slot's name in turn.
    pub fn names(&self, count: usize) -> impl Iterator<Item = &'a [u8]> + '_ {
        let mut at = 0usize;
        (0..count).map(move |slot| {
            let start = at;
            at = at.saturating_add(self.name_length.get(slot) as usize);
            self.names_and_hashes.get(start..at).unwrap_or_default()
        })
    }
}

impl<'a> BlockDetail<'a> {
    /// Calls `visit` with the name of each of `slots`, which ascend.
    pub fn for_each_name(&self, slots: &[usize], mut visit: impl FnMut(usize, &'a [u8])) {
        let (mut at, mut next) = (0usize, 0);
        for &slot in slots {
            let length = |slot| self.name_length.get(slot) as usize;
            at = (next..slot).fold(at, |at, earlier| at.saturating_add(length(earlier)));
            let end = at.saturating_add(length(slot));
            visit(slot, self.names_and_hashes.get(at..end).unwrap_or_default());
            (at, next) = (end, slot + 1);
        }
    }
}

/// A whole block.
#[derive(Clone, Copy, Debug)]
pub struct BlockView<'a> {
    /// What filters look at.
    pub columns: BlockColumns<'a>,
    /// The rest.
    pub detail: BlockDetail<'a>,
}

impl<'a> BlockView<'a> {
    /// Finds everything in the two blobs of a block.
    pub fn parse(columns: &'a [u8], detail: &'a [u8]) -> Result<Self, CatalogError> {
        let columns = BlockColumns::parse(columns)?;
        let detail = BlockDetail::parse(detail, columns.len())?;
        Ok(Self { columns, detail })
    }

    /// Calls `visit` with each slot that is not dead, in slot order.
    pub fn for_each(&self, mut visit: impl FnMut(usize, EntryRef<'a>)) -> Result<(), CatalogError> {
        let mut hashes = self.hashes()?;
        for (slot, name) in self.detail.names(self.columns.len()).enumerate() {
            let hash = self.columns.hash_state(slot).has_hash().then(|| take_hash(&mut hashes)).transpose()?;
            if self.columns.kind(slot) != EntryKind::Dead {
                visit(slot, EntryRef { name, entry: self.entry(slot, hash)? });
            }
        }
        Ok(())
    }

    /// The entry in `slot`; None when the slot is dead or past the end.
    pub fn get(&self, slot: usize) -> Result<Option<EntryRef<'a>>, CatalogError> {
        if slot >= self.columns.len() || self.columns.kind(slot) == EntryKind::Dead {
            return Ok(None);
        }
        let name = self.detail.names(slot + 1).last().unwrap_or_default();
        let hash = if self.columns.hash_state(slot).has_hash() {
            let before = (0..slot).filter(|&earlier| self.columns.hash_state(earlier).has_hash()).count();
            let hashes = self.hashes()?;
            Some(take_hash(&mut hashes.get(before * 32..).ok_or_else(CatalogError::corrupt_block)?)?)
        } else {
            None
        };
        Ok(Some(EntryRef { name, entry: self.entry(slot, hash)? }))
    }

    /// Modification of the entry in `slot`.
    #[inline]
    pub fn mtime_ns(&self, slot: usize) -> i64 {
        self.columns.mtime_s(slot).wrapping_mul(NS).wrapping_add(self.detail.mtime_nanos.get(slot))
    }

    /// Its birth; None where unknown.
    #[inline]
    pub fn birth_ns(&self, slot: usize) -> Option<i64> {
        self.columns.birth_s(slot).map(|_| self.mtime_ns(slot).wrapping_add(self.detail.birth_delta.get(slot)))
    }

    fn hashes(&self) -> Result<&'a [u8], CatalogError> {
        let names = (0..self.columns.len())
            .fold(0usize, |sum, slot| sum.saturating_add(self.detail.name_length.get(slot) as usize));
        self.detail.names_and_hashes.get(names..).ok_or_else(CatalogError::corrupt_block)
    }

    /// The volume of a file that is mounted by itself; 0 for all others.
    fn volume(&self, slot: usize) -> Result<i64, CatalogError> {
        if !self.columns.has_volume(slot) {
            return Ok(0);
        }
        let hashes = (0..self.columns.len()).filter(|&other| self.columns.hash_state(other).has_hash()).count();
        let before = (0..slot).filter(|&earlier| self.columns.has_volume(earlier)).count();
        let volumes = self.hashes()?.get(hashes * 32 + before * VOLUME_BYTES..);
        let bytes = volumes.and_then(<[u8]>::first_chunk::<VOLUME_BYTES>).ok_or_else(CatalogError::corrupt_block)?;
        Ok(i64::from_le_bytes(*bytes))
    }

    fn entry(&self, slot: usize, hash: Option<ContentHash>) -> Result<Entry, CatalogError> {
        let (columns, detail) = (&self.columns, &self.detail);
        let size_bytes = columns.size_bytes(slot);
        let mtime_ns = self.mtime_ns(slot);
        Ok(Entry {
            kind: columns.kind(slot),
            size_bytes,
            allocated_bytes: usual_allocation(size_bytes).wrapping_add(detail.allocated_delta.get(slot)) as u64,
            mtime_ns,
            ctime_ns: mtime_ns.wrapping_add(detail.ctime_delta.get(slot)),
            birth_ns: self.birth_ns(slot),
            inode: detail.inode.get(slot) as u64,
            volume: self.volume(slot)?,
            links: columns.links(slot),
            owner: columns.owner(slot),
            extension: columns.extension(slot),
            hash_state: columns.hash_state(slot),
            algorithm: columns.algorithm(slot),
            hash,
        })
    }
}

fn take_hash(rest: &mut &[u8]) -> Result<ContentHash, CatalogError> {
    let (head, tail) = rest.split_first_chunk::<32>().ok_or_else(CatalogError::corrupt_block)?;
    *rest = tail;
    Ok(ContentHash::from_bytes(*head))
}

#[cfg(test)]
mod tests {
    use super::super::entry::encode;
    use super::*;
    use proptest::prelude::*;

    fn any_entry() -> impl Strategy<Value = (Vec<u8>, Entry)> {
        let stamps = (any::<i64>(), any::<i64>(), proptest::option::of(any::<i64>()));
        let numbers = (any::<u32>(), any::<u32>(), any::<u64>(), 0u32..1000);
        let sizes = (0u64..1 << 50, 0u64..1 << 50);
        (
            proptest::collection::vec(1u8.., 1..20),
            stamps,
            numbers,
            sizes,
            0u8..6,
            any::<[u8; 32]>(),
            any::<bool>(),
            (1u8..4, prop_oneof![3 => Just(0), 1 => any::<i64>()]),
        )
            .prop_map(|(name, stamps, numbers, sizes, state, hash, sha256, (kind, volume))| {
                let hash_state = HashState::from_bits(state);
                let entry = Entry {
                    kind: [EntryKind::File, EntryKind::Symlink, EntryKind::Special][usize::from(kind) - 1],
                    size_bytes: sizes.0,
                    allocated_bytes: sizes.1,
                    mtime_ns: stamps.0,
                    ctime_ns: stamps.1,
                    birth_ns: stamps.2,
                    inode: numbers.2,
                    volume,
                    links: numbers.0,
                    owner: numbers.1,
                    extension: numbers.3,
                    hash_state,
                    algorithm: if sha256 { Algorithm::Sha256 } else { Algorithm::Blake3 },
                    hash: hash_state.has_hash().then(|| ContentHash::from_bytes(hash)),
                };
                (name, entry)
            })
    }

    proptest! {
        #[test]
        fn a_block_gives_back_what_was_put_in(
            items in proptest::collection::vec(any_entry(), 0..256),
            dead in proptest::collection::vec(0usize..256, 0..10),
        ) {
            let mut refs: Vec<EntryRef<'_>> =
                items.iter().map(|(name, entry)| EntryRef { name, entry: *entry }).collect();
            for slot in dead {
                if slot < refs.len() {
                    refs[slot] = EntryRef { name: b"", entry: Entry::dead() };
                }
            }
            let block = encode(&refs);
            let view = BlockView::parse(&block.columns, &block.detail).unwrap();
            let mut seen = Vec::new();
            view.for_each(|slot, item| seen.push((slot, format!("{item:?}")))).unwrap();
            let wanted: Vec<_> = refs.iter().enumerate().filter(|(_, item)| item.entry.kind != EntryKind::Dead).collect();
            prop_assert_eq!(seen.len(), wanted.len());
            for ((slot, text), (wanted_slot, item)) in seen.iter().zip(wanted) {
                prop_assert_eq!(*slot, wanted_slot);
                prop_assert_eq!(text, &format!("{item:?}"));
                prop_assert_eq!(text, &format!("{:?}", view.get(*slot).unwrap().unwrap()));
            }
            prop_assert!(view.get(refs.len()).unwrap().is_none());
        }

        #[test]
        fn damaged_blobs_are_errors_and_never_panics(
            columns in proptest::collection::vec(any::<u8>(), 0..200),
            detail in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Ok(view) = BlockView::parse(&columns, &detail) {
                let _ = view.for_each(|_, _| ());
                for slot in 0..view.columns.len() {
                    let _ = view.get(slot);
                }
            }
        }
    }
}
