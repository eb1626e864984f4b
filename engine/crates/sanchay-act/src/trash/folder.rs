//! Which trash a file goes to: the person's own where it is on the same mount, else one at the top of the file's mount.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{mkdirat, Mode};
use rustix::io::Errno;

use sanchay_core::{DirHandle, FileKind, FileStat, RootDir};

use crate::able::check_writable;
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

    /// The same, with another trash where one is given.
    pub fn or(trash: Option<PathBuf>) -> Self {
        let home = Self::of_process();
        Self { trash: trash.unwrap_or(home.trash), ..home }
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
        Site::first_of(folder, home, Site::made)
    }

    /// Refused where [`Self::find`] would be; nothing is made.
    pub fn check(folder: &DirHandle, home: &Home) -> Result<(), Refusal> {
        Site::first_of(folder, home, Site::check)
    }

    /// A trash by its path, as the journal noted it; nothing is made.
    pub fn open(path: &Path, top: Option<&Path>) -> Result<Self, Refusal> {
        let root = RootDir::open(path)?;
        let (files, infos) = (root.open_dir(b"files")?, root.open_dir(b"info")?);
        Ok(Self { files, infos, path: path.to_path_buf(), top: top.map(Path::to_path_buf) })
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

/// Where a trash is, or may be made.
struct Site {
    /// The nearest folder that is there.
    above: DirHandle,
    /// The folders below it down to the trash, the last included, each with who must own it.
    below: Vec<(Vec<u8>, Option<u32>)>,
    path: PathBuf,
    top: Option<PathBuf>,
    user: u32,
}

impl Site {
    /// What is given by the first site at which anything is.
    fn first_of<T>(folder: &DirHandle, home: &Home, of: impl Fn(&Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        if cfg!(not(target_os = "linux")) {
            // Other systems keep theirs otherwise.
            return Err(Refusal::new(Reason::NoTrash));
        }
        let of_folder = folder.stat_self()?;
        if let Ok(found) = Site::of_home(home, &of_folder).and_then(|site| of(&site)) {
            return Ok(found);
        }
        let top = mount_point(of_folder.mount_id).ok_or(Refusal::new(Reason::NoTrash))?;
        let root = RootDir::open(&top).map_err(|error| no_trash(error.into()))?;
        let of_top = root.stat()?;
        // Another mount lies over that path, or the file is in another part of the file system: no rename leads there.
        if of_top.mount_id != of_folder.mount_id || of_top.device != of_folder.device {
            return Err(Refusal::new(Reason::NoTrash));
        }
        if let Some(found) = Site::shared(&root, home.user).and_then(|site| of(&site).ok()) {
            return Ok(found);
        }
        let name = format!(".Trash-{}", home.user);
        let site = Site {
            path: top.join(&name),
            below: vec![(name.into_bytes(), Some(home.user))],
            above: root.into_handle(),
            top: Some(top),
            user: home.user,
        };
        of(&site).map_err(no_trash)
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
        let below = missing.iter().map(|name| (name.as_bytes().to_vec(), None)).collect();
        Ok(Site { above: parent.into_handle(), below, path: home.trash.clone(), top: None, user: home.user })
    }

    /// `.Trash/$uid` where the administrator made a `.Trash` that is safe.
    fn shared(top: &RootDir, user: u32) -> Option<Self> {
        let shared = top.handle().open_child(b".Trash").ok()?;
        let mode = rustix::fs::fstat(shared.as_fd()).ok()?.st_mode as u32;
        let uid = user.to_string();
        let path = top.path().join(".Trash").join(&uid);
        let below = vec![(uid.into_bytes(), Some(user))];
        (mode & STICKY != 0).then_some(Site { above: shared, below, path, top: Some(top.path().to_path_buf()), user })
    }

    /// The trash, open; what is missing of it is made.
    fn made(&self) -> Result<TrashFolder, Refusal> {
        let (names, mut folders) = (&self.below, Vec::new());
        for (name, owner) in names {
            folders.push(made(folders.last().unwrap_or(&self.above), name, *owner)?);
        }
        let own = folders.last().unwrap_or(&self.above);
        Ok(TrashFolder {
            files: made(own, b"files", Some(self.user))?,
            infos: made(own, b"info", Some(self.user))?,
            path: self.path.clone(),
            top: self.top.clone(),
        })
    }

    /// Refused where what is missing cannot be made.
    fn check(&self) -> Result<(), Refusal> {
        let mut folders = Vec::new();
        for (name, owner) in &self.below {
            let above = folders.last().unwrap_or(&self.above);
            match opened(above, name, *owner)? {
                Some(folder) => folders.push(folder),
                None => return check_writable(above),
            }
        }
        let own = folders.last().unwrap_or(&self.above);
        for name in [b"files", &b"info"[..]] {
            check_writable(opened(own, name, Some(self.user))?.as_ref().unwrap_or(own))?;
        }
        Ok(())
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
    opened(folder, name, owner)?.ok_or(Refusal::new(Reason::NoTrash))
}

/// The same, where it is there.
fn opened(folder: &DirHandle, name: &[u8], owner: Option<u32>) -> Result<Option<DirHandle>, Refusal> {
    let opened = match folder.open_child(name) {
        Ok(opened) => opened,
        Err(error) if error.is_gone() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let stat = opened.stat_self()?;
    if stat.kind != FileKind::Directory || owner.is_some_and(|owner| owner != stat.owner) {
        return Err(Refusal::new(Reason::NoTrash));
    }
    Ok(Some(opened))
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
