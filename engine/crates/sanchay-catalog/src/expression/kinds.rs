//! What a thing is: the values of `type:` and `ext:`.

use sanchay_core::FileType;

use super::error::for_a_shell;
use super::fold::{fold_text, with_folded};
use super::key::nearest;

/// Types of files, and what else a name may stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // words that stand beside one another
pub struct Types {
    /// Files of these types.
    pub files: Vec<FileType>,
    /// Files of any type.
    pub any_file: bool,
    /// Folders.
    pub folders: bool,
    /// Symbolic links.
    pub links: bool,
    /// FIFOs, sockets and devices.
    pub special: bool,
}

/// The words for what is not told apart by extension.
const FILE: &str = "file";
pub(crate) const FOLDER: &str = "folder";
pub(crate) const LINK: &str = "link";
pub(crate) const SPECIAL: &str = "special";

impl Types {
    /// Reads one word after another.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        let wanted = text.to_lowercase();
        match wanted.as_str() {
            FILE => self.any_file = true,
            FOLDER => self.folders = true,
            LINK => self.links = true,
            SPECIAL => self.special = true,
            _ => {
                let file_type = FileType::parse(&wanted).ok_or_else(|| unknown(text, &wanted))?;
                if !self.files.contains(&file_type) {
                    self.files.push(file_type);
                }
            }
        }
        Ok(())
    }

    /// Whether it names files alone.
    pub fn is_of_files(&self) -> bool {
        !(self.folders || self.links || self.special)
    }

    /// Whether it names folders alone.
    pub fn is_of_folders(&self) -> bool {
        self.folders && !self.any_file && self.files.is_empty() && !self.links && !self.special
    }

    /// Whether files of this type are meant.
    pub fn has(&self, file_type: FileType) -> bool {
        self.any_file || self.files.contains(&file_type)
    }

    /// The words that it was read from, in an order of its own.
    pub fn words(&self) -> Vec<&'static str> {
        let others = [(self.any_file, FILE), (self.folders, FOLDER), (self.links, LINK), (self.special, SPECIAL)];
        let files = self.files.iter().map(|file_type| file_type.name());
        files.chain(others.into_iter().filter(|(has, _)| *has).map(|(_, word)| word)).collect()
    }
}

fn unknown(text: &str, wanted: &str) -> String {
    let mut names: Vec<&str> = FileType::ALL.iter().map(|file_type| file_type.name()).collect();
    names.extend([FILE, FOLDER, LINK, SPECIAL]);
    let other = match wanted {
        "dir" | "directory" | "d" | "folders" => Some(FOLDER),
        "symlink" | "l" | "links" => Some(LINK),
        "f" | "files" => Some(FILE),
        _ => nearest(wanted, &names),
    };
    let guess = other.map_or_else(|| ".".to_owned(), |guess| format!("; did you mean {guess}?"));
    format!("there is no type {text:?}{guess} The types are {}", names.join(", "))
}

/// What names of files end with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endings {
    /// Endings as the catalog keeps them, in small letters.
    pub simple: Vec<String>,
    /// Files without such an extension.
    pub none: bool,
    /// Other ends, folded, with the dot before them: `.tar.gz`.
    pub endings: Vec<String>,
}

/// The word for files without an extension.
const NONE: &str = "none";

impl Endings {
    /// Reads extensions that groups of duplicates are asked for by; the error says what is wrong with one. Such a group knows
    /// no more of a name than the extension that the catalog keeps of it.
    pub fn of_copies<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, String> {
        let mut read = Self::default();
        texts.into_iter().try_for_each(|text| read.add(text))?;
        match read.endings.first() {
            Some(end) => Err(format!(
                "{:?} is not an extension that duplicates can be asked for by: the catalog keeps of a name what stands behind \
                 its last dot, where it is short; `find 'dup:yes ext:{}'` looks at whole names",
                &end[1..],
                &end[1..]
            )),
            None => Ok(read),
        }
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        !self.none && self.simple.is_empty() && self.endings.is_empty()
    }

    /// Reads one extension after another; the error says what is wrong with it.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() || text.eq_ignore_ascii_case(NONE) {
            self.none = true;
            return Ok(());
        }
        let wanted = text.strip_prefix('.').unwrap_or(text);
        if wanted.contains(['*', '?']) {
            let advice = match text.strip_prefix("*.") {
                Some(plain) if !plain.is_empty() && !plain.contains(['*', '?']) => format!("ext:{plain}"),
                _ if text.starts_with('*') => for_a_shell(&format!("name:{text}")),
                _ => for_a_shell(&format!("name:*.{wanted}")),
            };
            return Err(format!("ext: takes no `*` and no `?`: write {advice}"));
        }
        if wanted.is_empty() || wanted.contains('/') {
            return Err(format!("no extension is {text:?}: write one such as ext:jpg, ext:tar.gz, or ext:none"));
        }
        let small = wanted.to_ascii_lowercase();
        let name = format!("x.{small}");
        let (list, one) = if sanchay_core::extension(name.as_bytes()).is_some_and(|found| found.as_str() == small) {
            (&mut self.simple, small)
        } else {
            (&mut self.endings, fold_text(&format!(".{wanted}")))
        };
        if !list.contains(&one) {
            list.push(one);
        }
        Ok(())
    }

    /// Whether a file of this name is meant.
    pub fn matches(&self, name: &[u8]) -> bool {
        match sanchay_core::extension(name) {
            None if self.none => return true,
            Some(found) if self.simple.iter().any(|one| one == found.as_str()) => return true,
            _ => {}
        }
        with_folded(name, |folded| {
            self.endings.iter().any(|end| folded.len() > end.len() && folded.ends_with(end.as_bytes()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_what_a_name_ends_with() {
        let mut wanted = Endings::default();
        for text in ["JPG", ".tar.gz", "none", "Фото", "2024"] {
            wanted.add(text).unwrap();
        }
        assert_eq!(wanted.simple, ["jpg"]);
        for (name, expected) in [
            ("a.jpg", true),
            ("a.TAR.GZ", true),
            ("a.gz", false),
            (".tar.gz", false),
            ("Makefile", true),
            ("a.фото", true),
            ("a.2024", true),
            ("a.png", false),
        ] {
            assert_eq!(wanted.matches(name.as_bytes()), expected, "{name}");
        }
        assert!(wanted.add("*.jpg").unwrap_err().contains("write ext:jpg"));
        assert!(wanted.add("jp?").unwrap_err().contains("write 'name:*.jp?'"));
        assert!(wanted.add("a/b").unwrap_err().contains("no extension"));
        assert!(Endings::of_copies(["jpg", "tar.gz"]).unwrap_err().contains("find 'dup:yes ext:tar.gz'"));
        assert_eq!(
            Endings::of_copies([".JPG", "none"]).map(|read| (read.simple, read.none)),
            Ok((vec!["jpg".to_owned()], true))
        );
    }
}
