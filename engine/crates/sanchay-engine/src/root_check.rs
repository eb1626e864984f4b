//! Whether a folder can be a root, before it becomes one.

use std::path::PathBuf;

use sanchay_core::path::bytes_of;
use sanchay_core::{file_system_of, RootDir};

use crate::error::{EngineError, ErrorKind};
use crate::folder_mark::{marked_folder, FOLDER_MARK};
use crate::own_files::is_within;

/// What a path would be as a root.
#[derive(Clone, Debug)]
pub struct RootCheck {
    /// Resolved: no links, no dots.
    pub path: Vec<u8>,
    /// Such as `ext4`.
    pub file_system: String,
    /// Another machine can change it unseen.
    pub network: bool,
}

/// Looks whether `path` can be a root.
pub fn check_root(path: &[u8], own_folders: &[PathBuf]) -> Result<RootCheck, EngineError> {
    let asked = sanchay_core::path::path_from_bytes(path);
    // Opening first gives the error its kind; resolving alone would call a file a folder that is not there.
    let opened = RootDir::open(&asked)?;
    let resolved = std::fs::canonicalize(&asked)
        .map_err(|error| EngineError::from(sanchay_core::CoreError::from(error).at(path)))?;
    let bytes = sanchay_core::path::bytes_of(&resolved).to_vec();
    let (_, system) = file_system_of(opened.handle())?;
    let refuse = |kind, message: String| EngineError { kind, path: Some(bytes.clone()), message, term: None };
    let shown = sanchay_core::path::display(&bytes);
    if system.pseudo {
        let message = format!("{shown} is on a pseudo file system ({}), which holds no files of yours", system.name);
        return Err(refuse(ErrorKind::PseudoFileSystem, message));
    }
    let own: Vec<PathBuf> = own_folders.iter().filter_map(|folder| std::fs::canonicalize(folder).ok()).collect();
    if is_within(&resolved, &own) {
        let message = format!("{shown} is the daemon's own folder: its databases are never cataloged");
        return Err(refuse(ErrorKind::OwnFolder, message));
    }
    if let Some(folder) = marked_folder(&resolved) {
        let message = format!(
            "{shown} is a folder of a Sanchay, and those are never cataloged: {} in {} says so",
            sanchay_core::path::display(FOLDER_MARK),
            sanchay_core::path::display(bytes_of(folder))
        );
        return Err(refuse(ErrorKind::OwnFolder, message));
    }
    // A folder that cannot be listed is no use as a root, and it is better to hear it now.
    opened
        .handle()
        .list(&mut sanchay_core::ListBuffer::new(), |_, _| ())
        .map_err(|error| EngineError::from(error.at(&bytes)))?;
    Ok(RootCheck { path: bytes, file_system: system.name, network: system.network })
}
