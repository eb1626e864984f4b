//! What is known of the catalog and of its roots.

use sanchay_catalog::queries;
use sanchay_catalog::RootState;
use sanchay_core::path::{bytes_of, display};

use super::Engine;
use crate::error::EngineError;
use crate::root_spec::RootSettings;

/// What is known of a root, and how much it holds.
#[derive(Clone, Debug)]
pub struct RootStatus {
    /// What the last look found.
    pub state: RootState,
    /// Why, for people.
    pub reason: String,
    /// End of the last scan that was not cancelled; 0: never.
    pub scanned_ns: i64,
    /// Files, folders and bytes.
    pub figures: queries::RootStatus,
}

impl Engine {
    /// What happened to the catalog when it was opened, for people; empty where nothing did.
    pub fn notice(&self) -> String {
        let of_journal = self.inner.journal.notice();
        let Some(aside) = self.catalog().rebuilt_from() else { return of_journal };
        let aside = display(bytes_of(aside));
        let of_catalog = format!("the catalog was damaged and is being rebuilt; the damaged file was kept as {aside}");
        [of_catalog, of_journal].into_iter().filter(|notice| !notice.is_empty()).collect::<Vec<_>>().join("; ")
    }

    /// How far the name index is, in a word.
    pub fn name_index_word(&self) -> &'static str {
        if self.catalog().name_index_ready() {
            "ready"
        } else {
            "building"
        }
    }

    /// What is known of a root. One whose settings cannot be read says so, whatever its last scan found.
    pub fn root_status(&self, id: i64) -> Result<RootStatus, EngineError> {
        let row = self.root(id)?;
        let figures = self.catalog().root_figures(&row.path)?;
        let mut status =
            RootStatus { state: row.state, reason: row.reason.clone(), scanned_ns: row.scanned_ns, figures };
        if let Err(error) = RootSettings::of(&row) {
            if matches!(status.state, RootState::Ready | RootState::Partial) {
                status.state = RootState::Held;
            }
            status.reason = error.message;
        }
        Ok(status)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::engine::EngineOptions;
    use crate::error::ErrorKind;
    use crate::job::ScanState;
    use crate::live::{LiveSettings, LiveState};

    fn engine(at: &Path) -> Engine {
        Engine::open(&at.join("catalog.db"), EngineOptions::default()).unwrap()
    }

    fn scan(engine: &Engine, root: i64) -> Result<ScanState, EngineError> {
        engine.scan(root, false, "")?.wait(None).unwrap().map(|result| result.state)
    }

    /// As a crash of the disk, or a newer program, may leave them.
    fn break_settings(engine: &Engine, root: i64, settings: &'static str) {
        let path = engine.root(root).unwrap().path;
        engine.catalog().writer().run(move |session| session.put_root(root, &path, settings)).unwrap();
    }

    #[test]
    fn a_root_whose_settings_cannot_be_read_is_left_alone_says_so_and_stops_no_other() {
        let place = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(place.path()).unwrap();
        let at = |path: &str| path.split('/').fold(top.clone(), |folder, name| folder.join(name));
        for folder in ["home", "outer/inner", "other"] {
            fs::create_dir_all(at(folder)).unwrap();
            fs::write(at(folder).join("a"), folder).unwrap();
        }
        fs::write(at("outer/inner/kept"), "an empty folder may be one that is not mounted").unwrap();
        let engine = engine(&at("home"));
        for (id, folder) in [(1, "outer"), (2, "outer/inner"), (3, "other")] {
            let settings = RootSettings { exclude: vec!["secret".to_owned()], ..RootSettings::default() };
            engine.put_root(id, bytes_of(&at(folder)), &settings).unwrap();
            assert_eq!(scan(&engine, id).unwrap(), ScanState::Done);
        }
        fs::write(at("outer/b"), "b").unwrap();
        fs::write(at("outer/inner/secret"), "it is left out").unwrap();
        fs::remove_file(at("outer/inner/a")).unwrap();
        for broken in ["{", "{}", r#"{"name": "inner", "hash": "some"}"#] {
            break_settings(&engine, 2, broken);
            let error = scan(&engine, 2).unwrap_err();
            assert_eq!(error.kind, ErrorKind::ConfigInvalid);
            assert_eq!(error.path.as_deref(), Some(bytes_of(&at("outer/inner"))));
            // Nothing came, and nothing went: what it leaves out is not known.
            assert_eq!(scan(&engine, 1).unwrap(), ScanState::Partial);
            assert_eq!(engine.root_status(2).unwrap().figures.files, 2);
            assert_eq!(engine.root_status(1).unwrap().figures.files, 3);
            assert_eq!(scan(&engine, 3).unwrap(), ScanState::Done);
            let status = engine.root_status(2).unwrap();
            assert!(status.state.holds() && status.reason.contains("cannot be read"), "{}", status.reason);
            assert_eq!(engine.root_status(3).unwrap().state, RootState::Ready);
        }
        engine.start_live(LiveSettings { settle_ms: 1, ..LiveSettings::default() }).unwrap();
        let shown = |id| engine.live_status().into_iter().find(|status| status.root_id == id);
        while shown(3).is_none_or(|status| status.state != LiveState::Live && status.state != LiveState::Polled) {
            std::thread::yield_now();
        }
        let status = shown(2).unwrap();
        assert_eq!((status.mode, status.state), ("off", LiveState::Stopped));
        assert!(status.reason.contains("cannot be read"));
        // Once they are set again, it is a root like any other.
        let settings = RootSettings { exclude: vec!["secret".to_owned()], ..RootSettings::default() };
        engine.put_root(2, bytes_of(&at("outer/inner")), &settings).unwrap();
        assert_eq!(scan(&engine, 2).unwrap(), ScanState::Done);
        assert_eq!(engine.root_status(2).unwrap().figures.files, 1);
    }
}
