//! Files only: opening folders without following links, listing, statting, hashing, filtering, watching and telling what
//! a file is by its name. This crate has no SQL, no Python, no logging and prints nothing; it never writes to a file, never
//! maps one into memory and never follows a symbolic link below a root.
//!
//! Names and relative paths are raw bytes everywhere. A relative path has its names parted by `/` on every platform,
//! and the root itself is the empty path. On Unix the bytes are the kernel's, on Windows they are WTF-8.

pub mod compare;
pub mod content_hash;
mod dir;
pub mod error;
mod error_kind;
pub mod extent;
pub mod file_type;
pub mod filter;
pub mod hash;
mod listing;
pub mod memory;
mod name_set;
mod owner;
pub mod path;
mod platform;
pub mod priority;
pub mod real_path;
pub mod source;
pub mod stat;
mod uncached;
pub mod volume;
pub mod watch;
mod witness;

pub use compare::{compare, CompareBuffers, Comparison};
pub use content_hash::{Algorithm, ContentHash};
pub use dir::{DirHandle, FileHandle, ListBuffer, RootDir};
pub use error::{CoreError, ErrorKind};
pub use extent::Extent;
pub use file_type::{extension, Extension, FileType};
pub use filter::Filter;
pub use hash::{hash_edges, hash_large, hash_small, Hashed, SlicedHash};
pub use listing::Listing;
pub use memory::{bound_memory, give_memory_back};
pub use owner::user_id;
pub use priority::{background_this_thread, foreground_this_thread};
pub use real_path::real_path;
pub use source::{Content, Folder, Source};
pub use stat::{FileKind, FileStat};
pub use uncached::{ReadAheadBuffers, UncachedFile};
pub use volume::{file_system_of, free_bytes, FileSystem, Shows, Volume, VolumeId};
pub use witness::Witness;
