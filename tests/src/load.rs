//! A small steady load: keep-alive connections that send one request after the other and check each answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::backend::lock;
use crate::client::{Answer, Client, PATIENCE, Request};

/// How many failures are told in words; all are counted.
const TOLD: usize = 10;

/// What a load came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Answers that passed the check.
    pub ok: usize,
    /// Requests that got no answer, or one that did not pass.
    pub failed: usize,
    /// The first failures, in words.
    pub failures: Vec<String>,
    /// How long each good answer took, sorted.
    pub latencies: Vec<Duration>,
}

impl Tally {
    /// The latency that this share of the answers kept to; zero when there was none.
    pub fn quantile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last * percent / 100).copied().unwrap_or_default()
    }

    fn add(&mut self, other: Self) {
        self.ok += other.ok;
        self.failed += other.failed;
        self.failures.extend(other.failures);
        self.failures.truncate(TOLD);
        self.latencies.extend(other.latencies);
    }

    fn fail(&mut self, why: String) {
        self.failed += 1;
        if self.failures.len() < TOLD {
            self.failures.push(why);
        }
    }
}

/// A pause that belongs to what is tested: the pace of a peer, or the time that it works.
pub fn pause(time: Duration) {
    std::thread::park_timeout(time);
}

/// Raises a flag when it is dropped, so that threads that look at it end with their test, also when it falls.
#[derive(Debug)]
pub struct Ends<'a>(pub &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a load does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to.
    pub address: SocketAddr,
    /// How many connections at once.
    pub connections: usize,
    /// Sent in turn.
    pub requests: Vec<Request>,
    /// No connection sends more than this, whatever happens.
    pub most: usize,
}

/// Says what is wrong with the answer to the request of this index, if anything.
pub type Check = fn(usize, &Answer) -> Result<(), String>;

/// How many requests are over, and a bell that rings for each.
#[derive(Debug, Default)]
struct Count(Mutex<usize>, Condvar);

/// A running load; stops when told, when dropped, or after `most` requests on each connection.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<Count>,
    threads: Vec<JoinHandle<Tally>>,
}

impl Load {
    /// Starts all connections.
    pub fn start(plan: &Plan, check: Check) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let sent = Arc::<Count>::default();
        let threads = (0..plan.connections)
            .map(|_| {
                let (plan, stop, sent) = (plan.clone(), Arc::clone(&stop), Arc::clone(&sent));
                std::thread::spawn(move || run(&plan, check, &stop, &sent))
            })
            .collect();
        Self { stop, sent, threads }
    }

    /// How many requests are over so far, with or without an answer.
    pub fn sent(&self) -> usize {
        *lock(&self.sent.0)
    }

    /// Waits until this many requests are over.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        let waited =
            self.sent.1.wait_timeout_while(lock(&self.sent.0), PATIENCE, |sent| *sent < count);
        assert!(waited.is_ok_and(|(_, late)| !late.timed_out()), "the load stands still");
    }

    /// Ends the load after the requests that are under way, and says what it came to.
    pub fn stop(mut self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        self.collect()
    }

    /// Waits until each connection has sent all it may, and says what it came to.
    pub fn finish(mut self) -> Tally {
        self.collect()
    }

    fn collect(&mut self) -> Tally {
        let mut tally = Tally::default();
        for thread in self.threads.drain(..) {
            match thread.join() {
                Ok(part) => tally.add(part),
                Err(_) => tally.fail("a load thread fell".to_owned()),
            }
        }
        tally.latencies.sort_unstable();
        tally
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn run(plan: &Plan, check: Check, stop: &AtomicBool, sent: &Count) -> Tally {
    let mut tally = Tally::default();
    let mut kept: Option<Client> = None;
    for (turn, (index, request)) in plan.requests.iter().enumerate().cycle().enumerate() {
        if turn >= plan.most || stop.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        let client = kept.take().map_or_else(|| Client::connect(plan.address), Ok);
        let asked = client.and_then(|mut client| Ok((client.ask(request)?, client)));
        *lock(&sent.0) += 1;
        sent.1.notify_all();
        match asked {
            Err(why) => tally.fail(format!("request {index}: {why}")),
            Ok((answer, client)) => {
                match check(index, &answer) {
                    Ok(()) => {
                        tally.ok += 1;
                        tally.latencies.push(began.elapsed());
                    }
                    Err(why) => tally.fail(format!("request {index}: {why}")),
                }
                // A server that announces the end of a connection has failed nobody.
                kept = (!answer.head.closes()).then_some(client);
            }
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Reply};

    #[test]
    fn counts_what_passes_and_what_fails() {
        let backend = Backend::start(|seen| match seen.target.as_str() {
            "/good" => Reply::whole(200, &[], b"good"),
            _ => Reply::whole(500, &[("Connection", "close")], b"bad").close(),
        });
        let plan = Plan {
            address: backend.address(),
            connections: 3,
            requests: vec![Request::get("/good"), Request::get("/bad")],
            most: 10,
        };
        let check: Check = |_, answer| match answer.status {
            200 => Ok(()),
            other => Err(format!("status {other}")),
        };
        let tally = Load::start(&plan, check).finish();
        assert_eq!((tally.ok, tally.failed, backend.count()), (15, 15, 30));
        assert_eq!(tally.failures.len(), TOLD);
        assert!(tally.quantile(50) > Duration::ZERO && tally.quantile(50) <= tally.quantile(100));
    }
}
