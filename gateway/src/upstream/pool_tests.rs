//! Which endpoint takes the next request.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::clock;
use super::dice::Dice;
use super::endpoint::{Endpoint, Place, State, Version, Wanted};
use super::{Outcome, Pool, PoolMeter, PoolTimes, Reach, Wish};
use crate::config::BackendPolicy;
use crate::wire::Fields;

const SECOND: u64 = 1_000_000;

fn endpoint(index: usize) -> Arc<Endpoint> {
    Arc::new(Endpoint::new(Place {
        api: "orders".into(),
        version: "v1".into(),
        authority: format!("host{index}:80").parse().unwrap(),
        address: None,
    }))
}

fn pool(count: usize, change: impl FnOnce(&mut BackendPolicy)) -> Pool {
    let mut policy = BackendPolicy { slow_start: Duration::ZERO, ..BackendPolicy::default() };
    change(&mut policy);
    let ledger = (Arc::default(), PoolMeter::default());
    let members = (0..count).map(endpoint).collect();
    Pool::new((policy, PoolTimes::default()), members, ledger)
}

fn wish<'a>(headers: &'a Fields, tried: &'a [Arc<Endpoint>]) -> Wish<'a> {
    Wish { wanted: None, headers, tried }
}

/// How often each endpoint is chosen, of so many choices that each end at once.
fn counts(pool: &Pool, now: u64, times: usize) -> Vec<usize> {
    let (members, headers, mut dice) = (pool.members(), Fields::new(), Dice::seeded(3));
    let mut counts = vec![0; members.len()];
    for _ in 0..times {
        let wish = wish(&headers, &[]);
        let chosen = pool.by_load(&members, &wish, (Reach::Any, now), &mut dice).unwrap();
        counts[members.iter().position(|one| Arc::ptr_eq(one, chosen)).unwrap()] += 1;
    }
    counts
}

#[test]
fn equal_endpoints_take_equal_shares() {
    let counts = counts(&pool(4, |_| {}), SECOND, 40_000);
    assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
}

#[test]
fn a_slow_endpoint_takes_less_and_a_waiting_one_too() {
    let pool = pool(2, |_| {});
    let members = pool.members();
    members[0].answered(Some((SECOND, 100_000)));
    members[1].answered(Some((SECOND, 10_000)));
    assert_eq!(counts(&pool, SECOND, 100), [0, 100]);
    // eleven requests at the quick one are as much as one at the slow one
    let _seats: Vec<_> = (0..11).map(|_| pool.seat(&members[1], None).unwrap()).collect();
    assert_eq!(counts(&pool, SECOND, 100), [100, 0]);
}

#[test]
fn what_waits_is_spread_evenly() {
    let pool = pool(10, |_| {});
    let headers = Fields::new();
    let seats: Vec<_> =
        (0..1000).map(|_| pool.choose(&wish(&headers, &[]), Reach::Any).unwrap()).collect();
    let most = pool.members().iter().map(|one| one.in_flight()).max().unwrap();
    assert!(most <= 104, "{most}");
    drop(seats);
    assert!(pool.members().iter().all(|one| one.in_flight() == 0));
}

#[test]
fn a_new_endpoint_takes_less_at_first() {
    let pool = pool(2, |policy| policy.slow_start = Duration::from_secs(10));
    let members = pool.members();
    let born = clock::now();
    members[0].set_speaks(Some(Version::of("v1")));
    let load = |now| members[0].load(now, (1.0, Duration::from_secs(10)));
    assert!((9.0..=10.0).contains(&load(born)), "{}", load(born));
    assert!((1.9..=2.1).contains(&load(born + 5 * SECOND)), "{}", load(born + 5 * SECOND));
    assert!((0.99..=1.01).contains(&load(born + 11 * SECOND)));
}

#[test]
fn an_endpoint_that_refuses_is_passed_over_and_comes_back_when_it_answers() {
    let pool = pool(2, |_| {});
    let members = pool.members();
    pool.note(&members[0], Outcome::Refused, None);
    assert_eq!(members[0].state(None), State::Down);
    assert_eq!(counts(&pool, clock::now(), 100), [0, 100]);
    pool.note(&members[0], Outcome::Answered(200), None);
    assert_eq!(members[0].state(None), State::Up);
    assert!(pool.is_up(None));
}

#[test]
fn each_endpoint_is_tried_once_even_when_all_are_down() {
    let pool = pool(3, |_| {});
    let (headers, mut tried) = (Fields::new(), Vec::new());
    while let Some(chosen) = pool.choose(&wish(&headers, &tried), Reach::Any) {
        pool.note(chosen.seat.endpoint(), Outcome::Refused, None);
        tried.push(Arc::clone(chosen.seat.endpoint()));
    }
    assert_eq!(tried.len(), 3);
    assert!(!pool.is_up(None));
    assert!(pool.choose(&wish(&headers, &[]), Reach::Well).is_none());
    assert!(pool.choose(&wish(&headers, &[]), Reach::Any).is_some());
}

#[test]
fn failures_in_a_row_eject_and_one_answer_between_does_not() {
    let pool = pool(2, |policy| policy.ejection.failures = 3);
    let one = Arc::clone(&pool.members()[0]);
    for outcome in [500, 503, 200, 500, 504, 501, 502, 500] {
        pool.note(&one, Outcome::Answered(outcome), None);
        assert_eq!(one.state(None), State::Up);
    }
    pool.note(&one, Outcome::Failed, None);
    assert_eq!(one.state(None), State::Ejected);
    assert_eq!(pool.meter().ejections.get(), 1);
}

#[test]
fn an_ejection_ends_and_the_next_is_longer() {
    let pause = (Duration::from_secs(2), Duration::from_secs(5));
    let one = endpoint(0);
    let mut now = SECOND;
    for length in [2, 4, 5, 5] {
        assert!(one.eject(now, pause));
        assert!(!one.eject(now, pause), "one reason counts once");
        assert!(one.is_ejected_at(now + length * SECOND - 1));
        now += length * SECOND;
        assert!(!one.is_ejected_at(now));
    }
}

#[test]
fn with_too_few_well_all_that_take_connections_are_used() {
    let pool = pool(5, |policy| policy.ejection.panic = 50);
    let members = pool.members();
    for one in members.iter().take(2) {
        one.set_healthy(false);
    }
    let three = counts(&pool, clock::now(), 300);
    assert_eq!(three[..2], [0, 0]);
    members[2].set_healthy(false);
    pool.note(&members[3], Outcome::Refused, None);
    let panicking = counts(&pool, clock::now(), 300);
    assert!(panicking[..3].iter().all(|count| *count > 0), "{panicking:?}");
    assert_eq!(panicking[3], 0);
}

#[test]
fn an_endpoint_of_another_version_is_never_used() {
    let pool = pool(2, |_| {});
    let (members, headers) = (pool.members(), Fields::new());
    let said = |said| Some(Wanted::new(Version::of("v1"), said));
    assert!(pool.is_up(said(false)));
    assert!(!pool.is_up(said(true)), "nobody said it yet");
    members[0].set_speaks(Some(Version::of("v2")));
    members[1].set_speaks(Some(Version::of("v1")));
    assert_eq!(members[0].state(said(false)), State::Mismatched);
    for _ in 0..50 {
        let wish = Wish { wanted: said(true), headers: &headers, tried: &[] };
        let chosen = pool.choose(&wish, Reach::Any).unwrap();
        assert!(Arc::ptr_eq(chosen.seat.endpoint(), &members[1]));
    }
    members[1].set_speaks(Some(Version::of("v2")));
    let wish = Wish { wanted: said(false), headers: &headers, tried: &[] };
    assert!(pool.choose(&wish, Reach::Any).is_none());
}

#[test]
fn pauses_are_any_up_to_a_bound_that_doubles() {
    let pool = pool(1, |_| {});
    for (attempts, most) in [(1, 25), (2, 50), (3, 100), (4, 200), (5, 250), (40, 250)] {
        let all: Vec<_> = (0..400).map(|_| pool.backoff(attempts).as_millis()).collect();
        assert!(all.iter().all(|pause| *pause <= most));
        assert!(
            all.iter().any(|pause| *pause > most * 3 / 4)
                && all.iter().any(|pause| *pause < most / 4)
        );
    }
}

#[test]
fn few_keys_move_when_an_endpoint_goes() {
    let pool = pool(5, |policy| policy.sticky = Some(http::HeaderName::from_static("x-user")));
    let keys = 0..2000;
    let of = |key: usize| {
        let mut headers = Fields::new();
        headers.insert(http::HeaderName::from_static("x-user"), key.to_string().parse().unwrap());
        let chosen = pool.choose(&wish(&headers, &[]), Reach::Any).unwrap();
        chosen.seat.endpoint().authority().to_string()
    };
    let before: Vec<_> = keys.clone().map(of).collect();
    assert_eq!(before, keys.clone().map(of).collect::<Vec<_>>());
    pool.note(&Arc::clone(&pool.members()[2]), Outcome::Refused, None);
    let mut own = 0;
    for (key, before) in keys.zip(&before) {
        let after = of(key);
        assert_ne!(after, "host2:80");
        assert!(after == *before || before == "host2:80", "{key}");
        own += usize::from(before == "host2:80");
    }
    assert!((340..460).contains(&own), "{own}");
}

proptest! {
    #[test]
    fn never_more_than_the_share_is_ejected(
        count in 1_usize..12, share in 0_u32..=100, failing in proptest::collection::vec(0_usize..12, 0..60),
    ) {
        let pool = pool(count, |policy| {
            policy.ejection.failures = 1;
            policy.ejection.share = share;
        });
        let members = pool.members();
        for index in failing {
            if let Some(one) = members.get(index) {
                pool.note(one, Outcome::Failed, None);
            }
            let ejected = members.iter().filter(|one| one.state(None) == State::Ejected).count();
            prop_assert!(ejected * 100 <= count * share as usize);
        }
    }

    #[test]
    fn nothing_tried_or_down_is_chosen_while_another_is_well(
        count in 1_usize..8, down: u8, tried: u8, seed: u64,
    ) {
        let pool = pool(count, |policy| policy.ejection.panic = 0);
        let (members, headers) = (pool.members(), Fields::new());
        let of = |bits: u8| members.iter().enumerate().filter(move |(index, _)| bits >> index & 1 == 1);
        let tried: Vec<_> = of(tried).map(|(_, one)| Arc::clone(one)).collect();
        of(down).for_each(|(_, one)| pool.note(one, Outcome::Refused, None));
        let wish = wish(&headers, &tried);
        let is_tried = |one: &Arc<Endpoint>| tried.iter().any(|other| Arc::ptr_eq(one, other));
        let now = clock::now();
        let chosen = pool.by_load(&members, &wish, (Reach::Any, now), &mut Dice::seeded(seed));
        prop_assert_eq!(chosen.is_none(), tried.len() == count);
        let Some(chosen) = chosen else { return Ok(()) };
        prop_assert!(!is_tried(chosen));
        let another = members.iter().any(|one| !is_tried(one) && one.is_up());
        prop_assert!(chosen.is_up() || !another);
    }
}
