//! One group of a plan: its physical copies as the rules see them, and what they decide as the journal keeps it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use sanchay_catalog::journal::{Decision, PlanCopy, PlanGroup, Skipped};
use sanchay_catalog::queries::{DuplicateGroup, DuplicatePath, Fits, IgnoredCopies, RootName};
use sanchay_catalog::{Catalog, CatalogError, Reader};
use sanchay_core::path::{is_within, relative, split, split_below};
use sanchay_core::VolumeId;

use super::action::Action;
use super::companions::{may_belong, Companions};
use super::one_files::OneFiles;
use super::request::PlanRequest;
use super::rules::{decide, Copy, Rules, Ruling, Verdict};
use super::site::Site;
use super::whereabouts::left_out;

/// Why a copy stays though no rule says so: it is counted among what is left out.
const STAYS_UNASKED: [&str; 3] = ["companions-differ", "too-few-devices", "other-volume"];

/// What is known from one page of groups to the next.
#[derive(Default)]
pub(super) struct Known {
    /// Names that were left out, by the reason's word.
    left_out: BTreeMap<&'static str, i64>,
    /// Whether something goes that may belong to a picture.
    pub(super) has_companions: bool,
    /// By root and volume.
    sites: HashMap<(i64, i64), Site>,
}

/// What the groups of one state of the catalog are looked at with.
pub(super) struct Look<'l> {
    reader: &'l Reader,
    request: &'l PlanRequest<'l>,
    rules: &'l Rules,
    wanted: &'l IgnoredCopies,
    one_files: &'l OneFiles,
    /// Roots that are not there: what lies in them neither goes nor stays for another.
    offline: HashSet<i64>,
    drop: Option<Fits<'l>>,
    keep: Option<Fits<'l>>,
    volumes: HashMap<i64, Volume>,
    directories: HashMap<i64, i64>,
    companions: RefCell<Companions<'l>>,
    known: &'l mut Known,
}

#[derive(Clone, Copy)]
struct Volume {
    identity: VolumeId,
    has_lasting_inodes: bool,
}

/// A physical copy that takes part.
struct Candidate {
    names: Vec<Name>,
    volume: i64,
    mount: u64,
    copy: Copy,
    /// What its going frees, in bytes.
    freed_bytes: u64,
}

struct Name {
    path: DuplicatePath,
    /// The place of its root among the roots.
    root: usize,
}

impl<'l> Look<'l> {
    pub(super) fn new(
        catalog: &Catalog,
        reader: &'l Reader,
        request: &'l PlanRequest<'l>,
        rules: &'l Rules,
        (wanted, one_files): (&'l IgnoredCopies, &'l OneFiles),
        offline: HashSet<i64>,
        known: &'l mut Known,
    ) -> Result<Self, CatalogError> {
        let compile = |expression| Fits::new(catalog, reader, expression, &request.scope.roots);
        let (drop, keep) = (request.drop.map(compile).transpose()?, request.keep.map(compile).transpose()?);
        let companions = RefCell::new(Companions::new(reader));
        let (volumes, directories) = Default::default();
        Ok(Self {
            reader,
            request,
            rules,
            wanted,
            one_files,
            offline,
            drop,
            keep,
            volumes,
            directories,
            companions,
            known,
        })
    }

    /// What is planned for a group; None where nothing of it goes or is undecided.
    pub(super) fn plan(&mut self, group: DuplicateGroup) -> Result<Option<PlanGroup<Vec<u8>>>, CatalogError> {
        if group.total_paths > group.paths.len() as u64 {
            self.leave_out("too-many-names", group.total_paths as usize);
            return Ok(None);
        }
        if let Some(wanted) = self.wanted.get(&(group.algorithm, group.hash)) {
            if group.paths.iter().all(|name| wanted.contains(&name.path)) {
                self.leave_out("wanted", group.paths.len());
                return Ok(None);
            }
        }
        if !self.request.drop_in.is_empty() && group.paths.iter().all(|name| self.gives_way(&name.path)) {
            return Ok(None);
        }
        let (size_bytes, algorithm, hash) = (group.figures.size_bytes, group.algorithm, group.hash);
        let mut by_copy: BTreeMap<u64, Vec<DuplicatePath>> = BTreeMap::new();
        for name in group.paths {
            by_copy.entry(name.copy).or_default().push(name);
        }
        let mut candidates = Vec::with_capacity(by_copy.len());
        for names in by_copy.into_values() {
            candidates.extend(self.candidate(names)?);
        }
        let ruling = self.decide(&candidates)?;
        for (candidate, (verdict, reason)) in candidates.iter().zip(&ruling) {
            let is_told = STAYS_UNASKED.contains(reason) || candidate.copy.cannot == Some(*reason);
            if *verdict == Verdict::Keep && is_told {
                self.leave_out(reason, candidate.names.len());
            }
            let goes = matches!(verdict, Verdict::Drop(_));
            self.known.has_companions |= goes && candidate.names.iter().any(|name| may_belong(&name.path.path));
        }
        if ruling.iter().all(|(verdict, _)| *verdict == Verdict::Keep) {
            return Ok(None);
        }
        // Names are numbered through; a copy goes by its first.
        let mut first_names = Vec::with_capacity(candidates.len());
        let mut count = 0;
        for candidate in &candidates {
            first_names.push(count);
            count += candidate.names.len() as i64;
        }
        let mut copies = Vec::with_capacity(count as usize);
        for (candidate, (verdict, reason)) in candidates.into_iter().zip(ruling) {
            self.write(candidate, verdict, &first_names, reason, &mut copies);
        }
        Ok(Some(PlanGroup { size_bytes, algorithm, hash, copies }))
    }

    /// A copy as the rules see it; None where it takes no part.
    fn candidate(&mut self, names: Vec<DuplicatePath>) -> Result<Option<Candidate>, CatalogError> {
        if names.iter().any(|name| name.perhaps || self.one_files.has(name)) {
            // It may be another's other face: then nothing is left when that one goes.
            self.leave_out("perhaps-one-file", names.len());
            return Ok(None);
        }
        let count = names.len();
        let (mut taken, mut out) = (Vec::with_capacity(count), None);
        for path in names {
            match self.root(&path) {
                Ok(root) => taken.push(Name { path, root }),
                Err(reason) => {
                    self.leave_out(reason, 1);
                    out = Some(reason);
                }
            }
        }
        if taken.is_empty() {
            return Ok(None);
        }
        taken.sort_by(|one, other| one.path.path.cmp(&other.path.path));
        let (first, entry) = (&taken[0].path, taken[0].path.entry);
        let volume = match entry.volume {
            0 => self.volume_of_directory(first.directory)?,
            own => own,
        };
        let Some(facts) = self.volume(volume)? else {
            self.leave_out("gone", taken.len());
            return Ok(None);
        };
        // A copy goes whole or not at all: one name of several frees nothing.
        let has_names_elsewhere = entry.links as usize > count;
        let protected = match out {
            Some(reason) => Some(reason),
            None if has_names_elsewhere => Some("names-elsewhere"),
            None if fitting(self.keep.as_ref(), &taken)? > 0 => Some("fits-keep"),
            None => None,
        };
        let may_go = (self.drop.is_none() || fitting(self.drop.as_ref(), &taken)? == taken.len())
            && (self.request.drop_in.is_empty() || taken.iter().all(|name| self.gives_way(&name.path.path)));
        let mut sites = Vec::with_capacity(1);
        for Name { path, .. } in &taken {
            if path.root_id != first.root_id || sites.is_empty() {
                sites.push(self.known.site(self.request, path, volume, facts.identity));
            }
        }
        let is_isolated = |folder: &Vec<u8>| taken.iter().any(|name| is_within(&name.path.path, folder));
        // The rules look at the picture, so that what belongs to it stays or goes with it.
        let picture = if may_belong(&first.path) {
            self.companions.borrow_mut().pictures_of(first.id)?.into_iter().next()
        } else {
            None
        };
        let (links, mtime_ns) =
            picture.map_or((entry.links, entry.mtime_ns), |picture| (picture.links, picture.mtime_ns));
        let copy = Copy {
            paths: taken.iter().map(|name| name.path.path.clone()).collect(),
            root_order: taken.iter().map(|name| name.root).min().unwrap_or(0),
            links,
            mtime_ns,
            device: sites[0].device,
            replica: self.request.isolate.iter().position(is_isolated),
            protected,
            may_go,
            cannot: sites.iter().find_map(|site| site.cannot),
        };
        let freed_bytes = if has_names_elsewhere {
            0
        } else {
            entry.allocated_bytes.saturating_sub(self.reader.shared_bytes(first.id)?)
        };
        Ok(Some(Candidate { names: taken, volume, mount: sites[0].mount, copy, freed_bytes }))
    }

    /// Whether a file is right in a folder that gives way to others.
    fn gives_way(&self, path: &[u8]) -> bool {
        self.request.drop_in.iter().any(|folder| folder == split(path).0)
    }

    /// The place of a name's root; or why the name takes no part.
    fn root(&self, name: &DuplicatePath) -> Result<usize, &'static str> {
        let roots = &self.request.scope.roots.0;
        let place = roots.iter().position(|root| root.id == name.root_id).ok_or("no-root")?;
        if self.offline.contains(&name.root_id) {
            return Err("offline");
        }
        left_out(&roots[place].path, &name.path, self.request.everywhere).map_or(Ok(place), Err)
    }

    /// Links stay within a mount, shared blocks within a volume: there each is decided by itself.
    fn decide(&self, candidates: &[Candidate]) -> Result<Ruling, CatalogError> {
        let mut volumes: BTreeMap<(i64, u64), Vec<usize>> = BTreeMap::new();
        for (number, Candidate { volume, mount, .. }) in candidates.iter().enumerate() {
            let within = match self.request.action {
                Action::Hardlink => (*volume, *mount),
                Action::Reflink => (*volume, 0),
                Action::Trash | Action::Symlink | Action::Delete => (0, 0),
            };
            volumes.entry(within).or_default().push(number);
        }
        let mut ruling: Ruling = vec![(Verdict::Keep, "only-copy"); candidates.len()];
        // The others cannot become links of the first.
        let apart = volumes.values().skip(1).filter(|numbers| numbers.len() == 1).map(|numbers| numbers[0]);
        let apart: Vec<usize> = apart.collect();
        let failed = RefCell::new(None);
        let accompanied = |dropped: usize, kept: usize| {
            let names = |number: usize| candidates[number].names.iter().map(|name| &name.path);
            let found = self.companions.borrow_mut().are_equal(names(dropped), names(kept));
            found.unwrap_or_else(|error| {
                *failed.borrow_mut() = Some(error);
                false
            })
        };
        for numbers in volumes.into_values() {
            let copies: Vec<Copy> = numbers.iter().map(|number| candidates[*number].copy.clone()).collect();
            let of_volume = decide(&copies, self.rules, &|dropped, kept| accompanied(numbers[dropped], numbers[kept]));
            for (number, (verdict, reason)) in numbers.iter().zip(of_volume) {
                let verdict = match verdict {
                    Verdict::Drop(kept) => Verdict::Drop(numbers[kept]),
                    other => other,
                };
                ruling[*number] = (verdict, reason);
            }
        }
        for number in apart {
            ruling[number] = (Verdict::Keep, "other-volume");
        }
        failed.into_inner().map_or(Ok(ruling), Err)
    }

    /// The names of a copy as the journal keeps them. What it frees is counted at the first.
    fn write(
        &self,
        candidate: Candidate,
        verdict: Verdict,
        first_names: &[i64],
        reason: &'static str,
        copies: &mut Vec<PlanCopy<Vec<u8>>>,
    ) {
        let Some(volume) = self.volumes.get(&candidate.volume) else { return };
        let (decision, kept) = match verdict {
            Verdict::Undecided => (Decision::Undecided, None),
            Verdict::Keep => (Decision::Keep, None),
            Verdict::Drop(kept) => (Decision::Drop, Some(first_names[kept])),
        };
        for (number, Name { path, root }) in candidate.names.into_iter().enumerate() {
            let RootName { path: root, .. } = &self.request.scope.roots.0[root];
            let below = relative(root, &path.path).unwrap_or_default();
            let (folder, name) = split_below(&below);
            copies.push(PlanCopy {
                root: root.clone(),
                folder: folder.to_vec(),
                name: name.to_vec(),
                volume: volume.identity,
                inode: volume.has_lasting_inodes.then_some(path.entry.inode),
                mtime_ns: path.entry.mtime_ns,
                ctime_ns: Some(path.entry.ctime_ns),
                decision,
                kept,
                device: candidate.copy.device,
                reason: reason.as_bytes().to_vec(),
                freed_bytes: if number == 0 { candidate.freed_bytes } else { 0 },
            });
        }
    }

    fn volume_of_directory(&mut self, directory: i64) -> Result<i64, CatalogError> {
        if let Some(known) = self.directories.get(&directory) {
            return Ok(*known);
        }
        let volume = self.reader.volume_of_directory(directory)?;
        self.directories.insert(directory, volume);
        Ok(volume)
    }

    fn volume(&mut self, id: i64) -> Result<Option<Volume>, CatalogError> {
        if let Some(known) = self.volumes.get(&id) {
            return Ok(Some(*known));
        }
        let found = self.reader.volume_identity(id)?;
        let found = found.map(|(identity, has_lasting_inodes)| Volume { identity, has_lasting_inodes });
        if let Some(volume) = found {
            self.volumes.insert(id, volume);
        }
        Ok(found)
    }

    fn leave_out(&mut self, reason: &'static str, names: usize) {
        self.known.leave_out(reason, names as i64);
    }
}

impl Known {
    pub(super) fn leave_out(&mut self, reason: &'static str, names: i64) {
        if names > 0 {
            *self.left_out.entry(reason).or_default() += names;
        }
    }

    /// What was left out, as the journal keeps it.
    pub(super) fn skipped(self) -> Vec<Skipped> {
        let left_out = self.left_out.into_iter();
        left_out.map(|(reason, files)| Skipped { reason: reason.to_owned(), files }).collect()
    }

    /// Where a file lies.
    fn site(&mut self, request: &PlanRequest<'_>, file: &DuplicatePath, volume: i64, identity: VolumeId) -> Site {
        let ask = || (request.site_of)(&file.path, identity);
        *self.sites.entry((file.root_id, volume)).or_insert_with(ask)
    }
}

/// How many of the names fit an expression; none where there is no expression.
fn fitting(expression: Option<&Fits<'_>>, names: &[Name]) -> Result<usize, CatalogError> {
    let Some(fits) = expression else { return Ok(0) };
    let mut count = 0;
    for Name { path, .. } in names {
        count += usize::from(fits.has(path.id, &path.path)?);
    }
    Ok(count)
}
