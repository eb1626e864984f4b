//! Findings that were looked at.

use sanchay_catalog::block::HashState;
use sanchay_catalog::journal::{Finding, FindingKind, FindingState};
use sanchay_catalog::HashUpdate;
use sanchay_core::path::display;

use super::file::{Files, Reading};
use crate::engine::Engine;
use crate::error::{EngineError, ErrorKind};

impl Engine {
    /// Damaged and suspect files, the newest first; only those that no one has dealt with unless `with_closed`. No
    /// journal is begun for the answer that there are none.
    pub fn findings(&self, with_closed: bool) -> Result<Vec<Finding>, EngineError> {
        match self.shared().journal_if_there()? {
            Some(journal) => Ok(journal.findings(with_closed)?),
            None => Ok(Vec::new()),
        }
    }

    /// One finding. Fails with `InvalidArgument` where there is none.
    pub(crate) fn finding(&self, id: i64) -> Result<Finding, EngineError> {
        let journal = self.shared().journal_if_there()?;
        let found = journal.map(|journal| journal.finding(id)).transpose()?.flatten();
        found.ok_or_else(|| EngineError::invalid_argument(format!("there is no finding {id}")))
    }

    /// Someone says that a file is right as it is: the catalog takes the content that was found, where the file still has
    /// it. One that is gone or was written since is left to the next scan.
    pub fn accept_finding(&self, id: i64) -> Result<Finding, EngineError> {
        let found = self.finding(id)?;
        match found.state {
            FindingState::Open => {}
            FindingState::Accepted => return Ok(found),
            FindingState::Repaired => {
                let message = format!("{} was repaired already", display(&found.path));
                return Err(EngineError::invalid_argument(message));
            }
        }
        if found.kind == FindingKind::Damaged {
            self.take_as_it_is(&found)?;
        }
        self.journal()?.set_finding(id, FindingState::Accepted)?;
        Ok(Finding { state: FindingState::Accepted, ..found })
    }

    fn take_as_it_is(&self, finding: &Finding) -> Result<(), EngineError> {
        let shared = self.shared();
        let reader = shared.catalog.reader()?;
        let Some((id, _)) = reader.entry_at(&finding.path)? else { return Ok(()) };
        drop(reader);
        let Some(file) = shared.catalog.hashed_file(id)?.filter(|file| file.entry.hash == Some(finding.hash)) else {
            return Ok(());
        };
        let read = self.while_open(|control| Files::new(shared, control, false)?.read_cataloged(&file, false))?;
        let (kind, why) = match read {
            Reading::Read(content) if content.hash == finding.found_hash => {
                let (state, algorithm, hash) = (HashState::Hashed, file.entry.algorithm, Some(content.hash));
                let update = HashUpdate { id, expected: file.entry, state, algorithm, hash };
                return shared
                    .persist(&mut || shared.catalog.writer().run(move |session| session.publish_now(vec![update])));
            }
            Reading::Changed => return Ok(()),
            Reading::Read(content) if content.hash == finding.hash => (
                ErrorKind::InvalidArgument,
                "it has the content again that it should have; verify it once more".to_owned(),
            ),
            Reading::Read(_) => {
                (ErrorKind::InvalidArgument, "it has yet another content now; verify it once more".to_owned())
            }
            Reading::OutOfReach | Reading::BrokenOff => (ErrorKind::Io, "it cannot be reached now".to_owned()),
            Reading::Failed(error) => (ErrorKind::Io, error.to_string()),
        };
        let message = format!("{} cannot be accepted: {why}", display(&finding.path));
        Err(EngineError { path: Some(finding.path.clone()), ..EngineError::new(kind, message) })
    }
}
