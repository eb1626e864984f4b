//! Hashes of content as values, and the functions that make them.

use std::fmt;

use data_encoding::HEXLOWER;
use sha2::Digest;

/// The hash function of a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// BLAKE3 with 32 bytes of output: the default, several times as fast.
    Blake3,
    /// SHA-256, for comparing with other people's lists.
    Sha256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 2] = [Self::Blake3, Self::Sha256];

    /// The name as settings spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blake3 => "blake3",
            Self::Sha256 => "sha256",
        }
    }

    /// The algorithm of a name as settings spell it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// The hash of a content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// The hash of these bytes, as [`Self::as_bytes`] gave them.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash of no bytes at all.
    pub fn of_nothing(algorithm: Algorithm) -> Self {
        hash_bytes(algorithm, &[])
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ContentHash({self})")
    }
}

/// The hash of bytes in memory.
pub fn hash_bytes(algorithm: Algorithm, bytes: &[u8]) -> ContentHash {
    match algorithm {
        Algorithm::Blake3 => ContentHash(*blake3::hash(bytes).as_bytes()),
        Algorithm::Sha256 => ContentHash(sha2::Sha256::digest(bytes).into()),
    }
}
