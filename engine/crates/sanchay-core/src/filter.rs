//! Which files and folders a root leaves out.
//!
//! The patterns are globs in the manner of a gitignore file, kept simple:
//! - a pattern without `/` is matched against the name, at any depth: `*.tmp`, `node_modules`;
//! - one with `/` is matched against the whole path below the root: `build/*.o`, `/cache`, `**/target/debug`;
//! - `*` and `?` do not cross a `/`, `**` as a whole name does; `[ab]` and `{a,b}` work, and `\` takes the next
//!   character as it is;
//! - a trailing `/` means folders only: `logs/`;
//! - letters are matched as they are, large and small, on every platform;
//! - a folder that is left out takes with it all that it holds. There is no way to take a part back in: `!` at the
//!   start is refused rather than misread.
//!
//! Names are bytes, so that a name which is not UTF-8 is matched like any other.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::{CoreError, ErrorKind};
use crate::path::join_into;

/// The compiled patterns of a root.
#[derive(Clone, Debug)]
pub struct Filter {
    skip_hidden: bool,
    globs: Option<Box<Globs>>,
}

/// Names and paths apart, since the second needs a join; each for all entries and for folders alone.
#[derive(Clone, Debug)]
struct Globs {
    name: GlobSet,
    folder_name: GlobSet,
    path: GlobSet,
    folder_path: GlobSet,
}

impl Filter {
    /// Compiles the patterns. `skip_hidden` leaves out every name that starts with a dot.
    ///
    /// Fails with `InvalidGlob`, whose path is the pattern and whose source says what is wrong with it.
    pub fn new(globs: &[String], skip_hidden: bool) -> Result<Self, CoreError> {
        let globs = if globs.is_empty() { None } else { Some(Box::new(Globs::new(globs)?)) };
        Ok(Self { skip_hidden, globs })
    }

    /// Whether this entry is left out. The parent is a path below the root, `b""` for the root itself.
    #[inline]
    pub fn excludes(&self, parent: &[u8], name: &[u8], is_dir: bool) -> bool {
        if self.skip_hidden && name.first() == Some(&b'.') {
            return true;
        }
        match &self.globs {
            None => false,
            Some(globs) => globs.exclude(parent, name, is_dir),
        }
    }
}

impl Globs {
    fn new(patterns: &[String]) -> Result<Self, CoreError> {
        let [mut name, mut folder_name, mut path, mut folder_path] = std::array::from_fn(|_| GlobSetBuilder::new());
        for pattern in patterns {
            let (glob, folders_only) = match pattern.strip_suffix('/') {
                Some(glob) => (glob, true),
                None => (pattern.as_str(), false),
            };
            let (glob, anchored) = match glob.strip_prefix('/') {
                Some(glob) => (glob, true),
                None => (glob, glob.contains('/')),
            };
            let set = match (anchored, folders_only) {
                (false, false) => &mut name,
                (false, true) => &mut folder_name,
                (true, false) => &mut path,
                (true, true) => &mut folder_path,
            };
            set.add(compile(pattern, glob)?);
        }
        let build = |set: &GlobSetBuilder| set.build().map_err(|error| invalid("the patterns together", &error.to_string()));
        Ok(Self {
            name: build(&name)?,
            folder_name: build(&folder_name)?,
            path: build(&path)?,
            folder_path: build(&folder_path)?,
        })
    }

    fn exclude(&self, parent: &[u8], name: &[u8], is_dir: bool) -> bool {
        let candidate = Candidate::from_bytes(name);
        if self.name.is_match_candidate(&candidate) || (is_dir && self.folder_name.is_match_candidate(&candidate)) {
            return true;
        }
        if self.path.is_empty() && (!is_dir || self.folder_path.is_empty()) {
            return false;
        }
        let mut joined = Vec::with_capacity(parent.len() + name.len() + 1);
        join_into(&mut joined, parent, name);
        let candidate = Candidate::from_bytes(&joined);
        self.path.is_match_candidate(&candidate) || (is_dir && self.folder_path.is_match_candidate(&candidate))
    }
}

fn compile(pattern: &str, glob: &str) -> Result<globset::Glob, CoreError> {
    if glob.is_empty() {
        return Err(invalid(pattern, "it is empty"));
    }
    if pattern.starts_with('!') {
        return Err(invalid(pattern, "`!` cannot take files back in; write `\\!` for a name that starts with it"));
    }
    GlobBuilder::new(glob)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| invalid(pattern, &error.kind().to_string()))
}

fn invalid(pattern: &str, message: &str) -> CoreError {
    CoreError::new(ErrorKind::InvalidGlob, Some(pattern.as_bytes().to_vec()), message)
}
