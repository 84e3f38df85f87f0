//! What is said of a request is what becomes of it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

use serde_json::{Value, json};

use support::{Backend, House};

#[path = "support/orders.rs"]
#[expect(dead_code, reason = "these tests start their houses themselves")]
mod orders;
#[path = "support/house.rs"]
mod support;

const ORDER: &str = r#"{"id":"7","quantity":2,"tag":"x"}"#;

struct Asked<'a> {
    method: &'a str,
    url: &'a str,
    fields: Vec<(&'a str, &'a str)>,
    body: Option<&'a str>,
}

impl Asked<'_> {
    fn question(&self) -> Value {
        let mut fields: Vec<(&str, &str)> = self.fields.clone();
        fields.push(("host", "x"));
        json!({"method": self.method, "url": self.url, "headers": fields, "body": self.body})
    }

    fn raw(&self) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: x\r\n", self.method, self.url);
        for (name, value) in &self.fields {
            head.extend([format!("{name}: {value}\r\n")]);
        }
        if let Some(body) = self.body {
            head.extend([format!(
                "content-length: {}\r\ncontent-type: application/json\r\n",
                body.len()
            )]);
        }
        format!("{head}\r\n{}", self.body.unwrap_or_default())
    }
}

async fn explained(house: &House, question: &Value) -> Value {
    let body = question.to_string();
    let request = format!(
        "POST /explain HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = house.admin(&request).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// Small numbers from a seed.
struct Draw(u64);

impl Draw {
    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        &of[usize::try_from(self.0 % of.len() as u64).unwrap()]
    }
}

const URLS: [&str; 14] = [
    "/v1/orders",
    "/v2/orders",
    "/v1/orders/7?x=1",
    "/v2/orders/7",
    "/orders/a%2Fb",
    "/orders",
    "/v9/orders",
    "/v1/parcels",
    "/v2/parcels",
    "/v1/nothing",
    "/v1//orders",
    "/v1/../x",
    "/elsewhere",
    "/v1/orders?expand=a,b&q=%20",
];
const FIELDS: [(&str, &str); 9] = [
    ("api-version", "1"),
    ("api-version", "v2"),
    ("api-version", "nine"),
    ("x-api-key", "partner"),
    ("accept", "application/json;version=2"),
    ("x-forwarded-for", "9.9.9.9"),
    ("connection", "x-own"),
    ("cache-control", "no-transform"),
    ("prefer", "handling=strict"),
];
const BODIES: [&str; 5] = [
    r#"{"qty":3,"note":"n"}"#,
    r#"{"quantity":4}"#,
    r#"{"qty":"many"}"#,
    "{broken",
    r#"{"qty":1,"other":2}"#,
];

#[tokio::test]
async fn what_is_explained_is_what_happens() {
    for backends in [
        "[{ version: v2, endpoints: [http://BACKEND] }]",
        "[{ version: v1, endpoints: [http://BACKEND] }]",
    ] {
        let directory = tempfile::tempdir().unwrap();
        orders::describe(&directory);
        let backend = Backend::json(ORDER).await;
        let backends = backends.replace("BACKEND", &backend.address.to_string());
        let house = House::in_directory(directory, &orders::api(&backends, ""), "").await;
        let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
        let (mut sent, mut refused) = (0, 0);
        for _ in 0..250 {
            let method = *draw.one(&["GET", "GET", "POST", "PUT", "DELETE", "OPTIONS"]);
            let body = ["POST", "PUT"].contains(&method).then(|| *draw.one(&BODIES));
            let many = *draw.one(&[0_u8, 0, 1, 2]);
            let fields = (0..many).map(|_| *draw.one(&FIELDS)).collect();
            let url = draw.one::<&str>(&URLS);
            let asked = Asked { method, url, fields, body };
            let told = explained(&house, &asked.question()).await;
            let before = backend.seen().len();
            let reply = support::Reply::read(&house.raw(&asked.raw()).await);
            let case = format!("{}\n{told:#}\n{reply:?}", asked.raw());
            match told["outcome"].as_str().unwrap() {
                "sent" => {
                    sent += 1;
                    compare(&told, (&reply, &backend.seen()[before]), &case);
                }
                "refused" => {
                    refused += 1;
                    assert_eq!(told["refusal"]["code"], reply.json()["code"], "{case}");
                    assert_eq!(told["refusal"]["detail"], reply.json()["detail"], "{case}");
                    assert_eq!(backend.seen().len(), before, "{case}");
                }
                _ => assert_eq!(reply.status, 204, "{case}"),
            }
            let version = told["client_version"].as_str().unwrap_or_default();
            assert_eq!(version, reply.field("api-version"), "{case}");
        }
        assert!(sent > 40 && refused > 40, "{sent} sent, {refused} refused");
    }
}

/// The request that came to the backend is the one that was told, field by field.
#[track_caller]
fn compare(told: &Value, (reply, came): (&support::Reply, &str), case: &str) {
    assert_eq!(told["backend_version"], reply.field("api-backend-version"), "{case}\n{came}");
    let (head, body) = came.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let line = format!(
        "{} {} HTTP/1.1",
        told["sent"]["method"].as_str().unwrap(),
        told["sent"]["target"].as_str().unwrap()
    );
    assert_eq!(lines.next().unwrap(), line, "{case}\n{came}");
    assert_eq!(told["sent"]["body"].as_str().unwrap_or_default(), body, "{case}\n{came}");
    let own = ["x-request-id", "content-length", "transfer-encoding", "content-type", "x-api-key"];
    let plain = |(name, _): &(String, String)| !own.contains(&name.as_str());
    let came: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .filter(plain)
        .collect();
    let said: Vec<(String, String)> = told["sent"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| {
            (
                field["name"].as_str().unwrap().to_owned(),
                field["value"].as_str().unwrap().to_owned(),
            )
        })
        .filter(plain)
        .collect();
    for field in &said {
        assert!(came.contains(field), "{field:?} did not come\n{case}\n{came:?}");
    }
    for field in &came {
        assert!(said.contains(field), "{field:?} was not told\n{case}\n{said:?}");
    }
}

#[tokio::test]
async fn a_question_counts_nothing_and_shows_no_credential() {
    let directory = tempfile::tempdir().unwrap();
    orders::describe(&directory);
    let backends = "[{ version: v2, endpoints: [http://127.0.0.1:9] }]";
    let house = House::in_directory(directory, &orders::api(backends, ""), "").await;
    let counted = |metrics: String| -> Vec<String> {
        let about = |line: &&str| {
            ["exchanges", "conver", "losses", "endpoint_requests"]
                .iter()
                .any(|word| line.contains(word))
        };
        metrics.lines().filter(about).map(str::to_owned).collect()
    };
    let before = counted(house.metrics().await);
    let question = json!({
        "method": "POST", "url": "/orders?token=canary-1",
        "headers": [["authorization", "Bearer canary-2"], ["cookie", "a=canary-3"], ["x-api-key", "partner"]],
        "body": r#"{"qty":3}"#,
    });
    let told = explained(&house, &question).await;
    assert_eq!(told["sent"]["body"], r#"{"quantity":3}"#, "{told:#}");
    let text = told.to_string();
    assert!(!text.contains("canary") && !text.contains("\"partner\""), "{told:#}");
    assert_eq!(counted(house.metrics().await), before);
}

#[tokio::test]
async fn each_decision_names_its_line() {
    let directory = tempfile::tempdir().unwrap();
    orders::describe(&directory);
    let backends = "[{ version: v2, endpoints: [http://127.0.0.1:9] }]";
    let house = House::in_directory(directory, &orders::api(backends, ""), "").await;
    let told =
        explained(&house, &json!({"method": "POST", "url": "/v1/orders", "body": r#"{"qty":3}"#}))
            .await;
    let file = std::fs::read_to_string(house.config()).unwrap();
    let line = |needle: &str| file.lines().position(|line| line.contains(needle)).unwrap() + 1;
    let step = |name: &str| {
        told["steps"].as_array().unwrap().iter().find(|step| step["step"] == name).unwrap().clone()
    };
    let ends = |source: &Value, end: &str| {
        assert!(source.as_str().unwrap().ends_with(end), "{source} {end}\n{told:#}");
    };
    ends(&step("api")["source"], &format!("gateway.yaml:{}", line("orders:") + 1));
    ends(&step("version")["notes"][0]["source"], &format!("gateway.yaml:{}", line("- path:")));
    ends(&step("backend")["notes"][0]["source"], &format!("gateway.yaml:{}", line("backends:")));
    assert!(step("operation")["source"].as_str().unwrap().contains("v1/openapi.yaml:"), "{told:#}");
    let request = step("request");
    let rename = request["notes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|note| note["says"].as_str().unwrap().contains("`/qty` → `/quantity`"));
    ends(&rename.unwrap_or_else(|| panic!("{told:#}"))["source"], "v2/changes.yaml:3");
}

#[tokio::test]
async fn what_is_no_question_says_how_one_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    orders::describe(&directory);
    let backends = "[{ version: v2, endpoints: [http://127.0.0.1:9] }]";
    let house = House::in_directory(directory, &orders::api(backends, ""), "").await;
    for body in [
        "",
        "{}",
        r#"{"url":"/x","more":1}"#,
        r#"{"url":"/ x"}"#,
        r#"{"url":"/x","headers":[["a b","c"]]}"#,
    ] {
        let request = format!(
            "POST /explain HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let reply = house.admin(&request).await;
        assert_eq!(
            (reply.status, reply.json()["code"].as_str()),
            (400, Some("bad-question")),
            "{body}"
        );
    }
}
