//! The extensions' ids, in memory. One that no entry has any more goes, and its id serves another later.

use std::collections::{HashMap, VecDeque};
use std::sync::{RwLock, RwLockReadGuard, TryLockError};
use std::time::{Duration, Instant};

use sanchay_core::Extension;

/// An id that was let go is kept from others for so long: a question or an export may still go by what it meant.
const KEPT_FREE: Duration = Duration::from_secs(24 * 3600);

/// Ids of extensions. 0 is "none".
#[derive(Debug, Default)]
pub struct Extensions {
    inner: RwLock<ExtensionTable>,
    /// Held by all that have ids in hand that are not in the catalog yet.
    in_hand: RwLock<()>,
}

#[derive(Debug, Default)]
struct ExtensionTable {
    ids: HashMap<Extension, u32>,
    texts: Vec<Option<Extension>>,
    unsaved: Vec<u32>,
    /// Ids that nothing can mean any more.
    free: Vec<u32>,
    /// Ids that were let go, and when.
    let_go: VecDeque<(Instant, u32)>,
}

/// While one is held no id is let go.
pub struct IdsInHand<'a>(#[allow(dead_code, reason = "it is held, not read")] RwLockReadGuard<'a, ()>);

impl Extensions {
    /// To be held from before the first [`Self::intern`] until what it was for is with the writer.
    pub fn hold(&self) -> IdsInHand<'_> {
        IdsInHand(self.in_hand.read().expect("no panic under this lock"))
    }

    /// The id of `extension`, a new one where it has none yet.
    pub fn intern(&self, extension: Option<Extension>) -> u32 {
        let Some(extension) = extension else { return 0 };
        if let Some(id) = self.inner.read().expect("no panic under this lock").ids.get(&extension) {
            return *id;
        }
        let mut table = self.inner.write().expect("no panic under this lock");
        if let Some(id) = table.ids.get(&extension) {
            return *id;
        }
        let id = table.unused_id(Instant::now());
        table.put(id, extension);
        table.unsaved.push(id);
        id
    }

    /// The id of an extension that is there already.
    pub fn find(&self, extension: &Extension) -> Option<u32> {
        self.inner.read().expect("no panic under this lock").ids.get(extension).copied()
    }

    /// The extension with `id`; None for 0.
    pub fn get(&self, id: u32) -> Option<Extension> {
        self.inner.read().expect("no panic under this lock").texts.get(id as usize).copied().flatten()
    }

    /// Every extension with its id.
    pub fn all(&self) -> Vec<(u32, Extension)> {
        let table = self.inner.read().expect("no panic under this lock");
        table.texts.iter().enumerate().filter_map(|(id, text)| text.map(|text| (id as u32, text))).collect()
    }

    /// Takes over what is stored; ids that are not serve again.
    pub(crate) fn load(&self, stored: &[(u32, String)]) {
        let mut table = self.inner.write().expect("no panic under this lock");
        for (id, text) in stored {
            if let Some(extension) = sanchay_core::extension(format!("x.{text}").as_bytes()) {
                table.put(*id, extension);
            }
        }
        let is_free = |id: &u32| table.texts[*id as usize].is_none();
        table.free = (1..table.texts.len() as u32).rev().filter(is_free).collect();
    }

    /// Ids that mean something now.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.inner.read().expect("no panic under this lock").ids.values().copied().collect()
    }

    /// Runs `work` while no one has ids in hand, unless someone does; what it gives is let go.
    pub(crate) fn let_go<E>(&self, work: impl FnOnce() -> Result<Vec<u32>, E>) -> Result<(), E> {
        let _nobody = match self.in_hand.try_write() {
            Ok(no_holder) => no_holder,
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        let gone = work()?;
        let mut table = self.inner.write().expect("no panic under this lock");
        let now = Instant::now();
        for id in gone {
            // Its text stays to be shown to readers of an older state.
            if let Some(text) = table.texts.get(id as usize).copied().flatten() {
                table.ids.remove(&text);
            }
            table.unsaved.retain(|unsaved| *unsaved != id);
            table.let_go.push_back((now, id));
        }
        Ok(())
    }

    pub(crate) fn unsaved(&self) -> Vec<(u32, String)> {
        let table = self.inner.read().expect("no panic under this lock");
        let text = |id: &u32| table.texts[*id as usize].map(|text| (*id, text.as_str().to_owned()));
        table.unsaved.iter().filter_map(text).collect()
    }

    pub(crate) fn mark_saved(&self, saved: &[(u32, String)]) {
        if !saved.is_empty() {
            let mut table = self.inner.write().expect("no panic under this lock");
            table.unsaved.retain(|id| !saved.iter().any(|(done, _)| done == id));
        }
    }
}

impl ExtensionTable {
    fn put(&mut self, id: u32, extension: Extension) {
        if self.texts.len() <= id as usize {
            self.texts.resize(id as usize + 1, None);
        }
        self.texts[id as usize] = Some(extension);
        self.ids.insert(extension, id);
    }

    fn unused_id(&mut self, now: Instant) -> u32 {
        if let Some(id) = self.free.pop() {
            return id;
        }
        match self.let_go.front() {
            Some((since, _)) if *since + KEPT_FREE <= now => self.let_go.pop_front().map_or(1, |(_, id)| id),
            _ => self.texts.len().max(1) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<Extension> {
        sanchay_core::extension(format!("x.{text}").as_bytes())
    }

    #[test]
    fn an_id_that_was_let_go_serves_nothing_else_for_a_day_and_its_text_is_known_until_then() {
        let extensions = Extensions::default();
        let (a, b) = (extensions.intern(named("a")), extensions.intern(named("b")));
        extensions.let_go::<()>(|| Ok(vec![a])).unwrap();
        assert_eq!(extensions.find(&named("a").unwrap()), None);
        assert_eq!(extensions.get(a), named("a"));
        assert_eq!(extensions.unsaved().len(), 1);
        let again = extensions.intern(named("a"));
        assert!(again != a && again != b);
        let mut table = extensions.inner.write().unwrap();
        let now = Instant::now();
        assert_ne!(table.unused_id(now), a);
        assert_eq!(table.unused_id(now + KEPT_FREE), a);
    }

    #[test]
    fn nothing_is_let_go_while_somebody_has_ids_in_hand() {
        let extensions = Extensions::default();
        let held = extensions.hold();
        extensions.let_go::<()>(|| unreachable!()).unwrap();
        drop(held);
        let mut asked = false;
        extensions
            .let_go::<()>(|| {
                asked = true;
                Ok(Vec::new())
            })
            .unwrap();
        assert!(asked);
    }

    #[test]
    fn ids_that_are_not_stored_serve_again() {
        let extensions = Extensions::default();
        extensions.load(&[(2, "b".to_owned()), (5, "e".to_owned())]);
        let mut new: Vec<u32> = ["v", "w", "x", "y"].map(|text| extensions.intern(named(text))).to_vec();
        new.sort_unstable();
        assert_eq!(new, [1, 3, 4, 6]);
    }
}
