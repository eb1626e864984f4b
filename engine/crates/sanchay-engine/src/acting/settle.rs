//! After a kill: what the journal meant to do, and the disk has or has not.
//!
//! An act whose end is not noted is looked at on the disk: it was done, or it is taken back. Files whose root is not
//! there stay unsettled until it is.

use std::collections::HashMap;
use std::sync::Arc;

use sanchay_act::settle::{settle as settle_act, Intent, Settled, Wanted};
use sanchay_act::{sync_folder, trash, Expected, Reason, Refusal, TemporaryName};
use sanchay_catalog::journal::{Act, ActState, Journal, Outcome, Run};
use sanchay_core::path::{path_from_bytes, split_below};
use sanchay_core::{DirHandle, RootDir, Witness};

use super::repair_settle::{self, REPAIR};
use super::taken_back;
use crate::clock::now_ns;
use crate::dedupe::Action;
use crate::engine::Shared;
use crate::error::EngineError;

/// Acts that are settled at a time.
const PAGE_ACTS: usize = 500;

/// Settles every act that can be; gives how many.
pub(super) fn settle(journal: &Journal) -> Result<usize, EngineError> {
    let mut after = (0, -1);
    let mut roots: HashMap<Vec<u8>, Option<RootDir>> = HashMap::new();
    let mut runs: HashMap<i64, Run> = HashMap::new();
    let mut settled = 0;
    loop {
        let page = journal.unsettled(after, PAGE_ACTS)?;
        let Some((run, act)) = page.last() else { break };
        after = (*run, act.number);
        for of_run in page.chunk_by(|one, other| one.0 == other.0) {
            let id = of_run[0].0;
            if let std::collections::hash_map::Entry::Vacant(slot) = runs.entry(id) {
                slot.insert(journal.run(id)?);
            }
            let run = &runs[&id];
            let mut outcomes = Vec::new();
            for (_, act) in of_run {
                let root = roots
                    .entry(act.root.clone())
                    .or_insert_with(|| RootDir::open(&path_from_bytes(&act.root)).ok())
                    .as_ref();
                let Some(root) = root else { continue };
                match settle_one(journal, run, act, root) {
                    Ok(mut outcome) => {
                        if run.kind == "dedupe" && outcome.state == ActState::Done {
                            outcome.freed_bytes = act.freed_bytes;
                        }
                        outcomes.push(outcome);
                    }
                    Err(refusal) => {
                        let path = String::from_utf8_lossy(&act.path);
                        tracing::warn!(run = id, act = act.number, %path, %refusal, "act_not_settled");
                    }
                }
            }
            journal.conclude(id, &outcomes)?;
            settled += outcomes.len();
        }
    }
    journal.end_settled_runs(now_ns())?;
    if settled > 0 {
        tracing::info!(settled, "acts_settled");
    }
    Ok(settled)
}

/// What is true of an act now.
fn settle_one(journal: &Journal, run: &Run, act: &Act, root: &RootDir) -> Result<Outcome, Refusal> {
    let (below, name) = split_below(&act.path);
    let folder = match root.open_dir(below) {
        Ok(folder) => folder,
        Err(error) if error.is_gone() => return Ok(outcome(act, ActState::Left, "gone", None)),
        Err(error) => return Err(error.into()),
    };
    if act.is_of_folder() {
        let is_there = folder.stat(name).is_ok();
        let is_done = is_there == (run.kind == "undo");
        let (state, reason) = if is_done { (ActState::Done, "") } else { (ActState::Left, "interrupted") };
        return Ok(outcome(act, state, reason, None));
    }
    if run.kind == REPAIR {
        let place = repair_settle::settle_repair(journal, run.id, act, &folder)?;
        sync_folder(&folder)?;
        let (state, reason) = if place.is_some() { (ActState::Done, "") } else { (ActState::Left, "interrupted") };
        return Ok(outcome(act, state, reason, place));
    }
    let temporary = TemporaryName::of(journal.token(), run.id as u64, act.number as u64);
    if run.kind == "undo" {
        let is_back = if run.action == REPAIR {
            repair_settle::settle_undo(journal, run.id, act, &folder)?
        } else {
            taken_back::settle_one(act, &folder, name, &temporary)?
        };
        let state = if is_back { ActState::Done } else { ActState::Left };
        sync_folder(&folder)?;
        return Ok(outcome(act, state, if state == ActState::Done { "" } else { "interrupted" }, None));
    }
    let dropped = expected(act.identity.1, act, &folder, name, &temporary);
    let action = Action::of_word(&run.action).ok_or(Refusal::new(Reason::Unsupported))?;
    let settled = match action {
        Action::Trash => return settle_trash(act, &dropped, &folder, name),
        // It changes nothing that can be seen: whether it was done is not known, and makes no difference.
        Action::Reflink => Settled::NotDone,
        Action::Hardlink | Action::Symlink | Action::Delete => {
            let wanted = match action {
                Action::Hardlink => Wanted::Hardlink,
                Action::Symlink => Wanted::Symlink,
                _ => Wanted::Nothing,
            };
            let kept = Expected { witness: Witness { inode: act.kept_identity.1, ..dropped.witness }, ..dropped };
            settle_act(&folder, &Intent { wanted, name, temporary: &temporary, dropped, kept })?
        }
    };
    sync_folder(&folder)?;
    Ok(match settled {
        Settled::Done => outcome(act, ActState::Done, "", None),
        Settled::NotDone => outcome(act, ActState::Left, "interrupted", None),
        Settled::Recovered(name) => {
            let mut outcome = outcome(act, ActState::Left, "recovered", None);
            outcome.detail = String::from_utf8_lossy(&name).into_owned();
            outcome
        }
    })
}

fn settle_trash(act: &Act, dropped: &Expected, folder: &DirHandle, name: &[u8]) -> Result<Outcome, Refusal> {
    let [path, top, own, other, info] = &act.place[..] else {
        // It was left before a place in the trash was found.
        return Ok(outcome(act, ActState::Left, "interrupted", None));
    };
    let top = (!top.is_empty()).then(|| path_from_bytes(top));
    let found = match trash::TrashFolder::open(&path_from_bytes(path), top.as_deref()) {
        Ok(found) => found,
        Err(refusal) if refusal.reason == Reason::Gone => {
            let is_there = folder.stat(name).is_ok_and(|stat| dropped.fits_but_for_ctime(&stat));
            return Ok(outcome(act, ActState::Left, if is_there { "interrupted" } else { "gone" }, None));
        }
        Err(refusal) => return Err(refusal),
    };
    // The device is the trash's: a file is moved within its own mount.
    let dropped = Expected { device: found.files().stat_self()?.device, ..*dropped };
    let reserved = trash::settle(&found, &[own.clone(), other.clone()], info, &dropped)?;
    Ok(match reserved {
        Some(reserved) => {
            outcome(act, ActState::Done, "", Some(vec![path.clone(), act.place[1].clone(), reserved.name]))
        }
        None => outcome(act, ActState::Left, "interrupted", None),
    })
}

/// What the copy was, on the device that it or a name of ours has now: numbers of devices change with each mount.
fn expected(inode: u64, act: &Act, folder: &DirHandle, name: &[u8], temporary: &TemporaryName) -> Expected {
    let is_it = |name: &[u8]| folder.stat(name).ok().filter(|stat| stat.inode == inode).map(|stat| stat.device);
    let found = is_it(&temporary.old).or_else(|| is_it(&temporary.new)).or_else(|| is_it(name));
    let device = found.or_else(|| folder.stat_self().ok().map(|stat| stat.device)).unwrap_or_default();
    let witness = Witness { inode, size_bytes: act.size_bytes, mtime_ns: act.mtime_ns, ctime_ns: 0 };
    Expected { device, witness, has_lasting_inode: inode != 0 }
}

fn outcome(act: &Act, state: ActState, reason: &str, place: Option<Vec<Vec<u8>>>) -> Outcome {
    Outcome {
        number: act.number,
        state,
        failed: false,
        // One whose disk failed in the middle was counted then.
        counts: !act.is_of_folder() && act.reason.is_empty(),
        reason: reason.to_owned(),
        detail: String::new(),
        freed_bytes: 0,
        ended_ns: now_ns(),
        place,
    }
}

/// Settles what the last process left, behind the opening: a disk that does not answer holds nothing else up.
pub(crate) fn settle_at_opening(inner: &Arc<Shared>) {
    let inner = Arc::clone(inner);
    let work = move || {
        let settled = inner.journal().and_then(|journal| {
            journal.forget_unfinished_plans()?;
            let go_on = || !inner.closing.load(std::sync::atomic::Ordering::Relaxed);
            match inner.alone.enter(&go_on) {
                Some(_acts) => settle(&journal),
                None => Ok(0),
            }
        });
        if let Err(error) = settled {
            tracing::error!(%error, "acts_not_settled");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("settle".to_owned()).spawn(work) {
        tracing::error!(%error, "acts_not_settled");
    }
}
