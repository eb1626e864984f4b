//! An export under way: hits of an expression, rendered piece by piece.

use std::collections::HashSet;

use sanchay_catalog::block::EntryId;
use sanchay_catalog::expression::{Expression, Term, TermKind};
use sanchay_catalog::queries::{DuplicateRequest, FileRow, FileStream, RowKind};

use crate::engine::Engine;
use crate::error::{EngineError, ErrorKind};
use crate::export::{ExportError, ExportRow, Format, Renderer};

/// Bytes of a piece, give or take one stretch of blocks.
const PIECE_BYTES: usize = 512 << 10;
/// The longest piece that is handed out: renderers such as Parquet's make more at once.
const PIECE_MOST: usize = 1 << 20;
/// Groups read in one question.
const GROUPS_AT_ONCE: usize = 200;

/// An export that goes on where the last piece ended.
pub struct Exporter {
    source: Source,
    renderer: Box<dyn Renderer>,
    state: State,
    /// Rendered, and not handed out yet.
    rest: Vec<u8>,
}

/// Where rows come from.
enum Source {
    /// Every hit, in stored order.
    Files(FileStream),
    /// Hits that have a twin among the hits, group by group.
    Groups { expression: Expression, hits: Option<HashSet<EntryId>>, token: Option<String> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Rows,
    Ended,
}

impl Exporter {
    /// From the beginning.
    pub fn new(engine: &Engine, expression: Expression, format: &str) -> Result<Self, EngineError> {
        let format = Format::parse(format).ok_or_else(|| {
            let known: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
            EngineError::invalid_argument(format!("'{format}' is no format: use {}", known.join(", ")))
        })?;
        refuse_folders(engine, &expression)?;
        let source = if format.is_grouped() {
            Source::Groups { expression, hits: None, token: Some(String::new()) }
        } else {
            Source::Files(FileStream::new(expression, engine.root_names()?))
        };
        Ok(Self { source, renderer: format.renderer()?, state: State::New, rest: Vec::new() })
    }

    /// The next piece; None at the end.
    pub fn next_piece(&mut self, engine: &Engine) -> Result<Option<Vec<u8>>, EngineError> {
        let mut piece = std::mem::take(&mut self.rest);
        if self.state == State::New {
            self.state = State::Rows;
            self.renderer.header(&mut piece)?;
        }
        while self.state == State::Rows && piece.len() < PIECE_BYTES {
            let more = match &mut self.source {
                Source::Files(stream) => render_files(engine, stream, &mut *self.renderer, &mut piece)?,
                Source::Groups { expression, hits, token } => {
                    if hits.is_none() && !expression.terms.is_empty() {
                        *hits = Some(duplicate_hits(engine, expression)?);
                    }
                    render_groups(engine, hits.as_ref(), token, &mut *self.renderer, &mut piece)?
                }
            };
            if !more {
                self.state = State::Ended;
                self.renderer.finish(&mut piece)?;
            }
        }
        if piece.len() > PIECE_MOST {
            self.rest = piece.split_off(PIECE_MOST);
        }
        Ok((!piece.is_empty()).then_some(piece))
    }

    /// Rows rendered so far.
    pub fn rows(&self) -> u64 {
        self.renderer.counts().rows
    }

    /// Rows that the format cannot carry.
    pub fn left_out(&self) -> u64 {
        self.renderer.counts().left_out
    }
}

/// An export holds files and links: of a folder neither times nor owner are known.
fn refuse_folders(engine: &Engine, expression: &Expression) -> Result<(), EngineError> {
    for term in expression.terms.iter().filter(|term| !term.negated) {
        let message = match &term.kind {
            TermKind::Type(types) if types.folders => "an export holds no folders; find lists them".to_owned(),
            TermKind::Path(path) if engine.catalog().reader()?.locate(path)?.is_some() => {
                format!("{0} is a folder: under:{0} is what it holds", sanchay_core::path::display(path))
            }
            _ => continue,
        };
        return Err(EngineError {
            term: Some((term.text.clone(), term.position)),
            ..EngineError::new(ErrorKind::InvalidQuery, message)
        });
    }
    Ok(())
}

impl From<ExportError> for EngineError {
    fn from(error: ExportError) -> Self {
        Self::new(ErrorKind::Internal, error.to_string())
    }
}

/// Renders the next stretch; false when there is none.
fn render_files(
    engine: &Engine,
    stream: &mut FileStream,
    renderer: &mut dyn Renderer,
    piece: &mut Vec<u8>,
) -> Result<bool, EngineError> {
    let mut failure = None;
    let more = stream.next(engine.catalog(), &mut |row| {
        if failure.is_none() {
            failure = render(renderer, row, piece).err();
        }
    })?;
    failure.map_or(Ok(more), |error| Err(error.into()))
}

fn render(renderer: &mut dyn Renderer, row: &FileRow, piece: &mut Vec<u8>) -> Result<(), ExportError> {
    let extension = row.extension();
    let entry = &row.entry;
    let exported = ExportRow {
        path: &row.path,
        size: entry.size_bytes,
        allocated: entry.allocated_bytes,
        modified_ns: known_time(entry.mtime_ns),
        created_ns: entry.birth_ns.and_then(known_time),
        file_type: row.type_name(),
        extension: extension.as_ref().map_or("", |extension| extension.as_str()),
        hash: entry.hash.as_ref().map(sanchay_core::ContentHash::as_bytes),
        algorithm: entry.hash.map(|_| entry.algorithm.name()),
        hash_state: row.hash_state().name(),
        links: entry.links,
        owner: entry.owner,
        root_id: row.root_id,
        inode: entry.inode,
    };
    renderer.row(&exported, piece)
}

/// Hits that have a copy somewhere.
fn duplicate_hits(engine: &Engine, expression: &Expression) -> Result<HashSet<EntryId>, EngineError> {
    let mut narrowed = expression.clone();
    let kind = TermKind::Duplicate(true);
    narrowed.terms.push(Term { negated: false, kind, text: "dup:yes".to_owned(), position: 0 });
    let mut stream = FileStream::new(narrowed, engine.root_names()?);
    let mut hits = HashSet::new();
    while stream.next(engine.catalog(), &mut |row| {
        hits.insert(row.id);
    })? {}
    Ok(hits)
}

/// Renders the next groups; false when there are none.
fn render_groups(
    engine: &Engine,
    hits: Option<&HashSet<EntryId>>,
    token: &mut Option<String>,
    renderer: &mut dyn Renderer,
    piece: &mut Vec<u8>,
) -> Result<bool, EngineError> {
    let Some(from) = token.take() else { return Ok(false) };
    let ignored = engine.ignored_copies()?;
    let request = DuplicateRequest {
        min_size_bytes: 1,
        limit: GROUPS_AT_ONCE,
        token: &from,
        paths_limit: usize::MAX,
        roots: engine.root_names()?,
        ignored: ignored.as_ref(),
        ..DuplicateRequest::default()
    };
    let page = engine.catalog().duplicates(&request)?;
    for group in page.groups {
        let wanted: Vec<_> =
            group.paths.into_iter().filter(|path| hits.is_none_or(|hits| hits.contains(&path.id))).collect();
        // Who reads it may well delete all but one: what may be one file with another copy is left out.
        let wanted: Vec<_> = wanted.into_iter().filter(|path| !path.perhaps).collect();
        let copies: HashSet<u64> = wanted.iter().map(|path| path.copy).collect();
        if copies.len() < 2 {
            continue;
        }
        for path in wanted {
            let row =
                FileRow { id: path.id, path: path.path, entry: path.entry, root_id: path.root_id, kind: RowKind::File };
            render(renderer, &row, piece)?;
        }
        renderer.group_end(piece)?;
    }
    *token = (!page.next_token.is_empty()).then_some(page.next_token);
    Ok(token.is_some())
}

/// A file's time; None where it lies beyond what 64 bits hold, so that only a bound of it is known.
fn known_time(unix_ns: i64) -> Option<i64> {
    (unix_ns != i64::MAX && unix_ns != i64::MIN).then_some(unix_ns)
}
