//! Symbolic links that lead to a file which goes: after a run they lead nowhere, or to another file.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Component, Path, PathBuf};

use sanchay_catalog::expression::{parse, SystemOwners, UtcTime};
use sanchay_catalog::journal::{Decision, Journal};
use sanchay_catalog::queries::{FindRequest, RootNames};
use sanchay_catalog::Catalog;
use sanchay_core::path::{bytes_of, join, path_from_bytes};

use crate::error::EngineError;
use crate::in_time::in_time;

/// Links that are asked for at a time.
const PAGE_LINKS: usize = 1_000;
/// Copies that are read from the journal at a time.
const PAGE_COPIES: usize = 10_000;

/// Notes the links of these roots that lead to a file which goes. Of a file system that does not answer none are known.
pub(super) fn note_broken(
    catalog: &Catalog,
    journal: &Journal,
    plan: i64,
    roots: &RootNames,
    goes_on: &dyn Fn() -> bool,
) -> Result<(), EngineError> {
    let expression = parse("type:link", 0, &UtcTime, &SystemOwners)
        .map_err(|error| EngineError::invalid_argument(error.to_string()))?;
    let mut token = String::new();
    let mut going: Option<Going> = None;
    while goes_on() {
        let request = FindRequest {
            expression: &expression,
            sort: sanchay_catalog::queries::Sort::default(),
            limit: PAGE_LINKS,
            max_bytes: None,
            token: &token,
            patience: None,
            roots,
        };
        let page = catalog.find(&request)?;
        let paths: Vec<Vec<u8>> = page.rows.into_iter().map(|row| row.path).collect();
        if !paths.is_empty() {
            if going.is_none() {
                going = Some(Going::of(journal, plan)?);
            }
            let links = in_time(move || paths.into_iter().filter_map(followed).collect::<Vec<_>>()).unwrap_or_default();
            let leads = |(_, target): &(Vec<u8>, Vec<u8>)| going.as_ref().is_some_and(|going| going.has(target));
            journal.add_links(plan, &links.into_iter().filter(leads).collect::<Vec<_>>())?;
        }
        token = page.next_token;
        if token.is_empty() {
            break;
        }
    }
    Ok(())
}

/// A link, and the whole path that it leads to, as far as its own text says.
fn followed(link: Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
    let path = path_from_bytes(&link);
    let target = path.parent()?.join(std::fs::read_link(&path).ok()?);
    let target = bytes_of(&without_dots(&target)).to_vec();
    Some((link, target))
}

/// `/a/./b/../c` -> `/a/c`.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

/// The files of a plan that go, by eight bytes each.
pub(super) struct Going {
    state: RandomState,
    paths: HashSet<u64>,
}

impl Going {
    pub(super) fn of(journal: &Journal, plan: i64) -> Result<Self, EngineError> {
        let mut going = Self { state: RandomState::new(), paths: HashSet::new() };
        let mut after = None;
        loop {
            let copies = journal.copies_after(plan, after, PAGE_COPIES)?;
            let Some(last) = copies.last() else { return Ok(going) };
            after = Some((last.group, last.number));
            for copy in copies.iter().map(|copy| &copy.copy).filter(|copy| copy.decision == Decision::Drop) {
                let path = join(&join(&copy.root, &copy.folder), &copy.name);
                going.paths.insert(going.state.hash_one(&path));
            }
        }
    }

    pub(super) fn has(&self, path: &[u8]) -> bool {
        self.paths.contains(&self.state.hash_one(path.to_vec()))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_dots_of_a_target_lead_up_and_nowhere() {
        assert_eq!(without_dots(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(without_dots(Path::new("/../a")), Path::new("/a"));
    }
}
