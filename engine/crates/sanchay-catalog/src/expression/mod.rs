//! The language of `find`.
//!
//! An expression is a row of terms with blanks between them; a file is found when every term holds for it, and an
//! expression without terms finds everything. A `-` in front turns a term round. Double quotes around a whole value hold
//! blanks; inside them `\"` and `\\` are the two characters themselves, and a quoted colon ends no key. A quote that does
//! not begin a value is a character like others.
//!
//! | term | what it finds |
//! |---|---|
//! | `text`, `"two words"` | names that contain the text |
//! | `*.jpg`, `IMG_?.png` | as `name:`: an unquoted `*` or `?` makes a pattern of it |
//! | `/home/me/a.jpg` | what lies at this path, whatever it is; with an unquoted `*` or `?` as `path:` |
//! | `name:GLOB` | names that fit the pattern as a whole |
//! | `path:GLOB` | whole paths that fit; `*` does not cross a `/`, `**` does |
//! | `under:PATH` | what lies below an absolute path; `~` is for the client to expand |
//! | `ext:log`, `ext:jpg,png` | extensions; also `ext:tar.gz`, and `ext:none` for files without one |
//! | `type:image,video` | `image`, `video`, `audio`, `document`, `archive`, `code`, `log`, `other`: files by extension |
//! | `type:folder`, `type:link` | also `special` (FIFOs, sockets, devices) and `file`; without these only files are found |
//! | `size:>1G`, `size:1M..2G` | apparent size; B K M G T P are powers of 1024 |
//! | `modified:<7d`, `modified:>30d` | younger, older; s m h d w, mo (30 days), y (365 days) |
//! | `modified:2024-01`, `modified:>2024-01-01` | by local date or time, which lasts for its whole unit |
//! | `modified:2024-01-01..2024-06-30` | a range, both ends included; also `today`, `yesterday` |
//! | `created:` | as `modified:` |
//! | `root:NAME`, `root:ID`, `root:PATH` | what lies in a root |
//! | `hash:HEX` | content whose hash begins with these 8 to 64 digits |
//! | `dup:yes`, `dup:no` | files that have a copy, or have none |
//! | `empty:yes`, `empty:no` | files of size 0, or not |
//! | `owner:NAME`, `owner:UID` | by owner |
//! | `links:>1` | by the number of hard links |
//!
//! Comparisons are `>`, `>=`, `<`, `<=` and `=` (or nothing); ranges are `a..b`, `a..` and `..b`. Letters large and small
//! are the same in names, patterns, extensions, types and keys, and different in `under:`, `root:` and `owner:`.
//!
//! Nothing here asks a database, and no text makes it panic.

mod bounds;
mod compare;
mod error;
mod fold;
mod glob;
mod glob_folder;
mod hash_prefix;
mod key;
mod kinds;
mod local_time;
mod owners;
mod parse;
mod split;
mod term;
#[cfg(test)]
mod tests;
mod time_bounds;

pub use bounds::Bounds;
pub use error::ExpressionError;
pub use fold::{contains_lowercase, fold, spellings};
pub use glob::{Glob, InFolder};
pub use hash_prefix::HashPrefix;
pub use kinds::{Endings, Types};
pub(crate) use kinds::{FOLDER, LINK, SPECIAL};
pub use local_time::{LocalTime, SystemLocalTime, UtcTime, ZonedTime};
pub use owners::{Owners, SystemOwners};
pub use parse::parse;
pub use term::{Expression, Term, TermKind};
pub use time_bounds::TimeBounds;
