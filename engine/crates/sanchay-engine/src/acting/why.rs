//! Why a file is left as it is.

use sanchay_act::{Reason, Refusal};

/// Why a file is left.
#[derive(Clone, Debug)]
pub(super) struct Why {
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) failed: bool,
}

impl Why {
    pub(super) fn word(reason: &str) -> Self {
        Self { reason: reason.to_owned(), detail: String::new(), failed: false }
    }
}

impl From<Refusal> for Why {
    fn from(refusal: Refusal) -> Self {
        let failed = matches!(refusal.reason, Reason::Io | Reason::DiskFull | Reason::Denied | Reason::ReadOnly);
        let of_kept = if refusal.of_kept && refusal.reason != Reason::KeptGone { "kept-" } else { "" };
        let detail = refusal.source.map(|source| source.to_string()).unwrap_or_default();
        Self { reason: format!("{of_kept}{}", refusal.reason.word()), detail, failed }
    }
}
