//! A scan: open the root, list and compare, read what waits, merge the content keys, note how it went.
//!
//! A scan never deletes for lack of evidence: what cannot be read keeps its rows, and the scan ends "partial".

use std::sync::atomic::Ordering;

use sanchay_catalog::queries::RootNames;
use sanchay_catalog::{CatalogError, RootRow, RootSeen, RootState};
use sanchay_core::Source;

use super::baseline::telling;
use super::context::Context;
use super::deferred::hash_deferred;
use super::extents::ask_extents;
use super::merging::merge;
use super::mounts::Mounts;
use super::place::{Away, RootPlace};
use super::request::{prepare, ScanRequest};
use super::walk::{walk, Job};
use crate::clock::now_ns;
use crate::error::{EngineError, ErrorKind};
use crate::job::{ErrorNote, Expected, Phase, ScanResult, ScanState};
use crate::root_spec::{governed, root_name, Governed};

/// Runs a scan of a root that lies in `S` to its end.
pub(crate) fn run<S: Source>(request: &ScanRequest<'_>) -> Result<ScanResult, EngineError> {
    match stages::<S>(request) {
        // Only who is cancelled stops waiting for room.
        Err(error) if error.kind == ErrorKind::DiskFull && request.control.is_cancelled() => {
            request.control.enter(Phase::Done);
            let message = "cancelled while the disk of the catalog was full; what was written before is kept";
            Ok(ScanResult::of(request.control, ScanState::Cancelled, message.to_owned()))
        }
        outcome => outcome,
    }
}

fn stages<S: Source>(request: &ScanRequest<'_>) -> Result<ScanResult, EngineError> {
    let (catalog, control) = (request.catalog, request.control);
    let (row, rows) = {
        let reader = catalog.reader()?;
        (reader.root(request.root_id)?, reader.roots()?)
    };
    // No one else compares directories of this tree until the listing is written.
    let Some(turn) = request.trees.enter(&row.path, &|| !control.is_cancelled()) else {
        control.enter(Phase::Done);
        return Ok(ScanResult::cancelled(control));
    };
    let mounts = Mounts::new(catalog);
    let place = match RootPlace::<S>::open(catalog, &mounts, &row)? {
        Ok(place) => place,
        Err(away) => return absent(request, &row, away),
    };
    let governed = governed(&rows);
    let tree = root_directory(request, &row)?;
    let context = prepare(request, &row, &rows, &governed, &place.root, mounts, tree)?;
    control.expect(Expected { files: catalog.root_figures(&row.path)?.files, hashed_bytes: 0 });

    control.enter(Phase::Listing);
    let first = first_job(&context, &row, &governed)?;
    telling(&context, &row, &rows, || walk(&context, first, request.threads))?;
    catalog.writer().run(|_| Ok(()))?;
    drop(turn);
    let names = RootNames(rows.iter().map(root_name).collect());
    if !control.is_cancelled() {
        hash_deferred(&context, &governed, &names, request.threads)?;
    }
    control.enter(Phase::Merging);
    merge(catalog, control)?;
    ask_extents(&context, &governed, &names)?;
    finish(request, &row, place.seen())
}

/// The root could not be opened: offline if it was ever scanned, an error if not.
fn absent(request: &ScanRequest<'_>, row: &RootRow, away: Away) -> Result<ScanResult, EngineError> {
    let Away { reason, error } = away;
    if let Some(error) = error.filter(|_| row.scanned_ns == 0) {
        let kind = crate::error::core_kind(error.kind);
        return Err(EngineError { kind, path: Some(row.path.clone()), message: reason, term: None });
    }
    let (id, why) = (row.id, reason.clone());
    request.catalog.writer().run(move |session| session.set_root_state(id, RootState::Offline, &why, None, None))?;
    Ok(ScanResult::of(request.control, ScanState::Offline, reason))
}

/// The top of the root's tree; a new one where the catalog knows nothing of its path.
fn root_directory(request: &ScanRequest<'_>, row: &RootRow) -> Result<i64, EngineError> {
    let (id, catalog) = (row.id, request.catalog);
    let new_directory = catalog.next_directory_id();
    let go_on = || !request.control.is_cancelled();
    let mut work = || catalog.writer().run(move |session| session.root_directory(id, new_directory));
    Ok(catalog.persist(&go_on, &mut work)?.1)
}

fn first_job<S: Source>(context: &Context<'_, S>, row: &RootRow, governed: &[Governed]) -> Result<Job, EngineError> {
    let reader = context.catalog.reader()?;
    let (directory, _) = reader.locate(&row.path)?.ok_or_else(|| CatalogError::UnknownPath(row.path.clone()))?;
    let known = reader.load_child(directory)?;
    let own = governed.iter().find(|root| root.id == row.id);
    let name = known.as_ref().map_or_else(|| row.path.clone(), |known| known.name.clone());
    Ok(Job {
        id: directory,
        parent: reader.parent(directory)?,
        known,
        relative: Vec::new(),
        name,
        above: None,
        rules: own.ok_or_else(|| CatalogError::UnknownRoot(row.id.to_string()))?.rules.clone()?,
        rules_from: 0,
        passage: false,
        deep: true,
    })
}

/// For people: the first of them by its path, and how many more there are.
fn what_could_not_be_read(errors: u64, notes: &[ErrorNote]) -> String {
    match (notes.iter().map(|note| &note.path).min().map(|path| sanchay_core::path::display(path)), errors) {
        (Some(path), 1) => format!("{path} could not be read; what was known of it is kept"),
        (Some(path), _) => format!("{path} and {} more could not be read; what was known of them is kept", errors - 1),
        (None, _) => format!("{errors} items could not be read; what was known of them is kept"),
    }
}

fn finish(request: &ScanRequest<'_>, row: &RootRow, seen: RootSeen) -> Result<ScanResult, EngineError> {
    let control = request.control;
    let errors = control.counters.errors.load(Ordering::Relaxed);
    let (state, message) = if control.is_cancelled() {
        (ScanState::Cancelled, "cancelled; what was read so far is kept".to_owned())
    } else if errors > 0 {
        (ScanState::Partial, what_could_not_be_read(errors, &control.notes()))
    } else {
        (ScanState::Done, String::new())
    };
    let root_state = match state {
        ScanState::Done => Some(RootState::Ready),
        ScanState::Partial if control.holds() => Some(RootState::Held),
        ScanState::Partial => Some(RootState::Partial),
        ScanState::Cancelled | ScanState::Offline => None,
    };
    if let Some(root_state) = root_state {
        let (id, reason) = (row.id, message.clone());
        request.catalog.persist(&|| !control.is_cancelled(), &mut || {
            let reason = reason.clone();
            request
                .catalog
                .writer()
                .run(move |session| session.set_root_state(id, root_state, &reason, Some(now_ns()), Some(seen)))
        })?;
    }
    control.enter(Phase::Done);
    Ok(ScanResult::of(control, state, message))
}
