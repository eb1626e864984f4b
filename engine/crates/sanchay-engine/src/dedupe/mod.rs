//! Clearing copies: what a plan decides for each group, and how it is made.

mod action;
mod companions;
mod group;
mod links;
mod one_files;
mod planner;
// Their expressions spell paths as Unix has them.
#[cfg(all(test, unix))]
mod planner_tests;
mod request;
mod rules;
mod site;
mod whereabouts;

pub use action::Action;
pub use planner::make_plan;
pub use request::PlanRequest;
pub use rules::{decide, Copy, Preference, Rules, Ruling, Verdict};
pub use site::Site;
