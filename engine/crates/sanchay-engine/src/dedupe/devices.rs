//! What volumes lie on: copies on two volumes of one disk go with that disk.

use std::collections::HashMap;
use std::path::Path;

use sanchay_catalog::queries::RootNames;
use sanchay_core::path::path_from_bytes;
use sanchay_core::{Folder, RootDir, Source, VolumeId};

use crate::in_time::in_time;

/// The disks and servers of the volumes that roots are on.
pub(crate) struct Devices(HashMap<VolumeId, u64>);

impl Devices {
    /// Asks the system, root by root; a volume of which it cannot be known is a device by itself.
    pub(crate) fn new(roots: &RootNames) -> Self {
        let paths: Vec<_> = roots.0.iter().map(|root| path_from_bytes(&root.path)).collect();
        let asked = paths.into_iter().filter_map(|path| in_time(move || disks_of(&path))?);
        Self(asked.flatten().collect())
    }

    /// A number that volumes of one device share, and no others.
    pub(crate) fn of(&self, volume: VolumeId) -> u64 {
        self.0.get(&volume).copied().unwrap_or_else(|| number(volume))
    }
}

/// The volume of a root, by both names that it may have in the catalog, and its disk.
fn disks_of(root: &Path) -> Option<[(VolumeId, u64); 2]> {
    let volume = RootDir::open(root).ok()?.top().volume().ok()?;
    let disk = number(volume.disk());
    Some([volume.id, volume.id_apart()].map(|id| (id, disk)))
}

fn number(id: VolumeId) -> u64 {
    let bytes = id.to_bytes();
    bytes
        .chunks(8)
        .fold(0, |number, half| number ^ half.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte)))
}
