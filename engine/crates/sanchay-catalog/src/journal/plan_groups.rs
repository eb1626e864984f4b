//! Groups of a plan as wholes: found by number, content or what is left to decide, and decided in one transaction.

use std::collections::{HashMap, HashSet};

use rusqlite::{params, OptionalExtension, Transaction};
use sanchay_core::{ContentHash, VolumeId};

use super::error::JournalError;
use super::open::Journal;
use super::plan_copies::{group_of, joined, Decision, PlannedCopy};
use super::plans::{one, Plan};

/// What is decided of a group: copies by their paths, and all others.
#[derive(Clone, Debug, Default)]
pub struct GroupDecision {
    /// Copies by their whole paths. Where names of one file are decided differently, the one that loses least counts.
    pub named: HashMap<Vec<u8>, Decision>,
    /// What becomes of the other copies; None: what was decided of them.
    pub rest: Option<Decision>,
}

/// How a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupState {
    /// Its number in the plan, from 0.
    pub number: i64,
    /// Whether nothing is decided of some copy of it.
    pub is_undecided: bool,
}

/// What a group adds to the numbers of its plan.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Share {
    undecided: i64,
    files: i64,
    freed_bytes: i64,
}

impl Journal {
    /// How the group of a content stands; None: the plan has none.
    pub fn group_state(&self, plan: i64, hash: &ContentHash) -> Result<Option<GroupState>, JournalError> {
        let connection = self.connection();
        let sql =
            "SELECT g.number, EXISTS (SELECT 1 FROM plan_copy c WHERE c.plan = ?1 AND c.group_number = g.number AND c.decision = 0)
            FROM plan_content g WHERE g.plan = ?1 AND g.hash = ?2 ORDER BY g.number LIMIT 1";
        let mut statement = connection.prepare_cached(sql)?;
        let state = statement.query_row(params![plan, &hash.as_bytes()[..]], |row| {
            Ok(GroupState { number: row.get(0)?, is_undecided: row.get(1)? })
        });
        Ok(state.optional()?)
    }

    /// The first group behind this number in which something is undecided; None: there is none.
    pub fn undecided_after(&self, plan: i64, number: i64) -> Result<Option<i64>, JournalError> {
        let connection = self.connection();
        let sql = "SELECT group_number FROM plan_copy INDEXED BY plan_copy_undecided
            WHERE plan = ?1 AND group_number > ?2 AND decision = 0 ORDER BY group_number LIMIT 1";
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row([plan, number], |row| row.get(0)).optional()?)
    }

    /// How many copies a group has; 0: there is none.
    pub fn count_copies(&self, plan: i64, group: i64) -> Result<i64, JournalError> {
        let sql = "SELECT count(*) FROM plan_copy WHERE plan = ?1 AND group_number = ?2";
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row([plan, group], |row| row.get(0))?)
    }

    /// Decides a copy of a group again, with all of its names: one of two hard links frees nothing. Others that went for it
    /// go for another one that stays. All or nothing: the last copy cannot go, nor the last on its volume for a link.
    pub fn decide(
        &self,
        plan: i64,
        group: i64,
        number: i64,
        decision: Decision,
        reason: &str,
    ) -> Result<Plan, JournalError> {
        self.redecide(plan, group, reason, |copies| {
            if copies.iter().any(|copy| copy.number == number) {
                Ok(copies.iter().map(|copy| (copy.number == number).then_some(decision)).collect())
            } else {
                Err(JournalError::Unknown(format!("copy {number} in group {group} of plan {plan}")))
            }
        })
    }

    /// Decides a whole group at once: one version of the plan, all or nothing, and the last copy cannot go.
    pub fn decide_group(
        &self,
        plan: i64,
        group: i64,
        wanted: &GroupDecision,
        reason: &str,
    ) -> Result<Plan, JournalError> {
        self.redecide(plan, group, reason, |copies| {
            let mut left: HashSet<&[u8]> = wanted.named.keys().map(Vec::as_slice).collect();
            let named = copies.iter().map(|copy| {
                let path = path_of(copy);
                left.remove(&path[..]);
                wanted.named.get(&path).copied()
            });
            let named: Vec<_> = named.collect();
            if let Some(path) = left.into_iter().min() {
                return Err(JournalError::UnknownCopy { plan, group, path: path.to_vec() });
            }
            let is_named = copies.iter().zip(&named).filter(|(_, named)| named.is_some());
            let files: HashSet<_> = is_named.map(|(copy, _)| copy.file()).collect();
            let others = |copy: &PlannedCopy| wanted.rest.filter(|_| !files.contains(&copy.file()));
            Ok(copies.iter().zip(named).map(|(copy, named)| named.or_else(|| others(copy))).collect())
        })
    }

    /// Decides copies of a group: `choose` says of each name what becomes of it, or nothing.
    fn redecide(
        &self,
        plan: i64,
        group: i64,
        reason: &str,
        choose: impl FnOnce(&[PlannedCopy]) -> Result<Vec<Option<Decision>>, JournalError>,
    ) -> Result<Plan, JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let is_link = matches!(one(&transaction, plan)?.action.as_str(), "hardlink" | "reflink");
        let before = group_of(&transaction, plan, group)?;
        let mut of_file = HashMap::new();
        for (copy, chosen) in before.iter().zip(choose(&before)?) {
            if let Some(chosen) = chosen {
                let decision = of_file.entry(copy.file()).or_insert(chosen);
                *decision = safer(*decision, chosen);
            }
        }
        let mut after = before.clone();
        for copy in &mut after {
            if let Some(decision) = of_file.get(&copy.file()) {
                copy.copy.decision = *decision;
                copy.copy.kept = None;
                copy.copy.reason = reason.as_bytes().to_vec();
            }
        }
        go_for_ones_that_stay(&mut after, is_link)?;
        write(&transaction, plan, &before, &after)?;
        let plan = one(&transaction, plan)?;
        transaction.commit()?;
        Ok(plan)
    }
}

/// What a decision is about: one file with all of its names, or one name where files are not told apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum File {
    Known(VolumeId, u64),
    Name(i64),
}

impl PlannedCopy {
    fn file(&self) -> File {
        self.copy.inode.map_or(File::Name(self.number), |inode| File::Known(self.copy.volume, inode))
    }
}

fn path_of(copy: &PlannedCopy) -> Vec<u8> {
    [&joined(&copy.copy.root, &copy.copy.folder)[..], b"/", &copy.copy.name].concat()
}

/// The decision by which less is lost.
const fn safer(one: Decision, other: Decision) -> Decision {
    match (one, other) {
        (Decision::Keep, _) | (_, Decision::Keep) => Decision::Keep,
        (Decision::Undecided, _) | (_, Decision::Undecided) => Decision::Undecided,
        (Decision::Drop, Decision::Drop) => Decision::Drop,
    }
}

/// Each copy that goes has one that stays for it: the one that it had, else the first.
fn go_for_ones_that_stay(copies: &mut [PlannedCopy], is_link: bool) -> Result<(), JournalError> {
    let mut stays = HashSet::new();
    let mut first_on = HashMap::new();
    let mut first = None;
    for copy in copies.iter().filter(|copy| copy.copy.decision != Decision::Drop) {
        stays.insert(copy.number);
        first_on.entry(copy.copy.volume).or_insert(copy.number);
        first = first.or(Some(copy.number));
    }
    for PlannedCopy { copy, .. } in copies.iter_mut().filter(|copy| copy.copy.decision == Decision::Drop) {
        if copy.kept.is_none_or(|kept| !stays.contains(&kept)) {
            let other = if is_link { first_on.get(&copy.volume).copied() } else { first };
            copy.kept = Some(other.ok_or(JournalError::LastCopy)?);
        }
    }
    Ok(())
}

/// Writes what became other, and counts it in the plan: its other groups are not read for that.
fn write(
    transaction: &Transaction<'_>,
    plan: i64,
    before: &[PlannedCopy],
    after: &[PlannedCopy],
) -> Result<(), JournalError> {
    let sql = "UPDATE plan_copy SET decision = ?4, reason = ?5, kept = ?6
        WHERE plan = ?1 AND group_number = ?2 AND number = ?3";
    let mut statement = transaction.prepare_cached(sql)?;
    for (_, PlannedCopy { group, number, copy, .. }) in before.iter().zip(after).filter(|(old, new)| old != new) {
        let reason = String::from_utf8_lossy(&copy.reason);
        statement.execute(params![plan, group, number, copy.decision.number(), reason, copy.kept])?;
    }
    let (old, new) = (share(before), share(after));
    let sql = "UPDATE plan SET version = version + 1, undecided = undecided + ?2, files = files + ?3,
        freed_bytes = freed_bytes + ?4 WHERE id = ?1";
    let more = params![plan, new.undecided - old.undecided, new.files - old.files, new.freed_bytes - old.freed_bytes];
    transaction.prepare_cached(sql)?.execute(more)?;
    Ok(())
}

fn share(copies: &[PlannedCopy]) -> Share {
    let going = || copies.iter().filter(|copy| copy.copy.decision == Decision::Drop);
    Share {
        undecided: i64::from(copies.iter().any(|copy| copy.copy.decision == Decision::Undecided)),
        files: going().count() as i64,
        freed_bytes: going().map(|copy| copy.copy.freed_bytes as i64).sum(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sanchay_core::Algorithm;

    use super::super::plan_copies::{PlanCopy, PlanGroup};
    use super::super::plans::{count, NewPlan};
    use super::*;

    const DECISIONS: [Decision; 3] = [Decision::Undecided, Decision::Keep, Decision::Drop];

    /// A name in a group: its file (none: not known), its volume, and what is decided of it.
    type Name = (Option<u64>, u8, Decision);

    fn name() -> impl Strategy<Value = Name> {
        (prop::option::of(0..3_u64), 0..2_u8, prop::sample::select(&DECISIONS[..2]))
    }

    /// A decision about a group: names by their number, and the rest.
    type Edit = (usize, Vec<(usize, Decision)>, Option<Decision>);

    fn edit() -> impl Strategy<Value = Edit> {
        let named = prop::collection::vec((0..5_usize, prop::sample::select(&DECISIONS[..])), 0..4);
        (0..4_usize, named, prop::option::of(prop::sample::select(&DECISIONS[..])))
    }

    fn plan_of(journal: &Journal, groups: &[Vec<Name>], action: &str) -> i64 {
        let new = NewPlan { made_ns: 1, action, asked: "{}", min_copies: 1, min_devices: 1 };
        let id = journal.begin_plan(&new).unwrap();
        let copy = |(place, &(inode, volume, decision)): (usize, &Name)| PlanCopy {
            root: b"/".to_vec(),
            folder: b"a".to_vec(),
            name: place.to_string().into_bytes(),
            volume: VolumeId::from_bytes([volume; 16]),
            inode,
            mtime_ns: 0,
            ctime_ns: None,
            decision,
            kept: None,
            device: 1,
            reason: b"rule".to_vec(),
            freed_bytes: 1 << place,
        };
        let planned: Vec<_> = (0_u8..)
            .zip(groups)
            .map(|(number, names)| PlanGroup {
                size_bytes: 1,
                algorithm: Algorithm::Blake3,
                hash: ContentHash::from_bytes([number; 32]),
                copies: names.iter().enumerate().map(copy).collect(),
            })
            .collect();
        journal.add_groups(id, &planned, &mut HashMap::new()).unwrap();
        journal.finish_plan(id, &[]).unwrap();
        id
    }

    /// The plain way: each name for itself, then the names of one file; None: a last copy would go.
    fn decided(
        names: &[Name],
        said: &HashMap<usize, Decision>,
        rest: Option<Decision>,
        is_link: bool,
    ) -> Option<Vec<Name>> {
        let same = |one: usize, other: usize| {
            one == other || (names[one].0.is_some() && (names[one].0, names[one].1) == (names[other].0, names[other].1))
        };
        let of = |at: usize| {
            let known: Vec<_> =
                (0..names.len()).filter(|other| same(at, *other)).filter_map(|other| said.get(&other)).collect();
            let least =
                [Decision::Keep, Decision::Undecided, Decision::Drop].into_iter().find(|each| known.contains(&each));
            least.or(rest).unwrap_or(names[at].2)
        };
        let after: Vec<Name> = (0..names.len()).map(|at| (names[at].0, names[at].1, of(at))).collect();
        let has_one = |volume: u8| after.iter().any(|each| each.2 != Decision::Drop && (!is_link || each.1 == volume));
        after.iter().all(|each| each.2 != Decision::Drop || has_one(each.1)).then_some(after)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_group_is_decided_as_the_plain_way_does_it_and_the_numbers_of_the_plan_stay_true(
            start in prop::collection::vec(prop::collection::vec(name(), 2..5), 1..4),
            edits in prop::collection::vec(edit(), 1..12),
            is_link in any::<bool>(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let journal = Journal::open(&folder.path().join("journal.db"), 1).unwrap().journal;
            let mut groups = start;
            let id = plan_of(&journal, &groups, if is_link { "hardlink" } else { "trash" });
            let mut version = 1;
            for (group, named, rest) in edits {
                let group = group % groups.len();
                let named: HashMap<usize, Decision> = named.into_iter().collect();
                let path = |at: &usize| format!("/a/{at}").into_bytes();
                let wanted =
                    GroupDecision { named: named.iter().map(|(at, each)| (path(at), *each)).collect(), rest };
                let answer = journal.decide_group(id, group as i64, &wanted, "by-hand");
                if named.keys().any(|at| *at >= groups[group].len()) {
                    let is_unknown = matches!(answer, Err(JournalError::UnknownCopy { .. }));
                    prop_assert!(is_unknown);
                } else if let Some(after) = decided(&groups[group], &named, rest, is_link) {
                    version += 1;
                    prop_assert_eq!(answer.unwrap().version, version);
                    groups[group] = after;
                } else {
                    prop_assert!(matches!(answer, Err(JournalError::LastCopy)));
                }

                let kept = journal.plan(id).unwrap();
                count(&journal.connection(), id).unwrap();
                prop_assert_eq!(&journal.plan(id).unwrap(), &kept, "counted as if all were read");
                for (number, names) in (0_i64..).zip(&groups) {
                    let copies = journal.group(id, number).unwrap();
                    let found: Vec<_> = copies.iter().map(|copy| copy.copy.decision).collect();
                    prop_assert_eq!(found, names.iter().map(|each| each.2).collect::<Vec<_>>());
                    for copy in &copies {
                        let goes = copy.copy.decision == Decision::Drop;
                        let stays = copy.copy.kept.map(|kept| names[kept as usize].2 != Decision::Drop);
                        prop_assert_eq!(stays, goes.then_some(true), "each that goes has one that stays");
                    }
                }
                let is_undecided = |number: i64| groups[number as usize].iter().any(|each| each.2 == Decision::Undecided);
                for number in -1..groups.len() as i64 {
                    let next = (number + 1..groups.len() as i64).find(|each| is_undecided(*each));
                    prop_assert_eq!(journal.undecided_after(id, number).unwrap(), next);
                    if number >= 0 {
                        let hash = ContentHash::from_bytes([number as u8; 32]);
                        let state = GroupState { number, is_undecided: is_undecided(number) };
                        prop_assert_eq!(journal.group_state(id, &hash).unwrap(), Some(state));
                    }
                }
            }
            prop_assert_eq!(journal.group_state(id, &ContentHash::from_bytes([99; 32])).unwrap(), None);
        }
    }
}
