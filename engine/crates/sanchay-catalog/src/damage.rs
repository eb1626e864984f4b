//! Damage that is met while the catalog is open: said, noted beside the file, and mended when the file is opened next.
//!
//! A large catalog is not read whole at its opening, so a bad page in its middle is found by the first question that needs
//! it. The thread that meets it remembers it, and what gives back a reader or ends a task of the writer tells it to the
//! catalog. The note is an empty file's worth of room, and is tried again at each meeting and when the catalog is closed,
//! so that a full disk at most delays it.

use std::cell::RefCell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::beside::with_suffix;

/// What is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// What was read is not what was written.
    Damaged(String),
    /// The disk did not give it: perhaps the disk was away, so it is looked at again.
    Unreadable(String),
}

impl Harm {
    /// SQLite's words, or ours.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Damaged(reason) | Self::Unreadable(reason) => reason,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "damaged",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

thread_local! {
    static MET: RefCell<Option<Harm>> = const { RefCell::new(None) };
}

/// Remembers what this thread has just met.
pub(crate) fn meet(harm: Harm) {
    MET.set(Some(harm));
}

/// Forgets it: the opening has dealt with it.
pub(crate) fn forget() {
    MET.take();
}

/// What is known of one catalog.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    file: OnceLock<PathBuf>,
    harm: Mutex<Option<Harm>>,
    is_known: AtomicBool,
    is_noted: AtomicBool,
}

impl Damage {
    /// Notes go beside the catalog at `path`.
    pub(crate) fn note_beside(&self, path: &Path) {
        self.file.get_or_init(|| path.to_owned());
    }

    /// Takes over what this thread met, if anything. The first damage is kept: what follows may come of it.
    pub(crate) fn take_over(&self) {
        let Some(harm) = MET.take() else { return };
        {
            let mut known = self.harm.lock().expect("no panic under this lock");
            match &*known {
                Some(Harm::Damaged(_)) => {}
                Some(Harm::Unreadable(_)) if matches!(harm, Harm::Unreadable(_)) => {}
                _ => {
                    tracing::error!(harm = harm.word(), reason = harm.reason(), "catalog_damage_met");
                    *known = Some(harm);
                    self.is_known.store(true, Ordering::Relaxed);
                    self.is_noted.store(false, Ordering::Relaxed);
                }
            }
        }
        self.note();
    }

    /// What was met; None: nothing.
    pub(crate) fn harm(&self) -> Option<Harm> {
        if !self.is_known.load(Ordering::Relaxed) {
            return None;
        }
        self.harm.lock().expect("no panic under this lock").clone()
    }

    /// Leaves the note for the next opening, where it is not there yet.
    pub(crate) fn note(&self) {
        let (Some(file), Some(harm)) = (self.file.get(), self.harm()) else { return };
        if self.is_noted.load(Ordering::Relaxed) {
            return;
        }
        match write_note(file, &harm) {
            Ok(()) => self.is_noted.store(true, Ordering::Relaxed),
            Err(error) => tracing::warn!(error = %error, "catalog_damage_not_noted"),
        }
    }
}

fn note_of(file: &Path) -> PathBuf {
    with_suffix(file, "-damage")
}

/// Leaves a note beside the catalog `file`. Without room for its text, the empty file says enough.
pub(crate) fn write_note(file: &Path, harm: &Harm) -> std::io::Result<()> {
    let mut note = std::fs::File::create(note_of(file))?;
    let written = writeln!(note, "{}\n{}", harm.word(), harm.reason()).and_then(|()| note.sync_all());
    if let Err(error) = written {
        tracing::debug!(error = %error, "catalog_damage_noted_without_text");
    }
    if let Some(folder) = file.parent() {
        sync_folder(folder);
    }
    Ok(())
}

/// The note beside the catalog `file`. One without text is of damage.
pub(crate) fn read_note(file: &Path) -> Option<Harm> {
    let text = std::fs::read(note_of(file)).ok()?;
    let text = String::from_utf8_lossy(&text);
    let (word, reason) = text.split_once('\n').unwrap_or((&text, ""));
    let reason = if reason.trim().is_empty() { "a page could not be read" } else { reason.trim() }.to_owned();
    Some(if word == "unreadable" { Harm::Unreadable(reason) } else { Harm::Damaged(reason) })
}

/// Takes the note away.
pub(crate) fn remove_note(file: &Path) {
    match std::fs::remove_file(note_of(file)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(error = %error, "catalog_damage_note_stays");
        }
        _ => {}
    }
}

/// A power cut right after must not lose the name. Where folders cannot be synced, nothing is lost but that.
pub(crate) fn sync_folder(folder: &Path) {
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    if let Err(error) = synced {
        tracing::debug!(error = %error, "folder_not_synced");
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom};

    use super::*;
    use crate::{Catalog, CatalogError, CatalogOptions};

    const PAGE: u64 = 8192;

    /// A catalog that is too large to be read whole at its opening, with bytes in its middle overwritten.
    fn damaged(path: &Path) {
        let catalog = Catalog::open(path, CatalogOptions::default()).unwrap();
        catalog
            .writer()
            .run(|session| {
                session.transaction(|session| {
                    for id in 1..=6000 {
                        session
                            .connection
                            .execute("INSERT INTO block (id, directory, files, min_size, max_size, min_mtime, max_mtime, columns)
                             VALUES (?1, 1, 1, 0, 0, 0, 0, randomblob(6000))", [id])?;
                    }
                    Ok(())
                })
            })
            .unwrap();
        catalog.close();
        let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        let pages = file.metadata().unwrap().len() / PAGE;
        assert!(pages > 4096);
        file.seek(SeekFrom::Start(pages / 2 * PAGE)).unwrap();
        file.write_all(&vec![0x5a; 20 * PAGE as usize]).unwrap();
    }

    fn read_all(catalog: &Catalog) -> Result<i64, CatalogError> {
        let reader = catalog.reader()?;
        let sum = reader.connection.query_row("SELECT sum(length(columns)) FROM block", [], |row| row.get(0))?;
        Ok(sum)
    }

    #[test]
    fn a_corrupt_page_in_the_middle_of_a_large_catalog_is_noted_and_the_next_opening_begins_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        damaged(&path);
        let catalog = Catalog::open(&path, CatalogOptions::default()).unwrap();
        assert!(catalog.rebuilt_from().is_none());
        assert_eq!(catalog.damage(), None);
        assert!(matches!(read_all(&catalog), Err(CatalogError::Corrupt(_))));
        assert!(catalog.damage().unwrap().contains("malformed"));
        drop(catalog);
        let catalog = Catalog::open(&path, CatalogOptions::default()).unwrap();
        assert_eq!(catalog.rebuilt_from(), Some(with_suffix(&path, ".damaged-1").as_path()));
        assert_eq!(catalog.damage(), None);
        drop(catalog);
        let catalog = Catalog::open(&path, CatalogOptions::default()).unwrap();
        assert!(catalog.rebuilt_from().is_none(), "the note is gone");
    }

    #[test]
    fn the_writer_notes_damage_too_and_a_note_without_text_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        damaged(&path);
        let catalog = Catalog::open(&path, CatalogOptions::default()).unwrap();
        let outcome = catalog.writer().run(|session| {
            session.transaction(|session| {
                session.connection.execute("UPDATE block SET columns = zeroblob(100)", [])?;
                Ok(())
            })
        });
        assert!(matches!(outcome, Err(CatalogError::Corrupt(_))));
        assert!(catalog.damage().is_some());
        drop(catalog);
        std::fs::write(note_of(&path), "").unwrap();
        let catalog = Catalog::open(&path, CatalogOptions::default()).unwrap();
        assert!(catalog.rebuilt_from().is_some());
    }

    #[test]
    fn what_the_disk_did_not_give_is_read_whole_at_the_next_opening_and_kept_if_it_is_sound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let unreadable = Harm::Unreadable("disk I/O error".to_owned());
        Catalog::open(&path, CatalogOptions::default()).unwrap();
        write_note(&path, &unreadable).unwrap();
        let catalog = Catalog::open(&path, CatalogOptions::default()).unwrap();
        assert!(catalog.rebuilt_from().is_none());
        assert_eq!(read_note(&path), None);
        drop(catalog);
        damaged(&path);
        write_note(&path, &unreadable).unwrap();
        let catalog = Catalog::open(&path, CatalogOptions::default()).unwrap();
        assert!(catalog.rebuilt_from().is_some());
    }

    #[test]
    fn a_note_without_a_catalog_is_of_one_that_was_moved_aside_already() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        write_note(&path, &Harm::Damaged("x".to_owned())).unwrap();
        let catalog = Catalog::open(&path, CatalogOptions::default()).unwrap();
        assert!(catalog.rebuilt_from().is_none());
        assert_eq!(read_note(&path), None);
    }

    #[test]
    fn a_note_that_cannot_be_written_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        std::fs::create_dir(note_of(&path)).unwrap(); // a file of that name cannot be made
        let damage = Damage::default();
        damage.note_beside(&path);
        meet(Harm::Damaged("x".to_owned()));
        damage.take_over();
        assert_eq!(damage.harm(), Some(Harm::Damaged("x".to_owned())));
        std::fs::remove_dir(note_of(&path)).unwrap();
        damage.note();
        assert_eq!(read_note(&path), Some(Harm::Damaged("x".to_owned())));
    }
}
