//! The groups of a plan: read in pages or one by one, and decided by hand.

use std::collections::HashMap;

use sanchay_catalog::journal::{Decision, GroupDecision, GroupState, Journal, Plan, PlannedCopy};
use sanchay_core::path::join;
use sanchay_core::{Algorithm, ContentHash};

use super::plans::hash_of;
use super::Engine;
use crate::error::{EngineError, ErrorKind};

/// The reason of what was decided by hand.
const BY_HAND: &str = "by-hand";

/// One copy of a plan, for reading.
#[derive(Clone, Debug)]
pub struct ShownCopy {
    /// Its whole path.
    pub path: Vec<u8>,
    /// What becomes of it.
    pub decision: Decision,
    /// Why, in a word.
    pub reason: String,
    /// What its going frees, in bytes.
    pub freed_bytes: u64,
    /// The one that stays for it; empty: it stays itself, or nothing was decided.
    pub kept: Vec<u8>,
}

/// One group of a plan, or a part of a long one.
#[derive(Clone, Debug)]
pub struct ShownGroup {
    /// Its number in the plan; parts of one group share it.
    pub number: i64,
    /// The size of each copy, in bytes.
    pub size_bytes: u64,
    /// How it was hashed.
    pub algorithm: Algorithm,
    /// The content's hash.
    pub hash: ContentHash,
    /// Its copies.
    pub copies: Vec<ShownCopy>,
}

/// A page of a plan.
#[derive(Clone, Debug)]
pub struct PlanPage {
    /// In the order of the plan: the largest files first.
    pub groups: Vec<ShownGroup>,
    /// Where the next page begins; empty: this is the last.
    pub next_token: String,
}

/// Which group of a plan is wanted.
#[derive(Clone, Copy, Debug)]
pub enum GroupAsked<'a> {
    /// The one of this number.
    Number(i64),
    /// The one of this content.
    Hash(&'a [u8]),
    /// The first behind this number in which something is undecided.
    UndecidedAfter {
        /// The number; -1: from the first one on.
        number: i64,
        /// Whether it goes on at the first one behind the last.
        wraps: bool,
    },
}

/// A group that was asked for.
#[derive(Clone, Debug)]
pub struct FoundGroup {
    /// It, with its first copies; None: there is none such.
    pub group: Option<ShownGroup>,
    /// How many copies it has.
    pub copies: i64,
    /// Another one in which something is undecided: the next behind it, from the first again behind the last.
    pub next_undecided: Option<i64>,
}

/// What is decided of a group by hand: paths of its copies, and all others.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupEdit<'a> {
    /// These stay.
    pub keep: &'a [Vec<u8>],
    /// These go.
    pub drop: &'a [Vec<u8>],
    /// Of these nothing is decided.
    pub undecided: &'a [Vec<u8>],
    /// What becomes of the others; None: what was decided of them.
    pub rest: Option<Decision>,
}

impl Engine {
    /// A page of a plan: at most `limit` copies, and about so many bytes as a message, but one copy at least. It begins
    /// where the page before ended, or at the group of a number.
    pub fn plan_groups(
        &self,
        id: i64,
        token: &str,
        first_group: i64,
        limit: usize,
        max_bytes: Option<usize>,
    ) -> Result<PlanPage, EngineError> {
        let journal = self.journal()?;
        journal.plan(id)?;
        let after = match token.split_once(':') {
            None if token.is_empty() => Some((first_group.max(0) - 1, i64::MAX)),
            Some((group, number)) if group.parse::<i64>().is_ok() && number.parse::<i64>().is_ok() => {
                Some((group.parse().unwrap_or_default(), number.parse().unwrap_or_default()))
            }
            _ => return Err(EngineError::invalid_argument(format!("{token:?} is not a valid page token of a plan"))),
        };
        let limit = limit.clamp(1, 10_000);
        let copies = journal.copies_after(id, after, limit + 1)?;
        page_of(&journal, id, &copies, limit, max_bytes)
    }

    /// One group of a plan with its first copies, as many as `limit` and `max_bytes` allow, but one at least. Fails with
    /// `InvalidArgument` where the plan has no group of a number.
    pub fn plan_group(
        &self,
        id: i64,
        asked: GroupAsked<'_>,
        limit: usize,
        max_bytes: Option<usize>,
    ) -> Result<FoundGroup, EngineError> {
        let journal = self.journal()?;
        let plan = journal.plan(id)?;
        let next = |number: i64, wraps: bool| match journal.undecided_after(id, number)? {
            None if wraps => journal.undecided_after(id, -1),
            found => Ok(found),
        };
        let number = match asked {
            GroupAsked::Number(number) if (0..plan.groups).contains(&number) => Some(number),
            GroupAsked::Number(number) => {
                return Err(EngineError::invalid_argument(format!("plan {id} has no group {number}")));
            }
            GroupAsked::Hash(hash) => journal.group_state(id, &hash_of(hash)?)?.map(|state| state.number),
            GroupAsked::UndecidedAfter { number, wraps } => next(number, wraps)?,
        };
        let Some(number) = number else { return Ok(FoundGroup { group: None, copies: 0, next_undecided: None }) };
        let limit = limit.clamp(1, 10_000);
        let copies = journal.first_copies(id, number, limit)?;
        let page = page_of(&journal, id, &copies, limit, max_bytes)?;
        Ok(FoundGroup {
            group: page.groups.into_iter().next(),
            copies: journal.count_copies(id, number)?,
            next_undecided: next(number, true)?.filter(|other| *other != number),
        })
    }

    /// How the groups of contents stand in a plan, in the order that was asked for; None: it has none.
    pub fn plan_group_states(&self, id: i64, hashes: &[Vec<u8>]) -> Result<Vec<Option<GroupState>>, EngineError> {
        let journal = self.journal()?;
        journal.plan(id)?;
        hashes.iter().map(|hash| Ok(journal.group_state(id, &hash_of(hash)?)?)).collect()
    }

    /// Decides a copy by hand. Fails with `UnknownPath` where the plan does not have it, and with `LastCopy` where no copy
    /// would be left.
    pub fn edit_plan(&self, id: i64, path: &[u8], decision: Decision) -> Result<Plan, EngineError> {
        let journal = self.journal()?;
        journal.plan(id)?;
        let Some((group, number)) = journal.find_copy(id, path)? else {
            let message = format!("plan {id} has no such file: it is not one of several copies there");
            return Err(EngineError { path: Some(path.to_vec()), ..EngineError::new(ErrorKind::UnknownPath, message) });
        };
        Ok(journal.decide(id, group, number, decision, BY_HAND)?)
    }

    /// Decides a group by hand, all or nothing, as one version of the plan. Fails as `edit_plan` does, and with
    /// `InvalidArgument` where a path is named twice, or no group has this number.
    pub fn decide_group(&self, id: i64, number: i64, edit: GroupEdit<'_>) -> Result<Plan, EngineError> {
        let lists = [(edit.keep, Decision::Keep), (edit.drop, Decision::Drop), (edit.undecided, Decision::Undecided)];
        let mut named = HashMap::new();
        for (path, decision) in
            lists.iter().flat_map(|(paths, decision)| paths.iter().map(move |path| (path, *decision)))
        {
            if named.insert(path.clone(), decision).is_some() {
                let message = "a copy is named twice: say once what becomes of it";
                return Err(EngineError { path: Some(path.clone()), ..EngineError::invalid_argument(message) });
            }
        }
        Ok(self.journal()?.decide_group(id, number, &GroupDecision { named, rest: edit.rest }, BY_HAND)?)
    }
}

/// Copies as a page, each with the path of the one that stays for it.
fn page_of(
    journal: &Journal,
    id: i64,
    copies: &[PlannedCopy],
    limit: usize,
    max_bytes: Option<usize>,
) -> Result<PlanPage, EngineError> {
    let path = |copy: &PlannedCopy| join(&join(&copy.copy.root, &copy.copy.folder), &copy.copy.name);
    let mut known: HashMap<(i64, i64), Vec<u8>> = HashMap::new();
    for copy in copies.iter().filter(|copy| copy.copy.decision != Decision::Drop) {
        known.insert((copy.group, copy.number), path(copy));
    }
    let mut page = PlanPage { groups: Vec::new(), next_token: String::new() };
    let mut bytes = 0;
    for (place, copy) in copies.iter().enumerate() {
        let own = path(copy);
        let kept = match copy.copy.kept {
            Some(number) if !known.contains_key(&(copy.group, number)) => {
                let kept = path(&journal.copy(id, copy.group, number)?);
                known.insert((copy.group, number), kept.clone());
                kept
            }
            Some(number) => known[&(copy.group, number)].clone(),
            None => Vec::new(),
        };
        bytes += 2 * (own.len() + kept.len()) + copy.copy.reason.len() + 64;
        if place == limit || (place > 0 && max_bytes.is_some_and(|most| bytes > most)) {
            let last = &copies[place - 1];
            page.next_token = format!("{}:{}", last.group, last.number);
            break;
        }
        if page.groups.last().is_none_or(|group| group.number != copy.group) {
            let PlannedCopy { group: number, size_bytes, algorithm, hash, .. } = *copy;
            page.groups.push(ShownGroup { number, size_bytes, algorithm, hash, copies: Vec::new() });
        }
        let shown = ShownCopy {
            path: own,
            decision: copy.copy.decision,
            reason: String::from_utf8_lossy(&copy.copy.reason).into_owned(),
            freed_bytes: copy.copy.freed_bytes,
            kept,
        };
        page.groups.last_mut().expect("pushed above").copies.push(shown);
    }
    Ok(page)
}
