//! A claim: the words of a small file that say which place is Sanchay's, by its number and its path.
//!
//! A name alone proves nothing: a file of that name may be a person's own, or a copy of ours in a backup, and what it seems to
//! claim would leave the catalog. A copy of a claim has neither the number nor the path of the place it lies in.

use sanchay_core::{CoreError, DirHandle, ErrorKind, FileKind, FileStat};

/// A claim is shorter, and every database longer: one that goes by a claim's name is never opened.
const BYTES_MOST: u64 = 8000;
/// What Windows says of a file that its owner keeps locked.
const LOCKED_ON_WINDOWS: i32 = 33;
const NUMBER: &str = "\nNumber: ";
const PATH: &str = "\nPath: ";

/// What a claim is about.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The first words, which tell kinds of claims apart.
    pub headline: &'a str,
    /// The inode of the place.
    pub number: u64,
    /// Its path: some file systems number a folder afresh each time that they are asked.
    pub path: &'a [u8],
}

impl Claim<'_> {
    /// The text of the file, with `note` behind the headline.
    pub fn text(&self, note: &str) -> Vec<u8> {
        let mut text = format!("{}{note}{NUMBER}{}{PATH}", self.headline, self.number).into_bytes();
        text.extend_from_slice(self.path);
        text.push(b'\n');
        text
    }

    /// Whether a file's text claims this place.
    pub fn is_in(&self, text: &[u8]) -> bool {
        if !text.starts_with(self.headline.as_bytes()) {
            return false;
        }
        let after = |key: &str| find(text, key.as_bytes()).map(|at| &text[at + key.len()..]);
        let number = after(NUMBER).and_then(|rest| rest.split(|byte| *byte == b'\n').next());
        let is_number = number.is_some_and(|number| number == self.number.to_string().as_bytes());
        is_number || after(PATH).and_then(|path| path.strip_suffix(b"\n")).is_some_and(|path| path == self.path)
    }

    /// Whether the file `name` in an open folder claims this place, for the owner of it. One that belongs to that owner and may
    /// not be read is believed: two daemons that cataloged each other's databases would never rest.
    pub fn is_made_by(&self, folder: &DirHandle, name: &[u8], owner: u32) -> bool {
        let Ok(stat) = folder.stat(name) else { return false };
        if stat.owner != owner {
            return false;
        }
        match read_claim(folder, name, &stat) {
            Ok(text) => text.is_some_and(|text| self.is_in(&text)),
            Err(error) => {
                let is_locked = cfg!(windows) && error.source.raw_os_error() == Some(LOCKED_ON_WINDOWS);
                is_locked || error.kind == ErrorKind::Permission
            }
        }
    }
}

/// The text of what may be a claim; None where it cannot be one.
pub fn read_claim(folder: &DirHandle, name: &[u8], stat: &FileStat) -> Result<Option<Vec<u8>>, CoreError> {
    if stat.kind != FileKind::File || stat.size_bytes > BYTES_MOST || stat.placeholder {
        return Ok(None);
    }
    let file = folder.open_file(name)?;
    let mut text = vec![0; BYTES_MOST as usize];
    let mut length = 0;
    while length < text.len() {
        match file.read(&mut text[length..])? {
            0 => break,
            read => length += read,
        }
    }
    text.truncate(length);
    Ok(Some(text))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_by_number_or_by_path_and_for_nothing_else() {
        let claim = Claim { headline: "This is ours.", number: 7, path: b"/home/me/a\nNumber: 9" };
        let text = claim.text(" Leave it.");
        assert!(claim.is_in(&text));
        assert!(Claim { path: b"/elsewhere", ..claim }.is_in(&text));
        assert!(Claim { number: 8, ..claim }.is_in(&text));
        for other in [Claim { number: 70, path: b"/home/me", ..claim }, Claim { number: 9, path: b"", ..claim }] {
            assert!(!other.is_in(&text), "{other:?}");
        }
        assert!(!Claim { headline: "That is ours.", ..claim }.is_in(&text));
        for stray in [&b""[..], b"This is ours.", b"This is ours.\nNumber: \nPath: ", b"notes"] {
            assert!(!claim.is_in(stray));
        }
    }
}
