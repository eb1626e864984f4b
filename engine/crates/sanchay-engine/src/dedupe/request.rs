//! What a plan is to be made of.

use sanchay_catalog::expression::Expression;
use sanchay_catalog::queries::DuplicateRequest;
use sanchay_core::VolumeId;

use super::action::Action;
use super::rules::Rules;
use super::site::Site;

/// What a plan is to be made of.
pub struct PlanRequest<'a> {
    /// Which copies count, and the roots in their order. How it is sorted and paged is the planner's.
    pub scope: DuplicateRequest<'a>,
    /// Which copy stays; `has_drop` is set by `drop`.
    pub rules: Rules,
    /// Only copies that fit this may go.
    pub drop: Option<&'a Expression>,
    /// Copies that fit this never go.
    pub keep: Option<&'a Expression>,
    /// Only copies right in one of these folders may go, and only of groups that have one elsewhere; none: all may.
    pub drop_in: &'a [Vec<u8>],
    /// All below one of these folders is one replica: its copies never go for one another.
    pub isolate: &'a [Vec<u8>],
    /// Whether what programs keep for themselves takes part too: hidden folders, version control, packages, applications.
    pub everywhere: bool,
    /// What is done to the copies that go.
    pub action: Action,
    /// Where a file of a volume lies, and whether the action can be done there. It is asked once for each volume in each
    /// root.
    pub site_of: &'a dyn Fn(&[u8], VolumeId) -> Site,
    /// Scope and rules as they were asked for, as JSON; kept with the plan.
    pub asked: &'a str,
    /// Now, in nanoseconds since 1970.
    pub made_ns: i64,
}
