//! The engine's operations: what the core sees and the catalog keeps, made into scans and answers.
//!
//! It never prints, never prompts, and knows nothing of Python, gRPC or schedules. Work runs on threads of its own and
//! is watched through snapshots of counters.
//!
//! Every fallible call gives an [`EngineError`].

pub mod acting;
mod background;
mod carried;
mod clock;
pub mod dedupe;
mod engine;
mod error;
mod excludes;
mod expected;
pub mod export;
mod exporter;
mod folder_mark;
mod have;
mod in_time;
mod inodes;
mod job;
mod join;
mod live;
pub mod one_call;
mod own_files;
mod places;
mod reading;
mod root_check;
mod root_spec;
mod scan;
mod suspects;
mod trashes;
mod trees;
mod verify;
pub mod words;
mod writers;

pub use clock::now_ns;
pub use engine::{
    ActPage, Engine, EngineOptions, FoundGroup, GroupAsked, GroupEdit, PlanAsked, PlanPage, RootStatus, Scan,
    ShownCopy, ShownGroup, Verification,
};
pub use error::{EngineError, ErrorKind};
pub use excludes::exclude_patterns;
pub use expected::path_below;
pub use exporter::Exporter;
pub use folder_mark::FOLDER_MARK;
pub use have::{Have, HaveCopy, HavePage, HaveQuestion, HaveResult, HaveRow, HaveRows, HaveState, ListedHash};
pub use job::{Control, Counters, ErrorNote, Phase, Progress, ScanResult, ScanState, Unit};
pub use live::{EventKind, EventQueue, LiveEvent, LiveSettings, LiveState, LiveStatus};
pub use places::{Place, Question, Wanted};
pub use root_check::{check_root, RootCheck};
pub use root_spec::{HashScope, RootSettings, WatchSetting};
pub use sanchay_catalog as catalog;
pub use verify::{DamagedFile, ListedFile, ListedState, SuspectFile, VerifyRequest, VerifyResult};
