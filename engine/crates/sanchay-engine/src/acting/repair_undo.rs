//! Taking a repair back: the damaged file comes out of the trash, and the copy that had its name goes there instead.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::Arc;

use sanchay_act::repair::take_back;
use sanchay_act::trash::restore;
use sanchay_act::{sync_folder, Lease, Place, Reason, Refusal, Subject, TemporaryName};
use sanchay_catalog::journal::{Act, ActState, Finding, FindingKind, Journal, NewRun, Run};
use sanchay_core::path::is_within;
use sanchay_core::ReadAheadBuffers;

use super::follow::{follow, Followed, Now};
use super::handle::Acting;
use super::outcome::ActResult;
use super::places::Roots;
use super::repair::{concluded, watched};
use super::repair_settle::{damaged, temporary, trash_of, REPAIR};
use super::run::result;
use super::why::Why;
use crate::clock::now_ns;
use crate::engine::Shared;
use crate::error::EngineError;

/// Takes a repair back, where its file is at or below one of these paths; none: it is.
pub(super) fn take_repair_back(
    inner: &Arc<Shared>,
    journal: &Journal,
    acting: &Acting,
    of: &Run,
    (roots, paths): (&[Vec<u8>], &[Vec<u8>]),
) -> Result<ActResult, EngineError> {
    let new = NewRun { kind: "undo", action: REPAIR, of: Some((of.id, 0)), began_ns: now_ns() };
    let run = journal.begin_run(&new)?;
    acting.tally.enter("acting");
    acting.tally.total.store(1, Ordering::Relaxed);
    let is_meant = |act: &Act| {
        let path = act.absolute();
        act.state == ActState::Done && (paths.is_empty() || paths.iter().any(|asked| is_within(&path, asked)))
    };
    let acts: Vec<Act> = journal.acts_after(of.id, -1, 1)?.into_iter().filter(is_meant).collect();
    let finding = of.of.map(|id| journal.finding(id)).transpose()?.flatten();
    if let (Some(act), Some(finding), Some(_turns)) = (acts.first(), &finding, inner.hold_trees(roots, &acting.control))
    {
        let _looking = acting.control.look_at(&finding.path);
        journal.intend(run, &acts)?;
        fail::fail_point!("undo::intended");
        let opened = Roots::open(&inner.catalog, roots);
        let end = match opened.place(&act.root, &act.path) {
            Some(place) => one(act, finding, place, &temporary(journal, run, act)),
            None => Err(Why::word("offline")),
        };
        fail::fail_point!("undo::placed");
        let outcomes = [concluded(acting, act, &end, None)];
        journal.conclude(run, &outcomes)?;
        fail::fail_point!("undo::concluded");
        if end.is_ok() {
            tell(inner, &opened, act, finding)?;
        }
    }
    Ok(result(acting, journal.end_run(run, now_ns())?, false))
}

fn one(act: &Act, finding: &Finding, place: Place<'_>, temporary: &TemporaryName) -> Result<(), Why> {
    let in_trash = trash_of(act).filter(|(trash, reserved)| trash.files().stat(&reserved.name).is_ok());
    let Some((trash, reserved)) = in_trash else { return Err(Why::word("not-in-trash")) };
    let folder = place.root.open_dir(place.folder()).map_err(Refusal::from)?;
    let damaged = damaged(act, trash.files())?;
    let same_stamps =
        |stat: &sanchay_core::FileStat| (stat.size_bytes, stat.mtime_ns) == (act.size_bytes, act.mtime_ns);
    match Subject::open_where(place, |_, stat| Ok(same_stamps(stat))) {
        Ok(copy) => {
            let lease = Lease::take(&copy.file)?;
            let file = copy.folder.open_uncached(place.name()).map_err(Refusal::from)?;
            let (mut buffers, mut go_on) = (ReadAheadBuffers::default(), |_| ControlFlow::Continue(()));
            let read = file.hash(finding.algorithm, &mut buffers, act.size_bytes, false, &mut go_on);
            if read.map_err(Refusal::from)?.hash != finding.hash || !copy.is_unchanged()? {
                return Err(Refusal::new(Reason::Changed).into());
            }
            take_back(&copy, &lease, temporary, &trash, &reserved, &damaged)?;
        }
        // The copy went: the name is free.
        Err(refusal) if refusal.reason == Reason::Gone => {
            restore(&trash, &reserved, &damaged, &folder, place.name())?;
        }
        Err(refusal) => return Err(refusal.into()),
    }
    sync_folder(&folder)?;
    Ok(sync_folder(trash.files())?)
}

/// Tells the catalog what is there again. A damaged file is known by the content that it should have.
fn tell(inner: &Arc<Shared>, roots: &Roots<'_>, act: &Act, finding: &Finding) -> Result<(), EngineError> {
    let known = if finding.kind == FindingKind::Damaged { finding.hash } else { finding.found_hash };
    let Some(place) = roots.place(&act.root, &act.path) else { return Ok(()) };
    let opened = place.root.open_dir(place.folder()).and_then(|folder| folder.open_file(place.name()));
    let Ok((stat, file)) = opened.and_then(|file| Ok((file.stat()?, file))) else { return Ok(()) };
    let now = Now::File(stat, watched(&file, &stat), finding.algorithm, known);
    follow(inner, vec![Followed::name(&act.absolute(), now)], &[])
}
