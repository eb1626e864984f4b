//! What is wrong with an expression, said to the person who typed it.

use thiserror::Error;

/// A term that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{term:?} at position {position}: {message}")]
pub struct ExpressionError {
    /// The term as it was typed.
    pub term: String,
    /// Where the term begins, in characters from the start of the expression.
    pub position: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// The text as a shell leaves it whole: what is advised can be typed.
pub(super) fn for_a_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
