//! Many administrators, many sources, kills and full disks: nothing that was acknowledged is lost, and no request.

#![expect(
    clippy::indexing_slicing,
    reason = "an absent JSON member reads as null, which no check takes"
)]

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use evergate_tests::backend::{Backend, lock};
use evergate_tests::client::{Answer, Request};
use evergate_tests::corpus;
use evergate_tests::gate::Gate;
use evergate_tests::load::{Check, Ends, Load, Plan, pause};
use evergate_tests::numbers::Numbers;
use evergate_tests::orders;
use evergate_tests::steward::{Acknowledged, change, digest, history, put, status, verify};
use serde_json::{Value, json};

/// A config that can be used; each number makes another one.
fn good(backend: &Backend, number: usize) -> String {
    let text = orders::config(&[("v1", &backend.endpoint())], &[]);
    format!("# {number}\n{text}")
}

/// One that cannot.
fn bad(backend: &Backend, number: usize) -> String {
    good(backend, number).replacen("match: {", "mach: {", 1)
}

fn is_served(_: usize, answer: &Answer) -> Result<(), String> {
    if answer.status == 200 { Ok(()) } else { Err(format!("{} {}", answer.status, answer.text())) }
}

fn load(gate: &Gate) -> Load {
    let requests = vec![Request::get("/orders/1").field("api-version", "v1")];
    let plan = Plan { address: gate.address(), connections: 3, requests, most: usize::MAX };
    Load::start(&plan, is_served as Check)
}

/// What came of all calls, by what was called for and how it ended.
#[derive(Default)]
struct Count {
    calls: AtomicUsize,
    ends: Mutex<BTreeMap<(&'static str, u16), usize>>,
    acknowledged: Mutex<Vec<Acknowledged>>,
}

impl Count {
    fn add(&self, what: &'static str, answer: &Answer) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        *lock(&self.ends).entry((what, answer.status)).or_default() += 1;
        lock(&self.acknowledged).extend(Acknowledged::of(answer));
    }

    /// What has to happen and did not: of several at once only some are first.
    fn lacks(&self) -> Option<(&'static str, u16)> {
        let wanted = [("put", 200), ("put", 422), ("rollback", 200), ("reload", 200)];
        wanted.into_iter().find(|(what, code)| self.of(what, *code) == 0)
    }

    fn of(&self, what: &'static str, status: u16) -> usize {
        lock(&self.ends).get(&(what, status)).copied().unwrap_or_default()
    }
}

/// The next number of all callers.
fn next(numbers: &AtomicUsize) -> usize {
    numbers.fetch_add(1, Ordering::Relaxed)
}

/// Puts configurations, a third of them wrong, until told to stop.
fn administrator(
    gate: &Gate,
    backend: &Backend,
    (count, numbers): (&Count, &AtomicUsize),
    stop: &AtomicBool,
) {
    while !stop.load(Ordering::Relaxed) {
        let (number, before) = (next(numbers), digest(gate));
        let wrong = number.is_multiple_of(3);
        let text = if wrong { bad(backend, number) } else { good(backend, number) };
        let answer = put(gate, &text, &before);
        let expected: &[u16] = if wrong { &[422, 412] } else { &[200, 412] };
        assert!(expected.contains(&answer.status), "{} {}", answer.status, answer.text());
        count.add("put", &answer);
        // who never waits leaves no turn to anybody
        pause(Duration::from_millis(15));
    }
}

/// Brings configurations of the past back until told to stop.
fn historian(gate: &Gate, count: &Count, stop: &AtomicBool) {
    let mut random = Numbers::new(11);
    while !stop.load(Ordering::Relaxed) {
        let before = digest(gate);
        let page = gate.ask_admin(&Request::get("/history?limit=500")).json();
        let entries = page["entries"].as_array().cloned().unwrap_or_default();
        let applied = entries.iter().filter(|entry| entry["result"] == "applied");
        let applied: Vec<u64> = applied.filter_map(|entry| entry["sequence"].as_u64()).collect();
        if applied.is_empty() {
            continue;
        }
        let sequence = applied[random.below(applied.len())];
        let request = Request::new("POST", &format!("/rollback/{sequence}"));
        let answer = change(gate, request.body(""), &before);
        assert!([200, 412].contains(&answer.status), "{} {}", answer.status, answer.text());
        count.add("rollback", &answer);
        pause(Duration::from_millis(20));
    }
}

/// Writes the file, and calls for it to be read by turns.
fn editor(gate: &Gate, backend: &Backend, (count, numbers): (&Count, &AtomicUsize)) {
    let number = next(numbers);
    if number.is_multiple_of(3) {
        gate.rewrite(&bad(backend, number));
        let answer = gate.ask_admin(&Request::post("/reload", &json!({})));
        // a colleague's change that was begun before may have been moved over it
        assert!([422, 200].contains(&answer.status), "{} {}", answer.status, answer.text());
        count.add("reload", &answer);
    }
    gate.rewrite(&good(backend, number));
    if number.is_multiple_of(2) {
        gate.hang_up();
        count.calls.fetch_add(1, Ordering::Relaxed);
    } else {
        let answer = gate.ask_admin(&Request::post("/reload", &json!({})));
        assert_eq!(answer.status, 200, "{}", answer.text());
        count.add("reload", &answer);
    }
}

#[test]
fn reloads_from_many_sides_lose_no_request_and_are_all_in_the_journal() {
    let (wanted, most) = (if corpus::long() { 1000 } else { 60 }, Duration::from_mins(1));
    let backend = orders::backend("v1");
    let gate = Gate::quiet(&good(&backend, 0));
    let load = load(&gate);
    let (count, numbers, stop) = (Count::default(), AtomicUsize::new(1), AtomicBool::new(false));
    let began = Instant::now();
    std::thread::scope(|scope| {
        let _ends = Ends(&stop);
        for _ in 0..2 {
            scope.spawn(|| administrator(&gate, &backend, (&count, &numbers), &stop));
        }
        scope.spawn(|| historian(&gate, &count, &stop));
        let goes_on = || count.calls.load(Ordering::Relaxed) < wanted || count.lacks().is_some();
        while goes_on() && began.elapsed() < most {
            editor(&gate, &backend, (&count, &numbers));
            // editors look at what they wrote; the others go on meanwhile
            pause(Duration::from_millis(30));
        }
    });
    let took = began.elapsed();
    let calls = count.calls.load(Ordering::Relaxed);
    let tally = load.stop();
    println!(
        "{calls} calls in {took:?}: {:?}; {} requests, {} failed, p99 {:?}",
        lock(&count.ends),
        tally.ok,
        tally.failed,
        tally.quantile(99)
    );
    assert_eq!(tally.failed, 0, "{:#?}\n{}", tally.failures, gate.log());
    assert!(calls >= wanted && tally.ok > calls / 4, "{calls} of {wanted}, {} requests", tally.ok);
    assert_eq!(count.lacks(), None, "{:?}", lock(&count.ends));
    let verified = verify(gate.folder(), None);
    assert!(verified.status.success(), "{verified:?}");
    let entries = history(&gate);
    let by_number: BTreeMap<u64, &Value> =
        entries.iter().filter_map(|entry| Some((entry["sequence"].as_u64()?, entry))).collect();
    assert_eq!(by_number.len(), entries.len());
    assert_eq!(by_number.keys().next_back(), Some(&(entries.len() as u64)), "no number is missing");
    for own in lock(&count.acknowledged).iter() {
        let entry = by_number[&own.sequence];
        assert_eq!(
            (&entry["hash"], &entry["after"]),
            (&own.hash.as_str().into(), &own.digest.as_str().into())
        );
        assert_eq!(entry["result"], "applied", "{entry}");
    }
    // each call that was refused has its entry too
    let told = |cause: &str, result: &str| {
        entries.iter().filter(|entry| entry["cause"] == cause && entry["result"] == result).count()
    };
    assert_eq!(told("put", "refused"), count.of("put", 422));
    assert_eq!(told("put", "applied"), count.of("put", 200));
    assert_eq!(told("put", "stale"), count.of("put", 412));
    assert_eq!(told("rollback", "stale"), count.of("rollback", 412));
    // what is in use is what the last change made of it, and what a restart finds
    assert_eq!(
        digest(&gate),
        entries.iter().find(|entry| entry["result"] == "applied").unwrap()["after"]
    );
}

/// Puts one configuration after the other, numbered from `first`, until the connection breaks off.
fn puts(
    gate: &Gate,
    (backend, first): (&Backend, usize),
    begun: &AtomicUsize,
    told: impl Fn(Acknowledged, usize),
) {
    let mut now = digest(gate);
    for number in first.. {
        begun.store(number, Ordering::SeqCst);
        let text = good(backend, number);
        // a connection that breaks off is the kill
        let asked = std::panic::catch_unwind(|| put(gate, &text, &now));
        let Some(own) = asked.ok().as_ref().and_then(Acknowledged::of) else { return };
        now.clone_from(&own.digest);
        told(own, number);
    }
}

#[test]
fn killed_at_any_moment_the_journal_holds_and_the_last_acknowledged_change_is_there() {
    let rounds = if corpus::long() { 50 } else { 5 };
    let backend = orders::backend("v1");
    let mut gate = Gate::quiet(&good(&backend, 0));
    let mut random = Numbers::new(5);
    let (mut written, mut total) = (0, 0);
    for round in 0..rounds {
        let acknowledged: Mutex<Vec<(Acknowledged, usize)>> = Mutex::default();
        let begun = AtomicUsize::new(written);
        let stop = AtomicBool::new(false);
        let id = gate.id().to_string();
        std::thread::scope(|scope| {
            let _ends = Ends(&stop);
            let caller = scope.spawn(|| {
                let told = |own: Acknowledged, number| lock(&acknowledged).push((own, number));
                puts(&gate, (&backend, written + 1), &begun, told);
            });
            while lock(&acknowledged).len() < 1 + random.below(4) && !caller.is_finished() {
                pause(Duration::from_millis(1));
            }
            pause(Duration::from_micros(random.below(20_000) as u64));
            let told = Command::new("kill").args(["-KILL", &id]).status().unwrap();
            assert!(told.success());
        });
        gate.kill();
        let (last, number) = lock(&acknowledged).last().cloned().expect("one was acknowledged");
        total += lock(&acknowledged).len();
        // without the program, and held against the head that was told
        let verified = verify(gate.folder(), Some(&last));
        assert!(verified.status.success(), "round {round}: {verified:?}");
        let file = std::fs::read_to_string(gate.folder().join("gateway.yaml")).unwrap();
        written = file.lines().next().unwrap().trim_start_matches("# ").parse().unwrap();
        assert!(
            (number..=begun.load(Ordering::SeqCst)).contains(&written),
            "round {round}: {number}, {written}"
        );
        gate = gate.successor().unwrap_or_else(|refused| panic!("{}", refused.printed));
        assert_eq!(gate.ask(&Request::get("/orders/1").field("api-version", "v1")).status, 200);
        let entries = history(&gate);
        let entry = entries.iter().find(|entry| entry["sequence"] == last.sequence).unwrap();
        assert_eq!(
            (&entry["hash"], &entry["result"]),
            (&last.hash.as_str().into(), &"applied".into())
        );
        if written == number {
            assert_eq!(digest(&gate), last.digest, "round {round}");
        }
        let verified = verify(gate.folder(), Some(&last));
        assert!(verified.status.success(), "round {round}: {verified:?}");
    }
    println!("{rounds} kills, {total} changes that were acknowledged");
}

/// The program under a bound for the size of any file it writes, which nobody needs to be root for.
fn bounded(command: &Command, blocks: usize) -> Command {
    let mut shell = Command::new("sh");
    // without the trap the signal of a file that is too large ends the program
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    shell.arg("-c").arg(script).arg(command.get_program()).args(command.get_args());
    shell.stdin(std::process::Stdio::null());
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    shell
}

#[test]
fn a_full_disk_refuses_changes_with_a_remedy_and_stops_no_traffic() {
    let backend = orders::backend("v1");
    // files of at most 16 KiB: the journal is full after some entries
    let started = Gate::try_start_by(&good(&backend, 0), |command| bounded(&command, 32));
    let gate = started.unwrap_or_else(|refused| panic!("{}", refused.printed));
    let load = load(&gate);
    let mut applied = 0;
    let refused = loop {
        let before = digest(&gate);
        applied += 1;
        let answer = put(&gate, &good(&backend, applied), &before);
        if answer.status != 200 {
            assert_eq!(digest(&gate), before, "{}", answer.text());
            break answer;
        }
        assert!(applied < 200, "the bound is none");
    };
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert!(refused.text().contains("make room"), "{}", refused.text());
    let file = std::fs::read_to_string(gate.folder().join("gateway.yaml")).unwrap();
    assert!(file.starts_with(&format!("# {}\n", applied - 1)), "{file}");
    let state = status(&gate);
    assert_eq!(state["state"]["writable"], false, "{state:#}");
    assert!(state["journal"]["missed"].as_u64() > Some(0), "{state:#}");
    // the file changes all the same: it comes into use, and the gap is told
    gate.rewrite(&good(&backend, 1000));
    let answer = gate.ask_admin(&Request::post("/reload", &json!({})));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(gate.log().contains("an entry is missing in the journal"), "{}", gate.log());
    let tally = load.stop();
    assert_eq!(tally.failed, 0, "{:#?}", tally.failures);
    let verified = verify(gate.folder(), None);
    assert!(verified.status.success(), "{verified:?}");
}
