//! The floor: what this machine needs at the least for each part of a scan, with no features and no error handling beyond
//! skipping. It is a bound to compare with, not a product.
//!
//! `floor MODE ROOT [DB] [THREADS]`, where each mode does what the one before does, and more:
//! `walk` lists, `stat` adds statx, `read` opens and reads, `hash` adds BLAKE3, `catalog` adds rows in `SQLite` with two
//! indexes; `meta` is `stat` with the rows. Prints one line: mode, files, dirs, bytes, seconds, files a second. The modes of
//! `acts` do something to copies.

mod acts;

use crossbeam_channel::{Receiver, Sender};
use crossbeam_deque::{Injector, Steal};
use rustix::fs::{openat, statx, AtFlags, Dir, FileType, Mode, OFlags, StatxFlags, CWD};
use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Instant;

const ROWS_PER_MESSAGE: usize = 1024;
const MESSAGES_PER_TRANSACTION: usize = 64;
const READ_BYTES: usize = 1 << 20;

/// What is done with each file; the modes are mixtures of these.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)]
struct Work {
    stat: bool,
    read: bool,
    hash: bool,
    rows: bool,
}

impl Work {
    fn of(mode: &str) -> Self {
        let (stat, read, hash, rows) = match mode {
            "walk" => (false, false, false, false),
            "stat" => (true, false, false, false),
            "read" => (true, true, false, false),
            "hash" => (true, true, true, false),
            "catalog" => (true, true, true, true),
            "meta" => (true, false, false, true),
            other => panic!("no such mode: {other}"),
        };
        Self {
            stat,
            read,
            hash,
            rows,
        }
    }
}

struct Folder {
    id: i64,
    path: CString,
}

struct Row {
    parent: i64,
    name: Vec<u8>,
    inode: i64,
    size: i64,
    mtime_ns: i64,
    ctime_ns: i64,
    hash: Option<[u8; 32]>,
}

#[derive(Default)]
struct Totals {
    files: u64,
    dirs: u64,
    bytes: u64,
}

/// What the walking threads share: folders still to list, how many are not done, and the next folder's number.
struct Walk {
    work: Work,
    queue: Injector<Folder>,
    pending: AtomicUsize,
    next_id: AtomicI64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (mode, root) = (arguments[1].as_str(), arguments[2].as_str());
    if acts::is_act(mode) {
        return acts::act(mode, root.as_ref(), arguments.get(3).map(AsRef::as_ref));
    }
    let work = Work::of(mode);
    let threads = arguments.get(4).map_or_else(
        || std::thread::available_parallelism().unwrap().get(),
        |n| n.parse().unwrap(),
    );
    let walk = Walk {
        work,
        queue: Injector::new(),
        pending: AtomicUsize::new(1),
        next_id: AtomicI64::new(2),
    };
    walk.queue.push(Folder {
        id: 1,
        path: CString::new(root).unwrap(),
    });
    let (sender, receiver) = crossbeam_channel::bounded(64);

    let start = Instant::now();
    let totals = std::thread::scope(|scope| {
        if work.rows {
            let database = arguments[3].as_str();
            scope.spawn(move || write(database, &receiver));
        }
        let walk = &walk;
        let walkers: Vec<_> = (0..threads)
            .map(|_| {
                let sender = sender.clone();
                scope.spawn(move || walk.run(&sender))
            })
            .collect();
        drop(sender);
        walkers
            .into_iter()
            .map(|walker| walker.join().unwrap())
            .fold(Totals::default(), |sum, part| Totals {
                files: sum.files + part.files,
                dirs: sum.dirs + part.dirs,
                bytes: sum.bytes + part.bytes,
            })
    });
    let seconds = start.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss)]
    let rate = totals.files as f64 / seconds;
    let Totals { files, dirs, bytes } = totals;
    println!("{mode} files={files} dirs={dirs} bytes={bytes} s={seconds:.3} files_per_s={rate:.0}");
}

impl Walk {
    fn run(&self, sender: &Sender<Vec<Row>>) -> Totals {
        let mut buffer = vec![0_u8; READ_BYTES];
        let mut rows = Vec::with_capacity(ROWS_PER_MESSAGE);
        let mut totals = Totals::default();
        while let Some(folder) = self.next() {
            self.list(&folder, &mut buffer, &mut rows, &mut totals, sender);
            self.pending.fetch_sub(1, Ordering::AcqRel);
        }
        if !rows.is_empty() {
            sender.send(rows).unwrap();
        }
        totals
    }

    fn next(&self) -> Option<Folder> {
        loop {
            match self.queue.steal() {
                Steal::Success(folder) => return Some(folder),
                Steal::Retry => {}
                Steal::Empty if self.pending.load(Ordering::Acquire) == 0 => return None,
                Steal::Empty => std::thread::yield_now(),
            }
        }
    }

    fn list(
        &self,
        folder: &Folder,
        buffer: &mut [u8],
        rows: &mut Vec<Row>,
        totals: &mut Totals,
        sender: &Sender<Vec<Row>>,
    ) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let Ok(handle) = openat(CWD, &folder.path, flags, Mode::empty()) else {
            return;
        };
        totals.dirs += 1;
        for entry in Dir::read_from(&handle).unwrap().flatten() {
            let name = entry.file_name();
            match entry.file_type() {
                FileType::Directory if name.to_bytes() != b"." && name.to_bytes() != b".." => {
                    self.push(folder, name);
                }
                FileType::RegularFile => {
                    totals.files += 1;
                    if let Some(row) = self.file(folder.id, &handle, name, buffer, totals) {
                        rows.push(row);
                        if rows.len() == ROWS_PER_MESSAGE {
                            sender
                                .send(std::mem::replace(
                                    rows,
                                    Vec::with_capacity(ROWS_PER_MESSAGE),
                                ))
                                .unwrap();
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn push(&self, parent: &Folder, name: &CStr) {
        let path = CString::new([parent.path.to_bytes(), b"/", name.to_bytes()].concat()).unwrap();
        self.pending.fetch_add(1, Ordering::AcqRel);
        self.queue.push(Folder {
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            path,
        });
    }

    fn file(
        &self,
        parent: i64,
        folder: &OwnedFd,
        name: &CStr,
        buffer: &mut [u8],
        totals: &mut Totals,
    ) -> Option<Row> {
        if !self.work.stat {
            return None;
        }
        let stat = statx(
            folder,
            name,
            AtFlags::SYMLINK_NOFOLLOW,
            StatxFlags::BASIC_STATS,
        )
        .ok()?;
        totals.bytes += stat.stx_size;
        let hash = if self.work.read {
            read(folder, name, buffer, self.work.hash)
        } else {
            None
        };
        self.work.rows.then(|| Row {
            parent,
            name: name.to_bytes().to_vec(),
            inode: stat.stx_ino.cast_signed(),
            size: stat.stx_size.cast_signed(),
            mtime_ns: stat.stx_mtime.tv_sec * 1_000_000_000 + i64::from(stat.stx_mtime.tv_nsec),
            ctime_ns: stat.stx_ctime.tv_sec * 1_000_000_000 + i64::from(stat.stx_ctime.tv_nsec),
            hash,
        })
    }
}

fn read(folder: &OwnedFd, name: &CStr, buffer: &mut [u8], hash: bool) -> Option<[u8; 32]> {
    let file = openat(
        folder,
        name,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW,
        Mode::empty(),
    )
    .ok()?;
    let mut hasher = blake3::Hasher::new();
    loop {
        let count = rustix::io::read(&file, &mut *buffer).ok()?;
        if hash {
            hasher.update(&buffer[..count]);
        }
        if count < buffer.len() {
            break;
        }
    }
    hash.then(|| *hasher.finalize().as_bytes())
}

fn write(database: &str, receiver: &Receiver<Vec<Row>>) {
    let _ = std::fs::remove_file(database);
    let mut connection = rusqlite::Connection::open(database).unwrap();
    connection
        .execute_batch(
            "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;
            CREATE TABLE entry(id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name BLOB NOT NULL, ino INTEGER NOT NULL,
                size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, hash BLOB) STRICT;",
        )
        .unwrap();
    let mut done = false;
    while !done {
        let transaction = connection.transaction().unwrap();
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO entry(parent,name,ino,size,mtime,ctime,hash) VALUES(?,?,?,?,?,?,?)")
                .unwrap();
            for _ in 0..MESSAGES_PER_TRANSACTION {
                let Ok(rows) = receiver.recv() else {
                    done = true;
                    break;
                };
                for row in rows {
                    let hash = row.hash.as_ref().map(|hash| &hash[..]);
                    insert
                        .execute(rusqlite::params![
                            row.parent,
                            row.name,
                            row.inode,
                            row.size,
                            row.mtime_ns,
                            row.ctime_ns,
                            hash
                        ])
                        .unwrap();
                }
            }
        }
        transaction.commit().unwrap();
    }
    connection
        .execute_batch(
            "CREATE UNIQUE INDEX by_name ON entry(parent,name); CREATE INDEX by_size_hash ON entry(size,hash);
            PRAGMA wal_checkpoint(TRUNCATE);",
        )
        .unwrap();
}
