//! From text to terms.

use std::path::{Path, PathBuf};

use super::bounds::{parse_links, parse_size};
use super::error::for_a_shell;
use super::fold::fold_text;
use super::key::{nearest, KEYS};
use super::local_time::LocalTime;
use super::owners::Owners;
use super::split::{split, RawTerm};
use super::time_bounds::TimeReader;
use super::{Endings, Expression, ExpressionError, Glob, HashPrefix, Term, TermKind, Types};

/// Reads an expression. Ages count back from `now_ns` (Unix time in nanoseconds), dates are by the clocks of
/// `local_time`, and names of users are looked up in `owners`.
///
/// Fails at the first term that makes no sense, and names it.
pub fn parse(
    text: &str,
    now_ns: i64,
    local_time: &dyn LocalTime,
    owners: &dyn Owners,
) -> Result<Expression, ExpressionError> {
    let times = TimeReader { now_ns, local: local_time };
    let read = |raw: RawTerm| match term_kind(&raw, &times, owners) {
        Ok(kind) => Ok(Term { negated: raw.negated, kind, text: raw.text, position: raw.position }),
        Err(message) => Err(ExpressionError { term: raw.text, position: raw.position, message }),
    };
    let terms: Vec<Term> = split(text)?.into_iter().map(read).collect::<Result<_, _>>()?;
    let of_folders =
        |term: &Term| !term.negated && matches!(&term.kind, TermKind::Type(types) if types.is_of_folders());
    if terms.iter().any(of_folders) {
        if let Some((term, what)) = terms.iter().find_map(|term| Some(term).zip(never_of_folders(term))) {
            let message = format!("a folder has no {what}: leave out this term or type:folder");
            return Err(ExpressionError { term: term.text.clone(), position: term.position, message });
        }
    }
    Ok(Expression { terms })
}

/// What a term asks for that no folder has.
fn never_of_folders(term: &Term) -> Option<&'static str> {
    match &term.kind {
        _ if term.negated => None,
        TermKind::Extension(_) => Some("extension"),
        TermKind::HashPrefix(_) => Some("hash"),
        TermKind::Duplicate(true) => Some("copies that are known"),
        TermKind::Owner(_) => Some("owner that is known"),
        TermKind::Links(_) => Some("number of links"),
        TermKind::Modified(_) | TermKind::Created(_) => Some("time that is known"),
        _ => None,
    }
}

fn term_kind(raw: &RawTerm, times: &TimeReader<'_>, owners: &dyn Owners) -> Result<TermKind, String> {
    let Some(written_key) = &raw.key else { return bare(&raw.value, raw.quoted) };
    let key = written_key.to_ascii_lowercase();
    let value = raw.value.as_str();
    if value.is_empty() && KEYS.contains(&key.as_str()) && !(key == "ext" && raw.quoted) {
        return Err(format!("{key}: needs a value right after the colon, such as {}", example(&key)));
    }
    Ok(match key.as_str() {
        "name" => TermKind::NameGlob(Glob::name(value)?),
        "path" => TermKind::PathGlob(Glob::path(value)?),
        "under" => TermKind::Under(absolute(value)?),
        "ext" => {
            let mut extensions = Endings::default();
            alternatives(value, &mut |part| extensions.add(part))?;
            TermKind::Extension(extensions)
        }
        "type" => {
            let mut types = Types::default();
            alternatives(value, &mut |part| types.add(part))?;
            TermKind::Type(types)
        }
        "size" => TermKind::Size(parse_size(value)?),
        "modified" => TermKind::Modified(times.parse(value)?),
        "created" => TermKind::Created(times.parse(value)?),
        "root" => TermKind::Root(value.to_owned()),
        "hash" => TermKind::HashPrefix(HashPrefix::parse(value)?),
        "dup" if value.eq_ignore_ascii_case("unknown") => TermKind::Undecided,
        "dup" => TermKind::Duplicate(yes_or_no(&key, value)?),
        "empty" => TermKind::Empty(yes_or_no(&key, value)?),
        "owner" => TermKind::Owner(owner(value, owners)?),
        "links" => TermKind::Links(parse_links(value)?),
        _ => return Err(unknown_key(raw, written_key, &key)),
    })
}

fn example(key: &str) -> &'static str {
    match key {
        "name" => "name:*.jpg",
        "path" => "path:**/photos/*.jpg",
        "under" => "under:/home/me",
        "ext" => "ext:jpg,png",
        "type" => "type:image",
        "size" => "size:>1G",
        "modified" => "modified:<7d",
        "created" => "created:2024-01-01..2024-06-30",
        "root" => "root:photos",
        "hash" => "hash:af1349b9",
        "dup" => "dup:yes",
        "empty" => "empty:yes",
        "owner" => "owner:root",
        _ => "links:>1",
    }
}

fn unknown_key(raw: &RawTerm, written_key: &str, key: &str) -> String {
    let guess = nearest(key, &KEYS).map_or_else(|| ".".to_owned(), |guess| format!("; did you mean {guess}:?"));
    let plain = format!("{written_key}:{}", raw.value).replace('\\', "\\\\").replace('"', "\\\"");
    let known = KEYS.join(", ");
    let quoted = for_a_shell(&format!("\"{plain}\""));
    format!(
        "there is no key {written_key:?}{guess} The keys are {known}. To search names for a colon, quote it: {quoted}"
    )
}

/// Comma alternatives, each read by `read`.
fn alternatives(value: &str, read: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    for part in value.split(',') {
        if part.is_empty() && !value.is_empty() {
            return Err(format!("{value:?} has a comma with nothing on one side of it"));
        }
        read(part)?;
    }
    Ok(())
}

/// A term without a key: a text in names, a pattern for names, or a path.
fn bare(value: &str, quoted: bool) -> Result<TermKind, String> {
    let is_pattern = !quoted && value.contains(['*', '?']);
    if value.contains('/') || Path::new(value).is_absolute() {
        if is_pattern {
            return Ok(TermKind::PathGlob(Glob::path(value)?));
        }
        if value.starts_with('~') || !Path::new(value).is_absolute() {
            let after = value.trim_start_matches("~/").trim_start_matches("./");
            let advice = for_a_shell(&format!("path:**/{after}"));
            return Err(format!("no name holds a `/`: write the whole path, or {advice}"));
        }
        return Ok(TermKind::Path(absolute(value)?));
    }
    if is_pattern {
        return Ok(TermKind::NameGlob(Glob::name(value)?));
    }
    Ok(TermKind::NameContains(fold_text(value)))
}

fn yes_or_no(key: &str, value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("{key}: is yes or no, not {value:?}")),
    }
}

fn owner(value: &str, owners: &dyn Owners) -> Result<u32, String> {
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().map_err(|_| format!("no user has a number as large as {value}"));
    }
    owners.uid(value).ok_or_else(|| format!("this computer knows no user {value:?}; a number is taken as it is"))
}

/// The path without doubled or closing separators; what `..` leads to is the file system's to say.
fn absolute(value: &str) -> Result<Vec<u8>, String> {
    if value.starts_with('~') {
        return Err(format!("{value:?} begins with a `~`, which is the client's to expand: write the whole path"));
    }
    let path = Path::new(value);
    if !path.is_absolute() {
        return Err(format!("{value:?} is not absolute: write the whole path, such as {}", example("under")));
    }
    let clean: PathBuf = path.components().collect();
    Ok(clean.into_os_string().into_encoded_bytes())
}
