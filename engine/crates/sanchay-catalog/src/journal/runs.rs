//! Runs and their acts. What is meant to be done to a file is on the disk before it is done, and what came of it right
//! after.

use rusqlite::{params, OptionalExtension, Row};
use sanchay_core::path::join;
use sanchay_core::{Algorithm, ContentHash, VolumeId};

use super::changed_folders::{note_folders, ChangedFolder};
use super::error::JournalError;
use super::open::Journal;
use super::plan_copies::{algorithm_number, algorithm_of};

/// What a run is begun with.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    /// `dedupe`, `undo` or `repair`.
    pub kind: &'a str,
    /// What is done to each file.
    pub action: &'a str,
    /// The plan, the run that is undone, or the finding that is repaired, and its version.
    pub of: Option<(i64, i64)>,
    /// When, in nanoseconds since 1970.
    pub began_ns: i64,
}

/// A run as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number; no run ever has it again.
    pub id: i64,
    /// `dedupe`, `undo` or `repair`.
    pub kind: String,
    /// What is done to each file.
    pub action: String,
    /// The plan, the run that is undone, or the finding that is repaired.
    pub of: Option<i64>,
    /// When it began, in nanoseconds since 1970.
    pub began_ns: i64,
    /// When it ended; None while it runs, or when it was broken off.
    pub ended_ns: Option<i64>,
    /// Files that were acted on.
    pub acted: i64,
    /// Files that were left, with a reason.
    pub skipped: i64,
    /// Files on which the act failed.
    pub failed: i64,
    /// Bytes that this freed.
    pub freed_bytes: i64,
}

/// How far an act is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActState {
    /// It is meant to be done; whether it was is for the disk to say.
    Intended,
    /// It was done.
    Done,
    /// The file was left as it is.
    Left,
    /// It was done, and taken back since.
    TakenBack,
}

/// One file of a run, with all that it takes to take it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Its number in the run, from 0.
    pub number: i64,
    /// How far it is.
    pub state: ActState,
    /// The root's path, and the file's below it.
    pub root: Vec<u8>,
    /// The file's path below the root.
    pub path: Vec<u8>,
    /// The same of the kept file.
    pub kept_root: Vec<u8>,
    /// The kept file's path below its root.
    pub kept_path: Vec<u8>,
    /// The size, in bytes.
    pub size_bytes: u64,
    /// How it was hashed.
    pub algorithm: Algorithm,
    /// The content's hash.
    pub hash: ContentHash,
    /// Volume and inode of the file.
    pub identity: (VolumeId, u64),
    /// Last change of the content, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Last reading, in nanoseconds since 1970.
    pub atime_ns: i64,
    /// Volume and inode of the kept file.
    pub kept_identity: (VolumeId, u64),
    /// Owner, group and mode.
    pub owner: (u32, u32, u32),
    /// Access list and extended attributes.
    pub attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// In the trash: its folder, its mount's top (empty: the home trash), the name. For a symbolic link: its target.
    pub place: Vec<Vec<u8>>,
    /// Bytes that it freed; while it is intended, those that the plan says it frees.
    pub freed_bytes: u64,
    /// Why it was left.
    pub reason: String,
    /// What the system said.
    pub detail: String,
}

impl Act {
    /// What stands for the place of a folder that a run emptied and removed.
    pub fn folder_place() -> Vec<Vec<u8>> {
        vec![Vec::new(), b"folder".to_vec()]
    }

    /// Whether it is about a folder that a run emptied, not about a file.
    pub fn is_of_folder(&self) -> bool {
        self.place == Self::folder_place()
    }

    /// The file's whole path.
    pub fn absolute(&self) -> Vec<u8> {
        join(&self.root, &self.path)
    }

    /// The whole path of the one that stayed for it.
    pub fn kept_absolute(&self) -> Vec<u8> {
        join(&self.kept_root, &self.kept_path)
    }
}

/// What came of an act.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The act's number.
    pub number: i64,
    /// How it ended.
    pub state: ActState,
    /// Whether the act failed, rather than finding a reason not to.
    pub failed: bool,
    /// Whether it is one of a file; folders that were emptied are not counted.
    pub counts: bool,
    /// Why it was left.
    pub reason: String,
    /// What the system said.
    pub detail: String,
    /// Bytes that it freed.
    pub freed_bytes: u64,
    /// When, in nanoseconds since 1970.
    pub ended_ns: i64,
    /// Where it is in the trash, once that is known.
    pub place: Option<Vec<Vec<u8>>>,
}

impl Journal {
    /// Begins a run.
    pub fn begin_run(&self, run: &NewRun<'_>) -> Result<i64, JournalError> {
        let connection = self.connection();
        let (of, version) = (run.of.map(|of| of.0), run.of.map(|of| of.1));
        let sql = "INSERT INTO run (kind, action, of, of_version, began_ns) VALUES (?1, ?2, ?3, ?4, ?5)";
        connection.execute(sql, params![run.kind, run.action, of, version, run.began_ns])?;
        Ok(connection.last_insert_rowid())
    }

    /// Notes what is meant to be done to these files. On the disk when this returns.
    pub fn intend(&self, run: i64, acts: &[Act]) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        {
            let sql = "INSERT INTO act (run, number, state, root, path, kept_root, kept_path, size_bytes, algorithm, hash, volume, inode,
                mtime_ns, atime_ns, kept_volume, kept_inode, owner, owner_group, mode, attributes, place,
                freed_bytes)
                VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";
            let mut statement = transaction.prepare_cached(sql)?;
            for act in acts {
                statement.execute(params![
                    run,
                    act.number,
                    act.root,
                    act.path,
                    act.kept_root,
                    act.kept_path,
                    act.size_bytes as i64,
                    algorithm_number(act.algorithm),
                    &act.hash.as_bytes()[..],
                    &act.identity.0.to_bytes()[..],
                    act.identity.1 as i64,
                    act.mtime_ns,
                    act.atime_ns,
                    &act.kept_identity.0.to_bytes()[..],
                    act.kept_identity.1 as i64,
                    act.owner.0,
                    act.owner.1,
                    act.owner.2,
                    packed(act.attributes.iter().flat_map(|(name, value)| [name, value])),
                    packed(&act.place),
                    act.freed_bytes as i64,
                ])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Notes what came of them. What an undo did is noted in the same step in the run that it takes back: a kill leaves
    /// both or neither. On the disk when this returns.
    pub fn conclude(&self, run: i64, outcomes: &[Outcome]) -> Result<(), JournalError> {
        self.conclude_with(run, outcomes, &[])
    }

    /// The same, with the folders that files went from.
    pub fn conclude_with(&self, run: i64, outcomes: &[Outcome], folders: &[ChangedFolder]) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        note_folders(&transaction, run, folders)?;
        {
            let sql = "UPDATE act SET state = ?3, reason = ?4, detail = ?5, freed_bytes = ?6, ended_ns = ?7, place = coalesce(?8, place)
                WHERE run = ?1 AND number = ?2";
            let mut statement = transaction.prepare_cached(sql)?;
            let mut of_undone = transaction.prepare_cached(TAKE_BACK)?;
            let (mut acted, mut skipped, mut failed, mut freed) = (0_i64, 0_i64, 0_i64, 0_i64);
            let mut taken_back = 0;
            for outcome in outcomes {
                let place = outcome.place.as_ref().map(packed);
                let freed_bytes = outcome.freed_bytes as i64;
                statement.execute(params![
                    run,
                    outcome.number,
                    state_number(outcome.state),
                    outcome.reason,
                    outcome.detail,
                    freed_bytes,
                    outcome.ended_ns,
                    place
                ])?;
                if outcome.state == ActState::Done {
                    taken_back += of_undone.execute(params![run, outcome.number, outcome.ended_ns])?;
                }
                match outcome.state {
                    _ if !outcome.counts => {}
                    ActState::Done => acted += 1,
                    _ if outcome.failed => failed += 1,
                    _ => skipped += 1,
                }
                freed += freed_bytes;
            }
            let sql = "UPDATE run SET acted = acted + ?2, skipped = skipped + ?3, failed = failed + ?4, freed_bytes = freed_bytes + ?5
                WHERE id = ?1";
            transaction.execute(sql, params![run, acted, skipped, failed, freed])?;
            if acted > 0 {
                transaction.execute(OF_FINDING, params![run, "repaired"])?;
            }
            if taken_back > 0 {
                let sql = "SELECT of FROM run WHERE id = ?1";
                let of: i64 = transaction.query_row(sql, [run], |row| row.get(0))?;
                transaction.execute(OF_FINDING, params![of, "open"])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// The run is over.
    pub fn end_run(&self, run: i64, ended_ns: i64) -> Result<Run, JournalError> {
        self.connection().execute("UPDATE run SET ended_ns = ?2 WHERE id = ?1", [run, ended_ns])?;
        self.run(run)
    }

    /// One run.
    pub fn run(&self, id: i64) -> Result<Run, JournalError> {
        let connection = self.connection();
        let found = connection.query_row(&format!("{RUN} WHERE id = ?1"), [id], read_run).optional()?;
        found.ok_or_else(|| JournalError::UnknownRun(id))
    }

    /// The paths of the roots that a run's files lie in, and those that stayed for them.
    pub fn run_roots(&self, id: i64) -> Result<Vec<Vec<u8>>, JournalError> {
        let connection = self.connection();
        let sql = "SELECT root FROM act WHERE run = ?1 UNION SELECT kept_root FROM act WHERE run = ?1";
        let mut statement = connection.prepare(sql)?;
        let roots = statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(roots)
    }

    /// All runs, the newest first.
    pub fn runs(&self) -> Result<Vec<Run>, JournalError> {
        let connection = self.connection();
        let mut statement = connection.prepare(&format!("{RUN} ORDER BY id DESC"))?;
        let runs = statement.query_map([], read_run)?.collect::<Result<_, _>>()?;
        Ok(runs)
    }

    /// Acts that were intended, and of which no one noted what came of them: what a kill leaves. (run, act) in order,
    /// behind the one with these numbers, at most `limit`.
    pub fn unsettled(&self, after: (i64, i64), limit: usize) -> Result<Vec<(i64, Act)>, JournalError> {
        let connection = self.connection();
        let sql = format!("{ACT} WHERE state = 0 AND (run, number) > (?1, ?2) ORDER BY run, number LIMIT ?3");
        let mut statement = connection.prepare_cached(&sql)?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, read_act(row)?));
        let acts = statement.query_map(params![after.0, after.1, limit as i64], read)?.collect::<Result<_, _>>()?;
        Ok(acts)
    }

    /// Ends the runs that were broken off, once all of their acts are settled.
    pub fn end_settled_runs(&self, ended_ns: i64) -> Result<usize, JournalError> {
        let sql = "UPDATE run SET ended_ns = ?1 WHERE ended_ns IS NULL
            AND NOT EXISTS (SELECT 1 FROM act WHERE act.run = run.id AND state = 0)";
        Ok(self.connection().execute(sql, [ended_ns])?)
    }

    /// Tells of each file that earlier runs of a plan tried to act on, and that was not taken back: its root, its path, and
    /// whether it was done.
    pub fn tried_by_plan(&self, plan: i64, tell: &mut dyn FnMut(&[u8], &[u8], bool)) -> Result<(), JournalError> {
        let connection = self.connection();
        let sql = "SELECT a.root, a.path, a.state FROM run r JOIN act a ON a.run = r.id
            WHERE r.kind = 'dedupe' AND r.of = ?1 AND a.state IN (1, 2)";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([plan])?;
        while let Some(row) = rows.next()? {
            let (root, path) = (row.get_ref(0)?.as_blob(), row.get_ref(1)?.as_blob());
            tell(root.unwrap_or_default(), path.unwrap_or_default(), row.get::<_, i64>(2)? == 1);
        }
        Ok(())
    }

    /// Tells of each file that a run left for this reason: its root, its path, and when its content had changed last.
    pub fn left_for(&self, reason: &str, tell: &mut dyn FnMut(&[u8], &[u8], i64)) -> Result<(), JournalError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare("SELECT root, path, mtime_ns FROM act WHERE state = 2 AND reason = ?1")?;
        let mut rows = statement.query([reason])?;
        while let Some(row) = rows.next()? {
            let (root, path) = (row.get_ref(0)?.as_blob(), row.get_ref(1)?.as_blob());
            tell(root.unwrap_or_default(), path.unwrap_or_default(), row.get(2)?);
        }
        Ok(())
    }

    /// Acts of a run behind this number, at most `limit`.
    pub fn acts_after(&self, run: i64, after: i64, limit: usize) -> Result<Vec<Act>, JournalError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached(&format!("{ACT} WHERE run = ?1 AND number > ?2 ORDER BY number LIMIT ?3"))?;
        let acts = statement.query_map(params![run, after, limit as i64], read_act)?.collect::<Result<_, _>>()?;
        Ok(acts)
    }
}

/// An act that an undo did is taken back in the run that it is of, whose acts have the same numbers; other runs are of none.
const TAKE_BACK: &str = "UPDATE act SET state = 3, ended_ns = ?3
    WHERE run = (SELECT of FROM run WHERE run.id = ?1 AND run.kind = 'undo') AND number = ?2";
/// What becomes of the finding that a repair is of, in the same step as its act; other runs are of none.
const OF_FINDING: &str =
    "UPDATE finding SET state = ?2 WHERE id = (SELECT of FROM run WHERE run.id = ?1 AND run.kind = 'repair')";
const RUN: &str = "SELECT id, kind, action, of, began_ns, ended_ns, acted, skipped, failed, freed_bytes FROM run";
const ACT: &str = "SELECT run, number, state, root, path, kept_root, kept_path, size_bytes, algorithm, hash, volume, inode, mtime_ns,
    atime_ns, kept_volume, kept_inode, owner, owner_group, mode, attributes, place, freed_bytes, reason, detail FROM act";

fn read_run(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        id: row.get(0)?,
        kind: row.get(1)?,
        action: row.get(2)?,
        of: row.get(3)?,
        began_ns: row.get(4)?,
        ended_ns: row.get(5)?,
        acted: row.get(6)?,
        skipped: row.get(7)?,
        failed: row.get(8)?,
        freed_bytes: row.get(9)?,
    })
}

fn read_act(row: &Row<'_>) -> rusqlite::Result<Act> {
    let attributes = unpacked(&row.get::<_, Vec<u8>>(19)?);
    Ok(Act {
        number: row.get(1)?,
        state: match row.get(2)? {
            1_i64 => ActState::Done,
            2 => ActState::Left,
            3 => ActState::TakenBack,
            _ => ActState::Intended,
        },
        root: row.get(3)?,
        path: row.get(4)?,
        kept_root: row.get(5)?,
        kept_path: row.get(6)?,
        size_bytes: row.get::<_, i64>(7)? as u64,
        algorithm: algorithm_of(row.get(8)?),
        hash: ContentHash::from_bytes(row.get(9)?),
        identity: (VolumeId::from_bytes(row.get(10)?), row.get::<_, i64>(11)? as u64),
        mtime_ns: row.get(12)?,
        atime_ns: row.get(13)?,
        kept_identity: (VolumeId::from_bytes(row.get(14)?), row.get::<_, i64>(15)? as u64),
        owner: (row.get(16)?, row.get(17)?, row.get(18)?),
        attributes: attributes.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect(),
        place: unpacked(&row.get::<_, Vec<u8>>(20)?),
        freed_bytes: row.get::<_, i64>(21)? as u64,
        reason: row.get(22)?,
        detail: row.get(23)?,
    })
}

const fn state_number(state: ActState) -> i64 {
    match state {
        ActState::Intended => 0,
        ActState::Done => 1,
        ActState::Left => 2,
        ActState::TakenBack => 3,
    }
}

/// Pieces of any bytes in one, each after its length in four bytes.
fn packed<'a>(pieces: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut whole = Vec::new();
    for piece in pieces {
        whole.extend_from_slice(&(piece.len() as u32).to_le_bytes());
        whole.extend_from_slice(piece);
    }
    whole
}

fn unpacked(mut whole: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    while let Some((length, rest)) = whole.split_first_chunk::<4>() {
        let length = (u32::from_le_bytes(*length) as usize).min(rest.len());
        pieces.push(rest[..length].to_vec());
        whole = &rest[length..];
    }
    pieces
}

#[cfg(test)]
#[path = "runs_tests.rs"]
mod tests;
