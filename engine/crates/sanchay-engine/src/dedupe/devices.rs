//! What volumes lie on: copies on two volumes of one disk go with that disk.

use std::collections::HashMap;

use sanchay_catalog::queries::RootNames;
use sanchay_core::path::path_from_bytes;
use sanchay_core::{Folder, RootDir, Source, VolumeId};

/// The disks and servers of the volumes that roots are on.
pub(crate) struct Devices(HashMap<VolumeId, u64>);

impl Devices {
    /// Asks the system, root by root; a volume of which it cannot be known is a device by itself.
    pub(crate) fn new(roots: &RootNames) -> Self {
        let mut devices = HashMap::new();
        for root in &roots.0 {
            let Ok(opened) = RootDir::open(&path_from_bytes(&root.path)) else { continue };
            let Ok(volume) = opened.top().volume() else { continue };
            let disk = number(volume.disk());
            devices.extend([volume.id, volume.id_apart()].map(|id| (id, disk)));
        }
        Self(devices)
    }

    /// A number that volumes of one device share, and no others.
    pub(crate) fn of(&self, volume: VolumeId) -> u64 {
        self.0.get(&volume).copied().unwrap_or_else(|| number(volume))
    }
}

fn number(id: VolumeId) -> u64 {
    let bytes = id.to_bytes();
    bytes
        .chunks(8)
        .fold(0, |number, half| number ^ half.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte)))
}
