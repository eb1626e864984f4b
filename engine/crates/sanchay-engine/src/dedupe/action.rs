//! What a plan does to the copies that go.

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
