//! Long work as those see it who wait for it: what it does, how it is steered, how it ended. Any long work has one, a scan above all.

mod control;
mod in_flight;
mod outcome;
mod report;
mod turns;

pub(crate) use control::{add, Expected};
pub use control::{Control, Counters};
pub(crate) use outcome::Outcome;
pub use report::{ErrorNote, Phase, Progress, ScanResult, ScanState, Unit};
pub(crate) use turns::Turns;
