//! Where a hit stands in its order, the page that is filled with the first of them, and the token of the page's end.

use std::cmp::Ordering;

use data_encoding::HEXLOWER;

use super::first::First;
use super::runs::EntrySet;
use super::sort::{Sort, SortKey};
use crate::block::EntryId;
use crate::error::CatalogError;

/// What a hit is ordered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number(i64),
    Text(Vec<u8>),
}

/// A hit's place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SortPlace {
    pub(super) value: Value,
    pub(super) id: EntryId,
    pub(super) descending: bool,
}

impl Ord for SortPlace {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_value = self.value.cmp(&other.value);
        let by_value = if self.descending { by_value.reverse() } else { by_value };
        by_value.then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for SortPlace {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a page before had found out about all hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Totals {
    /// Hits, and their bytes where those were added up.
    Exact(u64, Option<u64>),
    /// There are this many or more.
    AtLeast(u64),
}

impl Totals {
    /// Hits that were counted.
    pub(super) fn at_least(self) -> u64 {
        match self {
            Self::Exact(hits, _) | Self::AtLeast(hits) => hits,
        }
    }

    /// Hits, and their bytes, as far as they are known.
    pub(super) fn exact(self) -> (Option<u64>, Option<u64>) {
        match self {
            Self::Exact(hits, bytes) => (Some(hits), bytes),
            Self::AtLeast(_) => (None, None),
        }
    }
}

/// The first hits after the page before, as far as they were seen, and the count of all that were seen.
#[derive(Debug)]
pub(super) struct Tally {
    page: First<SortPlace>,
    pub(super) hits: u64,
    pub(super) bytes: u64,
    /// Hits whose bytes were not added up.
    pub(super) unweighed: bool,
    /// Hits that come after the page before.
    pub(super) ahead: usize,
    /// All of them, where no page is made.
    pub(super) set: Option<EntrySet>,
}

impl Tally {
    /// Gathers the first hits, one more than `limit`.
    pub(super) fn of_first(limit: usize) -> Self {
        Self { page: First::new(limit), hits: 0, bytes: 0, unweighed: false, ahead: 0, set: None }
    }

    /// Gathers all hits, in any order.
    pub(super) fn of_all() -> Self {
        Self { set: Some(EntrySet::default()), ..Self::of_first(0) }
    }

    /// Keeps a hit if it may belong on this page.
    pub(super) fn keep(&mut self, place: SortPlace, after: Option<&SortPlace>) {
        if after.is_some_and(|after| place <= *after) {
            return;
        }
        self.ahead += 1;
        if let Some(set) = &mut self.set {
            set.insert(place.id, 0);
        } else {
            self.page.offer(place);
        }
    }

    /// A place behind the page: what comes behind it need not be kept.
    pub(super) fn worst(&self) -> Option<&SortPlace> {
        self.page.worst()
    }

    /// Adds what another pass saw; both have left out what comes before the page.
    pub(super) fn merge(&mut self, other: Self) {
        self.hits += other.hits;
        self.bytes += other.bytes;
        self.unweighed |= other.unweighed;
        self.ahead += other.ahead;
        self.page.merge(other.page);
        if let Some(set) = other.set {
            self.set.get_or_insert_default().merge(&set);
        }
    }

    /// The page's places in order, one more than `limit` where there is a next page.
    pub(super) fn into_places(self) -> Vec<SortPlace> {
        self.page.into_sorted()
    }
}

/// `hits.bytes.id.value`, where unknown bytes are empty, hits end with a `+` where there may be more, and text is in
/// hexadecimal.
pub(super) fn make_token(totals: Totals, place: &SortPlace) -> String {
    let (hits, bytes) = match totals {
        Totals::Exact(hits, bytes) => (hits.to_string(), bytes.map(|bytes| bytes.to_string()).unwrap_or_default()),
        Totals::AtLeast(hits) => (format!("{hits}+"), String::new()),
    };
    let value = match &place.value {
        Value::Number(number) => format!("n{number}"),
        Value::Text(text) => format!("t{}", HEXLOWER.encode_display(text)),
    };
    format!("{hits}.{bytes}.{}.{value}", place.id.0)
}

/// The totals and the last place of the page before; None for the first page.
pub(super) fn parse_token(token: &str, sort: Sort) -> Result<Option<(Totals, SortPlace)>, CatalogError> {
    if token.is_empty() {
        return Ok(None);
    }
    let bad = || CatalogError::InvalidArgument("the page token is not one of this question's".to_owned());
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [hits, bytes, id, value] = parts.as_slice() else {
        return Err(bad());
    };
    let totals = match hits.strip_suffix('+') {
        Some(hits) => Totals::AtLeast(hits.parse().map_err(|_| bad())?),
        None => {
            let bytes = if bytes.is_empty() { None } else { Some(bytes.parse().map_err(|_| bad())?) };
            Totals::Exact(hits.parse().map_err(|_| bad())?, bytes)
        }
    };
    let value = match (value.get(..1), value.get(1..)) {
        (Some("n"), Some(number)) => Value::Number(number.parse().map_err(|_| bad())?),
        (Some("t"), Some(hex)) => Value::Text(HEXLOWER.decode(hex.as_bytes()).map_err(|_| bad())?),
        _ => return Err(bad()),
    };
    let text_order = matches!(sort.key, SortKey::Name | SortKey::Path);
    if matches!(value, Value::Text(_)) != text_order {
        return Err(bad());
    }
    let id = EntryId(id.parse().map_err(|_| bad())?);
    Ok(Some((totals, SortPlace { value, id, descending: sort.descending })))
}
