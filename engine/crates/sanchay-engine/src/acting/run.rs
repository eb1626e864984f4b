//! A run of a plan, from its start to its end.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering;
use std::sync::Arc;

use sanchay_catalog::journal::{Decision, Journal, NewRun, Plan, PlannedCopy, Run};
use sanchay_core::path::is_within;

use super::batch::Actor;
use super::folders::remove_emptied;
use super::handle::Acting;
use super::lanes::batch_files;
use super::outcome::{ActResult, ActResultState, RunRequest, Tally};
use super::part::{Freed, GroupPart, Target};
use super::places::{Roots, Seen};
use super::settle::settle;
use super::step::Steps;
use super::telling::Telling;
use crate::clock::now_ns;
use crate::dedupe::Action;
use crate::engine::Shared;
use crate::error::{EngineError, ErrorKind};
use crate::job::{Control, Phase};
use crate::trees::Turn;

/// Copies that are read from the journal at a time.
const PAGE_COPIES: usize = 4_096;
/// A batch of larger files ends sooner: those who come to write to one of them wait for its end.
const BATCH_BYTES: u64 = 32 << 20;

impl Shared {
    /// Starts a run of a plan. It takes turns with scans and live passes in the plan's roots.
    pub(crate) fn start_run(
        self: &Arc<Self>,
        request: RunRequest,
        background: bool,
        request_id: &str,
    ) -> Result<Acting, EngineError> {
        let journal = self.journal()?;
        let plan = journal.check_version(request.plan, request.version)?;
        let roots = journal.plan_roots(plan.id)?;
        self.start_acting("dedupe", roots, background, request_id, move |inner, acting, roots| {
            let batch_files = batch_files();
            let runner = Runner { inner, journal: &journal, plan: &plan, request, acting, batch_files };
            runner.run(roots)
        })
    }

    /// Does work in some roots on a separate thread, once it is its turn.
    pub(super) fn start_acting(
        self: &Arc<Self>,
        kind: &'static str,
        roots: Vec<Vec<u8>>,
        background: bool,
        request_id: &str,
        work: impl FnOnce(&Arc<Self>, &Acting, &[Vec<u8>]) -> Result<ActResult, EngineError> + Send + 'static,
    ) -> Result<Acting, EngineError> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(sanchay_catalog::CatalogError::Closed.into());
        }
        let rows = self.catalog.reader()?.roots()?;
        let ids = rows.iter().filter(|row| roots.contains(&row.path)).map(|row| row.id).collect();
        let control = Arc::new(Control::new(background, request_id).sharing(Arc::clone(&self.background)));
        let number = self.enlist_work(ids, roots.clone(), &control);
        let acting = Acting::new(control);
        let (inner, own) = (Arc::clone(self), acting.clone());
        let run = move || {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let is_turn = inner.take_turn(number, &own.control);
                let acts = is_turn.then(|| inner.alone.enter(&|| own.control.step())).flatten();
                if acts.is_none() {
                    return Err(EngineError::new(ErrorKind::Cancelled, "cancelled before it began"));
                }
                work(&inner, &own, &roots)
            }));
            let outcome = outcome.unwrap_or_else(|_| Err(EngineError::ended_abnormally("the run")));
            log_end(kind, &own, &outcome);
            own.tally.enter("done");
            own.control.enter(Phase::Done);
            inner.end(number);
            own.outcome.put(outcome);
        };
        if let Err(error) = std::thread::Builder::new().name(format!("act-{number}")).spawn(run) {
            self.end(number);
            return Err(EngineError::new(ErrorKind::Io, format!("no thread could be started for the run: {error}")));
        }
        Ok(acting)
    }

    /// Keeps live passes out of these roots until what is given back is dropped; None once it is cancelled.
    pub(super) fn hold_trees(&self, roots: &[Vec<u8>], control: &Control) -> Option<Vec<Turn>> {
        // One that lies in another is held with that.
        let mut outermost: Vec<&Vec<u8>> = Vec::new();
        let mut sorted: Vec<&Vec<u8>> = roots.iter().collect();
        sorted.sort_unstable();
        for root in sorted {
            if !outermost.iter().any(|other| is_within(root, other)) {
                outermost.push(root);
            }
        }
        outermost.into_iter().map(|root| self.trees.enter(root, &|| control.step())).collect()
    }
}

struct Runner<'a> {
    inner: &'a Arc<Shared>,
    journal: &'a Journal,
    plan: &'a Plan,
    request: RunRequest,
    acting: &'a Acting,
    batch_files: usize,
}

impl Runner<'_> {
    fn run(&self, roots: &[Vec<u8>]) -> Result<ActResult, EngineError> {
        let tally = &self.acting.tally;
        tally.enter("settling");
        settle(self.journal)?;
        // It may have been edited while this waited for its turn.
        self.journal.check_version(self.plan.id, self.request.version)?;
        let action = Action::of_word(&self.plan.action)
            .ok_or_else(|| EngineError::new(ErrorKind::InvalidArgument, "the plan is of a newer version of Sanchay"))?;
        let new = NewRun {
            kind: "dedupe",
            action: action.word(),
            of: Some((self.plan.id, self.plan.version)),
            began_ns: now_ns(),
        };
        let run = self.journal.begin_run(&new)?;
        tally.enter("acting");
        tally.total.store(self.plan.files as u64, Ordering::Relaxed);
        let opened = Roots::open(&self.inner.catalog, roots);
        let mut actor = Actor {
            telling: Telling::new(self.inner, roots, &self.acting.control),
            journal: self.journal,
            roots: &opened,
            control: &self.acting.control,
            tally,
            run,
            steps: Steps::new(action, self.journal.token(), self.inner.options.trash.as_deref()),
            any_metadata: self.request.any_metadata,
            next: 0,
            freed: Freed::default(),
            emptied: self.request.empty_folders.then(BTreeSet::new),
        };
        self.groups(&mut actor)?;
        if let Some(emptied) = actor.emptied.take() {
            let all_roots = self.inner.catalog.reader()?.roots()?.into_iter().map(|row| row.path).collect::<Vec<_>>();
            remove_emptied(&mut actor, emptied, &all_roots)?;
        }
        actor.telling.end()?;
        let run = self.journal.end_run(run, now_ns())?;
        Ok(result(self.acting, run, action == Action::Trash))
    }

    /// Reads the plan page by page, and acts on what goes.
    fn groups(&self, actor: &mut Actor<'_>) -> Result<(), EngineError> {
        let tried = self.tried_before()?;
        let mut batch = Batch::default();
        let mut after = None;
        // The files that stay of a group that is longer than a page.
        let mut long: Option<(i64, Vec<PlannedCopy>)> = None;
        loop {
            let mut page = self.journal.copies_after(self.plan.id, after, PAGE_COPIES)?;
            let Some(last) = page.last().map(|copy| copy.group) else { break };
            let is_full = page.len() == PAGE_COPIES;
            if is_full && page[0].group != last {
                // The last group may go on: it comes whole with the next page.
                page.retain(|copy| copy.group != last);
            }
            after = page.last().map(|copy| (copy.group, copy.number));
            for group in page.chunk_by(|one, other| one.group == other.group) {
                let number = group[0].group;
                let is_long = is_full && number == last || long.as_ref().is_some_and(|(long, _)| *long == number);
                if is_long && long.as_ref().is_none_or(|(long, _)| *long != number) {
                    long = Some((number, self.journal.stays(self.plan.id, number)?));
                }
                let stays = long.as_ref().filter(|(long, _)| *long == number).map(|(_, stays)| &stays[..]);
                for part in self.parts(group, stays, &tried) {
                    if batch.takes(&part, self.batch_files) {
                        batch.add(part);
                        continue;
                    }
                    if !self.act(actor, &mut batch)? {
                        return Ok(());
                    }
                    batch.add(part);
                }
            }
        }
        self.act(actor, &mut batch).map(drop)
    }

    /// Acts on a batch; false once the run is cancelled.
    fn act(&self, actor: &mut Actor<'_>, batch: &mut Batch) -> Result<bool, EngineError> {
        let parts = std::mem::take(batch).parts;
        if parts.is_empty() {
            return Ok(true);
        }
        if !actor.telling.enter()? {
            return Ok(false);
        }
        actor.act(&parts)?;
        actor.freed.keep(parts.last().map(|part| part.group));
        Ok(!self.acting.control.is_cancelled())
    }

    /// A group as acts need it, in parts that fit a batch; none where nothing of it goes.
    fn parts(&self, group: &[PlannedCopy], stays: Option<&[PlannedCopy]>, tried: &Tried) -> Vec<GroupPart> {
        let goes: Vec<&PlannedCopy> = group.iter().filter(|copy| copy.copy.decision == Decision::Drop).collect();
        if goes.is_empty() {
            return Vec::new();
        }
        let stays: Vec<&PlannedCopy> = match stays {
            Some(stays) => stays.iter().collect(),
            None => group.iter().filter(|copy| copy.copy.decision != Decision::Drop).collect(),
        };
        let places: HashMap<i64, usize> = stays.iter().enumerate().map(|(place, copy)| (copy.number, place)).collect();
        // A file that stays is known by its bytes: links that were made of it moved its ctime.
        let stays: Vec<Target> = stays.into_iter().map(|copy| target(copy, 0).without_ctime()).collect();
        let needed = self.needed(&stays);
        let mut names: HashMap<_, usize> = HashMap::new();
        for copy in &goes {
            *names.entry(copy.copy.identity()).or_default() += 1;
        }
        let to_do = |copy: &PlannedCopy| {
            let target = target(copy, *places.get(&copy.copy.kept?)?);
            if tried.is_done(&target) {
                Tally::add(&self.acting.tally.done, 1);
                return None;
            }
            // The going of another of its names moves its ctime, as does an act that was taken back.
            let is_moved = names[&copy.copy.identity()] > 1 || tried.is_left(&target);
            Some(if is_moved { target.without_ctime() } else { target })
        };
        let goes: Vec<Target> = goes.into_iter().filter_map(to_do).collect();
        let first = &group[0];
        let part = |goes: &[Target]| GroupPart {
            group: first.group,
            size_bytes: first.size_bytes,
            algorithm: first.algorithm,
            hash: first.hash,
            stays: stays.clone(),
            goes: goes.to_vec(),
            needed,
        };
        goes.chunks(self.batch_files).map(part).collect()
    }

    /// How many physical copies must be there on how many devices: what the plan was asked for, as far as it leaves them.
    fn needed(&self, stays: &[Target]) -> (usize, usize) {
        let copies = stays.iter().map(|target| (target.seen.volume, target.seen.inode)).collect::<HashSet<_>>().len();
        let devices = stays.iter().map(|target| target.device).collect::<HashSet<_>>().len();
        (copies.min(self.plan.min_copies as usize), devices.min(self.plan.min_devices as usize))
    }

    /// What earlier runs of this plan did: it goes on where they ended.
    fn tried_before(&self) -> Result<Tried, EngineError> {
        let mut tried = Tried::default();
        self.journal.tried_by_plan(self.plan.id, &mut |root, path, is_done| {
            let key = tried.state.hash_one((root, path));
            if is_done { &mut tried.done } else { &mut tried.left }.insert(key);
        })?;
        Ok(tried)
    }
}

/// Files that earlier runs of a plan met, by eight bytes each.
#[derive(Default)]
struct Tried {
    state: RandomState,
    done: HashSet<u64>,
    /// Left, or put back: what they were given and lost again has moved their ctime.
    left: HashSet<u64>,
}

impl Tried {
    fn is_done(&self, target: &Target) -> bool {
        !self.done.is_empty() && self.done.contains(&self.key(target))
    }

    fn is_left(&self, target: &Target) -> bool {
        !self.left.is_empty() && self.left.contains(&self.key(target))
    }

    fn key(&self, target: &Target) -> u64 {
        self.state.hash_one((&target.root[..], &target.path[..]))
    }
}

/// Parts of groups that are acted on together.
#[derive(Default)]
struct Batch {
    parts: Vec<GroupPart>,
    files: usize,
    bytes: u64,
}

impl Batch {
    fn takes(&self, part: &GroupPart, batch_files: usize) -> bool {
        self.parts.is_empty()
            || self.files + part.goes.len() <= batch_files && self.bytes + bytes_of(part) <= BATCH_BYTES
    }

    fn add(&mut self, part: GroupPart) {
        self.files += part.goes.len();
        self.bytes += bytes_of(&part);
        self.parts.push(part);
    }
}

fn bytes_of(part: &GroupPart) -> u64 {
    part.size_bytes.saturating_mul(part.goes.len() as u64)
}

fn target(copy: &PlannedCopy, kept: usize) -> Target {
    let PlannedCopy { size_bytes, copy, .. } = copy;
    let seen = Seen {
        volume: copy.volume,
        inode: copy.inode,
        size_bytes: *size_bytes,
        mtime_ns: copy.mtime_ns,
        ctime_ns: copy.ctime_ns,
    };
    Target {
        root: copy.root.clone(),
        path: sanchay_core::path::join(&copy.folder, &copy.name),
        seen,
        device: copy.device,
        kept,
        freed_bytes: copy.freed_bytes,
    }
}

/// What a run came to, once the journal has it.
pub(super) fn result(acting: &Acting, run: Run, freed_when_emptied: bool) -> ActResult {
    let tally = &acting.tally;
    let left = run.skipped + run.failed;
    let state = match () {
        () if acting.control.is_cancelled() => ActResultState::Cancelled,
        () if left > 0 => ActResultState::Partial,
        () => ActResultState::Done,
    };
    let message = match state {
        ActResultState::Cancelled => "cancelled; what was done stays".to_owned(),
        ActResultState::Partial if left == 1 => "1 file was left as it is".to_owned(),
        ActResultState::Partial => format!("{left} files were left as they are"),
        ActResultState::Done => String::new(),
    };
    ActResult {
        state,
        message,
        run,
        freed_when_emptied,
        compared_bytes: tally.bytes.load(Ordering::Relaxed),
        duration_s: acting.control.elapsed_s(),
        left: tally.left(),
    }
}

fn log_end(kind: &str, acting: &Acting, outcome: &Result<ActResult, EngineError>) {
    let request_id = acting.control.request_id();
    match outcome {
        Ok(ActResult { state, run, duration_s, .. }) => tracing::info!(
            request_id,
            kind,
            run = run.id,
            state = state.name(),
            acted = run.acted,
            skipped = run.skipped,
            failed = run.failed,
            freed_bytes = run.freed_bytes,
            duration_s,
            "acting_ended"
        ),
        Err(error) => {
            tracing::error!(request_id, kind, error_kind = error.kind.name(), error = %error, "acting_failed");
        }
    }
}
