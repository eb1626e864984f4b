//! Acts on a person's files: the only code of Sanchay that changes a folder which is not its own.
//!
//! Each act is for one pair: a file that is kept and a copy of it that goes. Both are opened by handle below their
//! roots, where no symbolic link is followed, must still be what the plan saw ([`Expected`]), are leased so that no one
//! writes to them unseen, and are compared byte by byte. The copy is never removed under the name that it was known by:
//! it gets a name of ours first, and what bears that name then is checked. Whatever does not hold leaves everything as
//! it was, with the reason ([`Refusal`]).
//!
//! A damaged file makes room for a verified copy of a healthy twin in the same way ([`repair`]): that pair differs in its
//! bytes, so the damaged one is only ever moved to the trash.
//!
//! Nothing here decides what goes, keeps a journal or counts copies: the caller does, before (the intent) and after
//! (the outcome). Who plans can ask what will be refused: what is called `check` changes nothing.

#[cfg(unix)]
mod able;
#[cfg(unix)]
mod aside;
mod expected;
#[cfg(unix)]
mod lease;
#[cfg(unix)]
pub mod metadata;
#[cfg(unix)]
mod pair;
#[cfg(unix)]
mod reflink;
mod refusal;
#[cfg(unix)]
mod remove;
#[cfg(unix)]
pub mod repair;
#[cfg(unix)]
mod replace;
#[cfg(unix)]
pub mod restore;
#[cfg(unix)]
pub mod settle;
#[cfg(unix)]
mod subject;
#[cfg(unix)]
pub mod trash;

pub use expected::Expected;
pub use refusal::{Reason, Refusal};

#[cfg(unix)]
pub use able::check_mounted_for_writing;
#[cfg(unix)]
pub use aside::{sync_folder, TemporaryName};
#[cfg(unix)]
pub use lease::Lease;
#[cfg(unix)]
pub use pair::Pair;
#[cfg(unix)]
pub use reflink::{check_shares_blocks, reflink};
#[cfg(unix)]
pub use remove::{delete, remove_folder};
#[cfg(unix)]
pub use replace::{hardlink, symlink, Acted};
#[cfg(unix)]
pub use subject::{open_files_limit, Place, Subject};
