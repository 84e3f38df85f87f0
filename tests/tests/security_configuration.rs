//! What must be safe when the configuration changes, each by its number in the list of what must be safe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use evergate_tests::backend::{Backend, lock};
use evergate_tests::client::{Answer, Client, Request};
use evergate_tests::gate::Gate;
use evergate_tests::load::{Check, Ends, Load, Plan};
use evergate_tests::orders;
use evergate_tests::steward::{digest, put, status};
use serde_json::Value;

fn good(backend: &Backend) -> String {
    orders::config(&[("v1", &backend.endpoint())], &[])
}

fn is_served(_: usize, answer: &Answer) -> Result<(), String> {
    if answer.status == 200 { Ok(()) } else { Err(format!("{} {}", answer.status, answer.text())) }
}

/// A bad configuration is rejected whole, names field and reason, and the old one serves on: digest unchanged, no failed
/// request. The last good one survives a restart.
#[test]
fn security_38_a_bad_configuration_changes_nothing_and_the_last_good_survives_a_restart() {
    let backend = orders::backend("v1");
    let good = good(&backend);
    let mut gate = Gate::quiet(&good);
    let requests = vec![Request::get("/orders/1").field("api-version", "v1")];
    let plan = Plan { address: gate.address(), connections: 2, requests, most: usize::MAX };
    let load = Load::start(&plan, is_served as Check);
    let before = digest(&gate);
    // half of it is good: an api more, and a wrong key in the other
    let bad = good.replacen("match: {", "mach: {", 1)
        + "  more:\n    match: { path: /more }\n    backends: [{ endpoints: [\"http://127.0.0.1:9\"] }]\n";
    let told = put(&gate, &bad, &before);
    assert_eq!(told.status, 422, "{}", told.text());
    let problems = told.json()["problems"].clone();
    assert_eq!(problems.as_array().map(Vec::len), Some(1), "{problems:#}");
    assert!(problems[0]["what"].as_str().unwrap().contains("`mach`"), "{problems:#}");
    assert!(problems[0]["remedy"].as_str().unwrap().contains("`match`"), "{problems:#}");
    assert!(problems[0]["line"].as_u64() > Some(0) && problems[0]["column"].as_u64() > Some(0));
    gate.rewrite(&bad);
    gate.hang_up();
    while status(&gate)["last_call"]["result"] != "refused"
        || status(&gate)["last_call"]["cause"] == "put"
    {
        load.wait_for(load.sent() + 1);
    }
    assert_eq!(digest(&gate), before);
    assert_eq!(gate.ask(&Request::get("/more")).status, 200, "the api of `/` has it, and no other");
    let tally = load.stop();
    assert_eq!(tally.failed, 0, "{:#?}", tally.failures);
    gate.kill();
    // the file is still wrong
    let again = gate.successor().unwrap_or_else(|refused| panic!("{}", refused.printed));
    assert_eq!(digest(&again), before);
    assert_eq!(status(&again)["configuration"]["last_good"], true);
    let served = again.ask(&Request::get("/orders/1").field("api-version", "v1"));
    assert_eq!(served.status, 200);
    assert!(again.log().contains("the last good one is in use"), "{}", again.log());
}

/// Ten reloads under load: each request sees exactly one configuration, named in the log and in the metrics.
#[test]
fn security_39_each_exchange_sees_one_configuration_that_log_and_metrics_name() {
    const RELOADS: usize = 10;
    // each configuration has a backend of its own, which says its number
    let backends: Vec<Backend> = (0..=RELOADS).map(|_| orders::backend("v1")).collect();
    let config = |number: usize| {
        let log = "access_log: { format: json, to: access.log }\n";
        format!("{log}{}", good(&backends[number]))
    };
    let gate = Gate::start(&config(0));
    let (stop, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let answered: Mutex<BTreeSet<String>> = Mutex::default();
    let ask = |thread: usize| {
        let mut client = Client::connect(gate.address()).unwrap();
        for number in 0.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let id = format!("own-{thread}-{number}");
            let request = Request::get("/orders/1").field("api-version", "v1");
            let answer = client.ask(&request.field("x-request-id", &id)).unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
            lock(&answered).insert(id);
            sent.fetch_add(1, Ordering::Relaxed);
            if answer.head.closes() {
                client = Client::connect(gate.address()).unwrap();
            }
        }
    };
    std::thread::scope(|scope| {
        let _ends = Ends(&stop);
        for thread in 0..3 {
            scope.spawn(move || ask(thread));
        }
        for reload in 1..=RELOADS {
            let enough = sent.load(Ordering::Relaxed) + 20;
            while sent.load(Ordering::Relaxed) < enough {
                std::thread::yield_now();
            }
            let answer = put(&gate, &config(reload), &digest(&gate));
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.json()["generation"], reload + 1);
            let metrics = gate.ask_admin(&Request::get("/metrics")).text();
            assert!(
                metrics.contains(&format!("\nevergate_generation {}\n", reload + 1)),
                "{metrics}"
            );
        }
    });
    let mut gate = gate;
    gate.terminate();
    assert!(gate.ended().success());
    let log = std::fs::read_to_string(gate.folder().join("access.log")).unwrap();
    let mut generations: BTreeMap<String, u64> = BTreeMap::new();
    let mut served: BTreeMap<u64, usize> = BTreeMap::new();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let generation = line["generation"].as_u64().expect("each line names one");
        *served.entry(generation).or_default() += 1;
        let id = line["id"].as_str().unwrap().to_owned();
        assert_eq!(generations.insert(id.clone(), generation), None, "{id} has one line");
    }
    let answered = lock(&answered);
    assert!(answered.iter().all(|id| generations.contains_key(id)), "each exchange has a line");
    assert_eq!(served.len(), RELOADS + 1, "{served:?}");
    // the configuration that the line names is the one whose backend was asked
    for (number, backend) in backends.iter().enumerate() {
        assert_eq!(
            served.get(&(number as u64 + 1)),
            Some(&backend.count()),
            "generation {}",
            number + 1
        );
    }
}
