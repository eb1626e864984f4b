//! Finding rot: files are read whole from their disks and compared with the hashes that the catalog has of them.
//!
//! A file whose stamps are as they were and whose content is not, read twice, is damaged: that is kept in the journal, and
//! the catalog keeps the hash that the file should have. Nothing is written to a file here.

mod accept;
mod against;
mod file;
mod report;
mod run;
mod turns;
mod twins;
// They tell files by paths as Unix spells them.
#[cfg(all(test, unix))]
mod verify_tests;

#[cfg(unix)]
pub(crate) use file::{Files, Reading};
#[cfg(unix)]
pub(crate) use twins::{healthy_twins, Twin};

pub use against::{ListedFile, ListedState};
pub use report::{DamagedFile, SuspectFile, VerifyRequest, VerifyResult};
pub(crate) use run::run;
