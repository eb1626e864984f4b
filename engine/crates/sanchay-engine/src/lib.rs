//! The engine's operations: what the core sees and the catalog keeps, made into scans and answers.
//!
//! It never prints, never prompts, and knows nothing of Python, gRPC or schedules. Work runs on threads of its own and
//! is watched through snapshots of counters.
//!
//! Every fallible call gives an [`EngineError`].

mod background;
mod engine;
mod error;
pub mod export;
mod exporter;
pub mod one_call;
mod own_files;
mod root_spec;
mod scan;

pub use engine::{check_root, Engine, EngineOptions, RootCheck, Scan};
pub use error::{EngineError, ErrorKind};
pub use exporter::Exporter;
pub use root_spec::{HashScope, RootSettings};
pub use sanchay_catalog as catalog;
pub use scan::{Control, Counters, ErrorNote, Phase, Progress, ScanResult, ScanState};
