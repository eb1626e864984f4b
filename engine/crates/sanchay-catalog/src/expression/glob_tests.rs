//! What a pattern finds, by cases and against a plain matcher.

use super::*;
use proptest::prelude::*;

#[test]
fn names_fit_as_the_manual_says() {
    for (pattern, name, expected) in [
        ("*.jpg", "a.JPG", true),
        ("*.JPG", "a.jpg", true),
        ("*.jpg", "a.jpg.txt", false),
        ("img*", "IMG_1", true),
        ("img*", "aimg", false),
        ("*mid*", "aMIDb", true),
        ("a*b*c", "axxbyyc", true),
        ("a*b*c", "axxbyy", false),
        ("readme", "README", true),
        ("readme", "README.md", false),
        ("*", "", true),
        ("?", "é", true),
        ("??", "é", false),
        ("Ä*", "ärger", true),
        ("[a-c]x", "Bx", true),
        ("[A-C]x", "bx", true),
        ("[!a-c]x", "Bx", false),
        ("[^a-c]x", "dx", true),
        ("[]a]", "]", true),
        ("[a-]", "-", true),
        ("[a-]", "A", true),
        ("[a-]", "b", false),
        ("[a-cx-z]", "Y", true),
        ("[a-cx-z]", "m", false),
        ("[-a]", "-", true),
        ("[é]", "É", true),
        ("*.{jpg,png}", "a.png", true),
        ("*.{jpg,png}", "a.gif", false),
        ("{a,{b,c}}d", "cd", true),
        ("a{,b}", "a", true),
        ("a,b", "a,b", true),
        ("a}", "a}", true),
        (r"\*", "*", true),
        (r"\*", "a", false),
        (r"a\[b", "A[B", true),
        ("a.b", "axb", false),
        ("a*", "a\nb", true),
        ("**", "abc", true),
        ("οδος", "ΟΔΟΣ", true),
    ] {
        assert_eq!(Glob::name(pattern).unwrap().matches(name.as_bytes()), expected, "{pattern} {name}");
    }
    assert!(Glob::name("a?").unwrap().matches(b"A\xff"));
}

#[test]
fn paths_fit_as_the_manual_says() {
    for (pattern, path, expected) in [
        ("/a/*.rs", "/a/b.rs", true),
        ("/a/*.rs", "/a/b/c.rs", false),
        ("/a/**", "/a/b/c.rs", true),
        ("/a/**/c.rs", "/a/b/d/c.rs", true),
        ("/a/**/c.rs", "/a/c.rs", true),
        ("/a/**/c.rs", "/a/xc.rs", false),
        ("**/c.rs", "/a/b/c.rs", true),
        ("**.rs", "/a/b/c.rs", true),
        ("**/b/**", "/a/B/c", true),
        ("**b**", "/a/b/c", true),
        ("/a?b", "/a/b", false),
        ("/a[!x]b", "/a/b", false),
        ("/a[/]b", "/a/b", true),
        ("/*/b", "/a/b", true),
        ("/a/b", "/A/B", true),
        ("/a/b*", "/a/b/c", false),
        ("/a/b**", "/a/b/c", true),
    ] {
        assert_eq!(Glob::path(pattern).unwrap().matches(path.as_bytes()), expected, "{pattern} {path}");
    }
}

#[test]
fn the_longest_literal_is_in_all_that_fits() {
    for (pattern, expected) in [
        ("*.JPG", Some(".jpg")),
        ("a*bcd*e", Some("bcd")),
        ("{abc,def}g", Some("g")),
        ("[abc]", None),
        ("*", None),
        (r"\**", Some("*")),
    ] {
        assert_eq!(Glob::name(pattern).unwrap().longest_literal().as_deref(), expected, "{pattern}");
    }
}

#[test]
fn a_bad_pattern_is_refused_with_the_reason() {
    for (pattern, reason) in [
        ("", "a pattern is due"),
        ("a/b", "write 'path:**/a/b'"),
        ("[a", "opens a `["),
        ("[", "opens a `["),
        ("[]", "opens a `["),
        ("{a", "opens a `{"),
        ("a\\", "takes no character"),
        ("[z-a]", "ends before it begins"),
    ] {
        assert!(Glob::name(pattern).expect_err(pattern).contains(reason), "{pattern}");
    }
    assert!(Glob::path("src/*.rs").unwrap_err().contains("write 'path:**/src/*.rs'"));
    for (pattern, instead) in
        [("*.jpg", "path:**.jpg"), ("*/b", "path:**/b"), ("*b*", "path:**b**"), ("?b/**", "path:**b/**")]
    {
        let reason = Glob::path(pattern).unwrap_err();
        assert!(reason.ends_with(&format!("write '{instead}'")), "{pattern}: {reason}");
        assert!(Glob::path(instead.trim_start_matches("path:")).is_ok(), "{instead}");
    }
    assert!(Glob::path("?:/a").is_ok());
    assert!(Glob::path("C:/a").is_ok());
    assert!(Glob::name(&"{".repeat(5000)).is_err());
    assert!(Glob::name(&format!("{}{}", "{".repeat(5000), "}".repeat(5000))).is_err());
}

/// Stars and question marks, read slowly.
fn slow(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), None) => slow(rest, text),
        (Some(('*', rest)), Some((_, after))) => slow(rest, text) || slow(pattern, after),
        (Some(('?', rest)), Some((_, after))) => slow(rest, after),
        (Some((wanted, rest)), Some((letter, after))) => wanted == letter && slow(rest, after),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_folder_rules_out_only_what_does_not_fit(
        pattern in "[/*?]([ab/*]|\\*\\*/){0,6}",
        parts in proptest::collection::vec("[aAb]{1,3}", 1..5),
    ) {
        let Ok(glob) = Glob::path(&pattern) else { return Ok(()) };
        let (name, folders) = parts.split_last().unwrap();
        let folder = format!("/{}", folders.join("/"));
        let path = format!("{}/{name}", folder.trim_end_matches('/'));
        let may = match glob.in_folder(folder.as_bytes()) {
            InFolder::NothingFits => false,
            InFolder::MayFit(text) => fold(name.as_bytes()).contains(text),
        };
        prop_assert!(may || !glob.matches(path.as_bytes()), "{pattern} {path}");
    }

    #[test]
    fn stars_agree_with_a_slow_matcher(pattern in "[abé*?]{1,6}", name in "[abé]{0,8}") {
        let (slow_pattern, letters): (Vec<_>, Vec<_>) = (pattern.chars().collect(), name.chars().collect());
        let glob = Glob::name(&pattern).unwrap();
        prop_assert_eq!(glob.matches(name.as_bytes()), slow(&slow_pattern, &letters));
    }

    #[test]
    fn what_fits_has_the_literal(pattern in "[abc*?{},\\[\\]\\\\]{1,8}", name in "[abcABC]{0,8}") {
        if let Ok(glob) = Glob::name(&pattern) {
            if glob.matches(name.as_bytes()) {
                let literal = glob.longest_literal().unwrap_or_default();
                prop_assert!(super::super::fold::contains_lowercase(name.as_bytes(), &literal));
            }
        }
    }

    #[test]
    fn no_pattern_panics(pattern in ".{0,40}", text in proptest::collection::vec(any::<u8>(), 0..40)) {
        for glob in [Glob::name(&pattern), Glob::path(&pattern)].into_iter().flatten() {
            glob.matches(&text);
        }
    }
}
