//! A repair: a damaged file goes to the trash, and a verified copy of a healthy twin takes its place. It is a run of one
//! act, noted, settled and taken back as any other.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use sanchay_act::metadata::Kept;
use sanchay_act::repair::{copy_twin, replace_damaged};
use sanchay_act::{sync_folder, Expected, Lease, Pair, Reason, Refusal, Subject, TemporaryName};
use sanchay_catalog::block::HashState;
use sanchay_catalog::journal::{Act, ActState, Finding, FindingState, Journal, NewRun, Outcome};
use sanchay_catalog::HashedFile;
use sanchay_core::path::{display, is_within, join, relative};
use sanchay_core::{FileHandle, FileStat, VolumeId};

use super::batch::TICK_NS;
use super::follow::{follow, Followed, Now};
use super::handle::Acting;
use super::outcome::{Left, Tally};
use super::part::Target;
use super::places::{Roots, Seen};
use super::repair_settle::REPAIR;
use super::run::result;
use super::settle::settle;
use super::step::{Prepared, Steps};
use super::why::Why;
use crate::clock::now_ns;
use crate::dedupe::Action;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::verify::{healthy_twins, Files, Reading, Twin};

impl Shared {
    /// Starts to repair the file of a finding.
    pub(crate) fn start_repair(
        self: &Arc<Self>,
        finding: &Finding,
        background: bool,
        request_id: &str,
    ) -> Result<Acting, EngineError> {
        check_open(finding)?;
        let journal = self.journal()?;
        let id = finding.id;
        let rows = self.catalog.reader()?.roots()?;
        let roots = rows.into_iter().map(|row| row.path).filter(|root| is_within(&finding.path, root));
        let root = roots.max_by_key(Vec::len).ok_or_else(|| {
            EngineError::invalid_argument(format!("{} is in no root any more", display(&finding.path)))
        })?;
        self.start_acting(REPAIR, vec![root], background, request_id, move |inner, acting, roots| {
            settle(&journal)?;
            // It may have been dealt with while this waited for its turn.
            let finding = journal.finding(id)?.ok_or_else(|| EngineError::invalid_argument("the finding is gone"))?;
            check_open(&finding)?;
            let new = NewRun { kind: REPAIR, action: REPAIR, of: Some((id, 0)), began_ns: now_ns() };
            let run = journal.begin_run(&new)?;
            acting.tally.enter("acting");
            acting.tally.total.store(1, Ordering::Relaxed);
            if let Some(_turns) = inner.hold_trees(roots, &acting.control) {
                Repairer { inner, journal: &journal, acting, run, root: &roots[0] }.repair(&finding)?;
            }
            Ok(result(acting, journal.end_run(run, now_ns())?, true))
        })
    }
}

fn check_open(finding: &Finding) -> Result<(), EngineError> {
    let path = display(&finding.path);
    Err(EngineError::invalid_argument(match (finding.state, finding.repaired_by) {
        (FindingState::Open, _) => return Ok(()),
        (FindingState::Accepted, _) => format!("{path} was accepted as it is"),
        (FindingState::Repaired, Some(run)) => format!("{path} was repaired by run {run}"),
        (FindingState::Repaired, None) => format!("{path} was repaired"),
    }))
}

struct Repairer<'a> {
    inner: &'a Arc<Shared>,
    journal: &'a Journal,
    acting: &'a Acting,
    run: i64,
    root: &'a [u8],
}

/// The damaged file as it was read just now, and a twin that has the content that is due.
struct Found {
    damaged: FileStat,
    twin: Twin,
    twin_root: Vec<u8>,
}

impl Repairer<'_> {
    /// Repairs the file, or notes why it is left. An error is one of the journal or the catalog.
    fn repair(&self, finding: &Finding) -> Result<(), EngineError> {
        let path = relative(self.root, &finding.path).unwrap_or_default();
        let mut act = blank(self.root, path, finding);
        let _looking = self.acting.control.look_at(&finding.path);
        let found = match self.look(finding)? {
            Ok(found) => found,
            Err(why) => return self.leave(&act, &changed_since_found(why)),
        };
        let twin_path = relative(&found.twin_root, &found.twin.path).unwrap_or_default();
        let roots = Roots::open(&self.inner.catalog, &[self.root.to_vec(), found.twin_root.clone()]);
        (act.kept_root, act.kept_path) = (found.twin_root.clone(), twin_path.clone());
        let target = target(self.root, &act.path, &found.damaged);
        let steps = Steps::new(Action::Trash, self.journal.token(), self.inner.options.trash.as_deref());
        let opened = open(&roots, &target.root, &target.path, &found.damaged).and_then(|damaged| {
            let twin = open(&roots, &found.twin_root, &twin_path, &found.twin.seen).map_err(Refusal::of_kept)?;
            let before = Kept::of(&damaged.file)?;
            if before.metadata.is_setuid() {
                return Err(Refusal::new(Reason::SetUid));
            }
            let volumes = [&damaged, &twin].map(|file| roots.volume(&file.folder, file.place.name(), &file.stat()));
            let [of_damaged, of_twin] = volumes;
            let prepared = steps.plan(&damaged, &target, &target, self.run, act.number)?;
            Ok((damaged, twin, before, prepared, of_damaged?, of_twin?))
        });
        let (damaged, twin, before, mut prepared, of_damaged, of_twin) = match opened {
            Ok(opened) => opened,
            Err(refusal) => return self.leave(&act, &changed_since_found(refusal.into())),
        };
        act.identity = (of_damaged, damaged.stat().inode);
        act.kept_identity = (of_twin, twin.stat().inode);
        (act.mtime_ns, act.atime_ns) = (before.mtime_ns, before.atime_ns);
        act.owner = (before.metadata.owner, before.metadata.group, before.metadata.mode);
        act.attributes.clone_from(&before.metadata.attributes);
        act.place = prepared.intended();
        self.journal.intend(self.run, std::slice::from_ref(&act))?;
        fail::fail_point!("repair::intended");
        Steps::prepare(&mut prepared);
        steps.sync_prepared();
        let replaced = self.replace(&damaged, &twin, &before, &prepared, finding);
        if replaced.is_ok() {
            if let Err(refusal) = sync_folder(&damaged.folder) {
                tracing::warn!(%refusal, "folder_not_synced");
            }
            steps.sync_trashes();
        } else {
            prepared.release();
        }
        fail::fail_point!("repair::synced");
        let end = replaced.map_err(|refusal| changed_since_found(refusal.into()));
        self.conclude(&act, &end, prepared.place())?;
        fail::fail_point!("repair::concluded");
        if end.is_ok() {
            self.tell(&damaged, &target, finding)?;
        }
        Ok(())
    }

    /// Reads the damaged file and a twin of it. The file must still be what was found.
    fn look(&self, finding: &Finding) -> Result<Result<Found, Why>, EngineError> {
        let reader = self.inner.catalog.reader()?;
        let Some((id, _)) = reader.entry_at(&finding.path)? else { return Ok(Err(Why::word("gone"))) };
        drop(reader);
        // What a suspect file has was taken by the catalog; and a damaged one that was touched since is suspect.
        let is_known =
            |file: &HashedFile| file.entry.hash.is_some_and(|hash| [finding.hash, finding.found_hash].contains(&hash));
        let Some(file) = self.inner.catalog.hashed_file(id)?.filter(is_known) else {
            return Ok(Err(Why::word("changed")));
        };
        let mut files = Files::new(self.inner, &self.acting.control, false)?;
        let content = match files.read_cataloged(&file, false)? {
            Reading::Read(content) => content,
            Reading::Changed if files.exists(&file.folder, &file.name)? => return Ok(Err(Why::word("changed"))),
            Reading::Changed => return Ok(Err(Why::word("gone"))),
            Reading::OutOfReach => return Ok(Err(away(&files, "offline"))),
            Reading::Failed(error) => return Ok(Err(Refusal::from(error).into())),
            Reading::BrokenOff => return Ok(Err(Why::word("stopped"))),
        };
        if content.hash == finding.hash {
            return Ok(Err(Why::word("sound")));
        }
        if content.hash != finding.found_hash {
            return Ok(Err(Why::word("changed")));
        }
        if content.seen.links > 1 {
            return Ok(Err(self.hard_linked(&file, &content.seen)?));
        }
        let twin = healthy_twins(&mut files, &file, finding.hash, 1)?.into_iter().next();
        let twin_root = twin.as_ref().and_then(|twin| files.root_path_of(&twin.path).map(<[u8]>::to_vec));
        Ok(match (twin, twin_root) {
            (Some(twin), Some(twin_root)) => Ok(Found { damaged: content.seen, twin, twin_root }),
            _ if self.acting.control.is_cancelled() => Err(Why::word("stopped")),
            _ if files.away.is_empty() => Err(Why::word("no-healthy-copy")),
            _ => Err(away(&files, "healthy-copy-offline")),
        })
    }

    /// To replace one name would leave the others damaged.
    fn hard_linked(&self, file: &HashedFile, seen: &FileStat) -> Result<Why, EngineError> {
        let reader = self.inner.catalog.reader()?;
        let path = join(&file.folder, &file.name);
        let mut names = Vec::new();
        for sibling in self.inner.inodes.names(&reader, file.volume, &[file.entry.inode])?.found {
            let other = join(&reader.directory_path(sibling.directory)?, &sibling.name);
            if other != path {
                names.push(display(&other));
            }
        }
        let others = (seen.links as usize).saturating_sub(1);
        names.truncate(others);
        let mut told = names.join(", ");
        if names.len() < others {
            let more = others - names.len();
            let more = format!("{more} that the catalog does not have");
            told = if names.is_empty() { more } else { format!("{told}, and {more}") };
        }
        Ok(Why { detail: told, ..Why::word("hard-linked") })
    }

    /// Makes the copy, and puts it in place.
    fn replace(
        &self,
        damaged: &Subject<'_>,
        twin: &Subject<'_>,
        before: &Kept,
        prepared: &Prepared,
        finding: &Finding,
    ) -> Result<(), Refusal> {
        let (folder, reserved) = prepared.trashed()?;
        let pair = Pair::new(twin, damaged)?;
        let temporary = TemporaryName::of(self.journal.token(), self.run as u64, 0);
        let (control, tally) = (&self.acting.control, &self.acting.tally);
        copy_twin(&pair, before, &temporary, (finding.algorithm, finding.hash), &mut |bytes| {
            Tally::add(&tally.bytes, bytes);
            control.have_read(bytes);
            if control.step() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        replace_damaged(&pair, &temporary, folder, reserved)
    }

    /// Notes a file that was left before anything was done to it.
    fn leave(&self, act: &Act, why: &Why) -> Result<(), EngineError> {
        self.journal.intend(self.run, std::slice::from_ref(act))?;
        self.conclude(act, &Err(why.clone()), None)
    }

    fn conclude(&self, act: &Act, end: &Result<(), Why>, place: Option<Vec<Vec<u8>>>) -> Result<(), EngineError> {
        let outcome = concluded(self.acting, act, end, place);
        Ok(self.journal.conclude(self.run, &[outcome])?)
    }

    /// Tells the catalog of the copy: it has the content that was due.
    fn tell(&self, damaged: &Subject<'_>, target: &Target, finding: &Finding) -> Result<(), EngineError> {
        let Ok(copy) = damaged.folder.open_file(damaged.place.name()) else { return Ok(()) };
        let Ok(stat) = copy.stat() else { return Ok(()) };
        let now = Now::File(stat, watched(&copy, &stat), finding.algorithm, finding.hash);
        follow(self.inner, vec![Followed::of(target, now)], &[])
    }
}

/// What the journal keeps of an act of one file, which is told of as it is counted.
pub(super) fn concluded(acting: &Acting, act: &Act, end: &Result<(), Why>, place: Option<Vec<Vec<u8>>>) -> Outcome {
    Tally::add(&acting.tally.done, 1);
    let (state, why) = match end {
        Ok(()) => (ActState::Done, Why::word("")),
        Err(why) => {
            let left = Left { path: act.absolute(), reason: why.reason.clone(), message: why.detail.clone() };
            acting.tally.leave(left, why.failed);
            (ActState::Left, why.clone())
        }
    };
    Outcome {
        number: act.number,
        state,
        failed: why.failed,
        counts: true,
        reason: why.reason,
        detail: why.detail,
        freed_bytes: 0,
        ended_ns: now_ns(),
        place,
    }
}

/// How far the content of a file that we just put in place can be trusted to be behind its stamps: they are watched until
/// they tell of any later write.
pub(super) fn watched(file: &FileHandle, stat: &FileStat) -> HashState {
    let lease = Lease::take(file);
    let left_ns = stat.ctime_ns.saturating_add(TICK_NS).saturating_sub(now_ns());
    std::thread::sleep(Duration::from_nanos(left_ns.clamp(0, TICK_NS) as u64));
    let is_still = file.stat().is_ok_and(|now| now.held_still_since(stat));
    if is_still && lease.is_ok_and(|lease| lease.is_held()) {
        HashState::Hashed
    } else {
        HashState::Racy
    }
}

fn open<'p>(roots: &'p Roots<'_>, root: &[u8], path: &'p [u8], seen: &FileStat) -> Result<Subject<'p>, Refusal> {
    let place = roots.place(root, path).ok_or(Refusal::new(Reason::Gone))?;
    Subject::open(place, &Expected::of(seen))
}

/// A root that is away, with the reason.
fn away(files: &Files<'_>, reason: &str) -> Why {
    let detail = files.away.iter().map(|(name, reason)| format!("{name}: {reason}")).collect::<Vec<_>>().join("; ");
    Why { detail, ..Why::word(reason) }
}

/// Nothing was planned: what changed did so since it was found.
fn changed_since_found(why: Why) -> Why {
    let reason = if why.reason == "changed" { "changed-since-found".to_owned() } else { why.reason };
    Why { reason, ..why }
}

fn target(root: &[u8], path: &[u8], seen: &FileStat) -> Target {
    let seen = Seen {
        volume: VolumeId::from_bytes([0; 16]),
        inode: Some(seen.inode),
        size_bytes: seen.size_bytes,
        mtime_ns: seen.mtime_ns,
        ctime_ns: Some(seen.ctime_ns),
    };
    Target { root: root.to_vec(), path: path.to_vec(), seen, device: 0, kept: 0, freed_bytes: 0 }
}

/// What is known of an act before its file was looked at.
fn blank(root: &[u8], path: Vec<u8>, finding: &Finding) -> Act {
    let nowhere = (VolumeId::from_bytes([0; 16]), 0);
    Act {
        number: 0,
        state: ActState::Intended,
        root: root.to_vec(),
        path,
        kept_root: Vec::new(),
        kept_path: Vec::new(),
        size_bytes: finding.size_bytes,
        algorithm: finding.algorithm,
        hash: finding.hash,
        identity: nowhere,
        mtime_ns: 0,
        atime_ns: 0,
        kept_identity: nowhere,
        owner: (0, 0, 0),
        attributes: Vec::new(),
        place: Vec::new(),
        freed_bytes: 0,
        reason: String::new(),
        detail: String::new(),
    }
}
