//! Plans: made, read, forgotten; and the copies that are wanted.

use sanchay_catalog::expression::Endings;
use sanchay_catalog::journal::{IgnoredGroup, Plan, Skipped};
use sanchay_catalog::queries::{DuplicateRequest, IgnoredCopies};
use sanchay_core::{Algorithm, ContentHash};

use super::Engine;
use crate::clock::now_ns;
use crate::dedupe::{make_plan, Action, PlanRequest, Preference, Rules, Site};
use crate::error::{EngineError, ErrorKind};
use crate::words;

/// Symbolic links of a plan that are named; all are counted.
const LINKS_SHOWN: usize = 100;

/// What a plan is asked for, in a client's words.
#[derive(Clone, Debug, Default)]
pub struct PlanAsked<'a> {
    /// Copies below this folder only.
    pub under: Option<&'a [u8]>,
    /// Copies right in one of these folders and of `drop_in` only, and of groups with one here; none: all.
    pub keep_in: &'a [Vec<u8>],
    /// Only copies right in one of these folders may go; none: all.
    pub drop_in: &'a [Vec<u8>],
    /// Smaller files do not count, bytes.
    pub min_size_bytes: u64,
    /// Endings of names; empty: all.
    pub extensions: &'a [String],
    /// Types of files; empty: all.
    pub types: &'a [String],
    /// An expression that copies which go must fit.
    pub drop: Option<&'a str>,
    /// An expression that copies which go must not fit.
    pub keep: Option<&'a str>,
    /// `under:PATH`, `oldest`, `newest`, `shortest-path`, `linked`; the first that decides first.
    pub prefer: &'a [Vec<u8>],
    /// Folders that are one replica each.
    pub isolate: &'a [Vec<u8>],
    /// How many copies stay at least.
    pub min_copies: usize,
    /// On how many devices at least.
    pub min_devices: usize,
    /// Whether a copy of each name stays.
    pub one_of_each_name: bool,
    /// Whether hidden folders, version control, packages and applications take part.
    pub everywhere: bool,
    /// What is done: `trash`, `hardlink`, `reflink`, `symlink` or `delete`.
    pub action: &'a str,
    /// All of this as JSON, kept with the plan.
    pub asked: &'a str,
    /// The caller's time zone, for ages in expressions.
    pub time_zone: &'a str,
}

impl Engine {
    /// Makes a plan over the duplicates of a scope. Blocks until it is made, or the engine closes.
    pub fn make_plan(&self, asked: &PlanAsked<'_>) -> Result<Plan, EngineError> {
        let extensions = asked.extensions.iter().map(String::as_str);
        let scope = DuplicateRequest {
            under: asked.under.into_iter().collect(),
            folders: asked.keep_in.iter().chain(asked.drop_in).map(Vec::as_slice).collect(),
            min_size_bytes: asked.min_size_bytes,
            extensions: Endings::of_copies(extensions).map_err(EngineError::invalid_argument)?,
            types: asked.types.iter().map(|text| words::file_type(text)).collect::<Result<_, _>>()?,
            roots: self.root_names()?,
            ..DuplicateRequest::default()
        };
        let expression = |text: Option<&str>| match text {
            Some(text) => Ok::<_, EngineError>(Some(self.question(text, asked.time_zone)?.expression)),
            None => Ok(None),
        };
        let (drop, keep) = (expression(asked.drop)?, expression(asked.keep)?);
        let action = Action::of_word(asked.action)
            .ok_or_else(|| EngineError::invalid_argument(format!("{:?} is not an action", asked.action)))?;
        let rules = Rules {
            prefer: asked.prefer.iter().map(|rule| preference(rule)).collect::<Result<_, _>>()?,
            has_drop: drop.is_some() || !asked.drop_in.is_empty(),
            min_copies: asked.min_copies.max(1),
            min_devices: asked.min_devices.max(1),
            one_of_each_name: asked.one_of_each_name,
        };
        let trash = self.shared().options.trash.as_deref();
        let request = PlanRequest {
            scope,
            rules,
            drop: drop.as_ref(),
            keep: keep.as_ref(),
            drop_in: asked.drop_in,
            isolate: asked.isolate,
            everywhere: asked.everywhere,
            action,
            site_of: &|file, volume| Site::of(file, volume, action, trash),
            asked: asked.asked,
            made_ns: now_ns(),
        };
        make_plan(self.catalog(), &*self.journal()?, &request, &|| !self.is_closing())
    }

    /// All plans, the newest first.
    pub fn plans(&self) -> Result<Vec<Plan>, EngineError> {
        Ok(self.journal()?.plans()?)
    }

    /// A plan, and what was left out of it.
    pub fn plan(&self, id: i64) -> Result<(Plan, Vec<Skipped>), EngineError> {
        let journal = self.journal()?;
        Ok((journal.plan(id)?, journal.skipped(id)?))
    }

    /// The first hundred symbolic links that lead to a file which goes, each with its target.
    pub fn plan_links(&self, id: i64) -> Result<Vec<(Vec<u8>, Vec<u8>)>, EngineError> {
        Ok(self.journal()?.links(id, LINKS_SHOWN)?)
    }

    /// Forgets a plan; what was done by it stays in the journal.
    pub fn forget_plan(&self, id: i64) -> Result<(), EngineError> {
        Ok(self.journal()?.forget_plan(id)?)
    }

    /// Says that the copies of a content are wanted, by its hash or by one of them: they leave plans until a copy appears
    /// elsewhere.
    pub fn ignore_copies(&self, hash: Option<&[u8]>, path: Option<&[u8]>) -> Result<IgnoredGroup, EngineError> {
        let (hash, asked) = match (hash, path) {
            (Some(hash), _) => (hash_of(hash)?, None),
            (None, Some(path)) => {
                let (algorithm, hash) = self.content_at(path)?;
                (hash, Some(algorithm))
            }
            (None, None) => return Err(EngineError::invalid_argument("a hash or a path is needed")),
        };
        for algorithm in [Algorithm::Blake3, Algorithm::Sha256] {
            if asked.is_some_and(|asked| asked != algorithm) {
                continue;
            }
            let (size_bytes, paths) = self.paths_of_content(algorithm, hash)?;
            if !paths.is_empty() {
                let group = IgnoredGroup { size_bytes, algorithm, hash, since_ns: now_ns(), paths };
                self.journal()?.ignore(&group)?;
                return Ok(group);
            }
        }
        Err(EngineError::new(ErrorKind::UnknownPath, "the catalog has no file with this hash"))
    }

    /// All contents whose copies are wanted.
    pub fn ignored(&self) -> Result<Vec<IgnoredGroup>, EngineError> {
        Ok(self.journal()?.ignored()?)
    }

    /// The same, by content, for [`DuplicateRequest::ignored`]; None where there is no journal.
    pub fn ignored_copies(&self) -> Result<Option<IgnoredCopies>, EngineError> {
        Ok(self.shared().journal_if_there()?.map(|journal| journal.ignored_copies()).transpose()?)
    }

    /// Takes that back; whether anything was said of them.
    pub fn unignore_copies(&self, hash: Option<&[u8]>, path: Option<&[u8]>) -> Result<bool, EngineError> {
        let journal = self.journal()?;
        if let Some(hash) = hash {
            return Ok(journal.unignore(&hash_of(hash)?)?);
        }
        let path = path.ok_or_else(|| EngineError::invalid_argument("a hash or a path is needed"))?;
        // One that is gone by now is known by its path.
        let groups = journal.ignored()?;
        let of_path = groups.iter().find(|group| group.paths.iter().any(|own| own == path)).map(|group| group.hash);
        let hash = match of_path {
            Some(hash) => hash,
            None => self.content_at(path)?.1,
        };
        Ok(journal.unignore(&hash)?)
    }

    /// The content of a cataloged file, as far as it is known.
    pub fn content_of(&self, path: &[u8]) -> Result<Option<(Algorithm, ContentHash)>, EngineError> {
        match self.content_at(path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind == ErrorKind::UnknownPath => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the catalog knows of a file's content.
    fn content_at(&self, path: &[u8]) -> Result<(Algorithm, ContentHash), EngineError> {
        let reader = self.catalog().reader()?;
        let unknown = |message: &str| EngineError {
            path: Some(path.to_vec()),
            ..EngineError::new(ErrorKind::UnknownPath, message)
        };
        let (id, _) = reader.entry_at(path)?.ok_or_else(|| unknown("the catalog has no such file"))?;
        let entry = reader.entry(id, |item, _| item.entry)?.ok_or_else(|| unknown("it went just now"))?;
        let hash = entry
            .known_hash()
            .ok_or_else(|| unknown("the content of this file is not known: it was not hashed yet"))?;
        Ok((entry.algorithm, hash))
    }

    /// The size of a content, and the paths of its files.
    fn paths_of_content(&self, algorithm: Algorithm, hash: ContentHash) -> Result<(u64, Vec<Vec<u8>>), EngineError> {
        let files = self.catalog().reader()?.files_of_content(&hash, algorithm, usize::MAX)?;
        let size_bytes = files.first().map_or(0, |(_, entry)| entry.size_bytes);
        let mut paths: Vec<_> = files.into_iter().map(|(path, _)| path).collect();
        paths.sort_unstable();
        Ok((size_bytes, paths))
    }
}

fn preference(rule: &[u8]) -> Result<Preference, EngineError> {
    if let Some(folder) = rule.strip_prefix(b"under:") {
        return Ok(Preference::Under(folder.to_vec()));
    }
    match rule {
        b"oldest" => Ok(Preference::Oldest),
        b"newest" => Ok(Preference::Newest),
        b"shortest-path" => Ok(Preference::ShortestPath),
        b"linked" => Ok(Preference::Linked),
        _ => Err(EngineError::invalid_argument(format!(
            "{:?} is not a rule: under:PATH, oldest, newest, shortest-path and linked are",
            String::from_utf8_lossy(rule)
        ))),
    }
}

pub(super) fn hash_of(bytes: &[u8]) -> Result<ContentHash, EngineError> {
    let bytes = bytes.try_into().map_err(|_| EngineError::invalid_argument("a hash has 32 bytes"))?;
    Ok(ContentHash::from_bytes(bytes))
}
