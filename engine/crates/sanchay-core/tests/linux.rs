//! What only Linux can show: the kernel's own file systems.
#![cfg(target_os = "linux")]

use std::path::Path;

use sanchay_core::{file_system_of, RootDir};

#[test]
fn the_kernels_own_file_systems_are_pseudo() {
    for (path, name) in [("/proc", "proc"), ("/sys", "sysfs"), ("/proc/self/task", "proc")] {
        let (_, file_system) = file_system_of(RootDir::open(Path::new(path)).unwrap().handle()).unwrap();
        assert_eq!((file_system.name.as_str(), file_system.pseudo), (name, true));
    }
}

#[test]
fn different_volumes_have_different_ids() {
    let id = |path| file_system_of(RootDir::open(Path::new(path)).unwrap().handle()).unwrap().0;
    assert_ne!(id("/proc"), id("/sys"));
    assert_eq!(id("/proc"), id("/proc/self"));
}
