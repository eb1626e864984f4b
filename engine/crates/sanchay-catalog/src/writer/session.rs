//! The writer's state on its thread: the connection, what is staged, and how a transaction is made.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{params, Connection, OptionalExtension};
use sanchay_core::Shows;

use super::change::UsageDelta;
use super::paths::Paths;
use crate::block::{BlockView, Entry, EntryId, EntryRef};
use crate::content::{Facts, Posting, Sharing, Staged, LEVELS, OTHER_VOLUME};
use crate::database::{fit_wal, set_cache, BUSY_TIMEOUT};
use crate::error::CatalogError;
use crate::shared::Shared;
use crate::volumes::{any_shown, shows_of};

/// Parents remembered between batches, so that totals are carried up without a query each.
const PARENTS_MOST: usize = 200_000;

/// What a task on the writer thread works with.
pub struct Session {
    pub(crate) connection: Connection,
    pub(crate) shared: Arc<Shared>,
    pub(crate) staged: Vec<Staged>,
    /// Keys that the transaction under way takes out of `staged`.
    pub(crate) unstaged: Vec<(i64, EntryId)>,
    /// Removals under way whose blocks are noted as pending.
    pub(crate) pending_keepers: usize,
    /// Directories that are about to go and whose keys were taken out of the content index: they get no new ones.
    pub(crate) unindexed: HashSet<i64>,
    pub(crate) parents: HashMap<i64, i64>,
    /// Paths of folders whose subfolders the change feed spelled last.
    pub(crate) paths: Paths,
    /// Trees whose first scan is under way, and its root.
    pub(crate) baselines: HashMap<i64, i64>,
    /// Keys are staged whose merging failed: the writer tries again once it has time.
    pub(crate) merge_owed: bool,
    /// About how many postings each level of the content index holds; None: to be counted.
    pub(crate) levels: Option<[usize; LEVELS]>,
    cache: PageCache,
    /// Whether some volume shows another's files; None: to be asked.
    pub(crate) any_shown: Option<bool>,
    given_back: Instant,
    tidied: Instant,
    rested: bool,
    /// A transaction found no room.
    short_of_room: bool,
}

/// How much of the file the writer's connection keeps in memory. A large scan comes back to the same pages again and again;
/// the changes of a day do not, and what they touch would never be given back while something changes every few seconds.
struct PageCache {
    most_bytes: u64,
    much_until: Option<Instant>,
}

const LITTLE_CACHE_BYTES: u64 = 8 << 20;
/// Entries in a batch, or keys in a merge, that are the work of a large scan.
const MUCH: usize = 10_000;
const MUCH_LASTS: Duration = Duration::from_secs(10);
/// Where something changes all the time there is never a rest.
const GIVEN_BACK_EVERY: Duration = Duration::from_secs(60);

impl Session {
    /// `cache_bytes`: of the connection's page cache while there is much to do.
    pub(crate) fn new(connection: Connection, shared: Arc<Shared>, cache_bytes: u64) -> Result<Self, CatalogError> {
        // A process that was killed leaves its WAL behind: the first rest shortens it.
        let mut session = Self {
            connection,
            shared,
            staged: Vec::new(),
            unstaged: Vec::new(),
            pending_keepers: 0,
            unindexed: HashSet::new(),
            merge_owed: false,
            levels: None,
            parents: HashMap::new(),
            paths: Paths::default(),
            baselines: HashMap::new(),
            cache: PageCache { most_bytes: cache_bytes, much_until: None },
            any_shown: None,
            given_back: Instant::now(),
            tidied: Instant::now(),
            rested: false,
            short_of_room: false,
        };
        set_cache(&session.connection, cache_bytes.min(LITTLE_CACHE_BYTES))?;
        session.load_ids()?;
        session.stage_pending()?;
        session.tidy();
        Ok(session)
    }

    /// Runs `work` in one transaction, and counts it. A transaction that fails leaves nothing behind, in memory neither.
    pub fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        let outcome = self.aside(work);
        if outcome.is_ok() {
            self.shared.changed.note();
        }
        outcome
    }

    /// The same for work that changes no entry and no group.
    pub(crate) fn aside<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        self.rested = false;
        if self.short_of_room {
            self.short_of_room = false;
            self.make_room();
        }
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let outcome = work(self).and_then(|value| {
            self.save_ids()?;
            self.add_meta("commit_sequence", 1)?;
            self.connection.execute_batch("COMMIT")?;
            Ok(value)
        });
        if outcome.is_ok() {
            self.drop_unstaged();
        } else {
            if matches!(outcome, Err(CatalogError::DiskFull)) {
                self.short_of_room = true;
            }
            // What was remembered on the way is of a state that never came to be.
            self.unstaged.clear();
            self.parents.clear();
            self.paths.clear();
            self.levels = None;
            if !self.connection.is_autocommit() {
                // SQLite may have rolled back by itself; a second rollback that fails changes nothing.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
        self.shared.transactions.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    /// Keys waiting for [`Session::merge_content`].
    pub fn staged_len(&self) -> usize {
        self.staged.len()
    }

    /// Fits what is kept in memory to the work at hand: `entries` are changed next.
    pub(crate) fn fit_memory(&mut self, entries: usize) -> Result<(), CatalogError> {
        self.fit_memory_at(entries, Instant::now())
    }

    fn fit_memory_at(&mut self, entries: usize, now: Instant) -> Result<(), CatalogError> {
        if entries >= MUCH {
            if self.cache.much_until.is_none() {
                set_cache(&self.connection, self.cache.most_bytes)?;
            }
            self.cache.much_until = Some(now + MUCH_LASTS);
        } else if self.cache.much_until.is_some_and(|until| until < now) {
            set_cache(&self.connection, self.cache.most_bytes.min(LITTLE_CACHE_BYTES))?;
            self.cache.much_until = None;
            self.give_back(now);
        } else if self.cache.much_until.is_none() && self.given_back + GIVEN_BACK_EVERY <= now {
            self.give_back(now);
        }
        Ok(())
    }

    fn give_back(&mut self, now: Instant) {
        self.given_back = now;
        self.fit_wal();
        self.parents = HashMap::new();
        self.paths = Paths::default();
        self.staged.shrink_to_fit();
        sanchay_core::give_memory_back();
    }

    /// Tells everybody how many keys wait.
    pub(crate) fn count_staged(&self) {
        self.shared.staged.store(self.staged.len(), Ordering::Relaxed);
    }

    /// Gives memory back and shortens the WAL when there has been nothing to do for a while.
    pub(crate) fn rest(&mut self) {
        if !self.rested {
            self.tidy();
            self.rested = true;
            self.checkpoint();
            // Only memory is at stake here, and it is tried again at the next rest.
            let _ = self.connection.execute_batch("PRAGMA shrink_memory");
            self.give_back(Instant::now());
        }
    }

    /// Takes away what is left behind of what is gone, where no one is at work. It is tried again.
    pub(crate) fn tidy(&mut self) {
        if let Err(error) = self.forget_extensions() {
            self.shared.damage.take_over();
            tracing::debug!(error = %error, "catalog_not_tidied");
        }
        self.tidied = Instant::now();
    }

    /// Whether it should be tidied although there is no rest: something changes all the time.
    pub(crate) fn is_untidy(&self) -> bool {
        !self.rested && self.tidied + GIVEN_BACK_EVERY <= Instant::now()
    }

    /// Whether there is nothing left to tidy up.
    pub(crate) fn has_rested(&self) -> bool {
        self.rested
    }

    /// Moves the WAL into the file, as far as readers let it.
    pub fn checkpoint(&mut self) {
        let shortened = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = shortened.map_err(CatalogError::from) {
            self.shared.damage.take_over();
            tracing::warn!(error = %error, "catalog_checkpoint_failed");
        }
    }

    /// What waits in the WAL goes into the file, which gives the WAL's room back: on a full disk the two together hold
    /// pages twice. Readers are not waited for.
    fn make_room(&mut self) {
        let _ = self.connection.busy_timeout(Duration::ZERO);
        self.checkpoint();
        let _ = self.connection.busy_timeout(BUSY_TIMEOUT);
        self.fit_wal();
    }

    /// Bounds the WAL by the room on its disk.
    fn fit_wal(&self) {
        if let Err(error) = fit_wal(&self.connection) {
            tracing::debug!(error = %error, "catalog_wal_not_bounded");
        }
    }

    pub(crate) fn meta(&self, key: &str) -> Result<i64, CatalogError> {
        Ok(self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
            .query_row([key], |row| row.get(0))?)
    }

    pub(crate) fn set_meta(&self, key: &str, value: i64) -> Result<(), CatalogError> {
        self.connection.prepare_cached("UPDATE meta SET value = ?2 WHERE key = ?1")?.execute(params![key, value])?;
        Ok(())
    }

    pub(crate) fn add_meta(&self, key: &str, delta: i64) -> Result<(), CatalogError> {
        self.connection
            .prepare_cached("UPDATE meta SET value = value + ?2 WHERE key = ?1")?
            .execute(params![key, delta])?;
        Ok(())
    }

    /// Calls `visit` with each entry of a block.
    pub(crate) fn with_block<T>(
        &self,
        block: i64,
        read: impl FnOnce(&BlockView<'_>) -> Result<T, CatalogError>,
    ) -> Result<Option<T>, CatalogError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT b.columns, d.detail FROM block b JOIN block_detail d ON d.id = b.id WHERE b.id = ?1",
        )?;
        let mut rows = statement.query([block])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let columns = row.get_ref(0)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
        let detail = row.get_ref(1)?.as_blob().map_err(|_| CatalogError::corrupt_block())?;
        read(&BlockView::parse(columns, detail)?).map(Some)
    }

    /// One entry; None when its slot is dead.
    pub fn entry(&self, id: EntryId) -> Result<Option<Entry>, CatalogError> {
        let found = self.with_block(id.block(), |view| Ok(view.get(id.slot())?.map(|item| item.entry)))?;
        Ok(found.flatten())
    }

    /// The parent of a directory, 0 for a top or an unknown one.
    pub(crate) fn parent_of(&mut self, directory: i64) -> Result<i64, CatalogError> {
        if let Some(parent) = self.parents.get(&directory) {
            return Ok(*parent);
        }
        let parent = self
            .connection
            .prepare_cached("SELECT parent FROM directory WHERE id = ?1")?
            .query_row([directory], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        self.remember_parent(directory, parent);
        Ok(parent)
    }

    pub(crate) fn remember_parent(&mut self, directory: i64, parent: i64) {
        if self.parents.len() >= PARENTS_MOST {
            self.parents.clear();
        }
        self.parents.insert(directory, parent);
    }

    /// Adds `delta` to `directory` and all above it, in `into`.
    pub(crate) fn carry_up(
        &mut self,
        mut directory: i64,
        delta: &UsageDelta,
        into: &mut HashMap<i64, UsageDelta>,
    ) -> Result<(), CatalogError> {
        while directory != 0 {
            into.entry(directory).or_insert_with(UsageDelta::none).add(delta);
            directory = self.parent_of(directory)?;
        }
        Ok(())
    }

    fn load_ids(&mut self) -> Result<(), CatalogError> {
        self.shared.next_directory.store(self.meta("next_directory")?, Ordering::Relaxed);
        self.shared.next_block.store(self.meta("next_block")?, Ordering::Relaxed);
        self.shared.name_index_watermark.store(self.meta("name_index_watermark")?, Ordering::Relaxed);
        let mut statement = self.connection.prepare("SELECT id, text FROM extension")?;
        let stored: Vec<(u32, String)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        self.shared.extensions.load(&stored);
        Ok(())
    }

    fn save_ids(&self) -> Result<(), CatalogError> {
        self.set_meta("next_directory", self.shared.next_directory.load(Ordering::Relaxed))?;
        self.set_meta("next_block", self.shared.next_block.load(Ordering::Relaxed))
    }

    /// Stages again what a crash left outside the content index.
    /// Stages the keys of every pending block.
    pub(crate) fn stage_pending(&mut self) -> Result<(), CatalogError> {
        let blocks: Vec<(i64, bool)> = self
            .connection
            .prepare(
                "SELECT p.block, v.reflink FROM content_pending p JOIN block b ON b.id = p.block
                 JOIN directory d ON d.id = b.directory JOIN volume v ON v.id = d.volume",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (block, reflink) in blocks {
            let mut staged = std::mem::take(&mut self.staged);
            self.with_block(block, |view| {
                view.for_each(|slot, EntryRef { entry, .. }| {
                    if let Some((posting, hash)) = Posting::of(EntryId::new(block, slot), &entry, reflink) {
                        staged.push(Staged { posting, hash });
                    }
                })
            })?;
            self.staged = staged;
        }
        self.count_staged();
        Ok(())
    }
}

/// What the file of `entry` shares with others, where that was found.
pub(crate) fn sharing_of(connection: &Connection, entry: EntryId) -> Result<Option<Sharing>, CatalogError> {
    let mut statement =
        connection.prepare_cached("SELECT storage, shared_bytes FROM shared_extents WHERE entry = ?1")?;
    let read =
        |row: &rusqlite::Row<'_>| Ok(Sharing { storage: row.get(0)?, shared_bytes: row.get::<_, i64>(1)? as u64 });
    Ok(statement.query_row([entry.0 as i64], read).optional()?)
}

impl Facts for Session {
    fn volume(&mut self, posting: &Posting) -> Result<i64, CatalogError> {
        let entry = posting.entry;
        if posting.flags & OTHER_VOLUME != 0 {
            return Ok(self.entry(entry)?.map_or(0, |entry| entry.volume));
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT d.volume FROM block b JOIN directory d ON d.id = b.directory WHERE b.id = ?1")?;
        Ok(statement.query_row([entry.block()], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    fn links_and_allocated(&mut self, entry: EntryId) -> Result<(u32, u64), CatalogError> {
        Ok(self.entry(entry)?.map_or((1, 0), |entry| (entry.links, entry.allocated_bytes)))
    }

    fn sharing(&mut self, entry: EntryId) -> Result<Option<Sharing>, CatalogError> {
        sharing_of(&self.connection, entry)
    }

    fn any_shown(&mut self) -> Result<bool, CatalogError> {
        // Volumes do not go, so only a "no" is asked for again, after one has come.
        let found = match self.any_shown {
            Some(found) => found,
            None => any_shown(&self.connection)?,
        };
        self.any_shown = Some(found);
        Ok(found)
    }

    fn shows(&mut self, volume: i64) -> Result<Shows, CatalogError> {
        shows_of(&self.connection, volume)
    }

    fn birth_ns(&mut self, entry: EntryId) -> Result<Option<i64>, CatalogError> {
        Ok(self.entry(entry)?.and_then(|entry| entry.birth_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::open_writer;

    #[test]
    fn much_to_do_gets_a_large_page_cache_and_a_while_without_gives_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(&folder.path().join("catalog.db"), "a test").unwrap().connection;
        let mut session = Session::new(connection, Arc::default(), 64 << 20).unwrap();
        let cache_mib = |session: &Session| -> i64 {
            session.connection.pragma_query_value(None, "cache_size", |row| row.get::<_, i64>(0)).unwrap() / -1024
        };
        let began = Instant::now();
        session.fit_memory_at(100, began).unwrap();
        assert_eq!(cache_mib(&session), 8);
        session.fit_memory_at(MUCH, began).unwrap();
        session.fit_memory_at(0, began + MUCH_LASTS / 2).unwrap();
        assert_eq!(cache_mib(&session), 64);
        session.fit_memory_at(MUCH, began + MUCH_LASTS / 2).unwrap();
        session.fit_memory_at(0, began + MUCH_LASTS).unwrap();
        assert_eq!(cache_mib(&session), 64);
        session.fit_memory_at(0, began + 2 * MUCH_LASTS).unwrap();
        assert_eq!(cache_mib(&session), 8);
    }

    #[test]
    fn what_is_remembered_is_given_back_now_and_then_while_there_is_always_something_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(&folder.path().join("catalog.db"), "a test").unwrap().connection;
        let mut session = Session::new(connection, Arc::default(), 64 << 20).unwrap();
        let began = session.given_back;
        session.parents.insert(2, 1);
        session.fit_memory_at(1, began + GIVEN_BACK_EVERY / 2).unwrap();
        assert_eq!(session.parents.len(), 1);
        session.fit_memory_at(1, began + GIVEN_BACK_EVERY).unwrap();
        assert_eq!(session.parents.len(), 0);
        session.parents.insert(2, 1);
        session.fit_memory_at(MUCH, began + 2 * GIVEN_BACK_EVERY).unwrap();
        session.fit_memory_at(1, began + 2 * GIVEN_BACK_EVERY + MUCH_LASTS).unwrap();
        assert_eq!(session.parents.len(), 1, "a large scan needs it");
        session.fit_memory_at(1, began + 2 * GIVEN_BACK_EVERY + 2 * MUCH_LASTS).unwrap();
        assert_eq!(session.parents.len(), 0);
    }
}
