//! A batch: files of one or several groups that are opened, noted, acted on, synced and told together.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;
use std::time::Duration;

use sanchay_act::metadata::Kept;
use sanchay_act::{sync_folder, Lease, Pair, Reason, Refusal, Subject};
use sanchay_catalog::block::HashState;
use sanchay_catalog::journal::{Act, ActState, ChangedFolder, Journal, Outcome};
use sanchay_core::{CompareBuffers, FileStat, VolumeId};

use super::follow::{Followed, Now};
use super::lanes::{lanes, parted, side_by_side};
use super::outcome::{Left, Tally};
use super::part::{Freed, GroupPart, Target};
use super::places::Roots;
use super::step::{Done, Prepared, Steps};
use super::telling::Telling;
use super::why::Why;
use crate::clock::now_ns;
use crate::error::EngineError;
use crate::job::Control;

/// A later write bears another stamp once the clock of the file system has ticked.
pub(super) const TICK_NS: i64 = 12_000_000;

/// What acts on batches.
pub(super) struct Actor<'a> {
    pub(super) telling: Telling<'a>,
    pub(super) journal: &'a Journal,
    pub(super) roots: &'a Roots<'a>,
    pub(super) control: &'a Control,
    pub(super) tally: &'a Tally,
    pub(super) run: i64,
    pub(super) steps: Steps,
    pub(super) any_metadata: bool,
    /// The number of the next act.
    pub(super) next: i64,
    /// Of copies with several names in the group at hand: what their going frees, and how many went.
    pub(super) freed: Freed,
    /// Folders that files went from, each by its root and its path below it; None where those that are empty stay.
    pub(super) emptied: Option<BTreeSet<(Vec<u8>, Vec<u8>)>>,
}

/// A file that goes, on its way.
struct Attempt<'p> {
    part: usize,
    target: &'p Target,
    number: i64,
    subject: Option<Subject<'p>>,
    before: Option<Kept>,
    prepared: Prepared,
    /// Why it is left, where that is known before anything is done.
    end: Option<Why>,
}

/// The files that stay for others of a part, opened; None for those that no one goes for.
type Opened<'p> = Vec<Option<Result<Subject<'p>, Reason>>>;

/// The lease on a file that stays, held until its stamps tell of any later write.
struct Guarded<'p> {
    subject: &'p Subject<'p>,
    /// None: it was let go.
    lease: Option<Lease<'p>>,
    volume: VolumeId,
    links_before: u32,
}

impl<'a> Actor<'a> {
    /// Acts on the files of these groups. An error is one of the journal or the catalog: then nothing more is done.
    pub(super) fn act(&mut self, parts: &[GroupPart]) -> Result<(), EngineError> {
        self.roots.close_folders();
        let (kept, mut attempts) = self.open_all(parts);
        // All acts on a group are in one lane, for the same file stays for them.
        let lanes = lanes(&attempts, |before, attempt| before.part == attempt.part);
        let acts: Vec<Act> = attempts.iter().map(|attempt| intent(&parts[attempt.part], attempt)).collect();
        self.journal.intend(self.run, &acts)?;
        fail::fail_point!("run::intended");
        side_by_side(parted(&mut attempts, &lanes), |lane| {
            lane.iter_mut()
                .filter(|attempt| attempt.end.is_none())
                .for_each(|attempt| Steps::prepare(&mut attempt.prepared));
        });
        self.steps.sync_prepared();

        let (mut ends, mut guarded) = (Vec::with_capacity(attempts.len()), Vec::new());
        for (of_lane, guarded_by_it) in side_by_side(lanes.clone(), |lane| self.act_on_all(&kept, &attempts[lane])) {
            ends.extend(of_lane);
            guarded.extend(guarded_by_it);
        }
        fail::fail_point!("run::acted");
        for (attempt, _) in attempts.iter().zip(&ends).filter(|(_, end)| end.is_err()) {
            attempt.prepared.release();
        }
        let folders = self.sync_folders(&attempts, &ends);
        self.conclude(parts, &attempts, &ends, &folders)?;
        fail::fail_point!("run::concluded");
        self.tell(parts, guarded, &attempts, &ends)?;
        // The space of a file that went is given back when it is closed, which takes its time.
        side_by_side(parted(&mut attempts, &lanes), |lane| lane.iter_mut().for_each(|attempt| attempt.subject = None));
        Ok(())
    }

    /// Opens the files of these groups: those that stay, and those that go.
    fn open_all<'p>(&mut self, parts: &'p [GroupPart]) -> (Vec<Opened<'p>>, Vec<Attempt<'p>>)
    where
        'a: 'p,
    {
        let mut firsts = Vec::with_capacity(parts.len());
        for part in parts {
            firsts.push(self.next);
            self.next += part.goes.len() as i64;
        }
        let actor: &Self = self;
        let opened = side_by_side(lanes(parts, |_, _| false), |lane| {
            let mut attempts = Vec::new();
            for number in lane.clone() {
                let part = &parts[number];
                let missing = actor.missing(part);
                for (target, own) in part.goes.iter().zip(firsts[number]..) {
                    attempts.push(actor.attempt(number, part, target, own, missing));
                }
            }
            let kept: Vec<Opened<'p>> = parts[lane].iter().map(|part| actor.open_kept(part)).collect();
            (kept, attempts)
        });
        let (kept, attempts): (Vec<_>, Vec<_>) = opened.into_iter().unzip();
        (kept.into_iter().flatten().collect(), attempts.into_iter().flatten().collect())
    }

    fn open_kept<'p>(&self, part: &'p GroupPart) -> Opened<'p>
    where
        'a: 'p,
    {
        let wanted: HashSet<usize> = part.goes.iter().map(|target| target.kept).collect();
        let open = |(number, target): (usize, &'p Target)| {
            wanted.contains(&number).then(|| self.open(target).map_err(|refusal| refusal.reason))
        };
        part.stays.iter().enumerate().map(open).collect()
    }

    fn open<'p>(&self, target: &'p Target) -> Result<Subject<'p>, Refusal>
    where
        'a: 'p,
    {
        let roots: &'p Roots<'a> = self.roots;
        let place = roots.place(&target.root, &target.path).ok_or(Refusal::new(Reason::Gone))?;
        roots.subject(place, &target.seen)
    }

    /// Why too few copies of a group are there for any of them to go; None where they are there. One that stays is looked
    /// at by each act itself.
    fn missing(&self, part: &GroupPart) -> Option<&'static str> {
        let (copies, devices) = part.needed;
        if copies <= 1 && devices <= 1 {
            return None;
        }
        let there: Vec<&Target> = part.stays.iter().filter(|target| self.open(target).is_ok()).collect();
        let is_alone = |target: &Target| target.seen.inode.is_none();
        let named =
            there.iter().filter(|target| !is_alone(target)).map(|target| target.identity()).collect::<HashSet<_>>();
        let count = named.len() + there.iter().filter(|target| is_alone(target)).count();
        if count < copies {
            return Some("too-few-copies");
        }
        let on = there.iter().map(|target| target.device).collect::<HashSet<_>>();
        (on.len() < devices).then_some("too-few-devices")
    }

    /// A file that goes: opened, with what it takes to take it back; or why it is left.
    fn attempt<'p>(
        &self,
        place: usize,
        part: &'p GroupPart,
        target: &'p Target,
        number: i64,
        missing: Option<&'static str>,
    ) -> Attempt<'p>
    where
        'a: 'p,
    {
        let mut attempt = Attempt {
            part: place,
            target,
            number,
            subject: None,
            before: None,
            prepared: Prepared::Nothing,
            end: missing.map(Why::word),
        };
        if attempt.end.is_none() {
            let opened = self.open(target).and_then(|subject| {
                let before = Kept::of(&subject.file)?;
                if before.metadata.is_setuid() {
                    return Err(Refusal::new(Reason::SetUid));
                }
                let kept = &part.stays[target.kept];
                let prepared = self.steps.plan(&subject, target, kept, self.run, attempt.number)?;
                Ok((subject, before, prepared))
            });
            match opened {
                Ok((subject, before, prepared)) => {
                    (attempt.subject, attempt.before) = (Some(subject), Some(before));
                    attempt.prepared = prepared;
                }
                Err(refusal) => attempt.end = Some(refusal.into()),
            }
        }
        attempt
    }

    /// Acts on one file after the other. Gives what came of each, and the files that stay, still guarded.
    fn act_on_all<'p>(
        &self,
        kept: &'p [Opened<'p>],
        attempts: &'p [Attempt<'p>],
    ) -> (Vec<Result<Done, Why>>, Vec<Guarded<'p>>) {
        let mut ends = Vec::with_capacity(attempts.len());
        let mut guarded: Vec<Guarded<'p>> = Vec::new();
        // Of the file that stays for the one at hand: where it was opened, and the file; at a link limit another takes over.
        let mut stays: Option<((usize, usize), &'p Subject<'p>)> = None;
        let mut inodes: HashSet<(u64, u64)> = HashSet::new();
        let mut buffers = CompareBuffers::default();
        for attempt in attempts {
            let end = match (&attempt.end, &attempt.subject) {
                (Some(why), _) => Err(why.clone()),
                (None, None) => Err(Why::word("stopped")),
                (None, Some(subject)) => {
                    let key = (attempt.part, attempt.target.kept);
                    if stays.is_none_or(|(of, _)| of != key) {
                        stays = match &kept[key.0][key.1] {
                            Some(Ok(opened)) => Some((key, opened)),
                            _ => None,
                        };
                    }
                    match stays {
                        Some((_, kept_subject)) => {
                            let end =
                                self.act_on(kept_subject, subject, attempt, &mut buffers, &mut guarded, &mut inodes);
                            if end.as_ref().is_err_and(|why| why.reason == "link-limit") {
                                // It is a second survivor: those that follow become its links.
                                stays = Some((key, subject));
                            }
                            end
                        }
                        None => {
                            let reason = kept[key.0][key.1].as_ref().and_then(|opened| opened.as_ref().err());
                            Err(Why::word(&format!("kept-{}", reason.map_or("gone", |reason| reason.word()))))
                        }
                    }
                }
            };
            Tally::add(&self.tally.done, 1);
            if let Err(why) = &end {
                let left =
                    Left { path: attempt.target.absolute(), reason: why.reason.clone(), message: why.detail.clone() };
                self.tally.leave(left, why.failed);
            }
            ends.push(end);
        }
        (ends, guarded)
    }

    fn act_on<'p>(
        &self,
        kept: &'p Subject<'p>,
        subject: &'p Subject<'p>,
        attempt: &'p Attempt<'p>,
        buffers: &mut CompareBuffers,
        guarded: &mut Vec<Guarded<'p>>,
        inodes: &mut HashSet<(u64, u64)>,
    ) -> Result<Done, Why> {
        if !self.control.step() {
            return Err(Why::word("stopped"));
        }
        let _looking = self.control.look_at(&attempt.target.absolute());
        let stat = subject.stat();
        if inodes.contains(&(stat.device, stat.inode)) {
            // Another name of it went a moment ago, which moved its ctime.
            subject.follow()?;
        }
        let of_kept = guarded.iter().position(|guard| std::ptr::eq(guard.subject, kept));
        let take = |kept: &'p Subject<'p>| Lease::take(&kept.file).map_err(Refusal::of_kept);
        let (lease, links_before) = match of_kept.map(|place| guarded.swap_remove(place)) {
            Some(Guarded { lease: Some(lease), links_before, .. }) => (lease, links_before),
            Some(Guarded { links_before, .. }) => (take(kept)?, links_before),
            None => (take(kept)?, kept.stat().links),
        };
        let volume = attempt.target.seen.volume;
        let pair = match Pair::with_lease(kept, lease, subject) {
            Ok(pair) => pair,
            Err(refusal) => {
                // Acts before this one may have been for the same file: it is told of, though no one guards it.
                guarded.push(Guarded { subject: kept, lease: None, volume, links_before });
                return Err(refusal.into());
            }
        };
        let done = self.compare(&pair, buffers).and_then(|()| {
            if let (true, Some(before)) = (self.steps.is_link(), &attempt.before) {
                pair.check_metadata(&before.metadata, self.any_metadata)?;
            }
            self.steps.act(&pair, &attempt.prepared, self.run, attempt.number)
        });
        if done.is_ok() {
            inodes.insert((stat.device, stat.inode));
            if self.steps.is_link() && kept.follow().is_err() {
                // Someone changed it between the act and now: what is known of it is for the next look to say.
                tracing::info!("kept_file_changed_after_act");
            }
        }
        guarded.push(Guarded { subject: kept, lease: Some(pair.into_kept_lease()), volume, links_before });
        Ok(done?)
    }

    fn compare(&self, pair: &Pair<'_>, buffers: &mut CompareBuffers) -> Result<(), Refusal> {
        let (control, tally) = (self.control, self.tally);
        pair.compare(buffers, &mut |bytes| {
            Tally::add(&tally.bytes, bytes);
            control.have_read(2 * bytes);
            if control.step() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
    }

    /// Puts what was done on the disk, and tells how the folders are left. A folder that cannot be synced is said in the
    /// log: the journal tells of the act either way, and the disk is looked at where the two differ.
    fn sync_folders(&self, attempts: &[Attempt<'_>], ends: &[Result<Done, Why>]) -> Vec<ChangedFolder> {
        let done = attempts.iter().zip(ends).filter(|(_, end)| end.is_ok());
        let folders =
            done.filter_map(|(attempt, _)| Some((&attempt.target.root, attempt.subject.as_ref()?.place.folder())));
        let mut changed = Vec::new();
        for (root, path) in folders.collect::<BTreeSet<_>>() {
            let Some((folder, before_ns)) = self.roots.opened_folder(root, path) else { continue };
            if let Err(refusal) = sync_folder(&folder) {
                tracing::warn!(%refusal, "folder_not_synced");
            }
            if let Ok(stat) = folder.stat_self() {
                changed.push(ChangedFolder {
                    root: root.clone(),
                    path: path.to_vec(),
                    before_ns,
                    left_ns: stat.mtime_ns,
                });
            }
        }
        self.steps.sync_trashes();
        changed
    }

    fn conclude(
        &mut self,
        parts: &[GroupPart],
        attempts: &[Attempt<'_>],
        ends: &[Result<Done, Why>],
        folders: &[ChangedFolder],
    ) -> Result<(), EngineError> {
        let ended_ns = now_ns();
        let stays_linked = self.steps.is_trash();
        let mut freed = std::mem::take(&mut self.freed);
        let outcomes: Vec<Outcome> = attempts
            .iter()
            .zip(ends)
            .map(|(attempt, end)| match end {
                Ok(done) => Outcome {
                    number: attempt.number,
                    state: ActState::Done,
                    failed: false,
                    counts: true,
                    reason: String::new(),
                    detail: String::new(),
                    freed_bytes: freed.by(parts[attempt.part].group, attempt.target, done.links_before, stays_linked),
                    ended_ns,
                    place: attempt.prepared.place(),
                },
                Err(why) => Outcome {
                    number: attempt.number,
                    state: if self.is_half_done(attempt, why) { ActState::Intended } else { ActState::Left },
                    failed: why.failed,
                    counts: true,
                    reason: why.reason.clone(),
                    detail: why.detail.clone(),
                    freed_bytes: 0,
                    ended_ns,
                    place: None,
                },
            })
            .collect();
        self.freed = freed;
        Ok(self.journal.conclude_with(self.run, &outcomes, folders)?)
    }

    /// Whether a failed act is for the next start, or the next run, to settle: what came of it is not known.
    fn is_half_done(&self, attempt: &Attempt<'_>, why: &Why) -> bool {
        let tried = attempt.subject.as_ref().filter(|_| attempt.end.is_none() && why.reason != "stopped");
        tried.is_some_and(|subject| self.steps.is_half_done(subject, &attempt.prepared, self.run, attempt.number))
    }

    /// Tells the catalog what became of the files, so that nothing has to read them again.
    fn tell(
        &mut self,
        parts: &[GroupPart],
        guarded: Vec<Guarded<'_>>,
        attempts: &[Attempt<'_>],
        ends: &[Result<Done, Why>],
    ) -> Result<(), EngineError> {
        let is_link = self.steps.is_link();
        if is_link {
            let newest_ns = guarded.iter().map(|guard| guard.subject.stat().ctime_ns).max().unwrap_or_default();
            let left_ns = newest_ns.saturating_add(TICK_NS).saturating_sub(now_ns());
            std::thread::sleep(Duration::from_nanos(left_ns.clamp(0, TICK_NS) as u64));
        }
        let mut followed = Vec::new();
        let mut states: HashMap<(u64, u64), (FileStat, HashState)> = HashMap::new();
        for guard in &guarded {
            let stat = guard.subject.stat();
            if is_link {
                let is_still = guard.lease.as_ref().is_some_and(Lease::is_held)
                    && guard.subject.file.stat().is_ok_and(|now| now.held_still_since(&stat));
                let state = if is_still { HashState::Hashed } else { HashState::Racy };
                states.insert((stat.device, stat.inode), (stat, state));
                followed.push(Followed::name(&guard.subject.place.absolute(), Now::Same(stat, state)));
                if guard.links_before > 1 {
                    followed.push(Followed::Others { volume: guard.volume, stat, state });
                }
            }
        }
        drop(guarded);
        let mut shared = Vec::new();
        for (attempt, done) in
            attempts.iter().zip(ends).filter_map(|(attempt, end)| Some((attempt, end.as_ref().ok()?)))
        {
            let Some(subject) = &attempt.subject else { continue };
            let target = attempt.target;
            if let (Some(emptied), true) = (&mut self.emptied, self.steps.removes()) {
                emptied.insert((target.root.clone(), subject.place.folder().to_vec()));
            }
            match self.steps.leaves(subject) {
                _ if self.steps.is_reflink() => shared.push(target.absolute()),
                Some(stat) if stat.kind == sanchay_core::FileKind::File => {
                    let (stat, state) =
                        states.get(&(stat.device, stat.inode)).copied().unwrap_or((stat, HashState::Racy));
                    let part = &parts[attempt.part];
                    followed.push(Followed::of(target, Now::File(stat, state, part.algorithm, part.hash)));
                }
                Some(stat) => followed.push(Followed::of(target, Now::Other(stat))),
                None => followed.push(Followed::of(target, Now::Gone)),
            }
            if done.links_before > 1 && !self.steps.is_reflink() {
                if let Some(stat) = subject.file.stat().ok().filter(|stat| stat.links > 0) {
                    followed.push(Followed::Others { volume: target.seen.volume, stat, state: HashState::Racy });
                }
            }
        }
        self.telling.tell(followed, shared)
    }
}

/// What is meant to be done to a file, as the journal keeps it.
fn intent(part: &GroupPart, attempt: &Attempt<'_>) -> Act {
    let target = attempt.target;
    let kept = &part.stays[target.kept];
    let metadata = attempt.before.as_ref().map(|before| &before.metadata);
    Act {
        number: attempt.number,
        state: ActState::Intended,
        root: target.root.clone(),
        path: target.path.clone(),
        kept_root: kept.root.clone(),
        kept_path: kept.path.clone(),
        size_bytes: part.size_bytes,
        algorithm: part.algorithm,
        hash: part.hash,
        identity: (target.seen.volume, attempt.subject.as_ref().map_or(0, |subject| subject.stat().inode)),
        mtime_ns: target.seen.mtime_ns,
        atime_ns: attempt.before.as_ref().map_or(0, |before| before.atime_ns),
        kept_identity: (kept.seen.volume, kept.seen.inode.unwrap_or_default()),
        owner: metadata.map_or((0, 0, 0), |metadata| (metadata.owner, metadata.group, metadata.mode)),
        attributes: metadata.map(|metadata| metadata.attributes.clone()).unwrap_or_default(),
        place: attempt.prepared.intended(),
        freed_bytes: target.freed_bytes,
        reason: String::new(),
        detail: String::new(),
    }
}
