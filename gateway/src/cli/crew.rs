//! Many independent pieces of work on the machine's cores, with the answers in the order of the questions.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, Scope, available_parallelism, scope};

use super::progress::Progress;

/// Schemas nest, and so does what walks them: 64 MiB for each thread, of which only what is used is taken.
pub(super) const STACK_BYTES: usize = 64 << 20;

/// Does `work` on each of `pieces`, the heaviest first; `None` where a thread could not be had or fell.
pub(super) fn each<Piece, Answer>(
    pieces: &[Piece],
    weight: impl Fn(&Piece) -> u64,
    name: impl Fn(&Piece) -> String + Sync,
    work: impl Fn(&Piece) -> Answer + Sync,
) -> Vec<Option<Answer>>
where
    Piece: Sync,
    Answer: Send,
{
    let next = AtomicUsize::new(0);
    let answers: Vec<Mutex<Option<Answer>>> = pieces.iter().map(|_| Mutex::new(None)).collect();
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_cached_key(|index| std::cmp::Reverse(pieces.get(*index).map(&weight)));
    let threads = available_parallelism().map_or(1, NonZero::get).min(pieces.len());
    scope(|inside| {
        let (progress, _shown) = Progress::begin(inside);
        let walk = || {
            loop {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                let Some(index) = order.get(turn).copied() else { break };
                let (Some(piece), Some(answer)) = (pieces.get(index), answers.get(index)) else {
                    break;
                };
                progress.say(|| format!("{} ({} of {})", name(piece), turn + 1, pieces.len()));
                let found = work(piece);
                if let Ok(mut slot) = answer.lock() {
                    *slot = Some(found);
                }
            }
        };
        run(threads, &walk);
        progress.end();
    });
    answers.into_iter().map(|one| one.into_inner().unwrap_or(None)).collect()
}

fn run(threads: usize, walk: &(impl Fn() + Sync)) {
    scope(|inside| {
        let started: Vec<_> = (0..threads).filter_map(|_| start(inside, walk)).collect();
        for thread in started {
            // a thread that fell leaves its answer empty, and that is what the caller is told
            let _ = thread.join();
        }
    });
}

fn start<'scope, 'env>(
    inside: &'scope Scope<'scope, 'env>,
    walk: &'env (impl Fn() + Sync),
) -> Option<std::thread::ScopedJoinHandle<'scope, ()>> {
    Builder::new().stack_size(STACK_BYTES).spawn_scoped(inside, walk).ok()
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let pieces: Vec<u32> = (0..100).collect();
        let answers = each(&pieces, |piece| u64::from(*piece), u32::to_string, |piece| piece * 2);
        let expected: Vec<Option<u32>> = pieces.iter().map(|piece| Some(piece * 2)).collect();
        assert_eq!(answers, expected);
    }
}
