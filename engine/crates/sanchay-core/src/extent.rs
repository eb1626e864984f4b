//! Which bytes on the volume a file's content occupies, so that what reflinked copies share is counted once.

/// One stretch of a file on its volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extent {
    /// Where it starts on the volume.
    pub physical_bytes: u64,
    /// How long it is; for a compressed extent, the length of what it unpacks to.
    pub length_bytes: u64,
    /// Another file, or another place of this one, uses it too.
    pub shared: bool,
    /// It is packed: how many bytes it takes is not known.
    pub packed: bool,
}
