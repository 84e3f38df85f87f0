//! Backends in trouble: who is asked instead, how often, and what is known of them. The list of all faults is
//! `tests/tests/faults.rs`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

#[path = "support/instance.rs"]
mod instance;
#[path = "support/house.rs"]
mod support;

use std::time::Duration;

use instance::{Act, Instance};
use support::{House, PATIENCE, ok};

/// One api without versions on these instances, with more settings of its backend.
async fn house(instances: &[&Instance], more: &str) -> House {
    House::start(&apis(instances, more)).await
}

fn apis(instances: &[&Instance], more: &str) -> String {
    let endpoints: Vec<_> =
        instances.iter().map(|one| format!("\"http://{}\"", one.address)).collect();
    format!("  orders: {{ backends: [{{ endpoints: [{}] {more} }}] }}", endpoints.join(", "))
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}");
}

/// The states of all endpoints, in the order of the configuration.
async fn states(house: &House) -> Vec<String> {
    let reply = house.admin("GET /endpoints HTTP/1.1\r\nhost: localhost\r\n\r\n").await.json();
    let groups = reply["apis"][0]["groups"].as_array().unwrap().clone();
    let all = groups.iter().flat_map(|group| group["endpoints"].as_array().unwrap().clone());
    all.map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn counts(metrics: &str, name: &str) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn an_instance_that_refuses_is_passed_over_and_nobody_notices() {
    let (gone, well) = (Instance::gone().await, Instance::start(Act::ok("{}")).await);
    let house = house(&[&gone, &well], "").await;
    for _ in 0..10 {
        assert_eq!(house.get("/x", "").await.status, 200);
        assert_eq!(house.post("/x", "", "abc").await.status, 200);
    }
    assert_eq!(well.seen().len(), 20);
    assert_eq!(states(&house).await, ["down", "up"]);
    let metrics = house.metrics().await;
    assert!(
        counts(&metrics, "evergate_retries_total{api=\"orders\",version=\"\",why=\"unsent\"}") >= 1
    );
    let down = format!(
        "evergate_endpoint_up{{api=\"orders\",version=\"\",endpoint=\"{}\"}} 0",
        gone.address
    );
    assert!(metrics.contains(&down), "{metrics}");
}

#[tokio::test]
async fn an_instance_that_comes_back_is_used_again() {
    let (gone, well) = (Instance::gone().await, Instance::start(Act::ok("{}")).await);
    let house = house(&[&gone, &well], ", ejection: { base: 50ms, most: 50ms }").await;
    until("the instance is found to be gone", async || {
        assert_eq!(house.get("/x", "").await.status, 200);
        states(&house).await[0] == "down"
    })
    .await;
    let back = gone.back(Act::ok("{}"));
    until("the instance is used", async || {
        assert_eq!(house.get("/x", "").await.status, 200);
        !back.seen().is_empty()
    })
    .await;
    assert_eq!(states(&house).await, ["up", "up"]);
}

#[tokio::test]
async fn a_slow_instance_gets_less() {
    let slow = Instance::start(Act::Late(Duration::from_millis(40), ok("{}"))).await;
    let quick = Instance::start(Act::ok("{}")).await;
    let house = house(&[&slow, &quick], ", slow_start: 0s").await;
    for _ in 0..60 {
        assert_eq!(house.get("/x", "").await.status, 200);
    }
    assert!(slow.seen().len() <= 10, "{}", slow.seen().len());
}

#[tokio::test]
async fn what_is_known_of_instances_outlives_a_reload() {
    let (gone, well) = (Instance::gone().await, Instance::start(Act::ok("{}")).await);
    let house = house(&[&gone, &well], "").await;
    until("the instance is found to be gone", async || {
        assert_eq!(house.get("/x", "").await.status, 200);
        states(&house).await[0] == "down"
    })
    .await;
    let more = format!(
        "{}\n  other: {{ match: {{ path: /other }}, backends: [{{ endpoints: [\"http://{}\"] }}] }}",
        apis(&[&gone, &well], ""),
        well.address
    );
    std::fs::write(house.config(), support::text(&more, "")).unwrap();
    assert_eq!(house.reload().await.status, 200);
    assert_eq!(states(&house).await, ["down", "up"]);
    std::fs::write(house.config(), support::text(&apis(&[&well], ""), "")).unwrap();
    assert_eq!(house.reload().await.status, 200);
    // a worker that has nothing to do lets go of an old snapshot within a second
    until("it is known no more", async || {
        !house.metrics().await.contains(&gone.address.to_string())
    })
    .await;
}

/// What a client sees that asks once, and how often both instances are asked in all.
async fn check_busy(request: &str, more: &str, wanted: (u16, usize)) {
    check_trouble(Act::status(503), request, more, wanted).await;
}

/// The same where one of them is in this trouble.
async fn check_trouble(act: Act, request: &str, more: &str, wanted: (u16, usize)) {
    let (busy, well) = (Instance::start(act).await, Instance::start(Act::ok("{}")).await);
    let house = house(&[&busy, &well], more).await;
    // until the busy one was the first choice
    let mut seen = (0, 0);
    until("the busy instance is asked", async || {
        let before = (busy.seen().len(), well.seen().len());
        let reply = support::Reply::read(&house.raw(request).await);
        seen = (reply.status, busy.seen().len() + well.seen().len() - before.0 - before.1);
        busy.seen().len() > before.0
    })
    .await;
    assert_eq!(seen, wanted, "{request} {more}");
}

#[tokio::test]
async fn a_503_is_tried_elsewhere_only_where_it_may_be_done_twice() {
    let post = "POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc";
    let keyed = "POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nidempotency-key: k\r\n\r\n";
    let get = "GET /x HTTP/1.1\r\nhost: x\r\n\r\n";
    let put = "PUT /x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
    check_busy(get, "", (200, 2)).await;
    check_busy(put, "", (200, 2)).await;
    check_busy(post, "", (503, 1)).await;
    check_busy(keyed, "", (503, 1)).await;
    check_busy(keyed, ", idempotency: key", (200, 2)).await;
    check_busy(post, ", idempotency: key", (503, 1)).await;
    check_busy(get, ", retries: { attempts: 1 }", (503, 1)).await;
    check_busy(get, ", retries: { statuses: [502] }", (503, 1)).await;
}

#[tokio::test]
async fn the_only_instance_has_the_last_word() {
    let busy = Instance::start(Act::status(503)).await;
    let house = house(&[&busy], "").await;
    assert_eq!(house.get("/x", "").await.status, 503);
    assert_eq!(busy.seen().len(), 1);
}

#[tokio::test]
async fn a_spent_budget_ends_retries() {
    let busy = [Instance::start(Act::status(503)).await, Instance::start(Act::status(503)).await];
    let settings = ", ejection: { failures: 0 }, retries: { budget: 0, floor: 2, backoff: 0s }";
    let house = house(&[&busy[0], &busy[1]], settings).await;
    for _ in 0..8 {
        assert_eq!(house.get("/x", "").await.status, 503);
    }
    let seen = busy[0].seen().len() + busy[1].seen().len();
    let metrics = house.metrics().await;
    let retries =
        counts(&metrics, "evergate_retries_total{api=\"orders\",version=\"\",why=\"status\"}");
    let refused = counts(&metrics, "evergate_retries_refused_total");
    assert_eq!(seen as u64, 8 + retries);
    assert_eq!(retries + refused, 8);
    assert!((2..=6).contains(&retries), "two at once and two a second: {retries}");
}

#[tokio::test]
async fn one_that_only_fails_is_ejected_and_the_other_is_not() {
    let both = [Instance::start(Act::status(500)).await, Instance::start(Act::status(500)).await];
    let house =
        house(&[&both[0], &both[1]], ", ejection: { failures: 3, base: 10m, most: 10m }").await;
    until("one is ejected", async || {
        assert_eq!(house.get("/x", "").await.status, 500);
        states(&house).await.contains(&"ejected".to_owned())
    })
    .await;
    for _ in 0..10 {
        assert_eq!(house.get("/x", "").await.status, 500);
    }
    let states = states(&house).await;
    assert_eq!(states.iter().filter(|state| *state == "ejected").count(), 1, "{states:?}");
    assert_eq!(counts(&house.metrics().await, "evergate_ejections_total"), 1);
}

#[tokio::test]
async fn requests_of_one_user_stay_at_one_instance() {
    let all = [Instance::start(Act::ok("{}")).await, Instance::start(Act::ok("{}")).await];
    let house = house(&[&all[0], &all[1]], ", sticky: { header: x-user }").await;
    for user in 0..12 {
        for round in 0..3 {
            let before = all[0].seen().len();
            assert_eq!(house.get("/x", &format!("x-user: u{user}\r\n")).await.status, 200);
            let first = all[0].seen().len() > before;
            let marked = all[usize::from(!first)]
                .seen()
                .iter()
                .filter(|seen| seen.contains(&format!("x-user: u{user}\r\n")))
                .count();
            assert_eq!(marked, round + 1);
        }
    }
    assert!(all.iter().all(|one| !one.seen().is_empty()));
}

#[tokio::test]
async fn a_full_backend_is_a_503_that_says_when_to_come_back() {
    let (held, release) = Act::held(ok("{}"));
    let instance = Instance::start(held).await;
    let house = house(&[&instance], ", limits: { requests: 1 }").await;
    let address = house.address();
    let first = tokio::spawn(async move {
        support::exchange(address, b"GET /first HTTP/1.1\r\nhost: x\r\n\r\n").await
    });
    until("the first is there", async || !instance.seen().is_empty()).await;
    let refused = house.get("/second", "").await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("backend-full")));
    assert_eq!(refused.field("retry-after"), "1");
    release.send(true).unwrap();
    assert!(first.await.unwrap().starts_with("HTTP/1.1 200"));
    until("the place is free again", async || house.get("/third", "").await.status == 200).await;
    let metrics = house.metrics().await;
    assert!(
        counts(
            &metrics,
            "evergate_backend_limited_total{api=\"orders\",version=\"\",why=\"requests\"}"
        ) >= 1
    );
}

/// An instance whose health answers are these, and that serves all else.
fn answering(status: u16, version: &str) -> Act {
    let health =
        format!("HTTP/1.1 {status} X\r\napi-version: {version}\r\ncontent-length: 0\r\n\r\n");
    Act::Health(health, ok(&format!("{{\"from\":\"{version}\"}}")))
}

const ASKED: &str = "health: { path: /health, interval: 20ms, timeout: 2s, healthy: 2, unhealthy: 2, version_header: api-version }";

#[tokio::test]
async fn bad_health_takes_an_instance_out_from_the_first_request_on_and_good_brings_it_back() {
    let ill = Instance::start(answering(500, "v1")).await;
    let well = Instance::start(answering(204, "v1")).await;
    let house = house(&[&ill, &well], &format!(", {ASKED}")).await;
    for _ in 0..20 {
        assert_eq!(house.get("/x", "").await.status, 200);
    }
    assert_eq!((ill.seen().len(), well.seen().len()), (0, 20));
    assert_eq!(states(&house).await, ["unhealthy", "up"]);
    ill.becomes(answering(204, "v1"));
    until("it is used again", async || {
        assert_eq!(house.get("/x", "").await.status, 200);
        !ill.seen().is_empty()
    })
    .await;
    well.becomes(answering(503, "v1"));
    until("the other one is taken out", async || states(&house).await == ["up", "unhealthy"]).await;
}

const OPENAPI: &str = "openapi: 3.1.0
info: { title: orders, version: \"1\" }
paths:
  /orders:
    get:
      responses:
        \"200\":
          description: one
          content: { application/json: { schema: { type: object, properties: { from: { type: string } } } } }
";

/// An api with two versions, whose backends are these.
async fn versioned(backends: &str) -> House {
    let directory = tempfile::tempdir().unwrap();
    support::write(directory.path(), "orders/v1/openapi.yaml", OPENAPI);
    support::write(directory.path(), "orders/v2/openapi.yaml", OPENAPI);
    let apis = format!(
        "  orders:
    description: ./orders
    client_version: [{{ header: api-version }}, {{ default: oldest }}]
    backends: [{backends}]"
    );
    House::in_directory(directory, &apis, "").await
}

/// The version of the backend that serves a client of a version.
async fn served(house: &House, client: &str) -> (u16, String) {
    let reply = house.get("/orders", &format!("api-version: {client}\r\n")).await;
    (reply.status, reply.field("api-backend-version"))
}

#[tokio::test]
async fn a_rolling_deploy_moves_traffic_without_a_new_configuration() {
    let both =
        [Instance::start(answering(200, "1")).await, Instance::start(answering(200, "v1")).await];
    let backends = format!(
        "{{ version_from: health, endpoints: [\"http://{}\", \"http://{}\"], {ASKED} }}",
        both[0].address, both[1].address
    );
    let house = versioned(&backends).await;
    assert_eq!(served(&house, "v1").await, (200, "v1".into()));
    assert_eq!(served(&house, "v2").await, (200, "v1".into()), "nobody else is there yet");
    both[0].becomes(answering(200, "v2"));
    until("the new one serves its own version", async || {
        served(&house, "v2").await == (200, "v2".into())
    })
    .await;
    for _ in 0..10 {
        assert_eq!(served(&house, "v1").await, (200, "v1".into()));
        assert_eq!(served(&house, "v2").await, (200, "v2".into()));
    }
    both[1].becomes(answering(200, "v2"));
    until("the new version serves the old clients", async || {
        served(&house, "v1").await == (200, "v2".into())
    })
    .await;
}

#[tokio::test]
async fn an_instance_of_another_version_than_configured_is_not_used_and_counted() {
    let (wrong, right) =
        (Instance::start(answering(200, "v2")).await, Instance::start(answering(200, "1")).await);
    let backends = format!(
        "{{ version: v1, endpoints: [\"http://{}\", \"http://{}\"], {ASKED} }}",
        wrong.address, right.address
    );
    let house = versioned(&backends).await;
    for _ in 0..10 {
        assert_eq!(served(&house, "v1").await, (200, "v1".into()));
    }
    assert_eq!((wrong.seen().len(), right.seen().len()), (0, 10));
    assert_eq!(states(&house).await, ["mismatched", "up"]);
    assert_eq!(counts(&house.metrics().await, "evergate_version_mismatches_total"), 1);
    wrong.becomes(answering(200, "v1"));
    until("it is used once it says the right one", async || {
        assert_eq!(served(&house, "v1").await.0, 200);
        !wrong.seen().is_empty()
    })
    .await;
}

#[tokio::test]
async fn when_all_instances_of_a_version_are_gone_another_version_serves() {
    let (gone, other) = (Instance::gone().await, Instance::start(answering(200, "v2")).await);
    let backends = format!(
        "{{ version: v1, endpoints: [\"http://{}\"] }}, {{ version: v2, endpoints: [\"http://{}\"] }}",
        gone.address, other.address
    );
    let house = versioned(&backends).await;
    let first = served(&house, "v1").await;
    assert!(first == (502, "v1".into()), "{first:?}");
    assert_eq!(served(&house, "v1").await, (200, "v2".into()));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_only_where_it_may_be_done_twice() {
    let get = "GET /x HTTP/1.1\r\nhost: x\r\n\r\n";
    let post = "POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc";
    let keyed = "POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nidempotency-key: k\r\n\r\n";
    let guarded = "PUT /x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nif-match: \"a\"\r\n\r\n";
    check_trouble(Act::Close, get, "", (200, 2)).await;
    check_trouble(Act::Close, post, ", idempotency: key", (502, 1)).await;
    check_trouble(Act::Close, keyed, ", idempotency: key", (200, 2)).await;
    check_trouble(Act::Close, guarded, "", (502, 1)).await;
    let half = || Act::Answer("HTTP/1.1 200 OK\r\ncontent-le\n\r\n".to_owned());
    check_trouble(half(), get, "", (200, 2)).await;
    check_trouble(half(), post, "", (502, 1)).await;
}

#[tokio::test]
async fn each_time_that_runs_out_has_its_own_code() {
    let (held, _never) = Act::held(ok("{}"));
    let instance = Instance::start(held).await;
    for (settings, code) in [
        (", timeouts: { upstream: 50ms }", "backend-timeout"),
        (", timeouts: { upstream: 10s, request: 50ms }", "request-timeout"),
    ] {
        let house = house(&[&instance], settings).await;
        let reply = house.get("/x", "").await;
        assert_eq!((reply.status, reply.json()["code"].as_str()), (504, Some(code)));
    }
    let begun = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab";
    instance.becomes(Act::Answer(begun.to_owned()));
    let house = house(&[&instance], ", timeouts: { silence: 50ms }").await;
    let reply = house.get("/x", "").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "ab"), "cut, and never ended");
}

#[tokio::test]
async fn a_full_gateway_is_a_503_that_says_when_to_come_back() {
    let (held, release) = Act::held(ok("{}"));
    let instance = Instance::start(held).await;
    let settings = "workers: 1\nlimits: { requests: 1 }";
    let house = House::with(&apis(&[&instance], ""), settings).await;
    let address = house.address();
    let first = tokio::spawn(async move {
        support::exchange(address, b"GET /first HTTP/1.1\r\nhost: x\r\n\r\n").await
    });
    until("the first is there", async || !instance.seen().is_empty()).await;
    let refused = house.get("/second", "").await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("overloaded")));
    assert_eq!(refused.field("retry-after"), "1");
    release.send(true).unwrap();
    assert!(first.await.unwrap().starts_with("HTTP/1.1 200"));
    until("the place is free again", async || house.get("/third", "").await.status == 200).await;
}
