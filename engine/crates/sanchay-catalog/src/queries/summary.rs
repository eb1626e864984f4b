//! Summaries by type, extension, age, size or owner: from roll-ups, never from a scan of entries.

use std::collections::BTreeMap;

use sanchay_core::path::is_within;
use sanchay_core::FileType;

use super::scope::Start;
use super::tree::RootNames;
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::reader::Reader;
use crate::writer::{RollupKind, Rollups};

/// What files are added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummaryBy {
    /// Image, video, …
    Type,
    /// Extension.
    Extension,
    /// Time since the last modification.
    Age,
    /// Apparent size.
    Size,
    /// User id.
    Owner,
}

impl SummaryBy {
    /// Reads the word; empty is by type.
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        match text {
            "" | "type" => Ok(Self::Type),
            "ext" => Ok(Self::Extension),
            "age" => Ok(Self::Age),
            "size" => Ok(Self::Size),
            "owner" => Ok(Self::Owner),
            other => Err(CatalogError::InvalidArgument(format!(
                "'{other}' is nothing to add up by: use type, ext, age, size or owner"
            ))),
        }
    }

    fn rollup(self) -> RollupKind {
        match self {
            Self::Type | Self::Extension => RollupKind::Extension,
            Self::Age => RollupKind::Day,
            Self::Size => RollupKind::SizeClass,
            Self::Owner => RollupKind::Owner,
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// What the files have in common.
    pub key: String,
    /// Regular files.
    pub files: u64,
    /// Apparent bytes.
    pub bytes: u64,
}

/// Size classes: the highest bit that each ends with, and its name.
const SIZE_CLASSES: [(i64, &str); 8] = [
    (0, "empty"),
    (12, "under 4K"),
    (16, "4K to 64K"),
    (20, "64K to 1M"),
    (24, "1M to 16M"),
    (28, "16M to 256M"),
    (32, "256M to 4G"),
    (i64::MAX, "4G and more"),
];

/// Ages in days that each class ends with, and its name.
const AGES: [(i64, &str); 7] = [
    (1, "today or yesterday"),
    (7, "within a week"),
    (30, "within a month"),
    (90, "within 3 months"),
    (365, "within a year"),
    (1825, "within 5 years"),
    (i64::MAX, "older"),
];

impl Catalog {
    /// Rows by `by`, of the roots with `root_ids` (empty: of all). `now_ns` is what ages count from. By type, extension
    /// and owner the largest come first; by age and size the classes stand in their order.
    pub fn summary(
        &self,
        by: SummaryBy,
        root_ids: &[i64],
        roots: &RootNames,
        now_ns: i64,
    ) -> Result<Vec<SummaryRow>, CatalogError> {
        let reader = self.reader()?;
        let sums = reader.snapshot(|reader| reader.rollup(self, by.rollup(), root_ids, roots))?;
        let today = now_ns.div_euclid(86_400_000_000_000);
        let mut rows: BTreeMap<(usize, String), (i64, i64)> = BTreeMap::new();
        for (key, (files, bytes)) in sums {
            let row = match by {
                SummaryBy::Type => (0, self.type_of(key).name().to_owned()),
                SummaryBy::Extension => (0, self.extension_text(key)),
                SummaryBy::Owner => (0, key.to_string()),
                SummaryBy::Size => class(&SIZE_CLASSES, key),
                SummaryBy::Age if key > today + 1 => (AGES.len(), "in the future".to_owned()),
                SummaryBy::Age => class(&AGES, today - key),
            };
            let sum = rows.entry(row).or_default();
            sum.0 += files;
            sum.1 += bytes;
        }
        let mut rows: Vec<SummaryRow> = rows
            .into_iter()
            .filter(|(_, (files, _))| *files > 0)
            .map(|((_, key), (files, bytes))| SummaryRow { key, files: files as u64, bytes: bytes as u64 })
            .collect();
        if !matches!(by, SummaryBy::Age | SummaryBy::Size) {
            rows.sort_by(|a, b| (b.bytes, b.files, &a.key).cmp(&(a.bytes, a.files, &b.key)));
        }
        Ok(rows)
    }

    fn type_of(&self, extension: i64) -> FileType {
        let extension = self.extensions().get(extension as u32);
        extension.map_or(FileType::Other, |extension| FileType::from_extension(extension.as_bytes()))
    }

    fn extension_text(&self, extension: i64) -> String {
        self.extensions().get(extension as u32).map_or(String::new(), |extension| extension.as_str().to_owned())
    }
}

fn class(classes: &[(i64, &str)], value: i64) -> (usize, String) {
    let at = classes.partition_point(|(end, _)| *end < value).min(classes.len() - 1);
    (at, classes[at].1.to_owned())
}

type Sums = BTreeMap<i64, (i64, i64)>;

impl Reader {
    fn rollup(
        &self,
        catalog: &Catalog,
        kind: RollupKind,
        root_ids: &[i64],
        roots: &RootNames,
    ) -> Result<Sums, CatalogError> {
        let mut sums = Sums::new();
        if root_ids.is_empty() {
            self.add_trees("", kind, &mut sums)?;
            return Ok(sums);
        }
        let mut parts: Vec<Start> = Vec::new();
        for root in roots.0.iter().filter(|root| root_ids.contains(&root.id)) {
            parts.extend(self.scope(&root.path)?.starts);
        }
        let mut shared = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            // A part of another one's tree is in that one's sums already.
            let holds = |other: &Start| other.top == part.top && is_within(&part.path, &other.path);
            let others = parts.iter().enumerate().filter(|(other, _)| *other != at);
            if others.clone().any(|(other, start)| holds(start) && (start.directory != part.directory || other < at)) {
                continue;
            }
            if part.directory == part.top {
                self.add_trees(&format!("AND tree = {}", part.top), kind, &mut sums)?;
            } else {
                shared.push(part.directory);
            }
        }
        if !shared.is_empty() {
            self.add_blocks(catalog, &shared, kind, &mut sums)?;
        }
        Ok(sums)
    }

    fn add_trees(&self, which: &str, kind: RollupKind, sums: &mut Sums) -> Result<(), CatalogError> {
        let sql = format!("SELECT key, sum(files), sum(bytes) FROM rollup WHERE kind = ?1 {which} GROUP BY key");
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([kind as i64])?;
        while let Some(row) = rows.next()? {
            let sum = sums.entry(row.get(0)?).or_default();
            sum.0 += row.get::<_, i64>(1)?;
            sum.1 += row.get::<_, i64>(2)?;
        }
        Ok(())
    }

    /// Roots that share another's tree have no roll-ups of their own: their blocks are added up.
    fn add_blocks(
        &self,
        catalog: &Catalog,
        directories: &[i64],
        kind: RollupKind,
        sums: &mut Sums,
    ) -> Result<(), CatalogError> {
        let below = catalog.cache.shape(self)?.below(directories);
        let mut statement = self.connection.prepare_cached("SELECT id, directory FROM block WHERE files > 0")?;
        let mut rows = statement.query([])?;
        let mut rollups = Rollups::default();
        while let Some(row) = rows.next()? {
            if below.contains(row.get(1)?) {
                self.with_block(row.get(0)?, |view, _| view.for_each(|_, item| rollups.count(&item.entry, 1)))?;
            }
        }
        for delta in rollups.0.iter().filter(|delta| delta.kind == kind) {
            let sum = sums.entry(delta.key).or_default();
            sum.0 += delta.files;
            sum.1 += delta.bytes;
        }
        Ok(())
    }
}
