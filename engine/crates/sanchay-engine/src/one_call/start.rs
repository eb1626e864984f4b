//! The paths that a caller names, each looked at once: what it is, and whether another one holds it already.

use std::path::{Path, PathBuf};

use sanchay_core::path::{bytes_of, path_from_bytes};
use sanchay_core::{file_system_of, CoreError, ErrorKind, RootDir};

use crate::error::EngineError;

/// A named path that is there.
#[derive(Debug)]
pub(crate) struct Start {
    /// As the caller wrote it: all paths below it begin so.
    pub(crate) given: Vec<u8>,
    /// The folder to open: the named one itself, or the one that the named file lies in.
    pub(crate) folder: PathBuf,
    /// The name in `folder`, where a file is named.
    pub(crate) name: Option<Vec<u8>>,
}

/// The named paths without those that lie in others, so that each file is met once.
pub(crate) fn starts(paths: &[Vec<u8>]) -> Result<Vec<Start>, EngineError> {
    starts_that_are(paths, &mut |_, error| Err(error.into()))
}

/// The same, where `absent` decides what becomes of one that is not there.
pub(crate) fn starts_that_are(
    paths: &[Vec<u8>],
    absent: &mut dyn FnMut(&[u8], CoreError) -> Result<(), EngineError>,
) -> Result<Vec<Start>, EngineError> {
    let mut found = Vec::with_capacity(paths.len());
    for path in paths {
        match look(path) {
            Ok(start) => found.push(start),
            Err(error) => absent(path, error)?,
        }
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by(|a, b| found[*a].1.cmp(&found[*b].1));
    // By components, what lies in a folder comes right after it.
    let mut keep = vec![false; found.len()];
    let mut last: Option<usize> = None;
    for index in order {
        if last.is_none_or(|last| !found[index].1.starts_with(&found[last].1)) {
            keep[index] = true;
            last = Some(index);
        }
    }
    Ok(found.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|((start, _), _)| start).collect())
}

/// A named path, and where it truly is.
fn look(given: &[u8]) -> Result<(Start, PathBuf), CoreError> {
    let fail = |error: CoreError| CoreError { path: Some(given.to_vec()), ..error };
    let path = absolute(given).map_err(fail)?;
    let folder = match RootDir::open(&path) {
        Ok(folder) => folder,
        Err(error) if error.kind == ErrorKind::NotAFolder => return file(given, &path).map_err(fail),
        Err(error) => return Err(fail(error)),
    };
    let (_, system) = file_system_of(folder.handle()).map_err(fail)?;
    if system.pseudo {
        return Err(fail(CoreError::new(ErrorKind::PseudoFileSystem, None, system.name)));
    }
    let real = std::fs::canonicalize(&path).map_err(|error| fail(error.into()))?;
    Ok((Start { given: given.to_vec(), folder: path, name: None }, real))
}

fn file(given: &[u8], path: &Path) -> Result<(Start, PathBuf), CoreError> {
    let (folder, name) = split(path)?;
    let opened = open_parent(folder)?;
    opened.handle().stat(name).map_err(absent)?;
    let real = std::fs::canonicalize(folder)?.join(path_from_bytes(name));
    Ok((Start { given: given.to_vec(), folder: folder.to_owned(), name: Some(name.to_vec()) }, real))
}

/// The path from the top of the file system, with its links as they are.
pub(crate) fn absolute(given: &[u8]) -> Result<PathBuf, CoreError> {
    if given.is_empty() {
        return Err(CoreError::new(ErrorKind::NotFound, None, "the path is empty"));
    }
    Ok(std::path::absolute(path_from_bytes(given))?)
}

/// The folder of a path, and the name in it.
pub(crate) fn split(path: &Path) -> Result<(&Path, &[u8]), CoreError> {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => Ok((folder, bytes_of(name))),
        // The top of a file system, or `..`.
        _ => Err(CoreError::new(ErrorKind::Unsupported, None, "it names no file")),
    }
}

/// Opens the folder that a named file lies in. Where a file stands in its place, the named one is not there.
pub(crate) fn open_parent(folder: &Path) -> Result<RootDir, CoreError> {
    RootDir::open(folder).map_err(|mut error| {
        if error.kind == ErrorKind::NotAFolder {
            error.kind = ErrorKind::NotFound;
        }
        error
    })
}

/// A named file that is missing never was there, as far as its caller is told.
pub(crate) fn absent(mut error: CoreError) -> CoreError {
    if error.kind == ErrorKind::Vanished {
        error.kind = ErrorKind::NotFound;
    }
    error
}
