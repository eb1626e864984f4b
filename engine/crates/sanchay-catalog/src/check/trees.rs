//! Folders, the blocks in them, and the sums of each tree: compared in one state of the catalog.

use std::collections::HashMap;

use super::{Check, FaultKind};
use crate::block::{BlockColumns, EntryKind};
use crate::error::CatalogError;
use crate::reader::Reader;
use crate::writer::RollupKind;

/// No such folder.
const NONE: i64 = -1;

/// Who is whose parent, and in whose tree.
struct Shape {
    parents: Vec<i64>,
    /// The top above each folder; 0: it hangs on none.
    tops: Vec<i64>,
}

impl Shape {
    fn read(reader: &Reader) -> Result<Self, CatalogError> {
        let mut parents: Vec<i64> = Vec::new();
        let mut statement = reader.connection.prepare_cached("SELECT id, parent FROM directory")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = row.get::<_, i64>(0)? as usize;
            if parents.len() <= id {
                parents.resize((id + 1).next_power_of_two(), NONE);
            }
            parents[id] = row.get(1)?;
        }
        let mut tops = vec![NONE; parents.len()];
        let mut trail = Vec::new();
        for id in (0..parents.len()).filter(|&id| parents[id] != NONE) {
            let mut at = id;
            let top = loop {
                if tops[at] != NONE {
                    break tops[at];
                }
                trail.push(at);
                match parents[at] {
                    0 => break at as i64,
                    above if above < 0 || above as usize >= parents.len() || trail.len() > parents.len() => break 0,
                    above if parents[above as usize] == NONE => break 0,
                    above => at = above as usize,
                }
            };
            for passed in trail.drain(..) {
                tops[passed] = top;
            }
        }
        Ok(Self { parents, tops })
    }

    fn has(&self, directory: i64) -> bool {
        usize::try_from(directory).is_ok_and(|at| self.parents.get(at).is_some_and(|&parent| parent != NONE))
    }

    fn top(&self, directory: i64) -> i64 {
        usize::try_from(directory).ok().and_then(|at| self.tops.get(at)).map_or(0, |&top| top.max(0))
    }

    fn orphans(&self) -> Vec<i64> {
        (0..self.parents.len() as i64).filter(|&id| self.has(id) && self.top(id) == 0).collect()
    }
}

/// What one state of the catalog shows.
#[derive(Default)]
struct Seen {
    orphans: Vec<i64>,
    lost_blocks: Vec<i64>,
    leftovers: Vec<i64>,
    /// Trees whose sums differ.
    rollups: Vec<i64>,
    example: Vec<u8>,
}

type Sums = HashMap<(i64, i64, i64), (i64, i64)>;

impl Check<'_> {
    /// False where it was broken off.
    pub(super) fn trees(&mut self) -> Result<bool, CatalogError> {
        let mut seen = self.look_at_trees()?;
        let rounds = [&seen.orphans, &seen.lost_blocks, &seen.leftovers];
        let is_whole = rounds.iter().all(|found| found.is_empty());
        let example = std::mem::take(&mut seen.example);
        self.report.add(FaultKind::OrphanFolders, seen.orphans.len(), || example);
        let block = seen.lost_blocks.first().copied().unwrap_or_default();
        self.report.add(FaultKind::LostBlocks, seen.lost_blocks.len(), || format!("block {block}").into_bytes());
        let leftover = seen.leftovers.first().copied().unwrap_or_default();
        self.report.add(FaultKind::Leftovers, seen.leftovers.len(), || format!("folder {leftover}").into_bytes());
        if !is_whole && self.repair {
            let Seen { orphans, lost_blocks, leftovers, .. } = std::mem::take(&mut seen);
            for part in orphans.chunks(200) {
                let part = part.to_vec();
                self.catalog.writer().run(move |session| session.forget_orphans(&part))?;
                if !(self.go_on)() {
                    return Ok(false);
                }
            }
            self.catalog.writer().run(move |session| session.forget_lost(&lost_blocks, &leftovers))?;
            let kinds = [FaultKind::OrphanFolders, FaultKind::LostBlocks, FaultKind::Leftovers];
            self.report.mended(&kinds);
            // Sums may hold what just went.
            seen = self.look_at_trees()?;
        }
        self.report.add(FaultKind::Rollups, seen.rollups.len(), || b"sums of a tree".to_vec());
        if self.repair {
            for tree in seen.rollups {
                self.catalog.writer().run(move |session| session.mend_rollups(tree))?;
                if !(self.go_on)() {
                    return Ok(false);
                }
            }
            self.report.mended(&[FaultKind::Rollups]);
        }
        Ok((self.go_on)())
    }

    fn look_at_trees(&self) -> Result<Seen, CatalogError> {
        let reader = self.catalog.reader()?;
        reader.snapshot(|reader| {
            let shape = Shape::read(reader)?;
            let mut seen = Seen { orphans: shape.orphans(), ..Seen::default() };
            if let Some(orphan) = seen.orphans.first() {
                let sql = "SELECT name FROM directory WHERE id = ?1";
                seen.example = reader.connection.query_row(sql, [orphan], |row| row.get(0))?;
            }
            let mut statement = reader.connection.prepare_cached("SELECT directory FROM usage")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let directory = row.get(0)?;
                if !shape.has(directory) {
                    seen.leftovers.push(directory);
                }
            }
            let mut sums = Sums::new();
            let mut statement = reader.connection.prepare_cached(
                "SELECT id, directory, columns, EXISTS (SELECT 1 FROM block_detail n WHERE n.id = block.id) FROM block",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let directory = row.get(1)?;
                if !shape.has(directory) || !row.get::<_, bool>(3)? {
                    seen.lost_blocks.push(row.get(0)?);
                    continue;
                }
                let columns =
                    BlockColumns::parse(row.get_ref(2)?.as_blob().map_err(|_| CatalogError::corrupt_block())?)?;
                add_up(&columns, shape.top(directory), &mut sums);
            }
            let sql = "SELECT id FROM block_detail n WHERE NOT EXISTS (SELECT 1 FROM block b WHERE b.id = n.id)";
            let mut statement = reader.connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                seen.lost_blocks.push(row.get(0)?);
            }
            let mut statement = reader.connection.prepare_cached("SELECT tree, kind, key, files, bytes FROM rollup")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let sum = sums.entry((row.get(0)?, row.get(1)?, row.get(2)?)).or_default();
                sum.0 -= row.get::<_, i64>(3)?;
                sum.1 -= row.get::<_, i64>(4)?;
            }
            seen.rollups = sums.iter().filter(|(_, sum)| **sum != (0, 0)).map(|((tree, _, _), _)| *tree).collect();
            seen.rollups.sort_unstable();
            seen.rollups.dedup();
            // Those of orphans are in no tree's sums, wherever they were counted.
            seen.rollups.retain(|tree| *tree != 0);
            Ok(seen)
        })
    }
}

fn add_up(columns: &BlockColumns<'_>, tree: i64, sums: &mut Sums) {
    for slot in (0..columns.len()).filter(|&slot| columns.kind(slot) == EntryKind::File) {
        let size_bytes = columns.size_bytes(slot);
        let keys = [
            (RollupKind::Extension, i64::from(columns.extension(slot))),
            (RollupKind::SizeClass, i64::from(64 - size_bytes.leading_zeros())),
            (RollupKind::Owner, i64::from(columns.owner(slot))),
            (RollupKind::Day, columns.mtime_s(slot).div_euclid(86_400)),
        ];
        for (kind, key) in keys {
            let sum = sums.entry((tree, kind as i64, key)).or_default();
            sum.0 += 1;
            sum.1 += size_bytes as i64;
        }
    }
}
