//! Plans as Python holds them, and their groups.

use pyo3::prelude::*;
use sanchay_engine::catalog::journal::{self, Decision};
use sanchay_engine::{Engine, EngineError};

/// How many files were left out of a plan for one reason.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct PlanSkipped {
    reason: String,
    files: i64,
}

/// A symbolic link that leads to a file which goes.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct PlanLink {
    path: Vec<u8>,
    target: Vec<u8>,
}

/// A plan as a whole.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct Plan {
    id: i64,
    made_ns: i64,
    action: String,
    asked: String,
    version: i64,
    groups: i64,
    undecided: i64,
    files: i64,
    freed_bytes: i64,
    broken_links: i64,
    skipped: Vec<Py<PlanSkipped>>,
    links: Vec<Py<PlanLink>>,
}

impl Plan {
    pub(crate) fn read(engine: &Engine, id: i64) -> Result<Read, EngineError> {
        let (plan, skipped) = engine.plan(id)?;
        Ok((plan, skipped, engine.plan_links(id)?))
    }

    pub(crate) fn new(py: Python<'_>, (plan, skipped, links): Read) -> PyResult<Self> {
        let skipped = skipped.into_iter().map(|row| Py::new(py, PlanSkipped { reason: row.reason, files: row.files }));
        let links = links.into_iter().map(|(path, target)| Py::new(py, PlanLink { path, target }));
        Ok(Self {
            id: plan.id,
            made_ns: plan.made_ns,
            action: plan.action,
            asked: plan.asked,
            version: plan.version,
            groups: plan.groups,
            undecided: plan.undecided,
            files: plan.files,
            freed_bytes: plan.freed_bytes,
            broken_links: plan.broken_links,
            skipped: skipped.collect::<PyResult<_>>()?,
            links: links.collect::<PyResult<_>>()?,
        })
    }
}

/// A plan, what was left out of it, and links that it breaks.
type Read = (journal::Plan, Vec<journal::Skipped>, Vec<(Vec<u8>, Vec<u8>)>);

/// A file of a plan.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct PlanCopy {
    path: Vec<u8>,
    decision: &'static str,
    reason: String,
    freed_bytes: u64,
    kept: Vec<u8>,
}

/// Equal files of a plan.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct PlanGroup {
    number: i64,
    size_bytes: u64,
    algorithm: &'static str,
    hash: Vec<u8>,
    copies: Vec<Py<PlanCopy>>,
}

/// A page of a plan.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct PlanPage {
    groups: Vec<Py<PlanGroup>>,
    next_token: String,
}

impl PlanPage {
    pub(crate) fn new(py: Python<'_>, page: sanchay_engine::PlanPage) -> PyResult<Self> {
        let groups = page.groups.into_iter().map(|group| Py::new(py, PlanGroup::new(py, group)?));
        Ok(Self { groups: groups.collect::<PyResult<_>>()?, next_token: page.next_token })
    }
}

impl PlanGroup {
    fn new(py: Python<'_>, group: sanchay_engine::ShownGroup) -> PyResult<Self> {
        let copies = group.copies.into_iter().map(|copy| {
            let decision = decision_word(copy.decision);
            let sanchay_engine::ShownCopy { path, reason, freed_bytes, kept, .. } = copy;
            Py::new(py, PlanCopy { path, decision, reason, freed_bytes, kept })
        });
        Ok(Self {
            number: group.number,
            size_bytes: group.size_bytes,
            algorithm: group.algorithm.name(),
            hash: group.hash.as_bytes().to_vec(),
            copies: copies.collect::<PyResult<_>>()?,
        })
    }
}

/// A group that was asked for, as far as it is there.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct FoundGroup {
    group: Option<Py<PlanGroup>>,
    copies: i64,
    next_undecided: Option<i64>,
}

impl FoundGroup {
    pub(crate) fn new(py: Python<'_>, found: sanchay_engine::FoundGroup) -> PyResult<Self> {
        let group = found.group.map(|group| Py::new(py, PlanGroup::new(py, group)?)).transpose()?;
        Ok(Self { group, copies: found.copies, next_undecided: found.next_undecided })
    }
}

/// How a group stands.
#[pyclass(frozen, get_all, module = "sanchay_engine")]
pub(crate) struct GroupState {
    number: i64,
    is_undecided: bool,
}

impl From<journal::GroupState> for GroupState {
    fn from(state: journal::GroupState) -> Self {
        Self { number: state.number, is_undecided: state.is_undecided }
    }
}

/// The decision of a word.
pub(crate) fn decision_of(word: &str) -> Result<Decision, EngineError> {
    [Decision::Undecided, Decision::Keep, Decision::Drop]
        .into_iter()
        .find(|known| decision_word(*known) == word)
        .ok_or_else(|| EngineError::invalid_argument(format!("'{word}' is not a decision")))
}

const fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Undecided => "undecided",
        Decision::Keep => "keep",
        Decision::Drop => "drop",
    }
}
