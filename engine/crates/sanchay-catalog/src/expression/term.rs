//! What an expression says.

use super::{Bounds, Endings, Glob, HashPrefix, TimeBounds, Types};

/// Terms that must all hold; without terms, everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expression {
    /// In the order in which they were written.
    pub terms: Vec<Term>,
}

impl Expression {
    /// Whether it asks which files have copies.
    pub fn asks_for_copies(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.kind, TermKind::Duplicate(_) | TermKind::Undecided))
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether the condition is turned round.
    pub negated: bool,
    /// The condition.
    pub kind: TermKind,
    /// As it was typed.
    pub text: String,
    /// Where it begins, in characters from the start of the expression.
    pub position: usize,
}

/// What a condition is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// The folded name contains this folded text.
    NameContains(String),
    /// The name as a whole fits.
    NameGlob(Glob),
    /// The whole path fits.
    PathGlob(Glob),
    /// The file lies below this absolute path, in raw bytes without a separator at the end.
    Under(Vec<u8>),
    /// What lies at this absolute path, in raw bytes.
    Path(Vec<u8>),
    /// The extension is one of these.
    Extension(Endings),
    /// The type is one of these.
    Type(Types),
    /// The apparent size in bytes.
    Size(Bounds),
    /// The time of the last modification.
    Modified(TimeBounds),
    /// The time of birth; a file whose birth is unknown fits no bounds.
    Created(TimeBounds),
    /// The file lies in the root of this name, id or path.
    Root(String),
    /// The content's hash begins so.
    HashPrefix(HashPrefix),
    /// Whether the content has another physical copy.
    Duplicate(bool),
    /// Nothing says whether another physical copy exists: it could not be compared.
    Undecided,
    /// Whether the size is 0.
    Empty(bool),
    /// The owner's number.
    Owner(u32),
    /// The number of hard links.
    Links(Bounds),
}
