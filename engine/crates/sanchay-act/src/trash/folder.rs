//! Which trash a file goes to: the person's own where it is on the same mount, else one at the top of the file's mount.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{mkdirat, Mode};
use rustix::io::Errno;

use sanchay_core::{DirHandle, FileKind, FileStat, RootDir};

use crate::refusal::{Reason, Refusal};

const STICKY: u32 = 0o1000;

/// The person whose trash it is.
#[derive(Clone, Debug)]
pub struct Home {
    /// `$XDG_DATA_HOME/Trash`, else `~/.local/share/Trash`.
    pub trash: PathBuf,
    /// The person's user id.
    pub user: u32,
}

impl Home {
    /// Of the person whose process this is, as desktops find it.
    pub fn of_process() -> Self {
        let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let data = data.or_else(|| std::env::home_dir().map(|home| home.join(".local/share"))).unwrap_or_default();
        Self { trash: data.join("Trash"), user: rustix::process::geteuid().as_raw() }
    }
}

/// A trash, open.
#[derive(Debug)]
pub struct TrashFolder {
    files: DirHandle,
    infos: DirHandle,
    path: PathBuf,
    /// The mount's top; paths in the info files are relative to it. None in the home trash, where they are absolute.
    top: Option<PathBuf>,
}

impl TrashFolder {
    /// The trash for the files of this folder, made where there is none. Refused where none can be had.
    pub fn find(folder: &DirHandle, home: &Home) -> Result<Self, Refusal> {
        if cfg!(not(target_os = "linux")) {
            // Other systems keep theirs otherwise.
            return Err(Refusal::new(Reason::NoTrash));
        }
        let of_folder = folder.stat_self()?;
        if let Ok(trash) = Self::of_home(home, &of_folder) {
            return Ok(trash);
        }
        let top = mount_point(of_folder.mount_id).ok_or(Refusal::new(Reason::NoTrash))?;
        let root = RootDir::open(&top).map_err(|error| no_trash(error.into()))?;
        let of_top = root.stat()?;
        // Another mount lies over that path, or the file is in another part of the file system: no rename leads there.
        if of_top.mount_id != of_folder.mount_id || of_top.device != of_folder.device {
            return Err(Refusal::new(Reason::NoTrash));
        }
        Self::at_top(root.handle(), &top, home.user).map_err(no_trash)
    }

    /// A trash by its path, as the journal noted it; nothing is made.
    pub fn open(path: &Path, top: Option<&Path>) -> Result<Self, Refusal> {
        let root = RootDir::open(path)?;
        let (files, infos) = (root.open_dir(b"files")?, root.open_dir(b"info")?);
        Ok(Self { files, infos, path: path.to_path_buf(), top: top.map(Path::to_path_buf) })
    }

    fn of_home(home: &Home, of_folder: &FileStat) -> Result<Self, Refusal> {
        // Made only where it would be used: its folder's nearest parent says on which mount it is.
        let parent = home.trash.ancestors().find_map(|path| RootDir::open(path).ok());
        let parent = parent.ok_or(Refusal::new(Reason::NoTrash))?;
        let of_parent = parent.stat()?;
        if (of_parent.mount_id, of_parent.device) != (of_folder.mount_id, of_folder.device) {
            return Err(Refusal::new(Reason::NoTrash));
        }
        let missing = home.trash.strip_prefix(parent.path()).map_err(|_| Refusal::new(Reason::NoTrash))?;
        let mut folder = parent.into_handle();
        for name in missing {
            folder = made(&folder, name.as_bytes(), None)?;
        }
        Self::of(&folder, home.trash.clone(), None, home.user)
    }

    /// `.Trash/$uid` where the administrator made a `.Trash` that is safe, else `.Trash-$uid`.
    fn at_top(top: &DirHandle, path: &Path, user: u32) -> Result<Self, Refusal> {
        let uid = user.to_string();
        if let Ok(shared) = top.open_child(b".Trash") {
            let mode = rustix::fs::fstat(shared.as_fd())?.st_mode as u32;
            if mode & STICKY != 0 {
                if let Ok(own) = made(&shared, uid.as_bytes(), Some(user)) {
                    return Self::of(&own, path.join(".Trash").join(&uid), Some(path), user);
                }
            }
        }
        let name = format!(".Trash-{uid}");
        let own = made(top, name.as_bytes(), Some(user))?;
        Self::of(&own, path.join(name), Some(path), user)
    }

    fn of(folder: &DirHandle, path: PathBuf, top: Option<&Path>, user: u32) -> Result<Self, Refusal> {
        Ok(Self {
            files: made(folder, b"files", Some(user))?,
            infos: made(folder, b"info", Some(user))?,
            path,
            top: top.map(Path::to_path_buf),
        })
    }

    /// Where the files are.
    pub fn files(&self) -> &DirHandle {
        &self.files
    }

    /// Where the info files are.
    pub fn infos(&self) -> &DirHandle {
        &self.infos
    }

    /// The trash's own path, to be noted.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The top of its mount, to be noted; None for the home trash.
    pub fn top(&self) -> Option<&Path> {
        self.top.as_deref()
    }

    /// The path of a file as its info file has it.
    pub fn path_for_info<'a>(&self, absolute: &'a Path) -> &'a [u8] {
        let relative = self.top.as_deref().and_then(|top| absolute.strip_prefix(top).ok());
        relative.unwrap_or(absolute).as_os_str().as_bytes()
    }

    /// Writes all info files to the disk that were made since, in one go.
    pub fn sync_infos(&self) -> Result<(), Refusal> {
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(&self.infos)?;
        #[cfg(not(target_os = "linux"))]
        rustix::fs::fsync(&self.infos)?;
        Ok(())
    }

    /// Whether an info file is one that we wrote with this text, or a beginning of it.
    pub(super) fn is_our_info(&self, name: &[u8], text: &[u8]) -> Result<bool, Refusal> {
        let file = match self.infos.open_file(name) {
            Ok(file) => file,
            Err(error) if error.is_gone() => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = vec![0; text.len() + 1];
        let mut length = 0;
        while length < bytes.len() {
            match file.read(&mut bytes[length..])? {
                0 => break,
                count => length += count,
            }
        }
        Ok(length <= text.len() && bytes[..length] == text[..length])
    }
}

fn no_trash(refusal: Refusal) -> Refusal {
    match refusal.reason {
        Reason::DiskFull => refusal,
        _ => Refusal { reason: Reason::NoTrash, ..refusal },
    }
}

/// A folder of this name, made (0700) where there is none. A symbolic link, or a folder of another user's, is refused.
fn made(folder: &DirHandle, name: &[u8], owner: Option<u32>) -> Result<DirHandle, Refusal> {
    match mkdirat(folder, name, Mode::from(0o700)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let opened = folder.open_child(name)?;
    let stat = opened.stat_self()?;
    if stat.kind != FileKind::Directory || owner.is_some_and(|owner| owner != stat.owner) {
        return Err(Refusal::new(Reason::NoTrash));
    }
    Ok(opened)
}

/// Where a mount begins, by the number that a stat gave.
#[cfg(target_os = "linux")]
fn mount_point(mount_id: u64) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;

    let table = std::fs::read("/proc/self/mountinfo").ok()?;
    table.split(|byte| *byte == b'\n').find_map(|line| {
        let mut words = line.split(|byte| *byte == b' ');
        let id: u64 = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
        (id == mount_id).then(|| words.nth(3).map(|path| PathBuf::from(std::ffi::OsString::from_vec(plain(path)))))?
    })
}

/// No other system has such a trash.
#[cfg(not(target_os = "linux"))]
fn mount_point(_: u64) -> Option<PathBuf> {
    None
}

/// The kernel writes blanks and backslashes of a path as `\040`.
#[cfg(target_os = "linux")]
fn plain(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(|_| *first == b'\\') {
            Some(byte) => {
                plain.push(byte);
                rest = &after[3..];
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}
