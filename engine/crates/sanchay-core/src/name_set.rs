//! The names of one listing, to notice one that is given twice.
//!
//! Some servers and FUSE file systems list a name twice, and so does any file system on which a name is renamed over while
//! it is being listed. A name is one file, so the lister hears it once.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Slots that are kept from one folder to the next: larger tables are let go, for clearing them would take longer than
/// listing a small folder.
const SLOTS_KEPT: usize = 4096;
const SLOTS_LEAST: usize = 64;
const BYTES_KEPT: usize = 1 << 20;
const FREE: Slot = Slot { hash: 0, name: 0 };

/// Half of a name's hash, and its number plus one.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    name: u32,
}

/// A set of names.
#[derive(Debug)]
pub(crate) struct NameSet {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    slots: Vec<Slot>,
    seed: u64,
}

impl Default for NameSet {
    fn default() -> Self {
        // One who makes up names cannot know which ones share a slot.
        let seed = RandomState::new().hash_one(0u8);
        Self { bytes: Vec::new(), ends: Vec::new(), slots: vec![FREE; SLOTS_LEAST], seed }
    }
}

impl NameSet {
    /// Forgets all names.
    pub(crate) fn clear(&mut self) {
        self.ends.clear();
        self.bytes.clear();
        self.bytes.shrink_to(BYTES_KEPT);
        if self.slots.len() > SLOTS_KEPT {
            self.slots = vec![FREE; SLOTS_LEAST];
            self.ends.shrink_to(SLOTS_KEPT);
        } else {
            self.slots.fill(FREE);
        }
    }

    /// Adds a name; false when it is there already.
    pub(crate) fn insert(&mut self, name: &[u8]) -> bool {
        if (self.ends.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let hash = self.hash(name);
        let Err(at) = self.look(name, hash) else { return false };
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
        // More names than this are in no folder that a listing could be held of.
        let number = u32::try_from(self.ends.len()).unwrap_or(0);
        self.slots[at] = Slot { hash: (hash >> 32) as u32, name: number };
        true
    }

    /// The number of a name: how many were there before it.
    pub(crate) fn position(&self, name: &[u8]) -> Option<usize> {
        self.look(name, self.hash(name)).ok()
    }

    /// The number of a name, or the slot that it would get.
    #[inline]
    fn look(&self, name: &[u8], hash: u64) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let Slot { hash: half, name: number } = self.slots[at];
            if number == 0 {
                return Err(at);
            }
            if half == (hash >> 32) as u32 && self.name(number as usize - 1) == name {
                return Ok(number as usize - 1);
            }
            at = (at + 1) & mask;
        }
    }

    /// The name with this number.
    #[inline]
    pub(crate) fn name(&self, number: usize) -> &[u8] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.bytes[start..self.ends[number]]
    }

    fn grow(&mut self) {
        // The memory of a large folder is what counts; that of a small one is soon enough.
        let factor = if self.slots.len() < SLOTS_KEPT { 4 } else { 2 };
        let mut slots = vec![FREE; self.slots.len() * factor];
        let mask = slots.len() - 1;
        for number in 0..self.ends.len() {
            let hash = self.hash(self.name(number));
            let mut at = hash as usize & mask;
            while slots[at].name != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = Slot { hash: (hash >> 32) as u32, name: number as u32 + 1 };
        }
        self.slots = slots;
    }

    /// Eight bytes at a time: a listing of a million names must not feel it.
    fn hash(&self, name: &[u8]) -> u64 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mix = |hash: u64, word: u64| {
            let product = u128::from(hash ^ word) * u128::from(ODD);
            (product as u64) ^ ((product >> 64) as u64)
        };
        let mut words = name.chunks_exact(8);
        let mut hash = mix(self.seed, name.len() as u64);
        for word in &mut words {
            hash = mix(hash, u64::from_le_bytes(word.try_into().unwrap_or_default()));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        mix(mix(hash, u64::from_le_bytes(last)), self.seed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_name_is_new_once() {
        let mut names = NameSet::default();
        for round in 0..3 {
            names.clear();
            let mut known: HashSet<Vec<u8>> = HashSet::new();
            for number in 0..20_000u32 * (round + 1) % 30_011 {
                // Long and short ones, many of them twice, and ones that differ in their last byte or their length alone.
                let name = match number % 4 {
                    0 => format!("{}", number / 8).into_bytes(),
                    1 => vec![b'x'; (number / 4 % 255) as usize],
                    2 => [&[0xff; 16][..], &(number / 12).to_be_bytes()].concat(),
                    _ => format!("a long name of a photo {}", number / 16).into_bytes(),
                };
                assert_eq!(names.insert(&name), known.insert(name.clone()), "{name:?}");
            }
        }
    }

    #[test]
    fn what_a_large_folder_took_is_given_back() {
        let mut names = NameSet::default();
        for number in 0..100_000 {
            assert!(names.insert(format!("a file with a rather long name {number}").as_bytes()));
        }
        names.clear();
        assert!(names.slots.len() <= SLOTS_KEPT && names.bytes.capacity() <= BYTES_KEPT);
        assert!(names.insert(b"a"));
        assert!(!names.insert(b"a"));
    }
}
