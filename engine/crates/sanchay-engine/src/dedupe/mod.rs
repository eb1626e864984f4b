//! Clearing copies: what a plan decides for each group.

mod rules;

pub use rules::{decide, Copy, Preference, Rules, Ruling, Verdict};
