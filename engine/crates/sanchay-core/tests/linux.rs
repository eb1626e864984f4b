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

#[test]
fn what_was_written_just_now_is_in_the_cache_and_what_was_dropped_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, vec![7; 3 << 20]).unwrap();
    let root = RootDir::open(folder.path()).unwrap();
    let file = root.handle().open_file(b"file").unwrap();
    assert!(!file.is_out_of_cache(3 << 20), "a file that someone has in memory is left there");
    std::fs::File::open(&path).unwrap().sync_all().unwrap();
    file.drop_cached(0, 3 << 20);
    // A file system in memory has nothing to drop, and says that it cannot tell.
    let dropped = file.is_out_of_cache(3 << 20);
    let mut byte = [0; 1];
    assert_eq!(file.read_at(&mut byte, 1 << 20).unwrap(), 1);
    assert_eq!(byte, [7]);
    if dropped {
        file.read_at(&mut byte, 0).unwrap();
        assert!(!file.is_out_of_cache(3 << 20));
    }
}
