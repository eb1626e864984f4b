//! Letters large and small made one, the same way for the name index and for every comparison.

use memchr::memmem;
use unicode_normalization::UnicodeNormalization;

/// ASCII names up to this length are folded on the stack; a name of a file is rarely longer anywhere.
const STACK_BYTES: usize = 256;

/// The text that stands for a name in the name index: each character in small letters by itself, without regard to
/// what surrounds it, so that a part of a name folds to a part of the folded name. Bytes that are not UTF-8 become the
/// replacement character. Accents are kept; a letter and its accent are one character, however they are stored (NFC).
pub fn fold(name: &[u8]) -> String {
    if name.is_ascii() {
        let mut folded = String::from_utf8_lossy(name).into_owned();
        folded.make_ascii_lowercase();
        return folded;
    }
    fold_text(&String::from_utf8_lossy(name))
}

/// The ways in which a name may be stored: as it is given, with its accents as letters of their own (NFD), and without (NFC).
pub fn spellings(name: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![name.to_vec()];
    if let Ok(text) = std::str::from_utf8(name) {
        for other in [text.nfc().collect::<String>(), text.nfd().collect()] {
            if !all.contains(&other.as_bytes().to_vec()) {
                all.push(other.into_bytes());
            }
        }
    }
    all
}

/// As [`fold`], of text.
pub(super) fn fold_text(text: &str) -> String {
    // Reasons: Σ has two small forms, by its place in the word; one of them stands for both.
    let small = |letter: char| letter.to_lowercase();
    text.nfc().flat_map(small).map(|small| if small == 'ς' { 'σ' } else { small }).collect()
}

/// Whether the folded name contains `needle_lower`, a text that is folded already.
pub fn contains_lowercase(name: &[u8], needle_lower: &str) -> bool {
    with_folded(name, |folded| memmem::find(folded, needle_lower.as_bytes()).is_some())
}

/// Calls `test` with the folded bytes; a short ASCII name needs no allocation.
#[inline]
pub(super) fn with_folded<T>(bytes: &[u8], test: impl FnOnce(&[u8]) -> T) -> T {
    if bytes.len() > STACK_BYTES || !bytes.is_ascii() {
        return test(fold(bytes).as_bytes());
    }
    let mut buffer = [0; STACK_BYTES];
    let folded = &mut buffer[..bytes.len()];
    folded.copy_from_slice(bytes);
    folded.make_ascii_lowercase();
    test(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_large_and_small_are_one() {
        for (name, needle, expected) in [
            ("IMG_0001.JPG", "img", true),
            ("ÄRGER.txt", "ärger", true),
            ("ärger.txt", "ÄRGER", true),
            ("ΟΔΟΣ", "οδος", true),
            ("ΑΣΑ", "ας", true),
            ("abc", "", true),
            ("", "a", false),
            ("abc", "abd", false),
            ("résumé", "resume", false),
            ("re\u{301}sume\u{301}", "RÉSUMÉ", true),
            ("RÉSUMÉ", "re\u{301}sume\u{301}", true),
            ("\u{1112}\u{1161}\u{11ab}.txt", "한", true),
        ] {
            assert_eq!(contains_lowercase(name.as_bytes(), &fold(needle.as_bytes())), expected, "{name} {needle}");
        }
        assert!(contains_lowercase(b"\xffABC", "abc"));
        assert_eq!(fold(b"A\xff"), "a\u{fffd}");
        assert!(contains_lowercase(&[b'Q'; 1000], "qqq"));
    }

    proptest! {
        #[test]
        fn a_part_of_a_name_is_found_in_it(before in ".{0,20}", part in ".{0,20}", after in ".{0,300}") {
            let name = format!("{before}{part}{after}");
            // An accent at a seam belongs to the letter before it.
            let whole: String = name.nfc().collect();
            let parts: String = before.nfc().chain(part.nfc()).chain(after.nfc()).collect();
            prop_assume!(whole == parts);
            prop_assert!(contains_lowercase(name.as_bytes(), &fold(part.as_bytes())));
            prop_assert!(contains_lowercase(name.as_bytes(), &fold_text(&part)));
        }

        #[test]
        fn the_quick_path_agrees_with_the_folded_text(
            name in proptest::collection::vec(prop_oneof![b'a'..=b'c', b'A'..=b'C', any::<u8>()], 0..300),
            needle in "[a-c\u{fffd}]{0,3}",
        ) {
            prop_assert_eq!(contains_lowercase(&name, &needle), fold(&name).contains(&needle));
        }
    }
}
