//! An export under way: hits of an expression, rendered piece by piece.

use sanchay_catalog::expression::Expression;
use sanchay_catalog::queries::FileStream;

use crate::engine::Engine;
use crate::error::EngineError;

/// Bytes of a piece, give or take one stretch of blocks.
const PIECE_BYTES: usize = 512 << 10;

/// An export that goes on where the last piece ended.
pub struct Exporter {
    stream: FileStream,
    rows: u64,
    left_out: u64,
}

impl Exporter {
    /// From the beginning.
    pub fn new(engine: &Engine, expression: Expression, _format: &str) -> Result<Self, EngineError> {
        let roots = engine.root_names()?;
        Ok(Self { stream: FileStream::new(expression, roots), rows: 0, left_out: 0 })
    }

    /// The next piece; None at the end.
    pub fn next_piece(&mut self, engine: &Engine) -> Result<Option<Vec<u8>>, EngineError> {
        let mut piece = Vec::new();
        while piece.len() < PIECE_BYTES {
            let rows = &mut self.rows;
            if !self.stream.next(engine.catalog(), &mut |row| {
                *rows += 1;
                piece.extend_from_slice(&row.path);
                piece.push(b'\n');
            })? {
                break;
            }
        }
        Ok((!piece.is_empty()).then_some(piece))
    }

    /// Rows rendered so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows that the format cannot carry.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}
