//! Places that questions name, found as `root add` finds a folder: by the path itself, else by where it leads.
//!
//! A folder in the catalog is found without a look at the disk. Only where the catalog has nothing at a path is the file
//! system asked where its links lead, on a thread that is left behind when a dead share does not answer.

use std::path::PathBuf;

use sanchay_catalog::expression::{
    parse, spellings, Expression, ExpressionError, Glob, SystemOwners, Term, TermKind, ZonedTime,
};
use sanchay_catalog::queries::RootName;
use sanchay_catalog::{fold_name, RootRow, RootState};
use sanchay_core::path::{bytes_of, display, is_within, path_from_bytes, relative};

use crate::engine::Engine;
use crate::error::{EngineError, ErrorKind};
use crate::in_time::in_time;
use crate::root_spec::{root_name, Rules};

/// Roots that a message names.
const ROOTS_NAMED: usize = 5;

/// What a place is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A folder that is cataloged, or holds roots.
    Folder,
    /// Anything that may have been in a root at some time.
    Ever,
    /// A file, link or folder that is cataloged.
    Entry,
}

/// A place of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As the catalog spells it.
    pub path: Vec<u8>,
    /// The roots that it lies in, and those that lie in it.
    pub root_ids: Vec<i64>,
}

/// An expression whose places are found.
#[derive(Clone, Debug)]
pub struct Question {
    /// Each place is spelled as the catalog has it, and roots are named by their ids.
    pub expression: Expression,
    /// The roots that answers draw on.
    pub root_ids: Vec<i64>,
}

impl Engine {
    /// Reads an expression and finds its places. `zone` is what the clocks of the one who asks go by (see
    /// [`ZonedTime::named`]).
    pub fn question(&self, text: &str, zone: &str) -> Result<Question, EngineError> {
        let local = ZonedTime::named(zone);
        let mut expression = parse(text, crate::clock::now_ns(), &local, &SystemOwners).map_err(invalid_query)?;
        let finder = Finder::new(self)?;
        for term in &mut expression.terms {
            finder.settle(term).map_err(|error| error.in_term(term))?;
        }
        let root_ids = finder.roots_of(&expression);
        Ok(Question { expression, root_ids })
    }

    /// Finds a place by its absolute path. Fails with `UnknownPath`, and says why, where the catalog has nothing of it.
    pub fn place(&self, path: &[u8], wanted: Wanted) -> Result<Place, EngineError> {
        let finder = Finder::new(self)?;
        let path = finder.find(path, wanted)?;
        let root_ids = finder.roots.iter().filter(|root| shares(&root.path, &path)).map(|root| root.id).collect();
        Ok(Place { path, root_ids })
    }
}

impl EngineError {
    /// The error as one of a term's.
    fn in_term(self, term: &Term) -> Self {
        if !matches!(self.kind, ErrorKind::UnknownPath | ErrorKind::UnknownRoot | ErrorKind::Io) {
            return self;
        }
        let path = self.path;
        let error = ExpressionError { term: term.text.clone(), position: term.position, message: self.message };
        Self { path, ..invalid_query(error) }
    }
}

fn invalid_query(error: ExpressionError) -> EngineError {
    EngineError {
        kind: ErrorKind::InvalidQuery,
        path: None,
        message: error.to_string(),
        term: Some((error.term, error.position)),
    }
}

/// Whether one of the two lies in the other.
fn shares(one: &[u8], other: &[u8]) -> bool {
    is_within(one, other) || is_within(other, one)
}

/// What one question knows of the catalog while it looks for places.
struct Finder<'a> {
    reader: sanchay_catalog::ReaderGuard<'a>,
    roots: Vec<RootRow>,
}

/// What the catalog has at a path.
enum Found {
    Yes,
    /// The root that it would lie in, which has nothing there.
    NotIn(usize),
    Outside,
}

impl<'a> Finder<'a> {
    fn new(engine: &'a Engine) -> Result<Self, EngineError> {
        let reader = engine.catalog().reader()?;
        let roots = reader.roots()?;
        Ok(Self { reader, roots })
    }

    /// Puts the place of a term as the catalog spells it.
    fn settle(&self, term: &mut Term) -> Result<(), EngineError> {
        match &mut term.kind {
            TermKind::Under(path) => *path = self.find(path, Wanted::Folder)?,
            TermKind::Path(path) => *path = self.find(path, Wanted::Entry)?,
            TermKind::PathGlob(glob) => {
                if let Some(found) = self.settle_glob(glob)? {
                    *glob = found;
                }
            }
            TermKind::Root(name) => *name = self.root_named(name)?.id.to_string(),
            _ => {}
        }
        Ok(())
    }

    /// A pattern for paths whose plain beginning leads elsewhere, with that place instead. Letters large and small are
    /// one in a pattern, so that one which only might be in a root is left as it is.
    fn settle_glob(&self, glob: &Glob) -> Result<Option<Glob>, EngineError> {
        let Some((folder, rest)) = glob.folder() else { return Ok(None) };
        let folder = folder.as_bytes();
        if matches!(self.look(folder, Wanted::Folder)?, Found::Yes) {
            return Ok(None);
        }
        let small = |path: &[u8]| fold_name(path).into_bytes();
        let may_fit = self.roots.iter().any(|root| shares(&small(&root.path), &small(folder)));
        let real = real_path_in_time(folder)?;
        match self.look(&real, Wanted::Folder)? {
            Found::Yes => Ok(String::from_utf8(real).ok().and_then(|real| Glob::below(&real, rest).ok())),
            _ if may_fit => Ok(None),
            found => Err(self.explain(folder, &real, &found, Wanted::Folder)),
        }
    }

    /// The root of this name, id or path.
    fn root_named(&self, text: &str) -> Result<RootName, EngineError> {
        let names = sanchay_catalog::queries::RootNames(self.roots.iter().map(crate::root_spec::root_name).collect());
        if let Some(root) = names.resolve(text) {
            return Ok(root.clone());
        }
        if path_from_bytes(text.as_bytes()).is_absolute() {
            let path = self.find(text.as_bytes(), Wanted::Ever)?;
            if let Some(root) = names.0.iter().find(|root| root.path == path) {
                return Ok(root.clone());
            }
        }
        let mut known: Vec<&str> = names.0.iter().map(|root| root.name.as_str()).collect();
        known.sort_unstable();
        let message = if known.is_empty() {
            format!("there is no root '{text}': no folder has been added yet")
        } else {
            format!("there is no root '{text}'; the roots are {}", known.join(", "))
        };
        Err(EngineError::new(ErrorKind::UnknownRoot, message))
    }

    /// The roots that every hit lies in, or that lie where hits are.
    fn roots_of(&self, expression: &Expression) -> Vec<i64> {
        let root_path = |id: &str| self.roots.iter().find(|root| root.id.to_string() == id).map(|root| &*root.path);
        let places: Vec<(bool, &[u8])> = expression
            .terms
            .iter()
            .filter_map(|term| match &term.kind {
                TermKind::Under(path) => Some((term.negated, path.as_slice())),
                TermKind::Path(path) if !term.negated => Some((false, path.as_slice())),
                TermKind::Root(id) => root_path(id).map(|path| (term.negated, path)),
                _ => None,
            })
            .collect();
        let concerned = |root: &&RootRow| {
            places.iter().all(
                |(negated, place)| {
                    if *negated {
                        !is_within(&root.path, place)
                    } else {
                        shares(&root.path, place)
                    }
                },
            )
        };
        let some: Vec<i64> = self.roots.iter().filter(concerned).map(|root| root.id).collect();
        if some.is_empty() {
            return self.roots.iter().map(|root| root.id).collect();
        }
        some
    }

    /// The path as the catalog spells it.
    fn find(&self, asked: &[u8], wanted: Wanted) -> Result<Vec<u8>, EngineError> {
        let path = path_from_bytes(asked);
        if !path.is_absolute() {
            let message = format!("{} is not absolute: write the whole path", display(asked));
            return Err(EngineError {
                path: Some(asked.to_vec()),
                ..EngineError::new(ErrorKind::NotAbsolute, message)
            });
        }
        let plain: PathBuf = path.components().collect();
        let goes_up = plain.components().any(|part| part == std::path::Component::ParentDir);
        let plain = bytes_of(&plain).to_vec();
        if !goes_up && matches!(self.look(&plain, wanted)?, Found::Yes) {
            return Ok(plain);
        }
        // Of a file or a link the folder that holds it is resolved first: the link itself may be cataloged.
        let real = real_path_in_time(&plain)?;
        if wanted == Wanted::Entry {
            if let (Some(parent), Some(name)) = (path_from_bytes(&plain).parent(), path_from_bytes(&plain).file_name())
            {
                let entry = bytes_of(&path_from_bytes(&real_path_in_time(bytes_of(parent))?).join(name)).to_vec();
                if matches!(self.look(&entry, wanted)?, Found::Yes) {
                    return Ok(entry);
                }
            }
        }
        let found = self.look(&real, wanted)?;
        if matches!(found, Found::Yes) {
            return Ok(real);
        }
        match self.spelled_otherwise(&real, wanted)? {
            Some(stored) => Ok(stored),
            None => Err(self.explain(&plain, &real, &found, wanted)),
        }
    }

    /// The path with accents as the catalog has them: a keyboard gives them one way, and some disks keep them the other.
    fn spelled_otherwise(&self, path: &[u8], wanted: Wanted) -> Result<Option<Vec<u8>>, EngineError> {
        if path.is_ascii() {
            return Ok(None);
        }
        let mut found = vec![PathBuf::new()];
        for part in path_from_bytes(path).components() {
            let spellings = spellings(bytes_of(part.as_os_str()));
            let mut further = Vec::new();
            for (above, name) in found.iter().flat_map(|above| spellings.iter().map(move |name| (above, name))) {
                let at = above.join(path_from_bytes(name));
                let is_known = self.roots.iter().any(|root| is_within(&root.path, bytes_of(&at)))
                    || self.reader.scope(bytes_of(&at))?.is_directory
                    || (wanted == Wanted::Entry && self.reader.entry_at(bytes_of(&at))?.is_some());
                further.extend(is_known.then_some(at));
            }
            found = further;
        }
        for at in &found {
            if matches!(self.look(bytes_of(at), wanted)?, Found::Yes) {
                return Ok(Some(bytes_of(at).to_vec()));
            }
        }
        Ok(None)
    }

    fn look(&self, path: &[u8], wanted: Wanted) -> Result<Found, EngineError> {
        let scope = self.reader.scope(path)?;
        let mut found = if wanted == Wanted::Entry { scope.is_directory } else { !scope.starts.is_empty() };
        if wanted == Wanted::Entry && !found {
            found = self.reader.entry_at(path)?.is_some();
        }
        let holds_root = self.roots.iter().any(|root| is_within(&root.path, path));
        if found || (holds_root && wanted != Wanted::Entry) {
            return Ok(Found::Yes);
        }
        Ok(match self.root_holding(path) {
            // What a first scan has not come to is not known not to be there.
            Some(root) if wanted == Wanted::Ever || self.roots[root].state == RootState::New => Found::Yes,
            Some(root) => Found::NotIn(root),
            None => Found::Outside,
        })
    }

    /// The innermost root that holds a path.
    fn root_holding(&self, path: &[u8]) -> Option<usize> {
        let holding = self.roots.iter().enumerate().filter(|(_, root)| root.holds(path));
        holding.max_by_key(|(_, root)| root.path.len()).map(|(at, _)| at)
    }

    /// Why the catalog has nothing at a path.
    fn explain(&self, plain: &[u8], real: &[u8], found: &Found, wanted: Wanted) -> EngineError {
        let leads = if plain == real {
            display(plain)
        } else {
            format!("{} leads to {}, which", display(plain), display(real))
        };
        let message = match found {
            Found::NotIn(root) => self.explain_missing(&leads, real, &self.roots[*root], wanted),
            _ if self.roots.is_empty() => format!("{leads} is not in the catalog: no folder has been added yet"),
            _ if self.roots.iter().any(|root| is_within(&root.path, real)) => {
                format!(
                    "{leads} is above the roots and not cataloged itself: under:{} is what they hold",
                    display(real)
                )
            }
            _ => {
                let mut named: Vec<String> = self.roots.iter().map(|root| display(&root.path)).collect();
                named.sort_unstable();
                let more = named.len().saturating_sub(ROOTS_NAMED);
                named.truncate(ROOTS_NAMED);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{leads} is outside of the catalog, whose roots are {}{more}", named.join(", "))
            }
        };
        EngineError { path: Some(plain.to_vec()), ..EngineError::new(ErrorKind::UnknownPath, message) }
    }

    fn explain_missing(&self, leads: &str, real: &[u8], root: &RootRow, wanted: Wanted) -> String {
        let name = root_name(root).name;
        if is_left_out(real, root) {
            return format!("{leads} is not in the catalog: the settings of the root {name} leave it out");
        }
        if wanted == Wanted::Folder && matches!(self.reader.entry_at(real), Ok(Some(_))) {
            return format!("{leads} is not a folder: name the file by its path alone, without under:");
        }
        let what = if wanted == Wanted::Entry { "nothing there" } else { "no such folder" };
        let doubt = match root.state {
            RootState::Partial | RootState::Held => ", but not all of it could be read",
            RootState::Offline => ", which is offline",
            RootState::New | RootState::Ready => "",
        };
        format!("{leads} is not in the catalog: the root {name} has {what}{doubt}")
    }
}

/// Whether the root's filter leaves out the path, or a folder on the way to it.
fn is_left_out(path: &[u8], root: &RootRow) -> bool {
    let (Ok(rules), Some(below)) = (Rules::of(root), relative(&root.path, path)) else { return false };
    let ends = below.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    ends.chain([below.len()]).any(|end| {
        let start = below[..end].iter().rposition(|byte| *byte == b'/');
        let (parent, name) = start.map_or((&b""[..], &below[..end]), |at| (&below[..at], &below[at + 1..end]));
        rules.filter.excludes(parent, name, true)
    })
}

/// Where a path leads, unless its file system does not answer.
fn real_path_in_time(path: &[u8]) -> Result<Vec<u8>, EngineError> {
    let asked = path_from_bytes(path);
    in_time(move || bytes_of(&sanchay_core::real_path(&asked)).to_vec()).ok_or_else(|| {
        let message = format!(
            "{} is not in the catalog by this name, and where it leads is not known: its file system does not answer",
            display(path)
        );
        EngineError { path: Some(path.to_vec()), ..EngineError::new(ErrorKind::Io, message) }
    })
}
