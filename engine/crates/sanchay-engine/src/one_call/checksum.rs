//! Hashes of named files, each read once and only trusted when the file held still.

use std::path::{Path, PathBuf};

use sanchay_catalog::block::HashState;
use sanchay_core::hash::hash_small;
use sanchay_core::{
    file_system_of, Algorithm, ContentHash, CoreError, DirHandle, ErrorKind, FileKind, FileStat, RootDir,
};

use super::open_catalogs::CatalogFiles;
use super::parallel::{in_order, thread_count};
use super::start::{absent, absolute, open_parent, split};
use super::Stop;
use crate::error::EngineError;
use crate::reading::FileReader;

/// For each path, in order, the hash of its content, or why there is none. A symbolic link in the last name is not
/// followed. Fails as a whole only with `cancelled` and `internal`.
///
/// `threads`: 0 stands for one for each processor.
pub fn checksum(
    paths: &[Vec<u8>],
    algorithm: Algorithm,
    threads: usize,
    stop: &Stop,
) -> Result<Vec<Result<ContentHash, EngineError>>, EngineError> {
    let catalogs = CatalogFiles::look();
    let state = || Reader { algorithm, stop, catalogs: &catalogs, files: FileReader::new(), folder: None };
    in_order(thread_count(threads), stop, paths, state, |reader: &mut Reader<'_>, path| {
        reader.named(path).map_err(|fault| fault.of(path))
    })
}

/// Why there is no hash.
enum Fault {
    Core(CoreError),
    /// The path is no file that is read.
    Refused(&'static str),
    /// It is a file of a catalog that is open in this process.
    OpenCatalog,
}

impl From<CoreError> for Fault {
    fn from(error: CoreError) -> Self {
        Self::Core(error)
    }
}

impl Fault {
    fn of(self, path: &[u8]) -> EngineError {
        let shown = sanchay_core::path::display(path);
        let (kind, message) = match self {
            Self::Core(error) => return CoreError { path: Some(path.to_vec()), ..error }.into(),
            Self::Refused(what) => (crate::ErrorKind::InvalidArgument, format!("{shown} is {what}: name files only")),
            Self::OpenCatalog => (
                crate::ErrorKind::OwnFolder,
                format!("{shown} belongs to a catalog that this process has open, and reading it would drop its locks"),
            ),
        };
        EngineError { kind, path: Some(path.to_vec()), message, term: None }
    }
}

struct Reader<'a> {
    algorithm: Algorithm,
    stop: &'a Stop,
    catalogs: &'a CatalogFiles,
    files: FileReader,
    /// The folder of the last file: the next one is often in it too.
    folder: Option<(PathBuf, RootDir)>,
}

impl Reader<'_> {
    fn named(&mut self, path: &[u8]) -> Result<ContentHash, Fault> {
        let path = absolute(path)?;
        let (folder, name) = split(&path).map_err(|_| Fault::Refused("a folder"))?;
        self.enter(folder)?;
        let (_, opened) = self.folder.as_ref().expect("set just now");
        let seen = opened.handle().stat(name).map_err(absent)?;
        match seen.kind {
            FileKind::File if self.catalogs.has(&seen) => return Err(Fault::OpenCatalog),
            FileKind::File if seen.placeholder => {
                let message = "its content is in a cloud, and reading would fetch it";
                return Err(CoreError::new(ErrorKind::Unsupported, None, message).into());
            }
            FileKind::File => {}
            FileKind::Directory => return Err(Fault::Refused("a folder")),
            FileKind::Special => return Err(Fault::Refused("a device, pipe or socket")),
            FileKind::Symlink => {
                return Err(CoreError::new(ErrorKind::SymlinkLoop, None, "name the file that it leads to").into())
            }
        }
        if seen.size_bytes == 0 {
            return Ok(empty(opened.handle(), name, self.algorithm)?);
        }
        let verdict = self.files.read(opened.handle(), name, &seen, self.algorithm, &mut |_| self.stop.flow());
        match (verdict.state, verdict.hash, verdict.error) {
            (HashState::Hashed | HashState::Racy, Some(hash), _) => Ok(hash),
            (_, _, Some(error)) => Err(error.into()),
            _ => Err(changed().into()),
        }
    }

    fn enter(&mut self, folder: &Path) -> Result<(), CoreError> {
        if self.folder.as_ref().is_none_or(|(path, _)| path != folder) {
            self.folder = Some((folder.to_owned(), open_parent(folder)?));
        }
        Ok(())
    }
}

fn changed() -> CoreError {
    CoreError::new(ErrorKind::Io, None, "it changed while it was read; try again")
}

/// A file that says it is empty is opened all the same: it must be readable, and the kernel's own files say so and are not.
fn empty(folder: &DirHandle, name: &[u8], algorithm: Algorithm) -> Result<ContentHash, CoreError> {
    let file = folder.open_file(name)?;
    let is_empty = |stat: FileStat| stat.kind == FileKind::File && stat.size_bytes == 0;
    if !is_empty(file.stat()?) {
        return Err(changed());
    }
    let hashed = hash_small(&file, algorithm, &mut [0; 1], 0)?;
    match hashed.bytes_read {
        0 => Ok(hashed.hash),
        _ => match file_system_of(folder)?.1 {
            system if system.pseudo => Err(CoreError::new(ErrorKind::PseudoFileSystem, None, system.name)),
            _ => Err(changed()),
        },
    }
}
