//! Threads that make apis: all cores at the start, and beside traffic few of them, behind whoever else wants the cores.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, available_parallelism, scope};

use crate::snapshot::Snapshot;

/// Most threads that make apis.
const MOST: usize = 16;
/// Deep schemas are walked by recursion.
const STACK: usize = 8 << 20;
/// The last of all in the scheduler's order.
#[cfg(target_os = "linux")]
const LAST: i32 = 19;

/// When apis are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Before anything is served.
    Start,
    /// While requests are served, which should not feel it.
    Reload,
}

impl Occasion {
    /// There is traffic where there is a snapshot in use.
    pub(super) const fn of(previous: Option<&Snapshot>) -> Self {
        if previous.is_some() { Self::Reload } else { Self::Start }
    }
}

/// Runs something on a thread of its own; beside traffic, and whatever threads that begins, behind everything else.
pub(super) fn aside<Made: Send>(occasion: Occasion, work: impl FnOnce() -> Made + Send) -> Made {
    if occasion == Occasion::Start {
        return work();
    }
    scope(|scope| {
        let behind = || {
            step_back();
            work()
        };
        match Builder::new().stack_size(STACK).name("reload".to_owned()).spawn_scoped(scope, behind)
        {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(error) => resume_unwind(Box::new(error.to_string())),
        }
    })
}

/// Makes something of each job, on some threads, in any order; the answers are in the order of the jobs.
pub(super) fn each<Job: Sync, Made: Send>(
    occasion: Occasion,
    jobs: &[Job],
    make: impl Fn(&Job) -> Made + Sync,
) -> Vec<Made> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { break made };
            made.push((at, make(job)));
        }
    };
    let mut all = scope(|scope| {
        let begin = |_| {
            let builder = Builder::new().stack_size(STACK).name("assemble".to_owned());
            builder.spawn_scoped(scope, share).ok()
        };
        let threads: Vec<_> = (0..threads(occasion).min(jobs.len())).filter_map(begin).collect();
        // where the system gives no thread, this one does it
        let mut all = if threads.is_empty() { share() } else { Vec::new() };
        for thread in threads {
            all.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, made)| made).collect()
}

fn threads(occasion: Occasion) -> usize {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let all = if occasion == Occasion::Start { cores } else { cores.div_ceil(2) };
    all.min(MOST)
}

/// On Linux each thread has a place of its own in the order, and hands it on to those that it begins.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, LAST) {
        tracing::debug!(%error, "a reload cannot be put behind the traffic");
    }
}

#[cfg(test)]
mod tests {
    use super::{Occasion, aside, each};

    #[test]
    fn answers_stand_in_the_order_of_the_jobs() {
        let jobs: Vec<usize> = (0..1000).collect();
        let wanted: Vec<_> = jobs.iter().map(|job| job * 2).collect();
        for occasion in [Occasion::Start, Occasion::Reload] {
            assert_eq!(aside(occasion, || each(occasion, &jobs, |job| job * 2)), wanted);
        }
        assert!(each(Occasion::Start, &[] as &[usize], |job| *job).is_empty());
    }

    #[test]
    fn a_panic_comes_out_where_it_can_be_caught() {
        let fall = || each(Occasion::Start, &[1, 2, 3], |job| assert!(*job != 2, "two"));
        assert!(std::panic::catch_unwind(fall).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn beside_traffic_a_thread_and_its_threads_come_last_and_no_other() {
        let place = || rustix::process::getpriority_process(None).unwrap();
        let before = place();
        let seen = aside(Occasion::Reload, || {
            let own = place();
            (own, each(Occasion::Reload, &[(), ()], |()| place()))
        });
        assert_eq!(seen, (19, vec![19, 19]));
        assert_eq!(place(), before);
    }
}
