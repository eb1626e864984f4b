//! The plain folder that a pattern for paths begins with, and another one put in its place.

use super::Glob;

impl Glob {
    /// The folder that a pattern for paths begins with, as far as it has no wildcards, and the rest of the pattern from
    /// its `/` on. None: it begins with a wildcard, or names no folder.
    pub fn folder(&self) -> Option<(String, &str)> {
        let pattern = self.pattern();
        if !self.is_of_paths() || !pattern.starts_with('/') {
            return None;
        }
        let end = pattern[..plain_length(pattern)].rfind('/').filter(|end| *end > 0)?;
        let mut folder = String::new();
        let mut letters = pattern[..end].chars();
        while let Some(letter) = letters.next() {
            folder.push(if letter == '\\' { letters.next()? } else { letter });
        }
        Some((folder, &pattern[end..]))
    }

    /// A pattern for paths: a folder as it is, and what follows as [`Glob::folder`] gives it.
    pub fn below(folder: &str, rest: &str) -> Result<Self, String> {
        let mut pattern = String::new();
        for letter in folder.chars() {
            if matches!(letter, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        Self::path(&(pattern + rest))
    }
}

/// How far a pattern goes without a wildcard, in bytes; what a backslash stands before is none.
fn plain_length(pattern: &str) -> usize {
    let mut letters = pattern.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '*' | '?' | '[' | '{' => return at,
            '\\' => drop(letters.next()),
            _ => {}
        }
    }
    pattern.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_off_a_pattern_and_put_back() {
        for (pattern, folder) in [
            ("/a/b/*.c", Some(("/a/b", "/*.c"))),
            ("/a/b/c", Some(("/a/b", "/c"))),
            (r"/a\*b/[x]/y", Some(("/a*b", "/[x]/y"))),
            ("/a*/b", None),
            ("**/b", None),
            ("/a", None),
        ] {
            let glob = Glob::path(pattern).unwrap();
            let found = glob.folder();
            assert_eq!(found.as_ref().map(|(folder, rest)| (folder.as_str(), *rest)), folder, "{pattern}");
            if let Some((folder, rest)) = found {
                assert_eq!(Glob::below(&folder, rest).unwrap(), glob);
            }
        }
        assert!(Glob::below("/x[1]", "/*.c").unwrap().matches(b"/x[1]/a.c"));
    }
}
