//! What is known of the contents of a block's files, as bits beside its columns.
//!
//! A block from before they were kept has [`UNKNOWN`] in their place, which is all of them.

use sanchay_core::Algorithm;

/// A file that was to be read, and is not, or not to its end.
pub const OPEN: i64 = 1;
/// A file that is not empty and was not asked for.
pub const UNREAD: i64 = 2;
/// A file that is hashed with BLAKE3.
pub const BLAKE3: i64 = 4;
/// A file that is hashed with SHA-256.
pub const SHA256: i64 = 8;
/// Of a block that was not written since there are these bits.
pub const UNKNOWN: i64 = -1;

/// Every value that says something.
pub const KNOWN: std::ops::Range<i64> = 0..16;

/// The bit of files that are hashed with `algorithm`.
pub fn hashed_with(algorithm: Algorithm) -> i64 {
    match algorithm {
        Algorithm::Blake3 => BLAKE3,
        Algorithm::Sha256 => SHA256,
    }
}
