//! Makes a plan: pages through the groups of a scope, has the rules decide each, and writes what goes into the journal.
//!
//! Pages go by size, in which a group keeps its place whatever changes between two of them: none is met twice. Memory
//! does not grow with the groups, but for the names of one that is longer than a page.

use std::collections::HashMap;

use sanchay_catalog::journal::{Journal, JournalError, NewPlan, Plan, PlanGroup};
use sanchay_catalog::queries::{DuplicateGroup, DuplicateRequest, DuplicateSort, IgnoredCopies};
use sanchay_catalog::{Catalog, RootState};
use sanchay_core::path::bytes_of;

use super::group::{Known, Look};
use super::one_files::OneFiles;
use super::request::PlanRequest;
use super::rules::Rules;
use super::{companions, links};
use crate::error::{EngineError, ErrorKind};

/// Groups of a page. One of a scope is found by a pass over the content index: few pages are better.
const PAGE_GROUPS: usize = if cfg!(test) { 2 } else { 4_096 };
/// Names of a page, in bytes as a message.
const PAGE_BYTES: usize = if cfg!(test) { 1 << 10 } else { 4 << 20 };
/// The same of a group that is longer than a page, some million names: it is planned alone. One with more is left out.
const LONG_GROUP_BYTES: usize = if cfg!(test) { 16 << 10 } else { 256 << 20 };
/// Folders that the writer of the journal remembers at once.
const FOLDERS_MOST: usize = 20_000;

/// Makes a plan, until `goes_on` gives false. What was planned before an error is forgotten.
pub fn make_plan(
    catalog: &Catalog,
    journal: &Journal,
    request: &PlanRequest<'_>,
    goes_on: &dyn Fn() -> bool,
) -> Result<Plan, EngineError> {
    let PlanRequest { made_ns, action, asked, .. } = *request;
    let Rules { min_copies, min_devices, .. } = request.rules;
    let new = NewPlan { made_ns, action: action.word(), asked, min_copies, min_devices };
    let id = journal.begin_plan(&new)?;
    let planned =
        Planner::new(catalog, journal, request).and_then(|planner| planner.run(id, goes_on)).and_then(|mut known| {
            if request.action.removes() && known.has_companions {
                let kept = companions::keep_with_pictures(catalog, journal, id, goes_on)?;
                known.leave_out(companions::WITH_PICTURE, kept);
            }
            if request.action.removes() {
                links::note_broken(catalog, journal, id, &request.scope.roots, goes_on)?;
            }
            Ok(journal.finish_plan(id, &known.skipped())?)
        });
    if planned.is_err() {
        // Where that fails as well, the next start forgets it: it was never finished.
        let _ = journal.forget_plan(id);
    }
    planned
}

struct Planner<'a> {
    catalog: &'a Catalog,
    journal: &'a Journal,
    request: &'a PlanRequest<'a>,
    rules: Rules,
    wanted: IgnoredCopies,
    one_files: OneFiles,
    known: Known,
}

impl<'a> Planner<'a> {
    fn new(catalog: &'a Catalog, journal: &'a Journal, request: &'a PlanRequest<'a>) -> Result<Self, EngineError> {
        let mut rules =
            Rules { has_drop: request.drop.is_some() || !request.drop_in.is_empty(), ..request.rules.clone() };
        if request.action.is_within_volume() {
            // Each volume keeps what it has.
            rules.min_devices = 1;
        }
        let (wanted, one_files) = (journal.ignored_copies()?, OneFiles::of(journal)?);
        Ok(Self { catalog, journal, request, rules, wanted, one_files, known: Known::default() })
    }

    fn run(mut self, plan: i64, goes_on: &dyn Fn() -> bool) -> Result<Known, EngineError> {
        let (mut token, mut folders) = (String::new(), HashMap::new());
        loop {
            if !goes_on() {
                return Err(EngineError::new(ErrorKind::Cancelled, "given up on request"));
            }
            let (groups, next) = self.page(&token)?;
            self.journal.add_groups(plan, &groups, &mut folders)?;
            if folders.len() > FOLDERS_MOST {
                folders.clear();
            }
            if next.is_empty() {
                break;
            }
            token = next;
        }
        Ok(self.known)
    }

    /// The groups of a page of which something goes or is undecided, and the next page's token. All of it is read in one
    /// state of the catalog.
    fn page(&mut self, token: &str) -> Result<(Vec<PlanGroup<Vec<u8>>>, String), EngineError> {
        let scope: DuplicateRequest<'_> = DuplicateRequest {
            sort: DuplicateSort::Size,
            limit: PAGE_GROUPS,
            max_bytes: Some(PAGE_BYTES),
            token,
            paths_limit: usize::MAX,
            ..self.request.scope.clone()
        };
        let reader = self.catalog.reader()?;
        let page = reader.snapshot(|reader| {
            let mut page = self.catalog.duplicates_on(reader, &scope)?;
            let is_long = |group: &DuplicateGroup| group.total_paths > group.paths.len() as u64;
            if page.groups.first().is_some_and(is_long) {
                let alone = DuplicateRequest { limit: 1, max_bytes: Some(LONG_GROUP_BYTES), ..scope.clone() };
                page = self.catalog.duplicates_on(reader, &alone)?;
            }
            let roots = reader.roots()?.into_iter();
            let offline = roots.filter(|root| root.state == RootState::Offline).map(|root| root.id).collect();
            let (request, known) = (self.request, &mut self.known);
            let mut look =
                Look::new(self.catalog, reader, request, &self.rules, (&self.wanted, &self.one_files), offline, known)?;
            let mut groups = Vec::new();
            for group in page.groups {
                groups.extend(look.plan(group)?);
            }
            Ok((groups, page.next_token))
        })?;
        Ok(page)
    }
}

impl From<JournalError> for EngineError {
    fn from(error: JournalError) -> Self {
        let message = error.to_string();
        let (kind, path) = match error {
            JournalError::Sqlite(_) => (ErrorKind::Io, None),
            JournalError::DiskFull => (ErrorKind::DiskFull, None),
            JournalError::Newer { path, .. } => (ErrorKind::NewerDatabase, Some(path)),
            JournalError::Foreign { path, .. } => (ErrorKind::ForeignDatabase, Some(path)),
            JournalError::Io { path, .. } => (ErrorKind::Io, Some(path)),
            JournalError::UnknownPlan(_) => (ErrorKind::UnknownPlan, None),
            JournalError::UnknownRun(_) => (ErrorKind::UnknownRun, None),
            JournalError::Edited { .. } => (ErrorKind::PlanEdited, None),
            JournalError::LastCopy => (ErrorKind::LastCopy, None),
            JournalError::UnknownCopy { path, .. } => {
                return Self { path: Some(path), ..Self::new(ErrorKind::UnknownPath, message) };
            }
            JournalError::Unknown(_) => (ErrorKind::InvalidArgument, None),
        };
        Self { kind, path: path.map(|path| bytes_of(&path).to_vec()), message, term: None }
    }
}
