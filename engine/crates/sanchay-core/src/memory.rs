//! Memory that was freed goes back to the system, so that a process that is left on costs what it uses.
//!
//! glibc gives each new thread a heap of its own, up to eight for each core, and after large blocks were freed keeps up
//! to 64 MiB at the end of each. Scans begin threads all the time: within minutes that held three times what was in use.
//! Other allocators have no such habit; there both calls do nothing.

/// Lets all threads of the process share a few heaps that give back what they no longer need. Counts for the whole
/// process, from now on; more than once is as once.
pub fn bound_memory() {
    crate::platform::bound_memory();
}

/// Gives back pages in the middle of heaps, which freeing alone does not. Takes milliseconds: for when work is over.
pub fn give_memory_back() {
    crate::platform::give_memory_back();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_any_number_of_times() {
        for _ in 0..2 {
            bound_memory();
            give_memory_back();
        }
    }

    /// In a process of its own, where no other test's threads have begun heaps before.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn threads_share_a_few_heaps() {
        let own = std::env::current_exe().expect("a test is a file");
        let name = "memory::tests::alone_threads_share_a_few_heaps";
        let run = std::process::Command::new(own).args(["--ignored", "--exact", name]).output().expect("it runs");
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    #[ignore = "run by the test above"]
    fn alone_threads_share_a_few_heaps() {
        const THREADS: usize = 64;
        bound_memory();
        let all = std::sync::Barrier::new(THREADS);
        // A heap that is not the first begins at a multiple of its largest size, 64 MiB.
        let heap = || {
            let block = vec![1_u8; 2000];
            all.wait();
            block.as_ptr() as usize >> 26
        };
        let heaps: std::collections::BTreeSet<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(heap)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(heaps.len() <= 6, "{} heaps", heaps.len());
    }
}
