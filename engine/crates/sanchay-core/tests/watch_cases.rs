//! The sentences of the event algebra: each file of `watch_cases` is one, its name says it, and it holds events with
//! their times and the steps that have to come of them.
//!
//! A file has lines `root PATH` (at least one), `settle MS` and `limit NAMES` where they matter, then `events`, then
//! `steps`. An event is `TIME KIND PATH...`, and `FIRST..LAST/EVERY` as its time repeats it; a `*` in a path is the
//! number of the repetition. A step is `TIME KIND PATH [NAME...]`. Steps are asked for whenever some are due, after all
//! events of that time. At the end nothing may wait.

use std::collections::BTreeMap;
use std::path::Path;

use sanchay_core::path::{display, SEPARATOR};
use sanchay_core::watch::{FileEvent, Pending, Step, WatchRefused, PENDING_LIMIT};

/// The names of the kinds of event, and how many paths each has.
const DRAIN: &str = "drain";

#[test]
fn every_sentence_of_the_event_algebra_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/watch_cases");
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        assert_eq!(path.extension().and_then(|extension| extension.to_str()), Some("case"), "{path:?} is no case");
        let sentence = path.file_stem().expect("a name").to_string_lossy().replace('_', " ");
        let (expected, steps) = run(&std::fs::read_to_string(&path).expect("a text"), &sentence);
        if expected != steps {
            failures.push(format!("{sentence}\nexpected:\n{}\ngot:\n{}", expected.join("\n"), steps.join("\n")));
        }
        count += 1;
    }
    assert!(count >= 30, "only {count} cases were found");
    assert!(failures.is_empty(), "{} of {count} fail:\n\n{}", failures.len(), failures.join("\n\n"));
}

/// The steps that a case asks for and those that come, a line each.
fn run(case: &str, sentence: &str) -> (Vec<String>, Vec<String>) {
    let mut roots = Vec::new();
    let (mut settle_ms, mut limit) = (500, PENDING_LIMIT);
    let mut events: BTreeMap<u64, Vec<Option<FileEvent>>> = BTreeMap::new();
    let mut expected = Vec::new();
    let mut section = "";
    for line in case.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (section, words.as_slice()) {
            ("", ["root", path]) => roots.push(native(path)),
            ("", ["settle", number]) => settle_ms = number.parse().expect("milliseconds"),
            ("", ["limit", number]) => limit = number.parse().expect("a number"),
            ("", ["events"]) => section = "events",
            ("events", ["steps"]) => section = "steps",
            ("events", [time, event @ ..]) => {
                for (index, time_ms) in times(time).enumerate() {
                    let words: Vec<String> = event.iter().map(|word| word.replace('*', &index.to_string())).collect();
                    events.entry(time_ms).or_default().push(event_of(&words, sentence));
                }
            }
            ("steps", _) => expected.push(words.join(" ")),
            _ => panic!("{sentence}: what is `{line}`?"),
        }
    }
    assert!(section == "steps" && !roots.is_empty() && !events.is_empty(), "{sentence}: a part of the case is missing");
    let mut pending = Pending::with_limit(settle_ms, limit);
    for root in roots {
        pending.put_root(root);
    }
    let mut steps = Vec::new();
    let mut now_ms = 0;
    loop {
        let next_event = events.first_key_value().map(|(time_ms, _)| *time_ms);
        let next_due = pending.next_due_ms().map(|due_ms| due_ms.max(now_ms));
        let Some(next_ms) = next_event.into_iter().chain(next_due).min() else { break };
        now_ms = next_ms;
        let mut due = Vec::new();
        for event in events.remove(&now_ms).unwrap_or_default() {
            match event {
                Some(event) => pending.take(event, now_ms),
                None => due.append(&mut pending.drain(now_ms)),
            }
        }
        due.append(&mut pending.due(now_ms));
        steps.extend(due.iter().map(|step| format!("{now_ms} {}", words_of(step))));
    }
    assert!(pending.is_empty(), "{sentence}: something waits and is never due");
    (expected, steps)
}

/// `TIME` or `FIRST..LAST/EVERY`.
fn times(word: &str) -> impl Iterator<Item = u64> {
    let number = |text: &str| text.parse::<usize>().expect("milliseconds");
    let (first, last, every) = match word.split_once("..") {
        None => (number(word), number(word), 1),
        Some((first, rest)) => {
            let (last, every) = rest.split_once('/').expect("FIRST..LAST/EVERY");
            (number(first), number(last), number(every))
        }
    };
    (first..=last).step_by(every).map(|time| time as u64)
}

fn event_of(words: &[String], sentence: &str) -> Option<FileEvent> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Some(match words.as_slice() {
        [DRAIN] => return None,
        ["created", "file", path] => FileEvent::Created { path: native(path), directory: Some(false) },
        ["created", "folder", path] => FileEvent::Created { path: native(path), directory: Some(true) },
        ["created", "something", path] => FileEvent::Created { path: native(path), directory: None },
        ["written", path] => FileEvent::Written { path: native(path) },
        ["attributes", path] => FileEvent::Attributes { path: native(path) },
        ["removed", path] => FileEvent::Removed { path: native(path), directory: None },
        ["renamed", from, to] => FileEvent::Renamed { from: native(from), to: native(to) },
        ["exchanged", one, other] => FileEvent::Exchanged { one: native(one), other: native(other) },
        ["moved-in", "file", path] => FileEvent::MovedIn { path: native(path), directory: Some(false) },
        ["moved-in", "folder", path] => FileEvent::MovedIn { path: native(path), directory: Some(true) },
        ["moved-in", "something", path] => FileEvent::MovedIn { path: native(path), directory: None },
        ["moved-away", path] => FileEvent::MovedAway { path: native(path) },
        ["rescan"] => FileEvent::Rescan { root: None },
        ["rescan", root] => FileEvent::Rescan { root: Some(native(root)) },
        ["root-gone", root] => FileEvent::RootGone { root: native(root) },
        ["watch-lost", root] => FileEvent::WatchLost { root: native(root), refused: WatchRefused::LimitReached },
        _ => panic!("{sentence}: what is the event {words:?}?"),
    })
}

fn words_of(step: &Step) -> String {
    match step {
        Step::Look { directory, names } => format!("look {} {}", plain(directory), list(names)),
        Step::Hash { directory, names } => format!("hash {} {}", plain(directory), list(names)),
        Step::List { directory, deep: true } => format!("list {}", plain(directory)),
        Step::List { directory, deep: false } => format!("list-flat {}", plain(directory)),
        Step::Move { from, to } => format!("move {} {}", plain(from), plain(to)),
        Step::Trust { directory, names } => format!("trust {} {}", plain(directory), list(names)),
        Step::Reconcile { root, reason } => format!("reconcile {} because {}", plain(root), reason.as_str()),
        Step::RootGone { root } => format!("root-gone {}", plain(root)),
        Step::WatchLost { root, .. } => format!("watch-lost {}", plain(root)),
    }
}

/// More than eight names are said as their number.
fn list(names: &[Vec<u8>]) -> String {
    if names.len() > 8 {
        return format!("({} names)", names.len());
    }
    names.iter().map(|name| display(name)).collect::<Vec<_>>().join(" ")
}

/// The path as the system that runs the test writes it.
fn native(path: &str) -> Vec<u8> {
    path.bytes().map(|byte| if byte == b'/' { SEPARATOR } else { byte }).collect()
}

fn plain(path: &[u8]) -> String {
    display(path).replace(char::from(SEPARATOR), "/")
}
