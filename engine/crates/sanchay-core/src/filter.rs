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

    /// The filter that leaves nothing out.
    pub const fn everything() -> Self {
        Self { skip_hidden: false, globs: None }
    }

    /// Whether nothing is left out.
    pub const fn is_everything(&self) -> bool {
        !self.skip_hidden && self.globs.is_none()
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
        let build =
            |set: &GlobSetBuilder| set.build().map_err(|error| invalid("the patterns together", &error.to_string()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter(globs: &[&str]) -> Filter {
        Filter::new(&globs.iter().map(ToString::to_string).collect::<Vec<_>>(), false).expect("valid globs")
    }

    #[test]
    fn nothing_is_left_out_unless_asked_for() {
        assert!(!filter(&[]).excludes(b"a", b".hidden", false));
        let hidden = Filter::new(&[], true).unwrap();
        assert!(hidden.excludes(b"a", b".hidden", true));
        assert!(!hidden.excludes(b".a", b"shown", true));
        assert!(!hidden.excludes(b"", b"", true));
    }

    #[test]
    fn each_sentence_of_the_manual_holds() {
        // (glob, parent, name, is a folder, left out)
        type Case = (&'static str, &'static [u8], &'static [u8], bool, bool);
        let cases: [Case; 24] = [
            ("*.tmp", b"", b"a.tmp", false, true),
            ("*.tmp", b"deep/down", b"a.tmp", false, true),
            ("*.tmp", b"x.tmp", b"a", false, false),
            ("node_modules", b"a", b"node_modules", true, true),
            ("build/*.o", b"build", b"a.o", false, true),
            ("build/*.o", b"x/build", b"a.o", false, false),
            ("build/*.o", b"build/x", b"a.o", false, false),
            ("/cache", b"", b"cache", true, true),
            ("/cache", b"a", b"cache", true, false),
            ("**/target/debug", b"target", b"debug", true, true),
            ("**/target/debug", b"a/b/target", b"debug", true, true),
            ("a/**", b"a/b/c", b"d", false, true),
            ("logs/", b"x", b"logs", true, true),
            ("logs/", b"x", b"logs", false, false),
            ("a/logs/", b"a", b"logs", true, true),
            ("a/logs/", b"a", b"logs", false, false),
            ("*.{jpg,png}", b"", b"a.png", false, true),
            ("[ab]?", b"", b"bz", false, true),
            ("A.txt", b"", b"a.txt", false, false),
            (r"\!x", b"", b"!x", false, true),
            (r"\*", b"", b"*", false, true),
            (r"\*", b"", b"a", false, false),
            ("*.tmp", b"\xff", b"\xfe\n.tmp", false, true),
            ("d/*", b"d", b"\xff", false, true),
        ];
        for (glob, parent, name, is_dir, expected) in cases {
            assert_eq!(filter(&[glob]).excludes(parent, name, is_dir), expected, "{glob} {parent:?} {name:?}");
        }
    }

    #[test]
    fn a_bad_pattern_is_named_with_the_reason() {
        for glob in ["[a", "", "/", "{a", "!x", "a/["] {
            let error = Filter::new(&["fine".into(), glob.into()], false).unwrap_err();
            assert_eq!((error.kind, error.path.as_deref()), (ErrorKind::InvalidGlob, Some(glob.as_bytes())));
            assert!(error.to_string().contains("is not a valid pattern ("), "{error}");
        }
    }

    proptest! {
        #[test]
        fn stars_agree_with_a_plain_matcher(
            pattern in "[ab*]{1,6}".prop_filter("`**` alone means folders", |pattern| !pattern.contains("**")),
            name in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(0xff)], 1..8),
        ) {
            fn matches(pattern: &[u8], name: &[u8]) -> bool {
                match (pattern.split_first(), name.split_first()) {
                    (None, None) => true,
                    (Some((b'*', rest)), None) => matches(rest, name),
                    (Some((b'*', rest)), Some((_, after))) => matches(rest, name) || matches(pattern, after),
                    (Some((wanted, rest)), Some((byte, after))) => wanted == byte && matches(rest, after),
                    _ => false,
                }
            }
            let expected = matches(pattern.as_bytes(), &name);
            prop_assert_eq!(filter(&[&pattern]).excludes(b"p", &name, false), expected);
            let (path, folder) = (format!("p/{pattern}"), format!("{pattern}/"));
            prop_assert_eq!(filter(&[&path]).excludes(b"p", &name, false), expected);
            prop_assert_eq!(filter(&[&folder]).excludes(b"p", &name, true), expected);
            prop_assert!(!filter(&[&folder]).excludes(b"p", &name, false));
        }
    }
}
