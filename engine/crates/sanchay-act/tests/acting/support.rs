//! A root with two equal files, and how an act on them is run.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use sanchay_act::{Acted, Expected, Pair, Place, Refusal, Subject, TemporaryName};
use sanchay_core::{CompareBuffers, RootDir};

pub const CONTENT: &[u8] = b"the same content";

/// A root with `kept/file` and `copies/file`, equal.
pub struct Tree {
    pub folder: PathBuf,
    _whole: Option<tempfile::TempDir>,
}

/// What a test makes of the pair between two steps.
pub type Deed<'a> = &'a dyn Fn(&Tree);
pub type Act<'a> = &'a dyn Fn(&Pair<'_>, &TemporaryName) -> Result<Acted, Refusal>;

impl Tree {
    pub fn new() -> Self {
        let whole = tempfile::tempdir().unwrap();
        for name in ["kept", "copies"] {
            fs::create_dir(whole.path().join(name)).unwrap();
            fs::write(whole.path().join(name).join("file"), CONTENT).unwrap();
        }
        Self { folder: whole.path().to_path_buf(), _whole: Some(whole) }
    }

    /// A folder that has `kept/file` and `copies/file`, or leads there.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), _whole: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn root(&self) -> RootDir {
        RootDir::open(&self.folder).unwrap()
    }

    pub fn expected(&self, name: &str) -> Expected {
        let root = self.root();
        let (folder, name) = name.rsplit_once('/').unwrap();
        Expected::of(&root.open_dir(folder.as_bytes()).unwrap().stat(name.as_bytes()).unwrap())
    }

    /// Opens, compares and acts, with something done by others after the plan and after the comparison.
    pub fn act(&self, after_plan: Deed<'_>, after_comparison: Deed<'_>, act: Act<'_>) -> Result<Acted, Refusal> {
        let (kept, dropped) = (self.expected("kept/file"), self.expected("copies/file"));
        after_plan(self);
        let root = self.root();
        let kept = Subject::open(Place { root: &root, path: b"kept/file" }, &kept).map_err(Refusal::of_kept)?;
        let dropped = Subject::open(Place { root: &root, path: b"copies/file" }, &dropped)?;
        let pair = Pair::new(&kept, &dropped)?;
        pair.check_metadata(&sanchay_act::metadata::Metadata::of(&dropped.file)?, false)?;
        pair.compare(&mut CompareBuffers::default(), &mut |_| ControlFlow::Continue(()))?;
        after_comparison(self);
        act(&pair, &TemporaryName::of(7, 1, 1))
    }

    /// Every path below the root, with its content or target.
    pub fn listing(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let kind = fs::symlink_metadata(&path).unwrap();
                if kind.is_dir() {
                    walk(&path, found);
                } else if kind.is_symlink() {
                    found.push((path.clone(), fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()));
                } else {
                    found.push((path.clone(), fs::read(&path).unwrap()));
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.folder, &mut found);
        found.sort();
        found
    }
}
