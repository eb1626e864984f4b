//! A root as the daemon asks for it.

use std::sync::Arc;

use sanchay_catalog::queries::RootName;
use sanchay_catalog::RootRow;
use sanchay_core::path::display;
use sanchay_core::{Algorithm, Filter};
use serde::{Deserialize, Serialize};

use crate::error::{EngineError, ErrorKind};
use crate::trashes::is_trash;
use crate::words::{algorithm, one_of};

/// Which files of a root are hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashScope {
    /// Every regular file.
    #[default]
    All,
    /// Those that share their size with another.
    Duplicates,
    /// None.
    None,
}

/// How a root is kept up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatchSetting {
    /// By events where the file system tells of its changes, else by polling.
    #[default]
    Auto,
    /// By events.
    Events,
    /// By comparing it every few minutes.
    Poll,
    /// Not at all.
    Off,
}

impl HashScope {
    /// Reads the word.
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        one_of(
            "choice of files to hash",
            text,
            [("all", Self::All), ("duplicates", Self::Duplicates), ("none", Self::None)],
        )
    }
}

impl WatchSetting {
    /// Reads the word.
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        one_of(
            "way to watch a root",
            text,
            [("auto", Self::Auto), ("events", Self::Events), ("poll", Self::Poll), ("off", Self::Off)],
        )
    }
}

/// What a person set for a root; kept with it in the catalog as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootSettings {
    /// What a person calls it.
    pub name: String,
    /// Which files are hashed.
    pub hash: HashScope,
    /// `blake3` or `sha256`.
    pub algorithm: String,
    /// Globs of what is left out.
    pub exclude: Vec<String>,
    /// Other file systems below it are left out.
    pub one_file_system: bool,
    /// Names that begin with a dot are left out.
    pub skip_hidden: bool,
    /// How it is kept up.
    #[serde(default)]
    pub watch: WatchSetting,
    /// How often it is compared where it is polled, seconds.
    #[serde(default = "poll_s")]
    pub poll_s: u32,
    /// Absolute paths below it that need not be readable: they make no scan partial.
    #[serde(default)]
    pub expect_unreadable: Vec<Vec<u8>>,
}

fn poll_s() -> u32 {
    300
}

impl RootSettings {
    /// As they are stored. Fails where they cannot be read: without them no one knows what is left out.
    pub(crate) fn of(row: &RootRow) -> Result<Self, EngineError> {
        let settings: Self =
            serde_json::from_str(&row.settings).map_err(|error| unreadable(row, &error.to_string()))?;
        algorithm(&settings.algorithm).map_err(|error| unreadable(row, &error.message))?;
        Ok(settings)
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Default for RootSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            hash: HashScope::All,
            algorithm: Algorithm::Blake3.name().to_owned(),
            exclude: Vec::new(),
            one_file_system: false,
            skip_hidden: false,
            watch: WatchSetting::Auto,
            poll_s: poll_s(),
            expect_unreadable: Vec::new(),
        }
    }
}

/// Settings, ready for use.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) hash: HashScope,
    pub(crate) algorithm: Algorithm,
    pub(crate) filter: Filter,
    pub(crate) one_file_system: bool,
    /// These are the rules of a trash: nothing in it is read, and what was read before it came there is forgotten.
    pub(crate) in_trash: bool,
}

impl Rules {
    /// Those that hold in a folder of the root.
    pub(crate) fn in_folder(self: &Arc<Self>, folder: &[u8]) -> Arc<Self> {
        if self.in_trash || !is_trash(folder) {
            return Arc::clone(self);
        }
        Arc::new(Self { hash: HashScope::None, in_trash: true, ..Self::clone(self) })
    }

    /// Those of a root. Fails where its settings cannot be read.
    pub(crate) fn of(row: &RootRow) -> Result<Self, EngineError> {
        Self::new(&RootSettings::of(row)?).map_err(|error| unreadable(row, &error.message))
    }

    pub(crate) fn new(settings: &RootSettings) -> Result<Self, EngineError> {
        let algorithm = algorithm(&settings.algorithm)?;
        let filter = Filter::new(&settings.exclude, settings.skip_hidden)?;
        Ok(Self { hash: settings.hash, algorithm, filter, one_file_system: settings.one_file_system, in_trash: false })
    }
}

/// What a root is called; where that cannot be read, its path.
pub(crate) fn root_name(row: &RootRow) -> RootName {
    let (name, hash) = match RootSettings::of(row) {
        Ok(settings) => (settings.name, settings.hash),
        Err(_) => (display(&row.path), HashScope::None),
    };
    let compares_sizes = hash == HashScope::Duplicates && row.scanned_ns != 0;
    RootName { id: row.id, name, path: row.path.clone(), directory: row.directory, compares_sizes }
}

/// Why a root whose settings cannot be read is left alone, and how that ends.
fn unreadable(row: &RootRow, why: &str) -> EngineError {
    let message = format!(
        "the stored settings of {} cannot be read ({why}): it is neither scanned nor watched, and what was known of it is \
         kept. Change one of its settings to store all of them again",
        display(&row.path)
    );
    EngineError { path: Some(row.path.clone()), ..EngineError::new(ErrorKind::ConfigInvalid, message) }
}

/// A root with its rules; where they cannot be read, no one looks at what it holds.
pub(crate) struct Governed {
    pub(crate) id: i64,
    pub(crate) path: Vec<u8>,
    pub(crate) rules: Result<Arc<Rules>, EngineError>,
}

impl Governed {
    /// Which of its files are read.
    pub(crate) fn hash(&self) -> HashScope {
        self.rules.as_ref().map_or(HashScope::None, |rules| rules.hash)
    }
}

/// All roots with their rules.
pub(crate) fn governed(rows: &[RootRow]) -> Vec<Governed> {
    let rules = |row| Rules::of(row).map(Arc::new);
    rows.iter().map(|row| Governed { id: row.id, path: row.path.clone(), rules: rules(row) }).collect()
}
