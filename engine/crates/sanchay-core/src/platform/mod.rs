//! Whatever differs between the systems, one module for each with the same names. There is no `cfg` for a platform in
//! any other module of this crate but in tests.
//!
//! A platform gives: `Directory` and `File` (open handles), `ListBuffer`, `file_system_of`, `volume_of`, `device_mark`, `disk_of`,
//! `extents`, `background_this_thread` and `foreground_this_thread`, `bound_memory` and `give_memory_back`, `Watcher`,
//! `error_kind`, `free_bytes`, `user_id`, `os_string_from_bytes` and `SEPARATOR`.

#[cfg(unix)]
mod unix;
#[cfg(any(windows, test))]
mod wtf8;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod linux_disk;
#[cfg(target_os = "linux")]
mod linux_kind;
#[cfg(target_os = "linux")]
mod linux_mount;
#[cfg(target_os = "linux")]
mod linux_twins;
#[cfg(target_os = "linux")]
mod linux_volume;
#[cfg(target_os = "linux")]
mod linux_watch;
#[cfg(target_os = "linux")]
pub use linux::*;
#[cfg(target_os = "linux")]
pub use linux_disk::disk_of;
#[cfg(target_os = "linux")]
pub use linux_watch::Watcher;

#[cfg(not(target_os = "linux"))]
mod notify_watch;
#[cfg(not(target_os = "linux"))]
pub use notify_watch::Watcher;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
mod windows_call;
#[cfg(windows)]
mod windows_path;
#[cfg(windows)]
pub use windows::*;
#[cfg(windows)]
pub use windows_path::{free_bytes, os_string_from_bytes, user_id, SEPARATOR};

#[cfg(unix)]
pub use unix::{error_kind, free_bytes, is_out_of_descriptors, os_string_from_bytes, user_id, File, SEPARATOR};
