//! A kept file and the copy that goes, held so that neither changes unseen.

use std::ops::ControlFlow;

use sanchay_core::{compare, CompareBuffers, Comparison};

use crate::expected::Expected;
use crate::lease::Lease;
use crate::metadata::Metadata;
use crate::refusal::{Reason, Refusal};
use crate::subject::Subject;

/// Both files of an act, open and leased.
#[derive(Debug)]
pub struct Pair<'s> {
    /// The file that stays.
    pub kept: &'s Subject<'s>,
    /// The copy that goes.
    pub dropped: &'s Subject<'s>,
    kept_lease: Lease<'s>,
    dropped_lease: Lease<'s>,
}

impl<'s> Pair<'s> {
    /// Takes the leases. Refused where both are one file, sizes differ, or a program has one open for writing.
    pub fn new(kept: &'s Subject<'s>, dropped: &'s Subject<'s>) -> Result<Self, Refusal> {
        let kept_lease = Lease::take(&kept.file).map_err(Refusal::of_kept)?;
        Self::with_lease(kept, kept_lease, dropped)
    }

    /// The same, with the lease on the kept file that an act before this one was done under.
    pub fn with_lease(kept: &'s Subject<'s>, kept_lease: Lease<'s>, dropped: &'s Subject<'s>) -> Result<Self, Refusal> {
        let (of_kept, of_dropped) = (kept.stat(), dropped.stat());
        if (of_kept.device, of_kept.inode) == (of_dropped.device, of_dropped.inode) {
            return Err(Refusal::new(Reason::SameFile));
        }
        if of_kept.size_bytes != of_dropped.size_bytes {
            return Err(Refusal::new(Reason::OtherBytes));
        }
        let dropped_lease = Lease::take(&dropped.file)?;
        Ok(Self { kept, dropped, kept_lease, dropped_lease })
    }

    /// Compares all bytes. `on_bytes` hears of each stretch done, and may end the comparison (`Stopped`). A writer who
    /// comes is let in within a stretch, and the pair is left (`Busy`).
    pub fn compare(
        &self,
        buffers: &mut CompareBuffers,
        on_bytes: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), Refusal> {
        let (mut disturbed, mut left_bytes) = (false, self.kept.stat().size_bytes);
        let mut watched = |bytes| {
            left_bytes = left_bytes.saturating_sub(bytes);
            // After the last stretch both are looked at anyway.
            disturbed = left_bytes > 0 && !self.is_leased();
            if disturbed {
                return ControlFlow::Break(());
            }
            on_bytes(bytes)
        };
        match compare(&self.kept.file, &self.dropped.file, self.kept.stat().size_bytes, buffers, &mut watched)? {
            Comparison::Equal => self.check_undisturbed(),
            Comparison::Stopped if !disturbed => Err(Refusal::new(Reason::Stopped)),
            Comparison::Stopped => Err(Refusal::new(Reason::Busy)),
            // A file that is being changed differs, too: that is the truer reason.
            Comparison::Different => self.check_undisturbed().and(Err(Refusal::new(Reason::OtherBytes))),
        }
    }

    /// Refuses files whose owner, mode, access list or attributes differ, unless `any_metadata`; and setuid files
    /// always. `dropped` is what the copy had since it was opened: its ctime, which was looked at, tells of any change.
    pub fn check_metadata(&self, dropped: &Metadata, any_metadata: bool) -> Result<(), Refusal> {
        let kept = Metadata::of(&self.kept.file).map_err(Refusal::of_kept)?;
        if kept.is_setuid() || dropped.is_setuid() {
            return Err(Refusal::new(Reason::SetUid));
        }
        if !any_metadata && kept != *dropped {
            return Err(Refusal::new(Reason::OtherMetadata));
        }
        Ok(())
    }

    /// Refuses a pair of which one was written to, or whose writer waits for us.
    pub fn check_undisturbed(&self) -> Result<(), Refusal> {
        if !self.is_leased() {
            return Err(Refusal::new(Reason::Busy));
        }
        if !self.kept.is_unchanged()? {
            return Err(Refusal::new(Reason::Changed).of_kept());
        }
        if !self.dropped.is_unchanged()? {
            return Err(Refusal::new(Reason::Changed));
        }
        Ok(())
    }

    /// The last look, after the copy has its other name: what bears that name is the copy, no one came to write, and
    /// the kept file is still at its own path. Where it went along with the copy, both were one file: see [`Self::put_back`].
    pub(crate) fn check_displaced(&self, displaced: &sanchay_core::FileStat) -> Result<(), Refusal> {
        if !Expected::of(&self.dropped.stat()).fits_but_for_ctime(displaced) {
            return Err(Refusal::new(Reason::Changed));
        }
        if !self.is_leased() {
            return Err(Refusal::new(Reason::Busy));
        }
        if !Expected::of(&self.kept.stat()).fits_but_for_ctime(&self.kept.file.stat()?) {
            return Err(Refusal::new(Reason::Changed).of_kept());
        }
        if !self.kept.is_at_its_path() {
            return Err(Refusal::new(Reason::KeptGone).of_kept());
        }
        Ok(())
    }

    /// The reason, once the copy has its name again: a kept file that went with the copy, and came back with it, is the
    /// copy.
    pub(crate) fn put_back(&self, refusal: Refusal) -> Refusal {
        match refusal.reason {
            Reason::KeptGone if self.kept.is_at_its_path() => Refusal::new(Reason::SameFile),
            _ => refusal,
        }
    }

    /// Gives the lease on the kept file on: to the next act, or to who waits until its stamps tell of any later write.
    pub fn into_kept_lease(self) -> Lease<'s> {
        self.kept_lease
    }

    fn is_leased(&self) -> bool {
        self.kept_lease.is_held() && self.dropped_lease.is_held()
    }
}
