//! Writes a catalog of made-up entries, for measuring questions at a size that no test machine has files for:
//! `generate_catalog CATALOG ENTRIES [GROUPS]`. The entries lie below `/generated`; each group has two copies. A catalog
//! that is there already gets so many more. Says on standard error what merging their keys took.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sanchay_core::{extension, Algorithm, ContentHash, FileSystem, VolumeId};
use sanchay_engine::catalog::block::{encode, Entry, EntryId, EntryKind, EntryRef, HashState, BLOCK_SLOTS};
use sanchay_engine::catalog::content::{Posting, Staged};
use sanchay_engine::catalog::{
    BlockWrite, Catalog, CatalogOptions, DirectoryChange, DirectoryRow, RootSeen, RootState, Stream,
};
use sanchay_engine::RootSettings;

const FILES_IN_DIRECTORY: u64 = 1000;
const EXTENSIONS: [&str; 8] = ["log", "jpg", "txt", "json", "pdf", "py", "mp3", "zip"];
const WORDS: [&str; 8] = ["server", "holiday", "invoice", "backup", "report", "render", "sample", "module"];

/// Splitmix64: the same numbers on every run and machine.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, entries, ..] = arguments.as_slice() else {
        return Err("usage: generate_catalog CATALOG ENTRIES [GROUPS]".into());
    };
    let entries: u64 = entries.parse()?;
    let groups: u64 = arguments.get(3).map_or(Ok(entries / 10), |text| text.parse())?;
    let catalog = Catalog::open(Path::new(path), CatalogOptions::default())?;
    let volume = catalog.volume_id(VolumeId::from_bytes([7; 16]), &FileSystem::default(), false)?;
    let settings = serde_json::to_string(&RootSettings { name: "generated".to_owned(), ..RootSettings::default() })?;
    let root = 1_000_000;
    let known = catalog.reader()?.roots()?.into_iter().find(|row| row.id == root);
    let top = known.map_or_else(|| catalog.next_directory_id(), |row| row.directory);
    catalog.writer().run(move |session| {
        session.put_root(root, b"/generated", &settings)?;
        session.root_directory(root, top)
    })?;
    let there = catalog.reader()?.directory_files(top)?.next_multiple_of(FILES_IN_DIRECTORY);
    let entries = there + entries;
    let stream: Arc<Stream> = Arc::default();
    for first in (there..entries).step_by(FILES_IN_DIRECTORY as usize) {
        let id = catalog.next_directory_id();
        let mut change = DirectoryChange::new(top, id, top, Arc::clone(&stream));
        let name = format!("folder-{:06}", first / FILES_IN_DIRECTORY).into_bytes();
        change.row = Some(DirectoryRow {
            id,
            parent: top,
            name,
            volume,
            inode: id as u64,
            mtime_ns: 0,
            unreadable: false,
            mounted: false,
        });
        change.usage.directories = 1;
        let files: Vec<(Vec<u8>, Entry)> =
            (first..entries.min(first + FILES_IN_DIRECTORY)).map(|number| file(&catalog, number, groups)).collect();
        let blocks = catalog.reserve_blocks(files.len().div_ceil(BLOCK_SLOTS));
        for (block, files) in (blocks..).zip(files.chunks(BLOCK_SLOTS)) {
            let slots: Vec<EntryRef<'_>> = files.iter().map(|(name, entry)| EntryRef { name, entry: *entry }).collect();
            for (slot, item) in slots.iter().enumerate() {
                change.usage.count(&item.entry, 1);
                change.rollups.count(&item.entry, 1);
                if let Some((posting, hash)) = Posting::of(EntryId::new(block, slot), &item.entry, false) {
                    change.staged.push(Staged { posting, hash });
                }
            }
            change.blocks.push(BlockWrite { id: block, block: encode(&slots), entries: slots.len(), over: false });
        }
        catalog.writer().change(change)?;
        if catalog.staged_len() > 1_000_000 {
            merge(&catalog)?;
        }
    }
    merge(&catalog)?;
    catalog.writer().run(move |session| {
        let seen = RootSeen { volume, inode: 1, birth_ns: None };
        session.set_root_state(root, RootState::Ready, "", Some(1_700_000_000_000_000_000), Some(seen))
    })?;
    if std::env::var_os("NO_NAME_INDEX").is_none() {
        catalog.build_name_index(catalog.last_block(), &|| true)?;
    }
    println!("{:?}", catalog.status()?);
    catalog.close();
    Ok(())
}

fn merge(catalog: &Catalog) -> Result<(), Box<dyn std::error::Error>> {
    catalog.writer().run(|_| Ok(()))?; // what was queued before it is written
    let (keys, began) = (catalog.staged_len(), Instant::now());
    catalog.writer().run(|session| session.merge_content(&mut |_| ControlFlow::Continue(())))?;
    eprintln!("merged {keys} keys in {:.2} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn file(catalog: &Catalog, number: u64, groups: u64) -> (Vec<u8>, Entry) {
    let random = mix(number);
    let kind = (random % 8) as usize;
    let name = format!("{}-{:08}.{}", WORDS[(random >> 8) as usize % 8], number, EXTENSIONS[kind]).into_bytes();
    // The second copy of each group bears the content of the first.
    let content = if number >= groups && number < 2 * groups { number - groups } else { number };
    let content_random = mix(content ^ 0x5eed);
    let mut hash = [0u8; 32];
    for (at, piece) in hash.chunks_mut(8).enumerate() {
        piece.copy_from_slice(&mix(content.wrapping_mul(4) + at as u64).to_le_bytes());
    }
    let size_bytes = 1 + content_random % (1 << (8 + content_random % 16));
    let mtime_ns = 1_500_000_000_000_000_000 + (random % 200_000_000) as i64 * 1_000_000_001;
    let entry = Entry {
        kind: EntryKind::File,
        size_bytes,
        allocated_bytes: size_bytes.div_ceil(4096) * 4096,
        mtime_ns,
        ctime_ns: mtime_ns + 5_000_000,
        birth_ns: Some(mtime_ns - 1_000_000),
        inode: 1_000_000 + number,
        volume: 0,
        links: 1,
        owner: 1000,
        extension: catalog.extensions().intern(extension(&name)),
        hash_state: HashState::Hashed,
        algorithm: Algorithm::Blake3,
        hash: Some(ContentHash::from_bytes(hash)),
    };
    (name, entry)
}
