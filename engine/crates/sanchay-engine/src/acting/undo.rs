//! Taking a run back: from the trash, or made again from a living twin, file by file and noted as any run.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sanchay_act::metadata::set_mtime;
use sanchay_act::restore::{made_folder, put_in_place, sync_copies, Now as Stands};
use sanchay_act::trash::{restore, Reserved, TrashFolder};
use sanchay_act::{sync_folder, Expected, Lease, Reason, Refusal, Subject};
use sanchay_catalog::block::HashState;
use sanchay_catalog::journal::{Act, ActState, Journal, NewRun, Outcome};
use sanchay_core::path::{is_within, path_from_bytes, split_below};
use sanchay_core::{DirHandle, FileHandle, FileStat, Witness};

use super::batch::TICK_NS;
use super::follow::{Followed, Now};
use super::handle::Acting;
use super::lanes::{batch_files, lanes, parted, side_by_side};
use super::outcome::{Left, Tally};
use super::places::Roots;
use super::remake::{before, name_of, Hand, Made, Remaker};
use super::repair_settle::REPAIR;
use super::repair_undo::take_repair_back;
use super::run::result;
use super::settle::settle;
use super::taken_back::may_be_half_done;
use super::telling::Telling;
use super::why::Why;
use crate::clock::now_ns;
use crate::dedupe::Action;
use crate::engine::Shared;
use crate::error::{EngineError, ErrorKind};

impl Shared {
    /// Starts taking a run back: all of it, or what lies at or below these paths.
    pub(crate) fn start_undo(
        self: &Arc<Self>,
        run: i64,
        paths: Vec<Vec<u8>>,
        background: bool,
        request_id: &str,
    ) -> Result<Acting, EngineError> {
        let journal = self.journal()?;
        let of = journal.run(run)?;
        if of.kind == "undo" {
            return Err(EngineError::new(
                ErrorKind::InvalidArgument,
                format!("run {run} took another run back; make a new plan to clear the copies again"),
            ));
        }
        let roots = journal.run_roots(run)?;
        self.start_acting("undo", roots, background, request_id, move |inner, acting, roots| {
            if of.kind == REPAIR {
                settle(&journal)?;
                return take_repair_back(inner, &journal, acting, &of, (roots, &paths));
            }
            let action = Action::of_word(&of.action).ok_or_else(|| {
                EngineError::new(ErrorKind::InvalidArgument, "the run is of a newer version of Sanchay")
            })?;
            settle(&journal)?;
            let new = NewRun { kind: "undo", action: action.word(), of: Some((of.id, 0)), began_ns: now_ns() };
            let run = journal.begin_run(&new)?;
            acting.tally.enter("acting");
            if paths.is_empty() {
                acting.tally.total.store(of.acted as u64, Ordering::Relaxed);
            }
            let opened = Roots::open(&inner.catalog, roots);
            let temporary = (journal.token(), run);
            let mut undoer = Undoer {
                remaker: Remaker { catalog: &inner.catalog, acting, roots: &opened, temporary },
                journal: &journal,
                acting,
                telling: Telling::new(inner, roots, &acting.control),
                roots: &opened,
                action,
                of: of.id,
                run,
                trashes: Mutex::default(),
                made: None,
                is_whole: paths.is_empty(),
            };
            undoer.all(&paths)?;
            undoer.telling.end()?;
            Ok(result(acting, journal.end_run(run, now_ns())?, false))
        })
    }
}

struct Undoer<'a> {
    remaker: Remaker<'a>,
    journal: &'a Journal,
    acting: &'a Acting,
    telling: Telling<'a>,
    roots: &'a Roots<'a>,
    action: Action,
    of: i64,
    run: i64,
    trashes: Mutex<HashMap<Vec<u8>, Option<Arc<TrashFolder>>>>,
    /// The file that was made again last: its other names come right after it.
    made: Option<Made>,
    /// Whether all of the run is taken back.
    is_whole: bool,
}

/// A file whose copy stands beside its place.
struct Copied<'p> {
    folder: Arc<DirHandle>,
    stands: Stands,
    /// The file that stays, of which this was a hard link.
    linked: Option<Subject<'p>>,
}

/// How far a file is.
enum Stage<'p> {
    Left(Why),
    /// It came out of the trash.
    Moved(Arc<DirHandle>),
    /// It is a folder that the run had removed, and is there again.
    Folder,
    Copied(Copied<'p>),
}

impl<'a> Undoer<'a> {
    fn all(&mut self, paths: &[Vec<u8>]) -> Result<(), EngineError> {
        let (mut after, limit) = (-1, batch_files());
        loop {
            let page = self.journal.acts_after(self.of, after, limit)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.number;
            let is_meant = |act: &Act| {
                let path = act.absolute();
                act.state == ActState::Done && (paths.is_empty() || paths.iter().any(|asked| is_within(&path, asked)))
            };
            let batch: Vec<Act> = page.into_iter().filter(is_meant).collect();
            self.roots.close_folders();
            if batch.is_empty() {
                continue;
            }
            if !self.telling.enter()? {
                return Ok(());
            }
            self.batch(&batch)?;
        }
    }

    fn batch(&mut self, acts: &[Act]) -> Result<(), EngineError> {
        self.journal.intend(self.run, acts)?;
        fail::fail_point!("undo::intended");
        let lanes = lanes(acts, |before, act| before.identity == act.identity);
        let mut stages = self.begin_all(acts, &lanes);
        let mut synced = HashSet::new();
        for stage in &stages {
            let Stage::Copied(Copied { folder, .. }) = stage else { continue };
            // One call for each file system, where it has one.
            if cfg!(target_os = "linux") && !synced.insert(folder.stat_self().map_or(0, |stat| stat.device)) {
                continue;
            }
            if let Err(refusal) = sync_copies(folder) {
                tracing::warn!(%refusal, "copies_not_synced");
            }
        }
        fail::fail_point!("undo::copied");
        let parts = lanes.iter().map(|lane| &acts[lane.clone()]).zip(parted(&mut stages, &lanes)).collect();
        side_by_side(parts, |(acts, stages)| acts.iter().zip(stages).for_each(|(act, stage)| self.place(act, stage)));
        if let Some(made) = &mut self.made {
            made.name = acts.iter().find(|act| act.number == made.act).map_or(&made.name[..], name_of).to_vec();
        }
        let folders = stages.iter().filter_map(|stage| match stage {
            Stage::Moved(folder) | Stage::Copied(Copied { folder, .. }) => Some(&**folder),
            Stage::Left(_) | Stage::Folder => None,
        });
        let trashes: Vec<_> = self.opened_trashes().values().flatten().cloned().collect();
        let trashes = trashes.iter().map(|trash| trash.files());
        let mut synced = HashSet::new();
        for folder in folders.chain(trashes) {
            // Each once: a thousand files come back into one.
            if folder.stat_self().is_ok_and(|stat| !synced.insert((stat.device, stat.inode))) {
                continue;
            }
            if let Err(refusal) = sync_folder(folder) {
                tracing::warn!(%refusal, "folder_not_synced");
            }
        }
        if self.is_whole {
            self.give_times_back(acts, &stages)?;
        }
        fail::fail_point!("undo::placed");
        let outcomes: Vec<Outcome> = acts.iter().zip(&stages).map(|(act, stage)| self.outcome(act, stage)).collect();
        self.journal.conclude(self.run, &outcomes)?;
        fail::fail_point!("undo::concluded");
        self.tell(acts, &stages)
    }

    /// Gives folders whose files are all back their own time of change, where no one else changed them since the run.
    fn give_times_back(&self, acts: &[Act], stages: &[Stage<'_>]) -> Result<(), EngineError> {
        let mut folders: BTreeMap<(&[u8], &[u8]), bool> = BTreeMap::new();
        for (act, stage) in acts.iter().zip(stages).filter(|(act, _)| !act.is_of_folder()) {
            let are_back = folders.entry((&act.root, split_below(&act.path).0)).or_insert(true);
            *are_back &= !matches!(stage, Stage::Left(_));
        }
        for ((root, path), _) in folders.into_iter().filter(|(_, are_back)| *are_back) {
            let Some((folder, found_ns)) = self.roots.opened_folder(root, path) else { continue };
            let Some((before_ns, left_ns)) = self.journal.changed_folder(self.of, root, path)? else { continue };
            if [before_ns, left_ns].contains(&found_ns) {
                if let Err(refusal) = set_mtime(&folder, before_ns) {
                    tracing::info!(%refusal, "folder_time_not_given_back");
                }
            }
        }
        Ok(())
    }

    /// Takes each file back as far as that can be done before its copy is on the disk.
    fn begin_all<'p>(&mut self, acts: &'p [Act], lanes: &[Range<usize>]) -> Vec<Stage<'p>>
    where
        'a: 'p,
    {
        let mut made = self.made.take();
        let undoer: &Self = self;
        let parts = lanes.iter().map(|lane| (&acts[lane.clone()], made.take())).collect();
        let begun = side_by_side(parts, |(acts, made)| {
            let mut hand = Hand::new(made);
            let stages: Vec<Stage<'p>> = acts.iter().map(|act| undoer.begin(act, &mut hand)).collect();
            (stages, hand.made)
        });
        let (stages, mut made): (Vec<_>, Vec<_>) = begun.into_iter().unzip();
        self.made = made.pop().flatten();
        stages.into_iter().flatten().collect()
    }

    fn begin<'p>(&self, act: &'p Act, hand: &mut Hand) -> Stage<'p>
    where
        'a: 'p,
    {
        if !self.acting.control.step() {
            return Stage::Left(Why::word("stopped"));
        }
        let path = act.absolute();
        let _looking = self.acting.control.look_at(&path);
        let roots: &'p Roots<'a> = self.roots;
        let Some(place) = roots.place(&act.root, &act.path) else {
            return Stage::Left(Why::word("offline"));
        };
        if act.is_of_folder() {
            let made = made_folder(place.root, place.path).and_then(|folder| before(act).give(&folder));
            return made.map_or_else(|refusal| Stage::Left(refusal.into()), |()| Stage::Folder);
        }
        let folder = match roots.folder(place, || made_folder(place.root, place.folder())) {
            Ok(folder) => folder,
            Err(refusal) => return Stage::Left(refusal.into()),
        };
        let stands = match self.action {
            Action::Reflink => return Stage::Left(Why::word("nothing-to-undo")),
            Action::Trash => match self.move_back(act, &folder) {
                Err(refusal) if refusal.reason == Reason::Gone => Stands::Nothing,
                Err(refusal) => return Stage::Left(refusal.into()),
                Ok(()) => return Stage::Moved(folder),
            },
            Action::Delete => Stands::Nothing,
            Action::Symlink => Stands::Symlink(act.place.first().cloned().unwrap_or_default()),
            Action::Hardlink => {
                let device = folder.stat(name_of(act)).map(|stat| stat.device);
                Stands::Hardlink(device.unwrap_or_default(), act.kept_identity.1)
            }
        };
        if self.remaker.link_made(act, hand.made.as_ref(), &folder, &stands) {
            let linked = self.remaker.kept_of_link(act, &stands);
            return Stage::Copied(Copied { folder, stands, linked });
        }
        match self.remaker.copy_twin(act, hand, place, &folder, &stands) {
            Ok(linked) => Stage::Copied(Copied { folder, stands, linked }),
            Err(why) => Stage::Left(why),
        }
    }

    fn move_back(&self, act: &Act, folder: &DirHandle) -> Result<(), Refusal> {
        let [path, top, name, ..] = &act.place[..] else { return Err(Refusal::new(Reason::Gone)) };
        let open = || {
            let top = (!top.is_empty()).then(|| path_from_bytes(top));
            TrashFolder::open(&path_from_bytes(path), top.as_deref()).ok().map(Arc::new)
        };
        let trash = self.opened_trashes().entry(path.clone()).or_insert_with(open).clone();
        let trash = trash.ok_or(Refusal::new(Reason::Gone))?;
        let device = trash.files().stat_self()?.device;
        let inode = act.identity.1;
        let witness = Witness { inode, size_bytes: act.size_bytes, mtime_ns: act.mtime_ns, ctime_ns: 0 };
        let expected = Expected { device, witness, has_lasting_inode: true };
        restore(&trash, &Reserved { name: name.clone() }, &expected, folder, name_of(act))?;
        Ok(())
    }

    fn opened_trashes(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Option<Arc<TrashFolder>>>> {
        self.trashes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a copy that is on the disk its name.
    fn place(&self, act: &Act, stage: &mut Stage<'_>) {
        if let Stage::Copied(copied) = stage {
            let placed = put_in_place(&copied.folder, name_of(act), &copied.stands, &self.remaker.temporary(act));
            if let Err(refusal) = placed {
                *stage = Stage::Left(refusal.into());
            }
        }
    }

    fn outcome(&self, act: &Act, stands: &Stage<'_>) -> Outcome {
        let tally = &self.acting.tally;
        Tally::add(&tally.done, 1);
        let (state, why) = match stands {
            Stage::Left(why) => {
                let path = act.absolute();
                tally.leave(Left { path, reason: why.reason.clone(), message: why.detail.clone() }, why.failed);
                let is_half_done = why.failed && may_be_half_done(act, self.roots, &self.remaker.temporary(act));
                (if is_half_done { ActState::Intended } else { ActState::Left }, why.clone())
            }
            Stage::Moved(_) | Stage::Copied(_) | Stage::Folder => (ActState::Done, Why::word("")),
        };
        Outcome {
            number: act.number,
            state,
            failed: why.failed,
            counts: !act.is_of_folder() || why.failed,
            reason: why.reason,
            detail: why.detail,
            freed_bytes: 0,
            ended_ns: now_ns(),
            place: None,
        }
    }

    /// Tells the catalog what came back. Their stamps are watched until they tell of any later write.
    fn tell(&mut self, acts: &[Act], stages: &[Stage<'_>]) -> Result<(), EngineError> {
        let mut opened: Vec<(&Act, FileHandle, FileStat)> = Vec::new();
        let mut followed = Vec::new();
        for (act, stage) in acts.iter().zip(stages) {
            let (folder, linked) = match stage {
                Stage::Left(_) | Stage::Folder => continue,
                Stage::Moved(folder) => (folder, None),
                Stage::Copied(copied) => (&copied.folder, copied.linked.as_ref()),
            };
            if let (Action::Trash, [trash, _, name, ..]) = (self.action, &act.place[..]) {
                let files = sanchay_core::path::join(trash, b"files");
                followed.push(Followed::name(&sanchay_core::path::join(&files, name), Now::Gone));
            }
            let Ok(file) = folder.open_file(name_of(act)) else { continue };
            let Ok(stat) = file.stat() else { continue };
            opened.push((act, file, stat));
            if let Some(stat) = linked.and_then(|linked| linked.follow().ok()) {
                let path = linked.expect("its stat was taken").place.absolute();
                followed.push(Followed::name(&path, Now::Same(stat, HashState::Hashed)));
                if stat.links > 1 {
                    followed.push(Followed::Others { volume: act.kept_identity.0, stat, state: HashState::Hashed });
                }
            }
        }
        let leases: Vec<Option<Lease<'_>>> = opened.iter().map(|(_, file, _)| Lease::take(file).ok()).collect();
        let newest_ns = opened.iter().map(|(.., stat)| stat.ctime_ns).max().unwrap_or_default();
        let left_ns = newest_ns.saturating_add(TICK_NS).saturating_sub(now_ns());
        std::thread::sleep(Duration::from_nanos(left_ns.clamp(0, TICK_NS) as u64));
        for ((act, file, stat), lease) in opened.iter().zip(&leases) {
            let is_same = stat.size_bytes == act.size_bytes && stat.mtime_ns == act.mtime_ns;
            let is_still = file.stat().is_ok_and(|now| now.held_still_since(stat));
            let state = match lease {
                _ if !is_same => HashState::Pending,
                Some(lease) if lease.is_held() && is_still => HashState::Hashed,
                _ => HashState::Racy,
            };
            let path = act.absolute();
            followed.push(Followed::name(&path, Now::File(*stat, state, act.algorithm, act.hash)));
            if stat.links > 1 {
                followed.push(Followed::Others { volume: act.identity.0, stat: *stat, state });
            }
        }
        self.telling.tell(followed, Vec::new())
    }
}
