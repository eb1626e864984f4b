//! Plans: made once, read, edited, run, forgotten.

use rusqlite::{params, Connection, OptionalExtension, Row};

use super::error::JournalError;
use super::open::Journal;

/// What a plan is begun with.
#[derive(Clone, Debug)]
pub struct NewPlan<'a> {
    /// When, in nanoseconds since 1970.
    pub made_ns: i64,
    /// What is done to the copies that go: trash, hardlink, reflink, symlink or delete.
    pub action: &'a str,
    /// Scope and rules as they were asked for, as JSON.
    pub asked: &'a str,
    /// How many copies of each group stay at least; 1 or more.
    pub min_copies: usize,
    /// On how many devices at least; 1 or more.
    pub min_devices: usize,
}

/// A plan as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its number; no plan ever has it again.
    pub id: i64,
    /// When it was made, in nanoseconds since 1970.
    pub made_ns: i64,
    /// What is done to the copies that go.
    pub action: String,
    /// Scope and rules, as JSON.
    pub asked: String,
    /// How many copies of each group stay at least.
    pub min_copies: i64,
    /// On how many devices at least.
    pub min_devices: i64,
    /// Counts its edits, from 1.
    pub version: i64,
    /// Groups in it.
    pub groups: i64,
    /// Those in which nothing was decided.
    pub undecided: i64,
    /// Copies that go.
    pub files: i64,
    /// What that frees, in bytes.
    pub freed_bytes: i64,
    /// Symbolic links that lead to a file which goes, when the plan was made.
    pub broken_links: i64,
}

/// A reason for which files were left out, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The reason's word.
    pub reason: String,
    /// How many files.
    pub files: i64,
}

const COLUMNS: &str =
    "id, made_ns, action, asked, min_copies, min_devices, version, groups, undecided, files, freed_bytes, broken_links";

impl Journal {
    /// Begins a plan. Until [`Journal::finish_plan`] it is no one's: a kill leaves it unfinished, and the next opening
    /// forgets it.
    pub fn begin_plan(&self, plan: &NewPlan<'_>) -> Result<i64, JournalError> {
        let connection = self.connection();
        let sql = "INSERT INTO plan (made_ns, action, asked, min_copies, min_devices) VALUES (?1, ?2, ?3, ?4, ?5)";
        let (copies, devices) = (plan.min_copies as i64, plan.min_devices as i64);
        connection.execute(sql, params![plan.made_ns, plan.action, plan.asked, copies, devices])?;
        Ok(connection.last_insert_rowid())
    }

    /// The plan is whole: counted, and to be seen.
    pub fn finish_plan(&self, id: i64, skipped: &[Skipped]) -> Result<Plan, JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        for skipped in skipped {
            let sql = "INSERT INTO plan_skipped VALUES (?1, ?2, ?3)";
            transaction.execute(sql, params![id, skipped.reason, skipped.files])?;
        }
        let sql =
            "INSERT INTO plan_content SELECT plan, hash, number FROM plan_group WHERE plan = ?1 ORDER BY hash, number";
        transaction.execute(sql, [id])?;
        count(&transaction, id)?;
        transaction.execute("UPDATE plan SET is_ready = 1 WHERE id = ?1", [id])?;
        let plan = one(&transaction, id)?;
        transaction.commit()?;
        Ok(plan)
    }

    /// One plan.
    pub fn plan(&self, id: i64) -> Result<Plan, JournalError> {
        one(&self.connection(), id)
    }

    /// All plans, the newest first.
    pub fn plans(&self) -> Result<Vec<Plan>, JournalError> {
        let connection = self.connection();
        let sql = format!("SELECT {COLUMNS} FROM plan WHERE is_ready = 1 ORDER BY id DESC");
        let mut statement = connection.prepare(&sql)?;
        let plans = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(plans)
    }

    /// What was left out of a plan.
    pub fn skipped(&self, id: i64) -> Result<Vec<Skipped>, JournalError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare("SELECT reason, files FROM plan_skipped WHERE plan = ?1 ORDER BY reason")?;
        let skipped = statement.query_map([id], |row| Ok(Skipped { reason: row.get(0)?, files: row.get(1)? }))?;
        Ok(skipped.collect::<Result<_, _>>()?)
    }

    /// Notes symbolic links, each with its target, that lead to a file which goes.
    pub fn add_links(&self, id: i64, links: &[(Vec<u8>, Vec<u8>)]) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let mut added = 0;
        for (path, target) in links {
            let sql = "INSERT INTO plan_link VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            added += transaction.prepare_cached(sql)?.execute(params![id, path, target])? as i64;
        }
        transaction.execute("UPDATE plan SET broken_links = broken_links + ?2 WHERE id = ?1", [id, added])?;
        Ok(transaction.commit()?)
    }

    /// Symbolic links that lead to a file which goes, each with its target, in the order of their paths; at most `limit`.
    pub fn links(&self, id: i64, limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>, JournalError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare("SELECT path, target FROM plan_link WHERE plan = ?1 ORDER BY path LIMIT ?2")?;
        let links = statement.query_map(params![id, limit as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(links.collect::<Result<_, _>>()?)
    }

    /// The paths of the roots that a plan's files lie in.
    pub fn plan_roots(&self, id: i64) -> Result<Vec<Vec<u8>>, JournalError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare("SELECT DISTINCT root FROM plan_folder WHERE plan = ?1 ORDER BY root")?;
        let roots = statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(roots)
    }

    /// Forgets a plan. What was done by it stays in the journal.
    pub fn forget_plan(&self, id: i64) -> Result<(), JournalError> {
        match self.connection().execute("DELETE FROM plan WHERE id = ?1", [id])? {
            0 => Err(unknown(id)),
            _ => Ok(()),
        }
    }

    /// Forgets the plans whose making was broken off; for the start.
    pub fn forget_unfinished_plans(&self) -> Result<usize, JournalError> {
        Ok(self.connection().execute("DELETE FROM plan WHERE is_ready = 0", [])?)
    }
}

/// Counts what a plan comes to, after its copies were written or decided again.
pub(super) fn count(connection: &Connection, id: i64) -> Result<(), JournalError> {
    let sql = "UPDATE plan SET (groups, undecided, files, freed_bytes) = (
        SELECT count(*), coalesce(sum(undecided), 0), coalesce(sum(files), 0), coalesce(sum(freed), 0) FROM (
            SELECT max(decision = 0) AS undecided, sum(decision = 2) AS files, sum(iif(decision = 2, freed_bytes, 0)) AS freed
            FROM plan_copy WHERE plan = ?1 GROUP BY group_number))
        WHERE id = ?1";
    connection.execute(sql, [id])?;
    Ok(())
}

pub(super) fn unknown(id: i64) -> JournalError {
    JournalError::UnknownPlan(id)
}

pub(super) fn one(connection: &Connection, id: i64) -> Result<Plan, JournalError> {
    let sql = format!("SELECT {COLUMNS} FROM plan WHERE id = ?1");
    connection.query_row(&sql, [id], read).optional()?.ok_or_else(|| unknown(id))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Plan> {
    Ok(Plan {
        id: row.get(0)?,
        made_ns: row.get(1)?,
        action: row.get(2)?,
        asked: row.get(3)?,
        min_copies: row.get(4)?,
        min_devices: row.get(5)?,
        version: row.get(6)?,
        groups: row.get(7)?,
        undecided: row.get(8)?,
        files: row.get(9)?,
        freed_bytes: row.get(10)?,
        broken_links: row.get(11)?,
    })
}
