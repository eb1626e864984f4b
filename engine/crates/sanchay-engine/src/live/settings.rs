//! How roots are kept up.

/// How roots are kept up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveSettings {
    /// Hashing waits for so much quiet, milliseconds.
    pub settle_ms: u64,
    /// Each root is compared as a whole about this often, seconds.
    pub reconcile_s: u64,
    /// Work that has stood still for so long is taken to hang on a dead disk or share, and others go on without it,
    /// milliseconds. Given at the start.
    pub patience_ms: u64,
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self { settle_ms: 500, reconcile_s: 3600, patience_ms: 10_000 }
    }
}
