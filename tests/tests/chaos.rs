//! Backends that are killed and come back at random under load: no request that may be done twice fails, and none that
//! may be done only once is done twice.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use evergate_tests::client::{Answer, Client, Request};
use evergate_tests::corpus;
use evergate_tests::gate::Gate;
use evergate_tests::load::Ends;
use evergate_tests::numbers::Numbers;
use evergate_tests::process::{ID, Process, WORK, own_address, said};
use evergate_tests::scratch::Scratch;

/// Instances that there are.
const INSTANCES: usize = 4;
/// Connections of clients.
const CLIENTS: usize = 12;
/// The least that comes in between two turns of the one who kills: a fifth of it pays for whatever one kill loses.
const LEAST_BETWEEN: usize = 5 * CLIENTS;
/// The most.
const MOST_BETWEEN: usize = 3 * LEAST_BETWEEN;
/// After so many turns another instance is the one that is spared.
const SPARED_FOR: usize = 12;
/// The largest body that is sent.
const LARGEST: usize = 20_000;

/// What the clients saw.
#[derive(Debug, Default)]
struct Seen {
    asked: usize,
    /// Requests that may be done twice and were not answered as they should be, in words.
    failed: Vec<String>,
    /// Names of requests that were answered with 200.
    done: Vec<String>,
    /// Requests that may be done only once and were refused, by code.
    refused: BTreeMap<String, usize>,
}

/// What all threads share.
#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    asked: Mutex<usize>,
    /// Rings with each request.
    bell: Condvar,
}

impl Shared {
    fn asked(&self) -> MutexGuard<'_, usize> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many more requests are over, or for this long.
    fn wait(&self, more: usize, long: Duration) {
        let asked = self.asked();
        let due = *asked + more;
        // Whether it was the time is seen by the caller.
        drop(self.bell.wait_timeout_while(asked, long, |asked| *asked < due));
    }
}

/// May be done twice (RFC 9110 §9.2.2).
fn may_repeat(method: &str) -> bool {
    matches!(method, "GET" | "PUT" | "DELETE")
}

fn body(numbers: &mut Numbers) -> Vec<u8> {
    let length = numbers.below(LARGEST);
    numbers.by_ref().flat_map(u64::to_le_bytes).take(length).collect()
}

/// The bytes of a request in chunks.
fn chunked(method: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} /x HTTP/1.1\r\nHost: gate.test\r\n{fields}Transfer-Encoding: chunked\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    for chunk in body.chunks(3_000) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

/// A request that is named so: its method, its bytes and its body.
fn request(id: &str, numbers: &mut Numbers) -> (&'static str, Vec<u8>, Vec<u8>) {
    let methods = ["GET", "GET", "GET", "PUT", "PUT", "DELETE", "POST", "POST", "PATCH"];
    let method = methods.get(numbers.below(methods.len())).copied().unwrap_or("GET");
    // Some take a while, so that a kill finds requests that were done and not answered.
    let work = if numbers.below(3) == 0 { "4" } else { "0" };
    if matches!(method, "GET" | "DELETE") {
        let request = Request::new(method, "/x").field(ID, id).field(WORK, work);
        return (method, request.bytes(), Vec::new());
    }
    let body = body(numbers);
    let bytes = if numbers.below(2) == 0 {
        chunked(method, &format!("{ID}: {id}\r\n{WORK}: {work}\r\n"), &body)
    } else {
        // No backend has said that it knows such keys.
        let request = Request::new(method, "/x").field("idempotency-key", id);
        request.field(ID, id).field(WORK, work).body(body.clone()).bytes()
    };
    (method, bytes, body)
}

/// One connection after the other, with one request after the other, until it is over.
fn ask(address: SocketAddr, shared: &Shared, (own, seed): (usize, u64)) -> Seen {
    let mut numbers = Numbers::new(seed ^ (own as u64).rotate_left(32));
    let (mut seen, mut kept) = (Seen::default(), None);
    while !shared.over.load(Ordering::Relaxed) {
        let id = format!("{own}-{}", seen.asked);
        let (method, bytes, body) = request(&id, &mut numbers);
        let client = kept.take().map_or_else(|| Client::connect(address), Ok);
        let answered = client.and_then(|mut client| {
            client.send(&bytes)?;
            Ok((client.answer(method)?, client))
        });
        seen.asked += 1;
        *shared.asked() += 1;
        shared.bell.notify_all();
        match answered {
            Ok((answer, client)) => {
                kept = (!answer.head.closes()).then_some(client);
                seen.note((method, &id, &body), &answer);
            }
            Err(why) => seen.failed.push(format!("{method} {id}: {why}")),
        }
    }
    seen
}

impl Seen {
    fn note(&mut self, (method, id, body): (&str, &str, &[u8]), answer: &Answer) {
        let text = answer.text();
        if answer.status == 200 && text.trim_end() == said(id, body) {
            self.done.push(id.to_owned());
            return;
        }
        let problem = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
        let code = problem.as_ref().and_then(|problem| problem.get("code")?.as_str());
        // Whether it was done is not known, which is why it is not sent again.
        if answer.status == 502 && code == Some("backend-broken") && !may_repeat(method) {
            *self.refused.entry("backend-broken".to_owned()).or_default() += 1;
            return;
        }
        self.failed.push(format!("{method} {id}: {} {text}", answer.status));
    }

    fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.failed.extend(other.failed);
        self.done.extend(other.done);
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
    }
}

/// Kills and revives, one turn after some requests, until the time is over; says how often it killed.
fn rage(all: &mut [Process], shared: &Shared, (numbers, long): (&mut Numbers, Duration)) -> usize {
    let (began, mut kills, mut turns, mut spared) = (Instant::now(), 0, 0_usize, 0);
    while began.elapsed() < long {
        let more = LEAST_BETWEEN + numbers.below(MOST_BETWEEN - LEAST_BETWEEN);
        shared.wait(more, long.saturating_sub(began.elapsed()));
        turns += 1;
        let chosen = numbers.below(all.len());
        let alive = all.iter().filter(|one| one.is_alive()).count();
        let Some(one) = all.get_mut(chosen) else { continue };
        if !one.is_alive() {
            one.revive();
        } else if turns.is_multiple_of(SPARED_FOR) {
            // It was alive before the one that was spared until now may be killed.
            spared = chosen;
        } else if chosen != spared && alive > 1 {
            one.kill();
            kills += 1;
        }
    }
    kills
}

/// How often each request was done, by name, and the requests that may be done only once and were done twice.
fn ledger(path: &Path) -> (HashMap<String, usize>, Vec<String>) {
    let text = std::fs::read_to_string(path).expect("the ledger");
    let (mut done, mut twice) = (HashMap::<String, usize>::new(), Vec::new());
    for line in text.lines() {
        let (method, id) = line.split_once(' ').expect("a method and a name");
        let count = done.entry(id.to_owned()).or_default();
        *count += 1;
        if *count > 1 && !may_repeat(method) {
            twice.push(line.to_owned());
        }
    }
    (done, twice)
}

/// The sum of a counter over all its labels.
fn counted(gate: &Gate, name: &str) -> u64 {
    let text = gate.ask_admin(&Request::get("/metrics")).text();
    let own = text.lines().filter(|line| line.starts_with(name));
    own.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

#[test]
fn killed_backends_fail_nobody_and_repeat_nothing() {
    let long = Duration::from_secs(if corpus::long() { 60 } else { 5 });
    let (mut numbers, seed) = Numbers::seeded();
    println!("EVERGATE_SEED={seed} makes the same requests again, and kills in the same order");
    let scratch = Scratch::new();
    let path = scratch.write("ledger", "");
    let program = Path::new(env!("CARGO_BIN_EXE_instance"));
    let start = |number| Process::start(program, own_address(number), &path);
    let mut all: Vec<Process> = (1..).take(INSTANCES).map(start).collect();
    let endpoints: Vec<String> =
        all.iter().map(|one| format!("\"http://{}\"", one.address())).collect();
    // Passed over for a short time, so that who was revived is soon worth killing again; as many attempts as there are
    // instances, so that the one that is spared is always among them.
    let gate = Gate::quiet(&format!(
        "listen: [{{ address: 127.0.0.1:0 }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\napis:\n  x:\n    backends:\n      \
         - endpoints: [{}]\n        ejection: {{ base: 20ms, most: 100ms }}\n        slow_start: 0s\n        \
         retries: {{ attempts: {INSTANCES} }}\n",
        endpoints.join(", ")
    ));
    let (address, shared, mut seen) = (gate.address(), Shared::default(), Seen::default());
    let kills = std::thread::scope(|scope| {
        let shared = &shared;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|own| scope.spawn(move || ask(address, shared, (own, seed))))
            .collect();
        let ends = Ends(&shared.over);
        let kills = rage(&mut all, shared, (&mut numbers, long));
        drop(ends);
        for client in clients {
            seen.add(client.join().expect("no client falls"));
        }
        kills
    });
    let (done, twice) = ledger(&path);
    let again = counted(&gate, "evergate_retries_total");
    let repeated = done.values().filter(|count| **count > 1).count();
    println!(
        "{} requests in {long:?}, {kills} kills, {} failed that may be done twice; {again} sent again, \
         {repeated} done more than once; of the others {:?} refused, {} done twice",
        seen.asked,
        seen.failed.len(),
        seen.refused,
        twice.len()
    );
    let failed: Vec<_> = seen.failed.iter().take(10).collect();
    assert!(failed.is_empty(), "{failed:#?}\n{}", gate.log());
    assert!(twice.is_empty(), "{twice:#?}");
    let undone: Vec<_> = seen.done.iter().filter(|id| !done.contains_key(*id)).collect();
    assert!(undone.is_empty(), "answered and never done: {undone:?}");
    assert!(kills > 2, "{kills} kills are no chaos");
}
