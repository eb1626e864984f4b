//! Clearing copies: what a plan decides for each group, and how it is made.

mod companions;
mod devices;
mod group;
mod links;
mod planner;
// Their expressions spell paths as Unix has them.
#[cfg(all(test, unix))]
mod planner_tests;
mod request;
mod rules;
mod whereabouts;

pub(crate) use devices::Devices;
pub use planner::make_plan;
pub use request::{Action, PlanRequest};
pub use rules::{decide, Copy, Preference, Rules, Ruling, Verdict};
