//! What a plan is to be made of.

use std::collections::BTreeMap;

use sanchay_catalog::expression::Expression;
use sanchay_catalog::queries::DuplicateRequest;
use sanchay_core::VolumeId;

use super::rules::Rules;

/// What is done to a copy that goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// It is moved to the trash.
    #[default]
    Trash,
    /// It becomes a hard link of the one that stays.
    Hardlink,
    /// It shares the blocks of the one that stays.
    Reflink,
    /// It becomes a symbolic link to the one that stays.
    Symlink,
    /// It is removed for good.
    Delete,
}

impl Action {
    /// The word by which it is stored and told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trash => "trash",
            Self::Hardlink => "hardlink",
            Self::Reflink => "reflink",
            Self::Symlink => "symlink",
            Self::Delete => "delete",
        }
    }

    /// The action that goes by this word.
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [Self::Trash, Self::Hardlink, Self::Reflink, Self::Symlink, Self::Delete];
        all.into_iter().find(|action| action.word() == word)
    }

    /// Whether nothing is left under a copy's name.
    pub const fn removes(self) -> bool {
        matches!(self, Self::Trash | Self::Delete)
    }

    /// Whether the two have to lie on one volume.
    pub(super) const fn is_within_volume(self) -> bool {
        matches!(self, Self::Hardlink | Self::Reflink)
    }
}

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
    /// All below one of these folders is one replica: its copies never go for one another.
    pub isolate: &'a [Vec<u8>],
    /// Whether what programs keep for themselves takes part too: hidden folders, version control, packages, applications.
    pub everywhere: bool,
    /// What is done to the copies that go.
    pub action: Action,
    /// What a volume lies on: a number for each disk, or server of a share.
    pub device_of: &'a dyn Fn(VolumeId) -> u64,
    /// Scope and rules as they were asked for, as JSON; kept with the plan.
    pub asked: &'a str,
    /// Now, in nanoseconds since 1970.
    pub made_ns: i64,
}

/// Names that were left out, by the reason's word.
pub(super) type LeftOut = BTreeMap<&'static str, i64>;
