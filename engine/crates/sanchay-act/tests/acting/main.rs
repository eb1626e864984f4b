//! Acts on real files. Where an act is stopped between its steps is tested in a separate process: `stops.rs`.
#![cfg(unix)]

mod acts;
#[cfg(target_os = "linux")]
mod mounts;
mod support;
