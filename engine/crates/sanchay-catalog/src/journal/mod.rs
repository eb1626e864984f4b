//! The journal: plans, runs, acts, wanted copies and damage. It lies beside the catalog in a separate file, for it
//! cannot be made again: every change is on the disk before it is answered (`synchronous=FULL`), a migration is
//! preceded by a backup, and a damaged file is moved aside, never written over.

mod changed_folders;
mod error;
mod findings;
mod ignored;
mod open;
mod plan_copies;
mod plan_groups;
mod plans;
mod runs;

pub use changed_folders::ChangedFolder;
pub use error::JournalError;
pub use findings::{Finding, FindingKind, FindingState};
pub use ignored::IgnoredGroup;
pub use open::{Journal, OpenedJournal};
pub use plan_copies::{Decision, PlanCopy, PlanGroup, PlannedCopy};
pub use plan_groups::{GroupDecision, GroupState};
pub use plans::{NewPlan, Plan, Skipped};
pub use runs::{Act, ActState, NewRun, Outcome, Run};
