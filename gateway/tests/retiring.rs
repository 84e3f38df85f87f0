//! Versions and operations that go: what is announced, brown-outs, and what is said after the sunset.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/orders.rs"]
#[expect(dead_code, reason = "these tests start their houses by a clock")]
mod orders;
#[path = "support/house.rs"]
mod support;

use evergate_gateway::snapshot::Now;
use serde_json::json;
use support::{Backend, House, Reply, ok};

/// 2026-10-01T09:00:00Z, a brown-out's beginning.
const NINE: i64 = 1_790_845_200;
const DAY: i64 = 86_400;

const ORDER: &str = r#"{"id":"7","quantity":3}"#;

/// Version 2 serves all; `life` is what is under `versions`.
async fn house(backend: &Backend, life: &str, now: &Now) -> House {
    let directory = tempfile::tempdir().unwrap();
    orders::describe(&directory);
    let backends = format!("[{{ version: v2, endpoints: [\"http://{}\"] }}]", backend.address);
    let more = format!("    versions:\n{life}");
    House::at(directory, &orders::api(&backends, &more), now.clone()).await
}

async fn ask(house: &House, version: &str) -> Reply {
    house.get(&format!("/{version}/orders/7"), "").await
}

const LIFE: &str = "      v1:
        deprecated: 2026-09-01
        sunset: 2026-12-31
        link: https://docs.example/v1
        successor: /v2
        after_sunset: refuse
        brownouts:
          - { from: \"2026-10-01T11:00:00+02:00\", every: 1d, lasts: 10m, until: 2026-10-04 }
";

#[tokio::test]
async fn a_brown_out_is_told_in_the_clients_words_and_ends_by_itself() {
    let (backend, now) = (Backend::json(ORDER).await, Now::standing(NINE - 1));
    let house = house(&backend, LIFE, &now).await;
    assert_eq!(ask(&house, "v1").await.status, 200);
    for day in 0..3 {
        now.move_to(NINE + day * DAY + 60);
        let refused = ask(&house, "v1").await;
        assert_eq!((refused.status, refused.field("retry-after")), (503, "540".to_owned()));
        assert_eq!(refused.field("content-type"), "application/problem+json");
        assert_eq!(refused.field("cache-control"), "no-store");
        assert_eq!(refused.field("deprecation"), "@1788220800");
        let said = refused.json();
        assert_eq!((&said["code"], &said["version"]), (&json!("brown-out"), &json!("v1")));
        assert_eq!(said["until"], format!("2026-10-0{}T09:10:00Z", day + 1));
        assert_eq!(
            (&said["successor"], &said["link"]),
            (&json!("/v2"), &json!("https://docs.example/v1"))
        );
        assert_eq!(said["known_versions"], json!(["v2"]));
        assert_eq!(ask(&house, "v2").await.status, 200, "the successor is not touched");
        now.move_to(NINE + day * DAY + 600);
        assert_eq!(ask(&house, "v1").await.status, 200);
    }
    now.move_to(NINE + 3 * DAY + 60);
    assert_eq!(ask(&house, "v1").await.status, 200, "the last one was the day before");
    assert_eq!(backend.seen().len(), 1 + 3 + 3 + 1, "nothing that was refused was sent");
}

#[tokio::test]
async fn after_the_sunset_a_request_is_refused_only_where_the_file_says_so() {
    let (backend, now) = (Backend::json(ORDER).await, Now::standing(1_798_675_199));
    let refusing = house(&backend, LIFE, &now).await;
    let serving = house(&backend, &LIFE.replace("refuse", "serve"), &now).await;
    for house in [&refusing, &serving] {
        assert_eq!(ask(house, "v1").await.status, 200);
    }
    now.move_to(1_798_675_200);
    let gone = ask(&refusing, "v1").await;
    assert_eq!((gone.status, gone.field("retry-after")), (410, String::new()));
    let said = gone.json();
    assert_eq!((&said["code"], &said["known_versions"]), (&json!("version-gone"), &json!(["v2"])));
    assert_eq!(said["sunset"], "2026-12-31T00:00:00Z");
    assert_eq!(said["successor"], "/v2");
    assert!(gone.field("link").contains("</v2>; rel=\"successor-version\""), "{gone:?}");
    // also a path that the version never had
    assert_eq!(refusing.get("/v1/nothing", "").await.status, 410);
    let served = ask(&serving, "v1").await;
    assert_eq!(
        (served.status, served.field("sunset").as_str()),
        (200, "Thu, 31 Dec 2026 00:00:00 GMT")
    );
}

#[tokio::test]
async fn an_operation_goes_before_its_version_and_the_earliest_date_is_said() {
    let life = "      v2:
        deprecated: 2027-06-01
        sunset: 2028-01-01
        link: https://docs.example/v2
        operations:
          GET /orders/{id}:
            deprecated: 2026-09-01
            sunset: 2026-12-31
            after_sunset: refuse
            successor: /v2/parcels
          GET /orders: { sunset: 2029-01-01 }
";
    let (backend, now) = (Backend::json(ORDER).await, Now::standing(NINE));
    let house = house(&backend, life, &now).await;
    let one = ask(&house, "v2").await;
    assert_eq!((one.status, one.field("deprecation").as_str()), (200, "@1788220800"));
    assert_eq!(one.field("sunset"), "Thu, 31 Dec 2026 00:00:00 GMT");
    assert_eq!(
        one.field("link"),
        "<https://docs.example/v2>; rel=\"deprecation\" | <https://docs.example/v2>; rel=\"sunset\" | \
         </v2/parcels>; rel=\"successor-version\""
    );
    let all = house.get("/v2/orders", "").await;
    assert_eq!((all.status, all.field("sunset").as_str()), (200, "Sat, 01 Jan 2028 00:00:00 GMT"));
    now.move_to(1_798_675_200);
    let gone = ask(&house, "v2").await.json();
    assert_eq!(
        (&gone["code"], &gone["operation"]),
        (&json!("version-gone"), &json!("GET /orders/{id}"))
    );
    assert_eq!(gone["known_versions"], json!(["v1", "v2"]), "the version is served");
    assert_eq!(house.get("/v2/orders", "").await.status, 200);
}

#[tokio::test]
async fn what_a_backend_announces_of_its_own_version_is_not_said_of_another() {
    let answer = ok(ORDER).replacen(
        "\r\n",
        "\r\ndeprecation: @5\r\nsunset: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
        1,
    );
    let (backend, now) = (Backend::start(&answer).await, Now::standing(NINE));
    let house = house(&backend, LIFE, &now).await;
    now.move_to(NINE - 60);
    let old = ask(&house, "v1").await;
    assert_eq!(
        (old.field("deprecation"), old.field("sunset")),
        ("@1788220800".into(), "Thu, 31 Dec 2026 00:00:00 GMT".into())
    );
    let new = ask(&house, "v2").await;
    assert_eq!(new.field("deprecation"), "@5", "of the very version it passes");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    orders::describe(&directory);
    let life = "      v1:
        sunset: 2026-12-31
        brownouts:
          - { from: 2026-10-01 }
          - { from: 2026-10-01, every: 10m, lasts: 10m, until: 2026-10-04 }
          - { from: 2026-10-01, lasts: 10m, share: 2 }
          - { from: 2026-10-02, until: 2026-10-01 }
        operations:
          GET /parcel: { deprecated: 2026-01-01 }
          GET /orders: { deprecated: 2027-01-01 }
          POST /orders: { after_sunset: refuse, fields: { nick: {} } }
";
    let api = orders::api(
        "[{ version: v2, endpoints: [\"http://127.0.0.1:1\"] }]",
        &format!("    versions:\n{life}"),
    );
    let told = House::refused(directory, &api).await;
    for (line, what) in [
        (19, "nothing says when the brown-out ends"),
        (20, "each begins before the one before it is over"),
        (21, "`share` is not a part of all requests"),
        (22, "it ends before it begins"),
        (26, "there is no sunset to refuse after"),
        (26, "`nick` is not the place of a field"),
    ] {
        assert!(told.contains(&(line, what.to_owned())), "{line} {what}: {told:#?}");
    }
    let directory = tempfile::tempdir().unwrap();
    orders::describe(&directory);
    let life = "      v1:
        sunset: 2026-12-31
        operations:
          GET /parcel: { deprecated: 2026-01-01 }
          GET /orders: { deprecated: 2027-01-01 }
";
    let api = orders::api(
        "[{ version: v2, endpoints: [\"http://127.0.0.1:1\"] }]",
        &format!("    versions:\n{life}"),
    );
    let told = House::refused(directory, &api).await;
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].1.contains("has no operation `GET /parcel`"), "{told:#?}");
    assert!(told[1].1.contains("before it is deprecated"), "{told:#?}");
}
