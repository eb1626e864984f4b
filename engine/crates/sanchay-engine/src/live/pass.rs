//! The passing thread: does the steps of one root at a time, with the turn in its tree.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use sanchay_catalog::{RootRow, StoredChild};
use sanchay_core::path::{is_within, SEPARATOR};
use sanchay_core::watch::Step;
use sanchay_core::{DirHandle, FileStat, RootDir};

use super::event::LiveEvent;
use super::hired::Hired;
use super::work::{together, Batch, Followed, Linked, Message, Outcome};
use crate::engine::Shared;
use crate::error::EngineError;
use crate::own_files::OwnFiles;
use crate::root_spec::{governed, Governed, Rules};
use crate::scan::{Mounts, RootPlace, DIFFERENCES_MOST};

/// Takes batches until the live thread ends.
pub(super) struct Passer {
    inner: Arc<Shared>,
    messages: Sender<Message>,
}

impl Passer {
    pub(super) fn new(hired: Hired) -> Self {
        let Hired { inner, messages, .. } = hired;
        Self { inner, messages }
    }

    pub(super) fn run(self, batches: &Receiver<Batch>) {
        for batch in batches {
            let Batch { root_id, epoch, turn, steps, linked } = batch;
            let work = std::panic::AssertUnwindSafe(|| self.batch(root_id, steps, linked));
            let outcome =
                std::panic::catch_unwind(work).unwrap_or_else(|_| Err(EngineError::ended_abnormally("the scan")));
            drop(turn);
            let outcome = outcome.unwrap_or_else(|error| Outcome::Failed(error.to_string()));
            // No one hears it when the catalog is being closed.
            let _ = self.messages.send(Message::Passed { root_id, epoch, outcome });
        }
    }

    fn batch(&self, root_id: i64, steps: Vec<Step>, linked: Vec<Linked>) -> Result<Outcome, EngineError> {
        let (row, rows) = {
            let reader = self.inner.catalog.reader()?;
            (reader.root(root_id)?, reader.roots()?)
        };
        let _ids = self.inner.catalog.extensions().hold();
        // A first scan has not begun: it will see all there is.
        if row.directory == 0 {
            return Ok(Outcome::Done(Box::default()));
        }
        let mounts = Mounts::new(&self.inner.catalog);
        let root = match RootPlace::open(&self.inner.catalog, &mounts, &row)? {
            Ok(place) => place.root,
            Err(away) => return Ok(Outcome::Offline(away.reason)),
        };
        let mut pass = Pass {
            inner: &self.inner,
            governed: governed(&rows),
            row,
            rows,
            root,
            mounts,
            own: OwnFiles::look(&self.inner.own),
            followed: Followed::default(),
            events: Vec::new(),
            untold: false,
        };
        let outcome = pass.steps(steps, linked);
        pass.tell();
        outcome?;
        Ok(Outcome::Done(Box::new(pass.followed)))
    }
}

/// One batch under way.
pub(super) struct Pass<'p> {
    pub(super) inner: &'p Arc<Shared>,
    pub(super) row: RootRow,
    pub(super) rows: Vec<RootRow>,
    pub(super) governed: Vec<Governed>,
    pub(super) root: RootDir,
    pub(super) mounts: Mounts<'p>,
    pub(super) own: OwnFiles,
    pub(super) followed: Followed,
    pub(super) events: Vec<LiveEvent>,
    /// More happened than is told one by one.
    pub(super) untold: bool,
}

impl Pass<'_> {
    /// Moves come first: what the catalog means by a name is where the algebra has it then.
    fn steps(&mut self, steps: Vec<Step>, linked: Vec<Linked>) -> Result<(), EngineError> {
        let mut steps = steps.into_iter();
        while let Some(step) = steps.next() {
            match step {
                Step::Move { from, to } => {
                    if !self.rename(&from, &to, steps.as_slice())? {
                        self.followed.refused = Some((from, to, steps.collect()));
                        // They wait for the moves that are given again.
                        self.followed.linked.extend(linked);
                        return Ok(());
                    }
                }
                Step::Look { directory, names } => {
                    if !self.look(&directory, &names, None)? {
                        self.followed.missed.push(Step::Look { directory, names });
                    }
                }
                Step::List { directory, deep } => {
                    if !self.list(&directory, deep)? {
                        self.followed.missed.push(Step::List { directory, deep });
                    }
                }
                Step::Hash { directory, names } => self.hash(directory, names)?,
                Step::Trust { directory, names } => self.trust(&directory, &names)?,
                Step::Reconcile { .. } | Step::RootGone { .. } | Step::WatchLost { .. } => {}
            }
        }
        for linked in together(linked) {
            self.look_linked(linked)?;
        }
        Ok(())
    }

    /// What a path is below the root; None: it is not.
    pub(super) fn relative<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let rest = path.strip_prefix(self.row.path.as_slice())?;
        if rest.is_empty() || self.row.path.ends_with(b"/") {
            return Some(rest);
        }
        rest.strip_prefix(b"/").or_else(|| rest.strip_prefix(&[SEPARATOR]))
    }

    /// The path of the root whose rules hold in a folder, the innermost, and the rules; None where they cannot be read, and
    /// no one is to look there.
    pub(super) fn governing(&self, folder: &[u8]) -> Option<(&[u8], &Arc<Rules>)> {
        let holding = self.governed.iter().filter(|root| is_within(folder, &root.path));
        let root = holding.max_by_key(|root| root.path.len())?;
        Some((&root.path, root.rules.as_ref().ok()?))
    }

    /// The rules that hold in a folder.
    pub(super) fn rules_in(&self, folder: &[u8]) -> Option<Arc<Rules>> {
        self.governing(folder).map(|(_, rules)| rules.in_folder(folder))
    }

    /// Whether the rules leave out a name in a folder.
    pub(super) fn excludes(&self, folder: &[u8], name: &[u8], is_folder: bool) -> bool {
        let Some((root, rules)) = self.governing(folder) else { return true };
        let below = folder.get(root.len()..).unwrap_or_default();
        let below = below.strip_prefix(b"/").or_else(|| below.strip_prefix(b"\\")).unwrap_or(below);
        rules.filter.excludes(below, name, is_folder)
    }

    /// Opens a folder that the catalog has as `stored`; None when something else is there, or nothing.
    pub(super) fn open(&self, relative: &[u8], stored: &StoredChild) -> Option<(DirHandle, FileStat)> {
        let folder = self.root.open_dir(relative).ok()?;
        let stat = folder.stat_self().ok()?;
        (stored.inode == 0 || stored.inode == stat.inode).then_some((folder, stat))
    }

    pub(super) fn told(&mut self, event: LiveEvent) {
        if self.events.len() < DIFFERENCES_MOST {
            self.events.push(event);
        } else {
            self.untold = true;
        }
    }

    /// Hands the events on; of too many, only that there were many.
    fn tell(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        if self.untold {
            let mut event = LiveEvent::of(super::event::EventKind::Reconciled, self.row.id, &self.row.path);
            event.message = format!("more than {DIFFERENCES_MOST} files changed at once");
            events = vec![event];
        }
        self.inner.events.put(events);
    }
}
