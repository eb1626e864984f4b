//! Patterns for names and whole paths.
//!
//! `*` is any run of characters and `?` any one; neither crosses a `/`. In a path `**` crosses it, and `/**/` is also a
//! single `/`. `[a-z]` is one of a set, `[!a-z]` one outside it, `{a,b}` either, and `\` takes the next character as it
//! is. Letters large and small are the same. Bytes that are not UTF-8 are each the replacement character.

use std::fmt::Write;

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};
use unicode_normalization::UnicodeNormalization;

use super::error::for_a_shell;
use super::fold::{fold, fold_text, with_folded};

/// A program this large comes of no pattern that a person types.
const REGEX_BYTES: usize = 1 << 20;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Glob {
    pattern: String,
    is_path: bool,
    matcher: Matcher,
    literal: String,
}

/// The quickest test that decides.
#[derive(Clone, Debug)]
enum Matcher {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Contains(String),
    Regex(Box<Regex>),
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        (&self.pattern, self.is_path) == (&other.pattern, other.is_path)
    }
}

impl Eq for Glob {}

impl Glob {
    /// A pattern for names; the error says what is wrong with it.
    pub fn name(pattern: &str) -> Result<Self, String> {
        if pattern.contains('/') {
            let advice = for_a_shell(&format!("path:**/{}", pattern.trim_start_matches('/')));
            return Err(format!("no name holds a `/`: write {advice}"));
        }
        Self::compile(pattern, false)
    }

    /// A pattern for whole paths, their parts parted by `/` on every platform; the error says what is wrong with it.
    pub fn path(pattern: &str) -> Result<Self, String> {
        let is_drive = pattern.as_bytes().get(1) == Some(&b':') && pattern.as_bytes()[0].is_ascii_alphabetic();
        if !is_drive && !pattern.starts_with(['/', '*', '?', '[', '{', '\\']) {
            let advice = for_a_shell(&format!("path:**/{pattern}"));
            return Err(format!("a whole path begins with a `/`: write {advice}"));
        }
        let after = pattern.trim_start_matches(['*', '?']);
        if !pattern.starts_with("**") && pattern.starts_with(['*', '?']) && !after.starts_with(':') {
            let end = if pattern.ends_with('*') && !pattern.ends_with("**") { "*" } else { "" };
            let advice = for_a_shell(&format!("path:**{after}{end}"));
            return Err(format!(
                "a whole path begins with a `/`, which `*` and `?` do not cross as `**` does: write {advice}"
            ));
        }
        Self::compile(pattern, true)
    }

    /// What every path fits that has this text in it, as [`super::contains_lowercase`] says of names.
    pub fn path_with(text: &str) -> Result<Self, String> {
        let mut pattern = String::from("**");
        for letter in text.chars() {
            // Parts of a path are parted by `/` in patterns everywhere.
            let letter = if cfg!(windows) && letter == '\\' { '/' } else { letter };
            pattern.extend(['\\', letter]);
        }
        Self::compile(&(pattern + "**"), true)
    }

    fn compile(pattern: &str, is_path: bool) -> Result<Self, String> {
        if pattern.is_empty() {
            return Err("a pattern is due, such as *.jpg".to_owned());
        }
        let mut translation = Translation::new(is_path);
        // As names are folded: a letter and its accent are one character.
        translation.run(&pattern.nfc().collect::<String>())?;
        let matcher = match translation.simple {
            Some(simple) => simple.matcher(),
            None => Matcher::Regex(Box::new(
                RegexBuilder::new(&format!(r"\A(?s:{})\z", translation.regex))
                    .size_limit(REGEX_BYTES)
                    .build()
                    .map_err(|_| "the pattern is too large or its set of letters is not in order".to_owned())?,
            )),
        };
        Ok(Self { pattern: pattern.to_owned(), is_path, matcher, literal: translation.longest })
    }

    /// Whether the whole name or path fits.
    pub fn matches(&self, text: &[u8]) -> bool {
        if cfg!(windows) && self.is_path && text.contains(&b'\\') {
            let slashes: Vec<u8> = text.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
            return with_folded(&slashes, |folded| self.matches_folded(folded));
        }
        with_folded(text, |folded| self.matches_folded(folded))
    }

    fn matches_folded(&self, folded: &[u8]) -> bool {
        match &self.matcher {
            Matcher::Exact(text) => folded == text.as_bytes(),
            Matcher::Prefix(text) => folded.starts_with(text.as_bytes()),
            Matcher::Suffix(text) => folded.ends_with(text.as_bytes()),
            Matcher::Contains(text) => memmem::find(folded, text.as_bytes()).is_some(),
            Matcher::Regex(regex) => memmem::find(folded, self.literal.as_bytes()).is_some() && regex.is_match(folded),
        }
    }

    /// What the folder of a file says of a pattern for whole paths, by the longest text that all that fits contains.
    pub fn in_folder(&self, folder: &[u8]) -> InFolder<'_> {
        let mut lower = fold(folder).into_bytes();
        if cfg!(windows) {
            lower.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
        }
        if !lower.ends_with(b"/") {
            lower.push(b'/');
        }
        let literal = self.literal.as_str();
        if memmem::find(&lower, literal.as_bytes()).is_some() {
            return InFolder::MayFit("");
        }
        // It is not in the folder, so that some of it is in the name: all, or what follows its last `/`.
        match literal.rfind('/') {
            None => InFolder::MayFit(literal),
            Some(slash) if lower.ends_with(&literal.as_bytes()[..=slash]) => InFolder::MayFit(&literal[slash + 1..]),
            Some(_) => InFolder::NothingFits,
        }
    }

    /// A text without a `/` that the folded path of everything that fits contains, in its name or in that of a folder.
    pub fn part_literal(&self) -> Option<&str> {
        Some(self.literal.as_str()).filter(|text| !text.is_empty() && !text.contains('/'))
    }

    /// The longest text that the folded form of everything that fits contains, for the name index.
    pub fn longest_literal(&self) -> Option<String> {
        Some(self.literal.clone()).filter(|text| !text.is_empty())
    }

    /// Whether it is one for whole paths.
    pub(super) fn is_of_paths(&self) -> bool {
        self.is_path
    }

    /// The pattern as it was written.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}

/// What is left to be found of a path when its folder is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFolder<'a> {
    /// No file of this folder fits.
    NothingFits,
    /// Only files whose folded name contains this text may fit.
    MayFit(&'a str),
}

/// A pattern of one literal with a `*` before it, after it, or both.
#[derive(Default)]
struct Simple {
    star_before: bool,
    literal: String,
    star_after: bool,
}

impl Simple {
    fn matcher(self) -> Matcher {
        match (self.star_before, self.star_after) {
            (false, false) => Matcher::Exact(self.literal),
            (false, true) => Matcher::Prefix(self.literal),
            (true, false) => Matcher::Suffix(self.literal),
            (true, true) => Matcher::Contains(self.literal),
        }
    }
}

/// A pattern on its way to a regular expression over folded text.
struct Translation {
    is_path: bool,
    regex: String,
    simple: Option<Simple>,
    run: String,
    longest: String,
    depth: usize,
}

impl Translation {
    fn new(is_path: bool) -> Self {
        Self {
            is_path,
            regex: String::new(),
            simple: Some(Simple::default()),
            run: String::new(),
            longest: String::new(),
            depth: 0,
        }
    }

    fn run(&mut self, pattern: &str) -> Result<(), String> {
        let mut rest = pattern;
        while let Some(letter) = rest.chars().next() {
            let after = &rest[letter.len_utf8()..];
            rest = match letter {
                '*' => self.stars(rest),
                '?' => {
                    self.wild(if self.is_path { "[^/]" } else { "." });
                    after
                }
                '[' => self.set(after)?,
                '{' => {
                    self.wild("(?:");
                    self.depth += 1;
                    after
                }
                '}' if self.depth > 0 => {
                    self.wild(")");
                    self.depth -= 1;
                    after
                }
                ',' if self.depth > 0 => {
                    self.wild("|");
                    after
                }
                '\\' => {
                    let taken = after.chars().next().ok_or("the `\\` at the end of the pattern takes no character")?;
                    self.literal(taken);
                    &after[taken.len_utf8()..]
                }
                _ => {
                    self.literal(letter);
                    after
                }
            };
        }
        if self.depth > 0 {
            return Err("the pattern opens a `{` that it does not close; for the character write \\{".to_owned());
        }
        self.end_run();
        Ok(())
    }

    /// One or more stars; gives what follows them.
    fn stars<'a>(&mut self, rest: &'a str) -> &'a str {
        let after = rest.trim_start_matches('*');
        let crosses = self.is_path && rest.starts_with("**");
        let at_part = self.regex.is_empty() || self.regex.ends_with('/');
        if crosses && at_part && after.starts_with('/') {
            // `/**/` is any number of folders, none included.
            self.wild("(?:.*/)?");
            return &after[1..];
        }
        let simple = self.simple.take().filter(|simple| (!self.is_path || crosses) && !simple.star_after);
        self.wild(if crosses || !self.is_path { ".*" } else { "[^/]*" });
        self.simple = simple.map(|mut simple| {
            if simple.literal.is_empty() {
                simple.star_before = true;
            } else {
                simple.star_after = true;
            }
            simple
        });
        after
    }

    /// Something that is no plain text.
    fn wild(&mut self, regex: &str) {
        self.end_run();
        self.simple = None;
        self.regex.push_str(regex);
    }

    fn literal(&mut self, letter: char) {
        let folded = fold_text(letter.encode_utf8(&mut [0; 4]));
        self.regex.push_str(&regex::escape(&folded));
        if self.depth == 0 {
            self.run.push_str(&folded);
        }
        match &mut self.simple {
            Some(simple) if !simple.star_after => simple.literal.push_str(&folded),
            _ => self.simple = None,
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.len() > self.longest.len() {
            self.longest = run;
        }
    }

    /// A set of letters, after its `[`; gives what follows its `]`.
    fn set<'a>(&mut self, after: &'a str) -> Result<&'a str, String> {
        let (negated, body) = match after.strip_prefix(['!', '^']) {
            Some(body) => (true, body),
            None => (false, after),
        };
        // A `]` that comes first is one of the letters.
        let skip = body.chars().next().map_or(0, char::len_utf8);
        let end = body[skip..].find(']').map(|end| end + skip);
        let end = end.ok_or("the pattern opens a `[` that it does not close; for the character write \\[")?;
        let mut set = String::from(if negated { "(?i:[^" } else { "(?i:[" });
        if negated && self.is_path {
            set.push('/');
        }
        let letters: Vec<char> = body[..end].chars().collect();
        let mut index = 0;
        while index < letters.len() {
            let (low, high, length) = match letters[index..] {
                [low, '-', high, ..] => (low, high, 3),
                [one, ..] => (one, one, 1),
                [] => break,
            };
            index += length;
            if low > high {
                return Err(format!("the set of letters {low}-{high} ends before it begins"));
            }
            // A String takes all that is written to it.
            let _ = write!(set, "\\x{{{:x}}}-\\x{{{:x}}}", low as u32, high as u32);
        }
        set.push_str("])");
        self.wild(&set);
        Ok(&body[end + 1..])
    }
}

#[cfg(test)]
#[path = "glob_tests.rs"]
mod tests;
