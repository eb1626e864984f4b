//! From text to terms.

use std::path::{Component, Path, PathBuf};

use sanchay_core::FileType;

use super::bounds::{parse_links, parse_size};
use super::fold::fold_text;
use super::key::{nearest, KEYS};
use super::local_time::LocalTime;
use super::owners::Owners;
use super::split::{split, RawTerm};
use super::time_bounds::TimeReader;
use super::{Expression, ExpressionError, Glob, HashPrefix, Term, TermKind};

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
    Ok(Expression { terms: split(text)?.into_iter().map(read).collect::<Result<_, _>>()? })
}

fn term_kind(raw: &RawTerm, times: &TimeReader<'_>, owners: &dyn Owners) -> Result<TermKind, String> {
    let Some(written_key) = &raw.key else { return Ok(TermKind::NameContains(fold_text(&raw.value))) };
    let key = written_key.to_ascii_lowercase();
    let value = raw.value.as_str();
    if value.is_empty() && KEYS.contains(&key.as_str()) {
        return Err(format!("{key}: needs a value right after the colon, such as {}", example(&key)));
    }
    Ok(match key.as_str() {
        "name" => TermKind::NameGlob(Glob::name(value)?),
        "path" => TermKind::PathGlob(Glob::path(value)?),
        "under" => TermKind::Under(absolute(value)?),
        "ext" => TermKind::Extension(alternatives(value, extension)?),
        "type" => TermKind::Type(alternatives(value, file_type)?),
        "size" => TermKind::Size(parse_size(value)?),
        "modified" => TermKind::Modified(times.parse(value)?),
        "created" => TermKind::Created(times.parse(value)?),
        "root" => TermKind::Root(value.to_owned()),
        "hash" => TermKind::HashPrefix(HashPrefix::parse(value)?),
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
    let plain = raw.text.strip_prefix('-').unwrap_or(&raw.text).replace('"', "");
    let known = KEYS.join(", ");
    format!(
        "there is no key {written_key:?}{guess} The keys are {known}. To search names for a colon, quote it: \"{plain}\""
    )
}

/// Comma alternatives, each read by `read`.
fn alternatives<T: PartialEq>(value: &str, read: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut found = Vec::new();
    for part in value.split(',') {
        if part.is_empty() {
            return Err(format!("{value:?} has a comma with nothing on one side of it"));
        }
        let one = read(part)?;
        if !found.contains(&one) {
            found.push(one);
        }
    }
    Ok(found)
}

fn extension(text: &str) -> Result<String, String> {
    let wanted = text.strip_prefix('.').unwrap_or(text).to_ascii_lowercase();
    let name = format!("x.{wanted}");
    if sanchay_core::extension(name.as_bytes()).is_some_and(|found| found.as_str() == wanted) {
        return Ok(wanted);
    }
    Err(format!(
        "{text:?} is no extension, which is 1 to 12 letters or digits without a dot and not only a long number: write \
         \"name:*.{wanted}\""
    ))
}

fn file_type(text: &str) -> Result<FileType, String> {
    let wanted = text.to_lowercase();
    FileType::parse(&wanted).ok_or_else(|| {
        let names = FileType::ALL.map(FileType::name);
        let guess = nearest(&wanted, &names).map_or_else(|| ".".to_owned(), |guess| format!("; did you mean {guess}?"));
        format!("there is no type {text:?}{guess} The types are {}", names.join(", "))
    })
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

/// The path without doubled or closing separators.
fn absolute(value: &str) -> Result<Vec<u8>, String> {
    if value.starts_with('~') {
        return Err(format!("{value:?} begins with a `~`, which is the client's to expand: write the whole path"));
    }
    let path = Path::new(value);
    if !path.is_absolute() {
        return Err(format!("{value:?} is not absolute: write the whole path, such as {}", example("under")));
    }
    if path.components().any(|component| component == Component::ParentDir) {
        return Err(format!("{value:?} goes up by `..`, which a link may turn elsewhere: write the path without it"));
    }
    let clean: PathBuf = path.components().collect();
    Ok(clean.into_os_string().into_encoded_bytes())
}
