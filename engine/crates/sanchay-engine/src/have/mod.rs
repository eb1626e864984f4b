//! "Do I have these files already?" Each file that is asked about is compared with all cataloged ones, and nothing of it is
//! cataloged.
//!
//! Sizes come first: a size that no cataloged file has is new, and the file is not read. What shares its size is compared
//! by content, in each algorithm that files of this size are hashed with; cataloged ones that have no hash yet are read for
//! it. A copy counts only if it is there now and unchanged: an answer may cost someone their only picture. The file itself,
//! by whatever name, is no other copy, and neither is what lies in a trash.
//!
//! Files are taken in batches, and rows go to a file without a name: memory does not grow with the number of files.

mod answer;
mod asked;
mod batch;
mod listed;
mod now;
mod rows;
mod unread;
mod work;

pub use answer::{HaveCopy, HaveResult, HaveRow, HaveState};
pub use listed::ListedHash;
pub use rows::{HavePage, HaveRows};
pub use work::{Have, HaveQuestion};
#[cfg(all(test, unix))]
mod tests;
