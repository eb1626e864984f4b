//! One piece of work for each item, on several threads, with the results in the items' order.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Stop;
use crate::error::EngineError;

/// More threads than this help no disk and no processor.
const THREADS_MOST: usize = 256;

/// How many threads are meant: 0 stands for one for each processor.
pub(crate) fn thread_count(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get),
        count => count.min(THREADS_MOST),
    }
}

/// A worker panicked.
pub(crate) fn ended() -> EngineError {
    EngineError::ended_abnormally("a worker of the engine")
}

/// Runs `work` over all items, in their order, each thread with a state of its own.
pub(crate) fn in_order<T: Sync, S, R: Send>(
    threads: usize,
    stop: &Stop,
    items: &[T],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Result<Vec<R>, EngineError> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut state = state();
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match items.get(index) {
                Some(item) if !stop.is_stopped() => done.push((index, work(&mut state, item))),
                _ => return done,
            }
        }
    };
    let mut results: Vec<Option<R>> = std::iter::repeat_with(|| None).take(items.len()).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(items.len())).map(|_| scope.spawn(run)).collect();
        for worker in workers {
            for (index, result) in worker.join().map_err(|_| ended())? {
                results[index] = Some(result);
            }
        }
        Ok::<_, EngineError>(())
    })?;
    stop.check()?;
    results.into_iter().map(|result| result.ok_or_else(ended)).collect()
}
