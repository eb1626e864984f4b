//! A file that a run removed, or made a link of, made again: from a living twin, or as another name of one that was.

use std::sync::Arc;

use sanchay_act::metadata::{Kept, Metadata};
use sanchay_act::restore::{copy_anew, link_anew, Now as Stands};
use sanchay_act::{Place, Reason, Refusal, Subject, TemporaryName};
use sanchay_catalog::journal::Act;
use sanchay_catalog::{Catalog, CatalogError};
use sanchay_core::hash::LARGE_READ_BYTES;
use sanchay_core::path::split_below;
use sanchay_core::{hash_large, CompareBuffers, DirHandle, VolumeId};

use super::handle::Acting;
use super::outcome::Tally;
use super::places::Roots;
use super::why::Why;
use crate::trashes::is_in_trash;

/// Copies that are tried for a file whose kept copy is gone.
const TWINS_MOST: usize = 32;

/// What a lane of a batch works with.
pub(super) struct Hand {
    pub(super) made: Option<Made>,
    buffers: CompareBuffers,
    buffer: Vec<u8>,
}

impl Hand {
    pub(super) fn new(made: Option<Made>) -> Self {
        Self { made, buffers: CompareBuffers::default(), buffer: vec![0; LARGE_READ_BYTES] }
    }
}

/// A file that was made again.
pub(super) struct Made {
    /// Volume and inode of the one that it stands for.
    pub(super) of: (VolumeId, u64),
    pub(super) act: i64,
    pub(super) folder: Arc<DirHandle>,
    /// The name that it has so far.
    pub(super) name: Vec<u8>,
    pub(super) identity: (u64, u64),
}

/// What makes files again.
pub(super) struct Remaker<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) acting: &'a Acting,
    pub(super) roots: &'a Roots<'a>,
    /// The journal's token and the run's number: they make the names that copies have for a moment.
    pub(super) temporary: (u64, i64),
}

impl<'a> Remaker<'a> {
    /// Whether this was another name of the file that was made last, and is a link of that now.
    pub(super) fn link_made(&self, act: &Act, made: Option<&Made>, folder: &DirHandle, stands: &Stands) -> bool {
        let same = made.filter(|made| made.of == act.identity && act.identity.1 != 0);
        same.is_some_and(|made| {
            let from = (&*made.folder, &made.name[..], made.identity);
            link_anew(from, folder, name_of(act), stands, &self.temporary(act)).is_ok()
        })
    }

    /// The file that stays, of which this is a hard link: it has one name less soon.
    pub(super) fn kept_of_link<'p>(&self, act: &'p Act, stands: &Stands) -> Option<Subject<'p>>
    where
        'a: 'p,
    {
        let Stands::Hardlink(device, inode) = *stands else { return None };
        let roots: &'p Roots<'a> = self.roots;
        let place = roots.place(&act.kept_root, &act.kept_path)?;
        let folder = roots.folder(place, || Ok(place.root.open_dir(place.folder())?)).ok()?;
        Subject::open_in(folder, place, |_, stat| Ok((stat.device, stat.inode) == (device, inode))).ok()
    }

    /// Makes the file again from a twin whose content is the one that is due. Gives that where the file was a hard link of
    /// it.
    pub(super) fn copy_twin<'p>(
        &self,
        act: &'p Act,
        hand: &mut Hand,
        place: Place<'p>,
        folder: &Arc<DirHandle>,
        stands: &Stands,
    ) -> Result<Option<Subject<'p>>, Why>
    where
        'a: 'p,
    {
        let roots: &'p Roots<'a> = self.roots;
        let kept = roots.place(&act.kept_root, &act.kept_path);
        let is_link = matches!(stands, Stands::Hardlink(..));
        // A hard link is its own twin, wherever the file that it was made of is by now.
        let own = is_link.then_some(place);
        let mut why = Why::word("no-twin");
        for place in kept.into_iter().chain(own) {
            match self.twin(act, hand, place) {
                Ok(twin) => {
                    self.copy(act, hand, &twin, folder, stands)?;
                    return Ok(is_link.then_some(twin));
                }
                Err(refusal) if refusal.reason == Reason::Gone => {}
                Err(refusal) => why = Why::from(refusal.of_kept()),
            }
        }
        for path in self.other_twins(act).unwrap_or_default() {
            let Some((root, below)) = roots.around(&path) else { continue };
            if let Ok(twin) = self.twin(act, hand, Place { root, path: &below }) {
                self.copy(act, hand, &twin, folder, stands)?;
                return Ok(None);
            }
        }
        Err(why)
    }

    fn copy(
        &self,
        act: &Act,
        hand: &mut Hand,
        twin: &Subject<'_>,
        folder: &Arc<DirHandle>,
        stands: &Stands,
    ) -> Result<(), Refusal> {
        let temporary = self.temporary(act);
        copy_anew(twin, folder, name_of(act), stands, &before(act), &temporary, &mut hand.buffers)?;
        Tally::add(&self.acting.tally.bytes, act.size_bytes);
        let stat = folder.stat(&temporary.new)?;
        hand.made = Some(Made {
            of: act.identity,
            act: act.number,
            folder: Arc::clone(folder),
            name: temporary.new,
            identity: (stat.device, stat.inode),
        });
        Ok(())
    }

    /// Where else the catalog knows the content of a file, for one whose kept copy is gone.
    fn other_twins(&self, act: &Act) -> Result<Vec<Vec<u8>>, CatalogError> {
        let reader = self.catalog.reader()?;
        let files = reader.files_of_content(&act.hash, act.algorithm, TWINS_MOST)?;
        Ok(files.into_iter().map(|(path, _)| path).filter(|path| !is_in_trash(path)).collect())
    }

    /// Opens a file and reads it whole: it must have the content of the act.
    fn twin<'p>(&self, act: &Act, hand: &mut Hand, place: Place<'p>) -> Result<Subject<'p>, Refusal> {
        let folder = self.roots.folder(place, || Ok(place.root.open_dir(place.folder())?))?;
        let twin = Subject::open_in(folder, place, |_, stat| Ok(stat.size_bytes == act.size_bytes))?;
        let control = &self.acting.control;
        let hashed = hash_large(&twin.file, act.algorithm, &mut hand.buffer, act.size_bytes, &mut |bytes| {
            control.have_read(bytes);
            if control.step() {
                std::ops::ControlFlow::Continue(())
            } else {
                std::ops::ControlFlow::Break(())
            }
        })?;
        if self.acting.control.is_cancelled() {
            return Err(Refusal::new(Reason::Stopped));
        }
        if hashed.bytes_read == act.size_bytes && hashed.hash == act.hash {
            Ok(twin)
        } else {
            Err(Refusal::new(Reason::Changed))
        }
    }

    pub(super) fn temporary(&self, act: &Act) -> TemporaryName {
        let (token, run) = self.temporary;
        TemporaryName::of(token, run as u64, act.number as u64)
    }
}

/// What the file or folder had beside its bytes and its name.
pub(super) fn before(act: &Act) -> Kept {
    let (owner, group, mode) = act.owner;
    let metadata = Metadata { owner, group, mode, attributes: act.attributes.clone() };
    Kept { metadata, mtime_ns: act.mtime_ns, atime_ns: act.atime_ns }
}

pub(super) fn name_of(act: &Act) -> &[u8] {
    split_below(&act.path).1
}
