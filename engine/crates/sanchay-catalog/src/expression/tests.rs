//! The language as a whole: each sentence of its manual, and round trips.

use jiff::Timestamp;
use proptest::prelude::*;
use sanchay_core::FileType;

use super::*;

/// 2024-03-10T15:30Z.
const NOW_NS: i64 = 1_710_084_600_000_000_000;
const S: i64 = 1_000_000_000;

struct KnownOwners;

impl Owners for KnownOwners {
    fn uid(&self, name: &str) -> Option<u32> {
        (name == "alice").then_some(1000)
    }
}

fn read(text: &str) -> Result<Expression, ExpressionError> {
    parse(text, NOW_NS, &UtcTime, &KnownOwners)
}

/// The kind of the only term.
fn kind(text: &str) -> TermKind {
    let expression = read(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(expression.terms.len(), 1, "{text}");
    expression.terms.into_iter().next().unwrap().kind
}

fn simple(all: &[&str]) -> Endings {
    Endings { simple: all.iter().map(|&text| text.to_owned()).collect(), ..Endings::default() }
}

fn types(all: &[FileType]) -> Types {
    Types { files: all.to_vec(), ..Types::default() }
}

/// An absolute path on this platform, as it is written and as it is kept.
fn whole(path: &str) -> (String, Vec<u8>) {
    if cfg!(windows) {
        (format!("C:{path}"), format!("C:{path}").replace('/', "\\").into_bytes())
    } else {
        (path.to_owned(), path.to_owned().into_bytes())
    }
}

#[test]
fn each_term_of_the_manual_is_understood() {
    use TermKind::*;
    let gib = 1_u64 << 30;
    let (written, kept) = whole("/a b");
    for (text, expected) in [
        ("Text", NameContains("text".into())),
        ("\"two words\"", NameContains("two words".into())),
        ("\"a:b\"", NameContains("a:b".into())),
        ("ÄRGER", NameContains("ärger".into())),
        ("name:*.JPG", NameGlob(Glob::name("*.JPG").unwrap())),
        ("path:**/x/*", PathGlob(Glob::path("**/x/*").unwrap())),
        (&format!("under:\"{written}\""), Under(kept.clone())),
        (&format!("under:\"{written}/\""), Under(kept)),
        (&format!("under:{}", whole("/a//b/./c").0), Under(whole("/a/b/c").1)),
        ("ext:log", Extension(simple(&["log"]))),
        ("ext:JPG,.png,jpg", Extension(simple(&["jpg", "png"]))),
        ("ext:tar.gz", Extension(Endings { endings: vec![".tar.gz".into()], ..Endings::default() })),
        ("ext:\"\"", Extension(Endings { none: true, ..Endings::default() })),
        ("ext:none", Extension(Endings { none: true, ..Endings::default() })),
        ("type:image", Type(types(&[FileType::Image]))),
        ("type:folder,link", Type(Types { folders: true, links: true, ..Types::default() })),
        ("*.jpg", NameGlob(Glob::name("*.jpg").unwrap())),
        ("IMG_00?1.*", NameGlob(Glob::name("IMG_00?1.*").unwrap())),
        ("\"*.jpg\"", NameContains("*.jpg".into())),
        ("type:Video,audio", Type(types(&[FileType::Video, FileType::Audio]))),
        ("size:>1G", Size(Bounds { low: gib + 1, high: u64::MAX })),
        ("SIZE:>1g", Size(Bounds { low: gib + 1, high: u64::MAX })),
        ("size:1M..2G", Size(Bounds { low: 1 << 20, high: 2 * gib })),
        ("modified:<7d", Modified(TimeBounds { low_ns: NOW_NS - 7 * 86_400 * S + 1, high_ns: i64::MAX })),
        ("created:1970-01-01..1970-01-02", Created(TimeBounds { low_ns: 0, high_ns: 2 * 86_400 * S - 1 })),
        ("modified:1970-01-01T10:00", Modified(TimeBounds { low_ns: 36_000 * S, high_ns: 36_060 * S - 1 })),
        ("root:photos", Root("photos".into())),
        ("root:\"My Photos\"", Root("My Photos".into())),
        ("hash:0123456789", HashPrefix(super::HashPrefix::parse("0123456789").unwrap())),
        ("dup:yes", Duplicate(true)),
        ("dup:NO", Duplicate(false)),
        ("dup:unknown", Undecided),
        ("empty:yes", Empty(true)),
        ("owner:alice", Owner(1000)),
        ("owner:0", Owner(0)),
        ("links:>1", Links(Bounds { low: 2, high: u64::MAX })),
    ] {
        assert_eq!(kind(text), expected, "{text}");
    }
}

#[test]
fn terms_keep_their_text_place_and_sign() {
    let expression = read(" é -ext:log \"x y\"").unwrap();
    let found: Vec<_> = expression.terms.iter().map(|term| (term.negated, &*term.text, term.position)).collect();
    assert_eq!(found, [(false, "é", 1), (true, "-ext:log", 3), (false, "\"x y\"", 12)]);
    assert_eq!(read("  "), Ok(Expression::default()));
}

#[test]
fn a_bad_term_is_named_with_its_place_and_the_reason() {
    for (text, term, position, reason) in [
        ("é foo:bar", "foo:bar", 2, "there is no key \"foo\". The keys are name, path, under,"),
        ("foo:bar", "foo:bar", 0, "quote it: '\"foo:bar\"'"),
        ("a -szie:>1G", "-szie:>1G", 2, "there is no key \"szie\"; did you mean size:? The keys are"),
        ("12:30", "12:30", 0, "quote it: '\"12:30\"'"),
        ("size:", "size:", 0, "size: needs a value right after the colon, such as size:>1G"),
        ("ext:", "ext:", 0, "ext: needs a value"),
        ("ext:*.jpg", "ext:*.jpg", 0, "write ext:jpg"),
        ("docs/a.txt", "docs/a.txt", 0, "no name holds a `/`: write the whole path, or 'path:**/docs/a.txt'"),
        ("~/a.txt", "~/a.txt", 0, "'path:**/a.txt'"),
        ("docs/*.txt", "docs/*.txt", 0, "write 'path:**/docs/*.txt'"),
        ("type:dir", "type:dir", 0, "did you mean folder?"),
        ("a type:folder ext:jpg", "ext:jpg", 14, "a folder has no extension"),
        ("foo:\"a b\"", "foo:\"a b\"", 0, "quote it: '\"foo:a b\"'"),
        ("size:big", "size:big", 0, "is not a size"),
        ("size:> 1G", "size:>", 0, "is not a size"),
        ("modified:soon", "modified:soon", 0, "neither an age nor a date"),
        ("created:7d", "created:7d", 0, "write `<7d`"),
        ("under:~/x", "under:~/x", 0, "the client's to expand"),
        ("under:x", "under:x", 0, "is not absolute"),
        ("ext:jpg,,png", "ext:jpg,,png", 0, "nothing on one side"),
        ("type:imag", "type:imag", 0, "did you mean image? The types are image, video,"),
        ("type:nonsense", "type:nonsense", 0, "The types are image, video,"),
        ("hash:xyz", "hash:xyz", 0, "no hexadecimal digit"),
        ("dup:maybe", "dup:maybe", 0, "dup: is yes or no, not \"maybe\""),
        ("empty:1", "empty:1", 0, "empty: is yes or no"),
        ("x owner:bob", "owner:bob", 2, "knows no user \"bob\""),
        ("owner:4294967296", "owner:4294967296", 0, "no user has a number as large"),
        ("links:many", "links:many", 0, "not a whole number"),
        ("name:[a", "name:[a", 0, "opens a `["),
        ("name:a/b", "name:a/b", 0, "write 'path:**/a/b'"),
    ] {
        let error = read(text).expect_err(text);
        assert_eq!((&*error.term, error.position), (term, position), "{text}");
        assert!(error.message.contains(reason), "{text}: {}", error.message);
    }
    let up = whole("/a/../b");
    assert_eq!(kind(&format!("under:{}", up.0)), TermKind::Under(up.1), "what it leads to is the file system's to say");
}

/// A value in quotes.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn range(bounds: Bounds) -> String {
    format!("{}..{}", bounds.low, bounds.high)
}

/// Bounds that lie on whole seconds, as a range of local times.
fn time_range(bounds: TimeBounds) -> String {
    let text = |unix_ns: i64| {
        let civil = UtcTime.civil(unix_ns);
        civil.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    };
    format!("{}..{}", text(bounds.low_ns), text(bounds.high_ns))
}

fn print(expression: &Expression) -> String {
    let terms = expression.terms.iter().map(|term| {
        let body = match &term.kind {
            TermKind::NameContains(text) => quote(text),
            TermKind::NameGlob(glob) => format!("name:{}", quote(glob.pattern())),
            TermKind::PathGlob(glob) => format!("path:{}", quote(glob.pattern())),
            TermKind::Path(path) => quote(std::str::from_utf8(path).unwrap()),
            TermKind::Under(path) => format!("under:{}", quote(std::str::from_utf8(path).unwrap())),
            TermKind::Extension(all) => format!("ext:{}", all.simple.join(",")),
            TermKind::Type(all) => {
                format!("type:{}", all.words().join(","))
            }
            TermKind::Size(bounds) => format!("size:{}", range(*bounds)),
            TermKind::Modified(bounds) => format!("modified:{}", time_range(*bounds)),
            TermKind::Created(bounds) => format!("created:{}", time_range(*bounds)),
            TermKind::Root(name) => format!("root:{}", quote(name)),
            TermKind::HashPrefix(prefix) => format!("hash:{prefix}"),
            TermKind::Undecided => "dup:unknown".to_owned(),
            TermKind::Duplicate(yes) => format!("dup:{}", if *yes { "yes" } else { "no" }),
            TermKind::Empty(yes) => format!("empty:{}", if *yes { "yes" } else { "no" }),
            TermKind::Owner(uid) => format!("owner:{uid}"),
            TermKind::Links(bounds) => format!("links:{}", range(*bounds)),
        };
        format!("{}{body}", if term.negated { "-" } else { "" })
    });
    terms.collect::<Vec<_>>().join(" ")
}

fn bounds() -> impl Strategy<Value = Bounds> {
    any::<(u64, u64)>().prop_map(|(a, b)| Bounds { low: a.min(b), high: a.max(b) })
}

fn time_bounds() -> impl Strategy<Value = TimeBounds> {
    let seconds = -9_000_000_000_i64..9_000_000_000;
    (seconds.clone(), seconds).prop_map(|(a, b)| TimeBounds { low_ns: a.min(b) * S, high_ns: a.max(b) * S + (S - 1) })
}

fn term_kinds() -> impl Strategy<Value = TermKind> {
    let types = proptest::sample::subsequence(FileType::ALL.to_vec(), 1..=8);
    prop_oneof![
        "\\PC{1,12}".prop_map(|text| TermKind::NameContains(fold(text.replace('/', "x").as_bytes()))),
        "[a-z* \"\\?.é-]{1,8}".prop_map(|text| TermKind::NameGlob(Glob::name(&text).unwrap())),
        "/[a-z*/ \"?.é-]{0,8}".prop_map(|text| TermKind::PathGlob(Glob::path(&text).unwrap())),
        "(/[a-z \"é\\-]{1,5}){1,3}".prop_map(|text| TermKind::Under(whole(&text).1)),
        proptest::collection::btree_set("[a-z]{1,12}", 1..4)
            .prop_filter("it stands for files without one", |all| !all.contains("none"))
            .prop_map(|all| TermKind::Extension(Endings { simple: all.into_iter().collect(), ..Endings::default() })),
        (types, any::<[bool; 4]>()).prop_map(|(files, [any_file, folders, links, special])| {
            TermKind::Type(Types { files, any_file, folders, links, special })
        }),
        "(/[a-z \"é\\-]{1,5}){1,3}".prop_map(|text| TermKind::Path(whole(&text).1)),
        bounds().prop_map(TermKind::Size),
        bounds().prop_map(TermKind::Links),
        time_bounds().prop_map(TermKind::Modified),
        time_bounds().prop_map(TermKind::Created),
        "\\PC{1,12}".prop_map(TermKind::Root),
        "[0-9a-f]{8,64}".prop_map(|text| TermKind::HashPrefix(super::HashPrefix::parse(&text).unwrap())),
        any::<bool>().prop_map(TermKind::Duplicate),
        Just(TermKind::Undecided),
        any::<bool>().prop_map(TermKind::Empty),
        any::<u32>().prop_map(TermKind::Owner),
    ]
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(terms in proptest::collection::vec((any::<bool>(), term_kinds()), 0..6)) {
        let terms: Vec<Term> = terms
            .into_iter()
            .map(|(negated, kind)| Term { negated, kind, text: String::new(), position: 0 })
            .collect();
        if terms.iter().any(|term| !term.negated && matches!(&term.kind, TermKind::Type(all) if all.is_of_folders())) {
            return Ok(()); // most other terms hold for no folder
        }
        let printed = print(&Expression { terms: terms.clone() });
        let again = read(&printed).map_err(|error| TestCaseError::fail(format!("{printed}: {error}")))?;
        prop_assert_eq!(again.terms.len(), terms.len());
        let letters: Vec<char> = printed.chars().collect();
        for (wanted, found) in terms.iter().zip(&again.terms) {
            prop_assert_eq!((wanted.negated, &wanted.kind), (found.negated, &found.kind), "{}", printed);
            let at: String = letters[found.position..].iter().take(found.text.chars().count()).collect();
            prop_assert_eq!(&at, &found.text);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = read(&text);
    }

    #[test]
    fn no_term_panics(
        key in "(name|path|under|ext|type|size|modified|created|root|hash|dup|empty|owner|links|x):",
        value in "[<>=.0-9a-zKMGT:\\-\"\\\\\\[\\]{}*?, é]{0,20}",
    ) {
        if let Err(error) = read(&format!("{key}{value}")) {
            prop_assert!(!error.message.is_empty() && !error.term.is_empty());
        }
    }

    #[test]
    fn times_of_every_range_are_in_order(at in any::<i64>(), text in "(<|>|<=|>=)?[0-9]{1,4}(s|d|mo|y|)") {
        let expression = parse(&format!("modified:{text}"), at, &UtcTime, &KnownOwners);
        if let Ok(Expression { terms }) = expression {
            let [Term { kind: TermKind::Modified(bounds), .. }] = terms.as_slice() else { panic!("{terms:?}") };
            prop_assert!(bounds.low_ns <= bounds.high_ns);
        }
    }
}

#[test]
fn the_present_is_the_one_that_was_given() {
    assert_eq!(Timestamp::from_nanosecond(i128::from(NOW_NS)).unwrap().to_string(), "2024-03-10T15:30:00Z");
}
