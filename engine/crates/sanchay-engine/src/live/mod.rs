//! Live folders: what the watcher says happened becomes rows, from the moment a file changes.
//!
//! Four threads, asleep when nothing happens, and more where one hangs (`hands.rs`). `live` owns the watcher's events, the event algebra and what is known of
//! each root; it touches no file, so that no slow disk keeps it from hearing. `live-pass` does the steps:
//! it looks at names, lists folders and moves rows, with the turn in the root's tree. `live-read` hashes what has settled.
//!
//! Whatever is missed, the comparison of the whole root finds: at each start, each hour, and whenever events were lost.

mod cookie;
mod due;
mod event;
mod handle;
mod hands;
mod hired;
mod look;
mod pass;
mod read;
mod rename;
mod root;
mod settings;
mod several;
mod status;
mod sync;
mod thread;
mod work;

pub use event::{EventKind, EventQueue, LiveEvent};
pub use settings::LiveSettings;
pub use status::{LiveState, LiveStatus};

pub(crate) use cookie::is_cookie;
pub(crate) use handle::Live;
