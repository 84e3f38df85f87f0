//! Reloads while requests flow: none is lost, and a bad configuration changes nothing.

#![expect(
    clippy::indexing_slicing,
    reason = "an absent JSON member reads as null, which no check takes"
)]

use std::time::{Duration, Instant};

use evergate_tests::backend::Backend;
use evergate_tests::client::{Answer, Request};
use evergate_tests::corpus;
use evergate_tests::gate::Gate;
use evergate_tests::load::{Check, Load, Plan};
use evergate_tests::numbers::Numbers;
use evergate_tests::orders;
use serde_json::{Value, json};

/// Loads the files again, as an operator does.
fn reload(gate: &Gate) -> Answer {
    gate.ask_admin(&Request::post("/reload", &json!({})))
}

/// The number of the snapshot in use.
#[track_caller]
fn generation(gate: &Gate) -> u64 {
    let answer = gate.ask_admin(&Request::get("/readyz"));
    answer.json()["generation"].as_u64().expect("a generation")
}

/// Configs that must be refused, made from one that is good: what is wrong, and the text.
fn spoiled(good: &str) -> Vec<(&'static str, String)> {
    let planted = |what, from: &str, to: &str| {
        assert!(good.contains(from), "{from} is not in the config");
        (what, good.replacen(from, to, 1))
    };
    vec![
        planted("no YAML", "apis:\n", "apis: [\n"),
        planted("an unknown key", "match: {", "mach: {"),
        planted("a word where an address belongs", "address: 127.0.0.1:0", "address: somewhere"),
        planted("no such folder", "tests/data/orders", "tests/data/nowhere"),
        planted("no such version", "version: v1", "version: v7"),
        planted("an endpoint that is none", "http://127", "gopher://127"),
        planted(
            "a key twice",
            "apis:\n",
            "admin: { address: 127.0.0.1:0, rate: 1000000 }\napis:\n",
        ),
    ]
}

/// Good and bad reloads in an order that looks random: `true` for good.
fn turns(good: usize, bad: usize) -> Vec<bool> {
    let mut turns: Vec<bool> = (0..good + bad).map(|turn| turn < good).collect();
    for (last, number) in (1..turns.len()).rev().zip(Numbers::new(7)) {
        turns.swap(last, usize::try_from(number % (last as u64 + 1)).unwrap_or_default());
    }
    turns
}

/// The fleet's configs that are good: old backends, new ones, both, in several weights.
fn fleets(old: &Backend, new: &Backend) -> Vec<String> {
    let (old, new) = (old.endpoint(), new.endpoint());
    vec![
        orders::config(&[("v1", &old), ("v2", &new)], &[]),
        orders::config(&[("v1", &old)], &[]),
        orders::config(&[("v1", &old), ("v1", &old)], &[]),
        orders::config(&[("v1", &old), ("v2", &new)], &["undeclared: refuse"]),
        orders::config(&[("v2", &new), ("v1", &old)], &[]),
    ]
}

/// Each client gets an order of its own version, from whatever backend.
fn is_own_version(index: usize, answer: &Answer) -> Result<(), String> {
    let body: Value = serde_json::from_slice(&answer.body).map_err(|why| why.to_string())?;
    let own = if index == 0 { "qty" } else { "quantity" };
    let other = if index == 0 { "quantity" } else { "qty" };
    if answer.status == 200 && body[own] == 2 && body.get(other).is_none() {
        return Ok(());
    }
    Err(format!("{} {}", answer.status, answer.text()))
}

/// A refused reload says file, line, column and what to write instead.
#[track_caller]
fn check_refusal(what: &str, answer: &Answer) {
    assert!(answer.status >= 400, "{what}: {} {}", answer.status, answer.text());
    let problems = answer.json()["problems"].as_array().cloned().unwrap_or_default();
    assert!(!problems.is_empty(), "{what}: {}", answer.text());
    for problem in problems {
        let has = |name: &str| problem[name].as_str().is_some_and(|text| !text.is_empty());
        let counts = |name: &str| problem[name].as_u64().is_some_and(|number| number > 0);
        let told =
            has("file") && counts("line") && counts("column") && has("what") && has("remedy");
        assert!(told, "{what}: {problem}");
    }
}

#[test]
fn reload_under_load() {
    let (good, bad, long) = if corpus::long() {
        (50, 20, Duration::from_secs(20))
    } else {
        (10, 4, Duration::from_secs(3))
    };
    let (old, new) = (orders::backend("v1"), orders::backend("v2"));
    let fleets = fleets(&old, &new);
    let gate = Gate::start(&fleets[0]);
    let plan = Plan {
        address: gate.address(),
        connections: 4,
        requests: ["v1", "v2"]
            .map(|version| Request::get("/orders/1").field("api-version", version))
            .into(),
        most: usize::MAX,
    };
    let check: Check = is_own_version;
    let began = Instant::now();
    let load = Load::start(&plan, check);
    let turns = turns(good, bad);
    let spoiled = spoiled(&fleets[0]);
    let (mut fleet, mut fault) = (fleets.iter().cycle(), spoiled.iter().cycle());
    for (turn, is_good) in turns.iter().enumerate() {
        // Reloads are spread evenly over the time of the load, which is what there is to wait for.
        let due = long * u32::try_from(turn).unwrap() / u32::try_from(turns.len()).unwrap();
        wait(&load, began, due);
        let before = generation(&gate);
        if *is_good {
            gate.rewrite(fleet.next().unwrap());
            let answer = reload(&gate);
            assert_eq!(answer.status, 200, "{}", answer.text());
        } else {
            let (what, text) = fault.next().unwrap();
            gate.rewrite(text);
            check_refusal(what, &reload(&gate));
            assert_eq!(generation(&gate), before, "{what}");
        }
    }
    wait(&load, began, long);
    let tally = load.stop();
    println!(
        "{} requests in {:?}, {} failed, {good} good and {bad} bad reloads, p50 {:?}, p99 {:?}",
        tally.ok + tally.failed,
        began.elapsed(),
        tally.failed,
        tally.quantile(50),
        tally.quantile(99)
    );
    assert_eq!(tally.failed, 0, "{:#?}\n{}", tally.failures, gate.log());
    assert!(tally.ok > turns.len(), "{} requests are no load", tally.ok);
}

/// Lets the load run until this much time has gone by; stops waiting when no answers come any more.
fn wait(load: &Load, began: Instant, due: Duration) {
    while began.elapsed() < due {
        load.wait_for(load.sent() + 1);
    }
}

#[test]
fn every_kind_of_bad_config_is_refused_with_its_place() {
    let backend = orders::backend("v1");
    let good = orders::config(&[("v1", &backend.endpoint())], &[]);
    let gate = Gate::start(&good);
    let before = generation(&gate);
    for (what, text) in spoiled(&good) {
        gate.rewrite(&text);
        check_refusal(what, &reload(&gate));
        assert_eq!(generation(&gate), before, "{what}");
        let answer = gate.ask(&Request::get("/orders/1").field("api-version", "v1"));
        assert_eq!(answer.status, 200, "{what}");
    }
    gate.rewrite(&good);
    assert_eq!(reload(&gate).status, 200);
}

#[test]
fn a_bad_config_at_start_is_refused_with_status_64() {
    let backend = orders::backend("v1");
    let good = orders::config(&[("v1", &backend.endpoint())], &[]);
    for (what, text) in spoiled(&good) {
        let refused = Gate::try_start(&text).expect_err(what);
        assert_eq!(refused.status.code(), Some(64), "{what}:\n{}", refused.printed);
        assert!(refused.printed.contains("gateway.yaml"), "{what}:\n{}", refused.printed);
    }
}
