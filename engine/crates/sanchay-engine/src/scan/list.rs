//! Listing a part of a root again: one folder, with everything below it where that is asked for.

use std::sync::Arc;

use sanchay_catalog::RootRow;
use sanchay_core::RootDir;

use super::context::Context;
use super::findings::{Findings, Found};
use super::mounts::Mounts;
use super::request::{prepare, ScanRequest};
use super::walk::{self, Above, Job};
use crate::error::EngineError;
use crate::root_spec::governed;

/// Which part of which root. The caller has the turn in its tree.
pub(crate) struct ListRequest<'a> {
    pub(crate) scan: ScanRequest<'a>,
    pub(crate) root: &'a RootDir,
    pub(crate) row: &'a RootRow,
    pub(crate) rows: &'a [RootRow],
    /// Below the root.
    pub(crate) relative: &'a [u8],
    pub(crate) deep: bool,
}

/// What a listing found; None where the folder, or the one that it lies in, is not in the catalog.
pub(crate) struct Listed {
    pub(crate) found: Found,
    /// There were more differences than are told.
    pub(crate) more: bool,
}

/// Lists and compares. A folder that the catalog has not becomes a row of its own; the one above it must be there.
pub(crate) fn list(request: &ListRequest<'_>) -> Result<Option<Listed>, EngineError> {
    let (row, relative) = (request.row, request.relative);
    let catalog = request.scan.catalog;
    let reader = catalog.reader()?;
    let governed = governed(request.rows);
    let absolute = |relative: &[u8]| match relative {
        b"" => row.path.clone(),
        relative => sanchay_core::path::join(&row.path, relative),
    };
    let (above, name) = sanchay_core::path::split_below(relative);
    let parent = if relative.is_empty() { None } else { reader.locate(&absolute(above))? };
    let known = match (&parent, reader.locate(&absolute(relative))?) {
        (_, Some((id, tree))) => Some((id, tree)),
        (Some((_, tree)), None) => Some((0, *tree)),
        (None, None) => None,
    };
    let Some((id, tree)) = known else { return Ok(None) };
    let stored = if id == 0 { None } else { reader.load_child(id)? };
    let findings = Findings::default();
    let mut context = prepare(&request.scan, row, request.rows, &governed, request.root, Mounts::new(catalog), tree)?;
    // The root's own parent is none of its business: what is mounted at a root is the root.
    let above = match parent {
        Some((id, _)) => {
            let known_volume = reader.load_child(id)?.map_or(0, |known| known.volume);
            match self::above(&context, request.root, above, known_volume)? {
                Some(above) => Some(above),
                // It went, or cannot be reached: what became of it is asked of the folder above that one.
                None => return Ok(None),
            }
        }
        None => None,
    };
    let rules = |path: &[u8]| governed.iter().find(|root| root.path == path).map(|root| root.rules.clone());
    let Some(Ok(mut ruling)) = rules(&row.path) else { return Ok(None) };
    let mut rules_from = 0;
    for end in (1..=relative.len()).filter(|&at| at == relative.len() || relative[at] == b'/') {
        match rules(&absolute(&relative[..end])) {
            Some(Ok(own)) => (ruling, rules_from) = (own, end),
            Some(Err(_)) => return Ok(None),
            None => {}
        }
    }
    context.findings = Some(&findings);
    let is_new = stored.is_none();
    let job = Job {
        id: if is_new { catalog.next_directory_id() } else { id },
        parent: match (&stored, parent) {
            (Some(_), _) => reader.parent(id)?,
            (None, Some((parent, _))) => parent,
            (None, None) => 0,
        },
        name: stored.as_ref().map_or_else(|| name.to_vec(), |stored| stored.name.clone()),
        known: stored,
        relative: relative.to_vec(),
        above,
        rules: ruling.in_folder(&absolute(relative)),
        rules_from,
        passage: false,
        deep: request.deep,
    };
    drop(reader);
    let outcome = walk::walk(&context, job, request.scan.threads);
    catalog.writer().run(|_| Ok(()))?;
    drop(context);
    outcome?;
    let (found, more) = findings.take();
    Ok(Some(Listed { found, more }))
}

/// The folder that a part lies in, as it is now.
fn above(
    context: &Context<'_>,
    root: &RootDir,
    relative: &[u8],
    known_volume: i64,
) -> Result<Option<Arc<Above>>, EngineError> {
    let opened = root.open_dir(relative).and_then(|folder| Ok((folder.stat_self()?, folder)));
    let Ok((stat, folder)) = opened else { return Ok(None) };
    let Ok(mount) = context.mounts.ask(&folder, &stat) else { return Ok(None) };
    Ok(Some(Arc::new(Above {
        device: stat.device,
        inode: stat.inode,
        mount_id: stat.mount_id,
        volume: mount?.volume,
        known_volume,
        next: None,
    })))
}

/// Whether the rules' patterns look at more than names, so that a folder's place matters to what is in it.
pub(crate) fn rules_look_at_paths(settings: &crate::root_spec::RootSettings) -> bool {
    settings.exclude.iter().any(|pattern| pattern.trim_end_matches('/').contains('/'))
}
