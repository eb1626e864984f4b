//! A scan of what is not a folder of this machine: a bucket in memory. It lists pages of keys with all that it knows of
//! each object, has prefixes for folders, tags for stamps, and checksums for some.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sanchay_catalog::block::{Entry, EntryKind, HashState};
use sanchay_core::content_hash::hash_bytes;
use sanchay_core::path::bytes_of;
use sanchay_core::{
    Algorithm, Content, ContentHash, CoreError, ErrorKind, FileKind, FileStat, FileSystem, Folder, Listing, Source,
    Volume, VolumeId,
};

use super::stages::run;
use super::stored::Stored;
use crate::job::{Control, ScanResult, ScanState};
use crate::reading::SMALL_BYTES;
use crate::{Engine, EngineOptions, RootSettings};

/// Keys in one page of a listing.
const PAGE: usize = 3;
const MODIFIED_NS: i64 = 1_500_000_000_000_000_000;

/// The buckets that there are, by the paths that the tests gave them.
static BUCKETS: Mutex<BTreeMap<PathBuf, Arc<Store>>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Store {
    objects: Mutex<BTreeMap<Vec<u8>, Object>>,
    bytes_read: AtomicU64,
    /// Objects that were asked for one by one.
    asked: AtomicUsize,
    /// Pages that are still given before one fails; 0: all of them.
    pages_left: AtomicUsize,
}

#[derive(Clone)]
struct Object {
    bytes: Vec<u8>,
    tag: u64,
    keeps_checksum: bool,
}

impl Store {
    fn put(&self, key: &str, bytes: &[u8], tag: u64) {
        let object = Object { bytes: bytes.to_vec(), tag, keeps_checksum: key.contains(".sum") };
        self.objects.lock().unwrap().insert(key.as_bytes().to_vec(), object);
    }

    /// A page of what lies directly under a prefix, after a name: objects, and the prefixes below.
    fn page(&self, prefix: &[u8], after: Option<&[u8]>) -> Result<Vec<(Vec<u8>, FileStat)>, CoreError> {
        match self.pages_left.load(Ordering::Relaxed) {
            0 => {}
            1 => return Err(CoreError::new(ErrorKind::Io, None, "the server did not answer")),
            left => self.pages_left.store(left - 1, Ordering::Relaxed),
        }
        let objects = self.objects.lock().unwrap();
        let mut names = BTreeMap::new();
        for (key, object) in objects.iter() {
            let Some(rest) = key.strip_prefix(prefix) else { continue };
            match rest.iter().position(|byte| *byte == b'/') {
                Some(at) => names.insert(rest[..at].to_vec(), prefix_stat(&key[..prefix.len() + at])),
                None => names.insert(rest.to_vec(), object.stat(key)),
            };
        }
        let is_left = |name: &Vec<u8>| after.is_none_or(|after| name.as_slice() > after);
        Ok(names.into_iter().filter(|(name, _)| is_left(name)).take(PAGE).collect())
    }
}

fn number(parts: &[&[u8]]) -> u64 {
    u64::from_le_bytes(hash_bytes(Algorithm::Blake3, &parts.concat()).as_bytes()[..8].try_into().unwrap())
}

impl Object {
    fn stat(&self, key: &[u8]) -> FileStat {
        FileStat {
            kind: FileKind::File,
            // Another tag is another witness, though size and time are what they were.
            inode: number(&[key, &self.tag.to_le_bytes()]),
            size_bytes: self.bytes.len() as u64,
            allocated_bytes: self.bytes.len() as u64,
            ..prefix_stat(key)
        }
    }
}

fn prefix_stat(prefix: &[u8]) -> FileStat {
    FileStat {
        kind: FileKind::Directory,
        inode: number(&[prefix]),
        device: 1 << 40,
        size_bytes: 0,
        allocated_bytes: 0,
        mtime_ns: MODIFIED_NS,
        ctime_ns: MODIFIED_NS,
        birth_ns: None,
        links: 1,
        owner: 0,
        mount_id: 1 << 40,
        placeholder: false,
    }
}

struct Bucket(Prefix);

struct Prefix {
    store: Arc<Store>,
    /// Ends with `/`, but for the top's.
    prefix: Vec<u8>,
}

impl Source for Bucket {
    type Folder = Prefix;

    fn open(path: &Path) -> Result<Self, CoreError> {
        let store = BUCKETS.lock().unwrap().get(path).cloned();
        let store = store.ok_or_else(|| CoreError::new(ErrorKind::NotFound, None, "no such bucket"))?;
        Ok(Self(Prefix { store, prefix: Vec::new() }))
    }

    fn top(&self) -> &Prefix {
        &self.0
    }

    fn folder(&self, relative: &[u8]) -> Result<Prefix, CoreError> {
        let mut prefix: Vec<u8> = relative.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        if !prefix.is_empty() && !self.0.store.objects.lock().unwrap().keys().any(|key| key.starts_with(&prefix)) {
            return Err(gone());
        }
        Ok(Prefix { store: Arc::clone(&self.0.store), prefix })
    }
}

fn gone() -> CoreError {
    CoreError::new(ErrorKind::Vanished, None, "nothing has this key")
}

impl Folder for Prefix {
    type Content = Object;
    type Told = FileStat;
    type Buffer = ();

    fn list(&self, (): &mut (), listing: &mut Listing<FileStat>) -> Result<(), CoreError> {
        listing.clear();
        let mut page = self.store.page(&self.prefix, None)?;
        while let Some((last, _)) = page.last().cloned() {
            for (name, stat) in &page {
                listing.put(name, *stat);
            }
            page = self.store.page(&self.prefix, Some(&last))?;
        }
        Ok(())
    }

    fn kind(told: &FileStat) -> Option<FileKind> {
        Some(told.kind)
    }

    fn stat_listed(&self, _name: &[u8], told: &FileStat) -> Result<FileStat, CoreError> {
        Ok(*told)
    }

    fn stat(&self, name: &[u8]) -> Result<FileStat, CoreError> {
        self.store.asked.fetch_add(1, Ordering::Relaxed);
        let key = [&self.prefix, name].concat();
        self.store.objects.lock().unwrap().get(&key).map(|object| object.stat(&key)).ok_or_else(gone)
    }

    fn stat_self(&self) -> Result<FileStat, CoreError> {
        Ok(prefix_stat(&self.prefix))
    }

    fn content(&self, name: &[u8]) -> Result<Object, CoreError> {
        let key = [&self.prefix, name].concat();
        let object = self.store.objects.lock().unwrap().get(&key).cloned().ok_or_else(gone)?;
        self.store.bytes_read.fetch_add(object.bytes.len() as u64, Ordering::Relaxed);
        Ok(Object { tag: object.stat(&key).inode, ..object })
    }

    fn checksum(&self, name: &[u8], seen: &FileStat, algorithm: Algorithm) -> Option<ContentHash> {
        let key = [&self.prefix, name].concat();
        let objects = self.store.objects.lock().unwrap();
        let object = objects.get(&key).filter(|object| object.keeps_checksum)?;
        (object.stat(&key).witness() == seen.witness()).then(|| hash_bytes(algorithm, &object.bytes))
    }

    fn volume(&self) -> Result<Volume, CoreError> {
        let system = FileSystem { name: "bucket".to_owned(), network: true, ..FileSystem::default() };
        Ok(Volume::new(VolumeId::from_bytes([7; 16]), system))
    }

    fn volume_of(&self, _name: &[u8]) -> Result<Volume, CoreError> {
        self.volume()
    }
}

/// What is read of an object is one state of it; its tag is the number that its stat bears here.
impl Content for Object {
    fn stat(&self) -> Result<FileStat, CoreError> {
        Ok(FileStat { inode: self.tag, ..Self::stat(self, b"") })
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize, CoreError> {
        self.read_at(buffer, 0)
    }

    fn read_at(&self, buffer: &mut [u8], offset_bytes: u64) -> Result<usize, CoreError> {
        let rest = self.bytes.get(offset_bytes as usize..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

/// A catalog with one root, which is a bucket.
struct Cataloged {
    engine: Engine,
    store: Arc<Store>,
    path: PathBuf,
    _home: tempfile::TempDir,
}

impl Cataloged {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("bucket");
        let store = Arc::new(Store::default());
        BUCKETS.lock().unwrap().insert(path.clone(), Arc::clone(&store));
        let engine = Engine::open(&home.path().join("catalog.db"), EngineOptions::default()).unwrap();
        engine.put_root(1, bytes_of(&path), &RootSettings::default()).unwrap();
        Self { engine, store, path, _home: home }
    }

    fn scan(&self) -> ScanResult {
        let control = Control::new(false, "");
        run::<Bucket>(&self.engine.shared().scan_request(1, &control)).unwrap()
    }

    /// The entries of a prefix by name.
    fn entries(&self, prefix: &str) -> BTreeMap<String, Entry> {
        let path = if prefix.is_empty() { self.path.clone() } else { self.path.join(prefix) };
        let reader = self.engine.catalog().reader().unwrap();
        let Some((directory, _)) = reader.locate(bytes_of(&path)).unwrap() else { return BTreeMap::new() };
        let stored = reader.load_directory(directory).unwrap();
        let entries = Stored::new(&stored.blocks).unwrap();
        let living = entries.items.iter().filter(|(_, item)| item.entry.kind != EntryKind::Dead);
        living.map(|(_, item)| (String::from_utf8(item.name.to_vec()).unwrap(), item.entry)).collect()
    }

    fn names(&self, prefix: &str) -> BTreeSet<String> {
        self.entries(prefix).into_keys().collect()
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn hash_of(bytes: &[u8]) -> ContentHash {
    hash_bytes(Algorithm::Blake3, bytes)
}

#[test]
fn a_bucket_is_cataloged_by_pages_prefixes_and_tags_and_what_it_keeps_a_checksum_of_is_not_read() {
    let cataloged = Cataloged::new();
    let (store, large) = (&cataloged.store, vec![5; SMALL_BYTES as usize + 1]);
    for name in ["a", "b", "c", "d"] {
        store.put(name, name.as_bytes(), 1);
    }
    store.put("below/deeper/file", b"deep", 1);
    store.put("below/large", &large, 1);
    store.put("below/large.sum", &large, 1);
    let first = cataloged.scan();
    assert_eq!((first.state, first.files, first.directories, first.added), (ScanState::Done, 7, 3, 7));
    assert_eq!(cataloged.names(""), names(&["a", "b", "c", "d"]));
    assert_eq!(cataloged.names("below"), names(&["large", "large.sum"]));
    assert_eq!(cataloged.entries("below/deeper")["file"].hash, Some(hash_of(b"deep")));
    let below = cataloged.entries("below");
    assert_eq!([below["large"].hash, below["large.sum"].hash], [Some(hash_of(&large)); 2]);
    assert!(below.values().all(|entry| entry.hash_state == HashState::Hashed));
    assert_eq!(store.bytes_read.load(Ordering::Relaxed), 4 + 4 + large.len() as u64);

    // The listing tells all: nothing is asked for, and nothing is read again.
    store.asked.store(0, Ordering::Relaxed);
    store.bytes_read.store(0, Ordering::Relaxed);
    let again = cataloged.scan();
    assert_eq!((again.state, again.files, again.added, again.changed), (ScanState::Done, 7, 0, 0));
    assert_eq!((store.asked.load(Ordering::Relaxed), store.bytes_read.load(Ordering::Relaxed)), (0, 0));

    // Of the same size and time: its tag tells that it is another content.
    store.put("a", b"A", 2);
    let third = cataloged.scan();
    assert_eq!((third.changed, third.added, third.removed), (1, 0, 0));
    assert_eq!(cataloged.entries("")["a"].hash, Some(hash_of(b"A")));
    cataloged.engine.close();
}

#[test]
fn a_listing_that_stops_between_two_pages_takes_nothing_out_and_what_is_gone_goes() {
    let cataloged = Cataloged::new();
    for name in ["a", "b", "c", "d", "e/f"] {
        cataloged.store.put(name, b"x", 1);
    }
    cataloged.scan();
    cataloged.store.objects.lock().unwrap().remove(b"b".as_slice());
    cataloged.store.pages_left.store(2, Ordering::Relaxed);
    assert_eq!(cataloged.scan().state, ScanState::Partial);
    assert_eq!(cataloged.names(""), names(&["a", "b", "c", "d"]), "what could not be listed is kept");
    assert_eq!(cataloged.names("e"), names(&["f"]));
    cataloged.store.pages_left.store(0, Ordering::Relaxed);
    cataloged.store.objects.lock().unwrap().remove(b"e/f".as_slice());
    let last = cataloged.scan();
    assert_eq!((last.state, last.removed), (ScanState::Done, 2));
    assert_eq!(cataloged.names(""), names(&["a", "c", "d"]));
    assert!(cataloged.names("e").is_empty());
    BUCKETS.lock().unwrap().remove(&cataloged.path);
    assert_eq!(cataloged.scan().state, ScanState::Offline, "a bucket that is not there says nothing of its objects");
    assert_eq!(cataloged.names(""), names(&["a", "c", "d"]));
    cataloged.engine.close();
}
