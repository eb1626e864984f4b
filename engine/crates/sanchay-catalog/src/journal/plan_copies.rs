//! The groups of a plan and their copies: written in batches, read in pages.

use std::collections::HashMap;

use rusqlite::{params, Connection, OptionalExtension, Transaction};
use sanchay_core::{Algorithm, ContentHash, VolumeId};

use super::error::JournalError;
use super::open::Journal;
use super::plans::{one, unknown, Plan};

/// What becomes of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is not known yet; it stays.
    Undecided,
    /// It stays.
    Keep,
    /// It goes.
    Drop,
}

/// One copy, as the plan saw it. `T` is how its path is held: borrowed where it is written, owned where it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanCopy<T> {
    /// The root's own path.
    pub root: T,
    /// The folder below the root, and the name in it.
    pub folder: T,
    /// The file's name.
    pub name: T,
    /// The volume it is on.
    pub volume: VolumeId,
    /// Its inode, unless the file system gives new ones at each mount.
    pub inode: Option<u64>,
    /// Last change of the content, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Last change of content or metadata, unless none is kept.
    pub ctime_ns: Option<i64>,
    /// What becomes of it.
    pub decision: Decision,
    /// Of one that goes: the number of the copy in the group that stays for it.
    pub kept: Option<i64>,
    /// A number for the disk or server that it is on.
    pub device: u64,
    /// Why, in a word.
    pub reason: T,
    /// What its going frees, in bytes.
    pub freed_bytes: u64,
}

/// One group of equal files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanGroup<T> {
    /// The size of each, in bytes.
    pub size_bytes: u64,
    /// How it was hashed.
    pub algorithm: Algorithm,
    /// The content's hash.
    pub hash: ContentHash,
    /// The copies, in the order in which they are numbered from 0.
    pub copies: Vec<PlanCopy<T>>,
}

/// A group as it is read back, with its number in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCopy {
    /// The group's number, from 0.
    pub group: i64,
    /// The copy's number in it, from 0.
    pub number: i64,
    /// Size, hash.
    pub size_bytes: u64,
    /// How it was hashed.
    pub algorithm: Algorithm,
    /// The content's hash.
    pub hash: ContentHash,
    /// The copy.
    pub copy: PlanCopy<Vec<u8>>,
}

impl Journal {
    /// Adds groups behind those that the plan has, in one transaction. `folders` is the writer's memory of the folders
    /// that it wrote; it is bounded by the caller, who may empty it at any time.
    pub fn add_groups(
        &self,
        plan: i64,
        groups: &[PlanGroup<impl AsRef<[u8]>>],
        folders: &mut HashMap<(Vec<u8>, Vec<u8>), i64>,
    ) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let written = write_groups(&transaction, plan, groups, folders);
        if written.is_err() {
            folders.clear(); // they were rolled back
        }
        written?;
        transaction.commit().inspect_err(|_| folders.clear())?;
        Ok(())
    }

    /// Copies of a plan in order, behind the one with these numbers; at most `limit`.
    pub fn copies_after(
        &self,
        plan: i64,
        after: Option<(i64, i64)>,
        limit: usize,
    ) -> Result<Vec<PlannedCopy>, JournalError> {
        let connection = self.connection();
        let (group, number) = after.unwrap_or((-1, -1));
        let sql = format!("{SELECT} WHERE c.plan = ?1 AND (c.group_number, c.number) > (?2, ?3) ORDER BY c.group_number, c.number LIMIT ?4");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![plan, group, number, limit as i64], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One copy of a group.
    pub fn copy(&self, plan: i64, group: i64, number: i64) -> Result<PlannedCopy, JournalError> {
        let connection = self.connection();
        let sql = format!("{SELECT} WHERE c.plan = ?1 AND c.group_number = ?2 AND c.number = ?3");
        let found = connection.prepare_cached(&sql)?.query_row([plan, group, number], read).optional()?;
        found.ok_or_else(|| JournalError::Unknown(format!("copy {number} in group {group} of plan {plan}")))
    }

    /// The first copies of one group, at most `limit`.
    pub fn first_copies(&self, plan: i64, group: i64, limit: usize) -> Result<Vec<PlannedCopy>, JournalError> {
        let connection = self.connection();
        let sql = format!("{SELECT} WHERE c.plan = ?1 AND c.group_number = ?2 ORDER BY c.number LIMIT ?3");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![plan, group, limit as i64], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The copies of one group that do not go.
    pub fn stays(&self, plan: i64, group: i64) -> Result<Vec<PlannedCopy>, JournalError> {
        let connection = self.connection();
        let sql = format!("{SELECT} WHERE c.plan = ?1 AND c.group_number = ?2 AND c.decision <> 2 ORDER BY c.number");
        let mut statement = connection.prepare_cached(&sql)?;
        let copies = statement.query_map([plan, group], read)?.collect::<Result<_, _>>()?;
        Ok(copies)
    }

    /// The copies of one group.
    pub fn group(&self, plan: i64, group: i64) -> Result<Vec<PlannedCopy>, JournalError> {
        group_of(&self.connection(), plan, group)
    }

    /// Where a path stands in a plan: the numbers of its group and copy.
    pub fn find_copy(&self, plan: i64, path: &[u8]) -> Result<Option<(i64, i64)>, JournalError> {
        let Some(cut) = path.iter().rposition(|byte| *byte == b'/') else { return Ok(None) };
        let (folder, name) = (&path[..cut], &path[cut + 1..]);
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT id, root, path FROM plan_folder WHERE plan = ?1")?;
        let mut rows = statement.query([plan])?;
        while let Some(row) = rows.next()? {
            let (root, below): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
            if joined(&root, &below) != folder {
                continue;
            }
            let sql = "SELECT group_number, number FROM plan_copy WHERE plan = ?1 AND folder = ?2 AND name = ?3";
            let id: i64 = row.get(0)?;
            let found = connection.query_row(sql, params![plan, id, name], |row| Ok((row.get(0)?, row.get(1)?)));
            if let Some(found) = found.optional()? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Keeps copies of a plan that is being made, each by the numbers of its group and itself, with all of their names.
    /// Gives how many names went before.
    pub fn keep_after_all(&self, plan: i64, copies: &[(i64, i64)], reason: &str) -> Result<i64, JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let mut kept = 0;
        for (group, number) in copies {
            let sql = "UPDATE plan_copy SET decision = 1, reason = ?4, kept = NULL
                WHERE plan = ?1 AND group_number = ?2 AND decision = 2 AND (number = ?3 OR (volume, inode) =
                (SELECT volume, inode FROM plan_copy WHERE plan = ?1 AND group_number = ?2 AND number = ?3))";
            kept += transaction.prepare_cached(sql)?.execute(params![plan, group, number, reason])? as i64;
        }
        transaction.commit()?;
        Ok(kept)
    }

    /// Refuses a plan that was edited since this version was shown.
    pub fn check_version(&self, plan: i64, shown: i64) -> Result<Plan, JournalError> {
        let found = self.plan(plan)?;
        if found.version == shown {
            Ok(found)
        } else {
            Err(JournalError::Edited { plan, shown, found: found.version })
        }
    }
}

impl<T> PlanCopy<T> {
    /// What tells one physical copy from another; names of one share it.
    pub fn identity(&self) -> (VolumeId, Option<u64>) {
        (self.volume, self.inode)
    }
}

impl Decision {
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::Undecided => 0,
            Self::Keep => 1,
            Self::Drop => 2,
        }
    }

    fn of(number: i64) -> Self {
        match number {
            1 => Self::Keep,
            2 => Self::Drop,
            _ => Self::Undecided,
        }
    }
}

/// The number by which an algorithm is stored.
pub(super) const fn algorithm_number(algorithm: Algorithm) -> i64 {
    match algorithm {
        Algorithm::Blake3 => 0,
        Algorithm::Sha256 => 1,
    }
}

pub(super) const fn algorithm_of(number: i64) -> Algorithm {
    match number {
        1 => Algorithm::Sha256,
        _ => Algorithm::Blake3,
    }
}

/// A folder's whole path.
pub(super) fn joined(root: &[u8], below: &[u8]) -> Vec<u8> {
    let root = root.strip_suffix(b"/").unwrap_or(root);
    if below.is_empty() {
        root.to_vec()
    } else {
        [root, b"/", below].concat()
    }
}

fn write_groups(
    transaction: &Transaction<'_>,
    plan: i64,
    groups: &[PlanGroup<impl AsRef<[u8]>>],
    folders: &mut HashMap<(Vec<u8>, Vec<u8>), i64>,
) -> Result<(), JournalError> {
    let next = "SELECT coalesce(max(number) + 1, 0) FROM plan_group WHERE plan = ?1";
    let first: i64 = transaction.query_row(next, [plan], |row| row.get(0))?;
    let mut group_statement = transaction.prepare_cached("INSERT INTO plan_group VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut copy_statement = transaction
        .prepare_cached("INSERT INTO plan_copy VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")?;
    for (number, group) in (first..).zip(groups) {
        let hash = &group.hash.as_bytes()[..];
        group_statement.execute(params![
            plan,
            number,
            group.size_bytes as i64,
            algorithm_number(group.algorithm),
            hash
        ])?;
        for (place, copy) in group.copies.iter().enumerate() {
            let folder = folder_id(transaction, plan, copy, folders)?;
            copy_statement.execute(params![
                plan,
                number,
                place as i64,
                folder,
                copy.name.as_ref(),
                &copy.volume.to_bytes()[..],
                copy.inode.map(|inode| inode as i64),
                copy.mtime_ns,
                copy.ctime_ns,
                copy.decision.number(),
                copy.kept,
                copy.device as i64,
                String::from_utf8_lossy(copy.reason.as_ref()),
                copy.freed_bytes as i64,
            ])?;
        }
    }
    Ok(())
}

fn folder_id(
    transaction: &Transaction<'_>,
    plan: i64,
    copy: &PlanCopy<impl AsRef<[u8]>>,
    folders: &mut HashMap<(Vec<u8>, Vec<u8>), i64>,
) -> Result<i64, JournalError> {
    let key = (copy.root.as_ref().to_vec(), copy.folder.as_ref().to_vec());
    if let Some(id) = folders.get(&key) {
        return Ok(*id);
    }
    let sql = "INSERT INTO plan_folder (plan, root, path) VALUES (?1, ?2, ?3)";
    transaction.prepare_cached(sql)?.execute(params![plan, key.0, key.1])?;
    let id = transaction.last_insert_rowid();
    folders.insert(key, id);
    Ok(id)
}

const SELECT: &str = "SELECT c.group_number, c.number, g.size_bytes, g.algorithm, g.hash, f.root, f.path, c.name, c.volume, c.inode,
    c.mtime_ns, c.ctime_ns, c.decision, c.kept, c.device, c.reason, c.freed_bytes
    FROM plan_copy c JOIN plan_group g ON g.plan = c.plan AND g.number = c.group_number JOIN plan_folder f ON f.id = c.folder";

pub(super) fn group_of(connection: &Connection, plan: i64, group: i64) -> Result<Vec<PlannedCopy>, JournalError> {
    let sql = format!("{SELECT} WHERE c.plan = ?1 AND c.group_number = ?2 ORDER BY c.number");
    let mut statement = connection.prepare_cached(&sql)?;
    let copies: Vec<_> = statement.query_map([plan, group], read)?.collect::<Result<_, _>>()?;
    if copies.is_empty() {
        one(connection, plan).map_err(|_| unknown(plan))?;
        return Err(JournalError::Unknown(format!("group {group} in plan {plan}")));
    }
    Ok(copies)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<PlannedCopy> {
    Ok(PlannedCopy {
        group: row.get(0)?,
        number: row.get(1)?,
        size_bytes: row.get::<_, i64>(2)? as u64,
        algorithm: algorithm_of(row.get(3)?),
        hash: ContentHash::from_bytes(row.get(4)?),
        copy: PlanCopy {
            root: row.get(5)?,
            folder: row.get(6)?,
            name: row.get(7)?,
            volume: VolumeId::from_bytes(row.get(8)?),
            inode: row.get::<_, Option<i64>>(9)?.map(|inode| inode as u64),
            mtime_ns: row.get(10)?,
            ctime_ns: row.get(11)?,
            decision: Decision::of(row.get(12)?),
            kept: row.get(13)?,
            device: row.get::<_, i64>(14)? as u64,
            reason: row.get::<_, String>(15)?.into_bytes(),
            freed_bytes: row.get::<_, i64>(16)? as u64,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::NewPlan;

    fn copy(name: &'static [u8], decision: Decision) -> PlanCopy<&'static [u8]> {
        PlanCopy {
            root: b"/photos",
            folder: b"2020",
            name,
            volume: VolumeId::from_bytes([3; 16]),
            inode: Some(5),
            mtime_ns: -7,
            ctime_ns: None,
            decision,
            kept: None,
            device: 1,
            reason: b"oldest",
            freed_bytes: 100,
        }
    }

    fn group(copies: Vec<PlanCopy<&'static [u8]>>) -> PlanGroup<&'static [u8]> {
        let hash = ContentHash::from_bytes([9; 32]);
        PlanGroup { size_bytes: 100, algorithm: Algorithm::Sha256, hash, copies }
    }

    #[test]
    fn a_plan_is_kept_as_it_was_made_and_no_edit_lets_the_last_copy_go() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal.db"), 1).unwrap().journal;
        let new = NewPlan { made_ns: 1, action: "trash", asked: "{}", min_copies: 1, min_devices: 1 };
        let id = journal.begin_plan(&new).unwrap();
        let groups = [
            group(vec![
                copy(b"a", Decision::Keep),
                PlanCopy { inode: Some(6), kept: Some(0), ..copy(b"\xff\n", Decision::Drop) },
                PlanCopy { inode: Some(9), kept: Some(0), ..copy(b"c", Decision::Drop) },
            ]),
            group(vec![copy(b"d", Decision::Undecided), copy(b"e", Decision::Undecided)]),
        ];
        let mut folders = HashMap::new();
        journal.add_groups(id, &groups[..1], &mut folders).unwrap();
        journal.add_groups(id, &groups[1..], &mut folders).unwrap();
        assert_eq!(journal.plans().unwrap(), [], "not before it is whole");
        let plan = journal.finish_plan(id, &[]).unwrap();
        assert_eq!((plan.groups, plan.undecided, plan.files, plan.freed_bytes), (2, 1, 2, 200));

        let first = journal.copies_after(id, None, 2).unwrap();
        let rest = journal.copies_after(id, first.last().map(|copy| (copy.group, copy.number)), 10).unwrap();
        assert_eq!((first.len(), rest.len()), (2, 3));
        assert_eq!(&first[1].copy.name[..], b"\xff\n");
        assert_eq!((first[1].copy.mtime_ns, first[1].algorithm), (-7, Algorithm::Sha256));

        assert_eq!(journal.find_copy(id, b"/photos/2020/c").unwrap(), Some((0, 2)));
        assert_eq!(journal.find_copy(id, b"/photos/c").unwrap(), None);
        assert!(matches!(journal.decide(id, 0, 0, Decision::Drop, "by hand"), Err(JournalError::LastCopy)));
        assert_eq!(journal.plan(id).unwrap(), plan, "nothing was changed");
        journal.decide(id, 0, 1, Decision::Keep, "by hand").unwrap();
        let edited = journal.decide(id, 0, 0, Decision::Drop, "by hand").unwrap();
        assert_eq!((edited.version, edited.files), (3, 2));
        let kept: Vec<_> = journal.group(id, 0).unwrap().into_iter().map(|copy| copy.copy.kept).collect();
        assert_eq!(kept, [Some(1), None, Some(1)], "who went for the first goes for another");
        assert!(matches!(journal.check_version(id, 1), Err(JournalError::Edited { found: 3, .. })));
        assert!(matches!(journal.decide(id, 9, 0, Decision::Keep, ""), Err(JournalError::Unknown(_))));
        assert!(matches!(journal.decide(id, 0, 9, Decision::Keep, ""), Err(JournalError::Unknown(_))));
        // Two names of one file are one copy.
        let links = [Some(7), Some(7), Some(8)].map(|inode| PlanCopy { inode, ..copy(b"l", Decision::Undecided) });
        journal.add_groups(id, &[group(links.to_vec())], &mut HashMap::new()).unwrap();
        journal.decide(id, 2, 0, Decision::Drop, "by hand").unwrap();
        let both: Vec<_> = journal.group(id, 2).unwrap().into_iter().map(|copy| copy.copy.decision).collect();
        assert_eq!(both, [Decision::Drop, Decision::Drop, Decision::Undecided]);

        assert_eq!(journal.keep_after_all(id, &[(2, 1), (2, 2)], "with another").unwrap(), 2);
        let all: Vec<_> = journal.group(id, 2).unwrap().into_iter().map(|copy| copy.copy.decision).collect();
        assert_eq!(all, [Decision::Keep, Decision::Keep, Decision::Undecided]);

        journal.forget_plan(id).unwrap();
        assert!(journal.copies_after(id, None, 10).unwrap().is_empty());
        assert!(journal.begin_plan(&new).unwrap() > id, "a number is never given twice");
        assert_eq!(journal.forget_unfinished_plans().unwrap(), 1);
    }
}
