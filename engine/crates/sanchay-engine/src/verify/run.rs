//! A verification, from its start to its end.

use std::time::{Duration, Instant};

use sanchay_catalog::block::HashState;
use sanchay_catalog::journal::{Finding, FindingKind, FindingState, Journal};
use sanchay_catalog::{Checked, HashUpdate, HashedFile};
use sanchay_core::path::{is_within, join};
use sanchay_core::{ContentHash, CoreError};

use super::file::{Content, Files, Reading};
use super::report::{DamagedFile, SuspectFile, VerifyRequest, VerifyResult, NAMED_MOST};
use super::turns::Turns;
use super::twins::healthy_twins;
use crate::clock::now_ns;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::job::{add, Control, Expected, Phase, ScanState};
use crate::live::{EventKind, LiveEvent};
use crate::root_spec::RootSettings;
use crate::trashes::is_in_trash;

/// Marks wait this long, or for so many, before they are written.
const WRITE_TIME: Duration = Duration::from_secs(2);
const WRITE_FILES: usize = 4096;
/// Healthy copies that are named.
const NAMED_TWINS: usize = 8;

/// Verifies what is asked for. What was checked stays checked, however this ends.
pub(crate) fn run(
    shared: &Shared,
    journal: &Journal,
    request: &VerifyRequest,
    control: &Control,
) -> Result<VerifyResult, EngineError> {
    control.enter(Phase::Verifying);
    let rows = shared.catalog.reader()?.roots()?;
    let expected = rows.iter().filter_map(|row| RootSettings::of(row).ok());
    control.expect_unreadable(expected.flat_map(|settings| settings.expect_unreadable).collect());
    let is_asked_for = |id| request.root_ids.is_empty() || request.root_ids.contains(&id);
    let tops: Vec<Vec<u8>> = rows.into_iter().filter(|row| is_asked_for(row.id)).map(|row| row.path).collect();
    let is_meant = |folder: &[u8]| tops.iter().any(|top| is_within(folder, top)) && !is_in_trash(&join(folder, b"-"));
    // Once it is cancelled no file is looked for; what is left is counted all the same.
    let holds = |folder: &[u8]| !control.is_cancelled() && is_meant(folder);
    let key = request.key;
    let pass = shared.persist(&mut || shared.catalog.writer().run(move |session| session.begin_pass(key)))?;
    let there = shared.catalog.checkable(&is_meant, pass)?;
    let mut verification = Verification::new(shared, journal, request, control, pass)?;
    verification.go_on_from(there.checked_files, there.checked_bytes)?;
    let left_bytes = there.bytes - there.checked_bytes;
    let within =
        request.budget_bytes.map_or(left_bytes, |most| left_bytes.min(most.saturating_sub(there.checked_bytes)));
    control.expect(Expected { files: 0, hashed_bytes: within });
    let ended = verification.check_all(&holds)?;
    Ok(verification.result(ended, there.files, there.without_hash))
}

/// Why a verification has come to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    AllChecked,
    BudgetSpent,
    Cancelled,
}

struct Verification<'a> {
    shared: &'a Shared,
    journal: &'a Journal,
    request: &'a VerifyRequest,
    control: &'a Control,
    files: Files<'a>,
    pass: u32,
    began: Instant,
    marks: Vec<Checked>,
    written: Instant,
    has_begun: bool,
    sum: Sum,
}

/// What was found so far.
#[derive(Default)]
struct Sum {
    checked: u64,
    bytes: u64,
    changed: u64,
    skipped: u64,
    unreadable: u64,
    cached: u64,
    damaged_files: u64,
    suspect_files: u64,
    damaged: Vec<DamagedFile>,
    suspect: Vec<SuspectFile>,
}

impl<'a> Verification<'a> {
    fn new(
        shared: &'a Shared,
        journal: &'a Journal,
        request: &'a VerifyRequest,
        control: &'a Control,
        pass: u32,
    ) -> Result<Self, EngineError> {
        let files = Files::new(shared, control, true)?;
        let (began, written) = (Instant::now(), Instant::now());
        let (marks, sum) = (Vec::new(), Sum::default());
        Ok(Self { shared, journal, request, control, files, pass, began, marks, written, has_begun: false, sum })
    }

    /// What an earlier process has done of this verification counts, too.
    fn go_on_from(&mut self, files: u64, bytes: u64) -> Result<(), EngineError> {
        (self.sum.checked, self.sum.bytes) = (files, bytes);
        if files == 0 {
            return Ok(());
        }
        for finding in self.journal.findings(true)? {
            if finding.found_ns >= self.request.key {
                self.note(finding.id, finding, Vec::new());
            }
        }
        Ok(())
    }

    fn check_all(&mut self, holds: &dyn Fn(&[u8]) -> bool) -> Result<Ended, EngineError> {
        let mut turns = Turns::new(&self.shared.catalog, self.pass, holds);
        let ended = loop {
            let Some(file) = turns.next(&mut || self.write_marks())? else { break Ended::AllChecked };
            if !self.control.step() {
                break Ended::Cancelled;
            }
            if self.is_over_budget(file.entry.size_bytes) {
                break Ended::BudgetSpent;
            }
            self.has_begun = true;
            let path = join(&file.folder, &file.name);
            let _looking = self.control.look_at(&path);
            self.check(&file, &path)?;
            if self.control.is_cancelled() {
                break Ended::Cancelled;
            }
            add(&self.control.counters.files, 1);
            if self.marks.len() >= WRITE_FILES || self.written.elapsed() >= WRITE_TIME {
                self.write_marks()?;
            }
        };
        self.write_marks()?;
        // That no file was found says nothing once it is cancelled.
        let is_cut_short = ended == Ended::AllChecked && self.control.is_cancelled();
        Ok(if is_cut_short { Ended::Cancelled } else { ended })
    }

    /// Whether the budget does not hold a file of this size. The first one it does, or a large file would never be read.
    fn is_over_budget(&self, size_bytes: u64) -> bool {
        let is_out_of_time = self.request.budget_time.is_some_and(|most| self.began.elapsed() >= most);
        let is_out_of_bytes = self
            .request
            .budget_bytes
            .is_some_and(|most| self.sum.bytes >= most || (self.sum.bytes > 0 && self.sum.bytes + size_bytes > most));
        self.has_begun && (is_out_of_time || is_out_of_bytes)
    }

    fn check(&mut self, file: &HashedFile, path: &[u8]) -> Result<(), EngineError> {
        match self.files.read_cataloged(file, false)? {
            Reading::Read(content) if Some(content.hash) == file.entry.hash => self.count(file, &content, content.hash),
            Reading::Read(content) => self.other_content(file, path, &content)?,
            Reading::Changed => self.sum.changed += 1,
            Reading::OutOfReach => self.sum.skipped += 1,
            Reading::Failed(error) => self.unreadable(path, error),
            Reading::BrokenOff => {}
        }
        Ok(())
    }

    /// Another content than the one that was cataloged: it is read once more, for a disk, a cable or a memory may fail once.
    fn other_content(&mut self, file: &HashedFile, path: &[u8], first: &Content) -> Result<(), EngineError> {
        let Some(known) = file.entry.hash else { return Ok(()) };
        let second = match self.files.read_cataloged(file, true)? {
            Reading::Read(second) => second,
            // One who has it open for writing may have written without new stamps.
            Reading::Changed => {
                self.sum.changed += 1;
                return Ok(());
            }
            Reading::OutOfReach => {
                self.sum.skipped += 1;
                return Ok(());
            }
            Reading::Failed(error) => {
                self.unreadable(path, error);
                return Ok(());
            }
            Reading::BrokenOff => return Ok(()),
        };
        if second.hash != first.hash || !second.seen.held_still_since(&first.seen) {
            let message = "two readings gave two contents: the disk, its connection or the memory may be failing";
            self.control.report(path, "io", message.to_owned());
            self.sum.unreadable += 1;
            return Ok(());
        }
        if self.files.is_same(&file.entry, &second.seen) {
            return self.damaged(file, path, &second, known);
        }
        if second.is_racy {
            // Something touches it just now: the next scan reads it.
            self.sum.changed += 1;
            return Ok(());
        }
        self.suspect(file, path, &second, known)
    }

    fn damaged(
        &mut self,
        file: &HashedFile,
        path: &[u8],
        content: &Content,
        known: ContentHash,
    ) -> Result<(), EngineError> {
        let finding = finding(FindingKind::Damaged, file, path, known, content.hash);
        let id = self.journal.add_finding(&finding)?;
        let twins = healthy_twins(&mut self.files, file, known, NAMED_TWINS)?;
        let twins: Vec<Vec<u8>> = twins.into_iter().map(|twin| twin.path).collect();
        let mut event = LiveEvent::of(EventKind::Damage, self.files.root_of(path), path);
        event.size_bytes = file.entry.size_bytes;
        event.other_path = twins.first().cloned();
        event.message = match twins.len() {
            0 => "its content is not what it was, and no healthy copy was found".to_owned(),
            1 => "its content is not what it was; a healthy copy was found".to_owned(),
            some => format!("its content is not what it was; {some} healthy copies were found"),
        };
        self.shared.events.put([event]);
        tracing::error!(
            request_id = self.control.request_id(),
            path = %String::from_utf8_lossy(path),
            finding = id,
            twins = twins.len(),
            "file_damaged"
        );
        self.note(id, finding, twins);
        self.count(file, content, known);
        Ok(())
    }

    fn suspect(
        &mut self,
        file: &HashedFile,
        path: &[u8],
        content: &Content,
        known: ContentHash,
    ) -> Result<(), EngineError> {
        let finding = finding(FindingKind::Suspect, file, path, known, content.hash);
        let id = self.journal.add_finding(&finding)?;
        let update = HashUpdate {
            id: file.id,
            expected: file.entry,
            state: HashState::Hashed,
            algorithm: file.entry.algorithm,
            hash: Some(content.hash),
        };
        self.shared
            .persist(&mut || self.shared.catalog.writer().run(move |session| session.publish_now(vec![update])))?;
        self.note(id, finding, Vec::new());
        self.count(file, content, content.hash);
        Ok(())
    }

    /// Keeps a finding for the result.
    fn note(&mut self, id: i64, finding: Finding, twins: Vec<Vec<u8>>) {
        let Finding { kind, path, algorithm, hash, found_hash, .. } = finding;
        match kind {
            FindingKind::Damaged => {
                self.sum.damaged_files += 1;
                if self.sum.damaged.len() < NAMED_MOST {
                    self.sum.damaged.push(DamagedFile { id, path, twins });
                }
            }
            FindingKind::Suspect => {
                self.sum.suspect_files += 1;
                if self.sum.suspect.len() < NAMED_MOST {
                    self.sum.suspect.push(SuspectFile { id, path, algorithm, hash, found_hash });
                }
            }
        }
    }

    fn count(&mut self, file: &HashedFile, content: &Content, stored: ContentHash) {
        self.sum.checked += 1;
        self.sum.bytes += file.entry.size_bytes;
        self.sum.cached += u64::from(content.may_be_cached);
        self.marks.push(Checked { id: file.id, pass: self.pass, hash: stored });
    }

    fn unreadable(&mut self, path: &[u8], error: CoreError) {
        self.sum.unreadable += 1;
        self.control.report_core(path, error);
    }

    fn write_marks(&mut self) -> Result<(), EngineError> {
        self.written = Instant::now();
        let marks = std::mem::take(&mut self.marks);
        if marks.is_empty() {
            return Ok(());
        }
        self.shared.persist(&mut || {
            let marks = marks.clone();
            self.shared.catalog.writer().run(move |session| session.put_checked(marks))
        })
    }

    fn result(self, ended: Ended, files: u64, without_hash: u64) -> VerifyResult {
        let Sum { checked, bytes, changed, skipped, unreadable, cached, .. } = self.sum;
        let errors = self.control.counters.errors.load(std::sync::atomic::Ordering::Relaxed);
        let left = files.saturating_sub(checked + changed + skipped + unreadable);
        let away: Vec<String> = self.files.away.into_iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
        let state = match ended {
            Ended::Cancelled => ScanState::Cancelled,
            _ if errors > 0 || skipped > 0 => ScanState::Partial,
            _ => ScanState::Done,
        };
        VerifyResult {
            state,
            message: away.join("; "),
            checked,
            bytes,
            left: if ended == Ended::AllChecked { 0 } else { left },
            not_verifiable: without_hash,
            changed,
            skipped,
            cached,
            errors,
            damaged_files: self.sum.damaged_files,
            suspect_files: self.sum.suspect_files,
            duration_s: self.control.elapsed_s(),
            damaged: self.sum.damaged,
            suspect: self.sum.suspect,
            unreadable: self.control.notes(),
        }
    }
}

fn finding(kind: FindingKind, file: &HashedFile, path: &[u8], known: ContentHash, found: ContentHash) -> Finding {
    Finding {
        id: 0,
        kind,
        state: FindingState::Open,
        found_ns: now_ns(),
        path: path.to_vec(),
        size_bytes: file.entry.size_bytes,
        algorithm: file.entry.algorithm,
        hash: known,
        found_hash: found,
        repaired_by: None,
    }
}
