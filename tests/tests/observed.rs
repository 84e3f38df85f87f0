//! What the real program lets be seen: its log over a rotation, its metrics, and the dashboard and alerts made from them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use evergate_schemas::document::{Document, DocumentLimits};
use evergate_tests::client::Request;
use evergate_tests::corpus::root;
use evergate_tests::gate::Gate;
use evergate_tests::openmetrics::{self, Metric};
use evergate_tests::orders;
use serde_json::Value;

/// How long anything may take to be seen.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a label may be that only a scraper or an expression adds.
const ADDED: [&str; 4] = ["instance", "job", "le", "class"];

/// Waits until something is seen.
#[track_caller]
fn until<Found>(what: &str, mut look: impl FnMut() -> Option<Found>) -> Found {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// The lines of a file once there are so many.
#[track_caller]
fn lines(file: &Path, count: usize) -> Vec<Value> {
    until(&format!("{count} lines in {}", file.display()), || {
        let text = std::fs::read_to_string(file).ok()?;
        let whole = text.lines().count() >= count && text.ends_with('\n');
        whole.then(|| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    })
}

#[test]
fn the_log_is_written_to_a_new_file_when_the_old_one_was_moved_away_and_to_its_last_line() {
    let backend = orders::backend("v1");
    let mut config = orders::config(&[("v1", &backend.endpoint())], &[]);
    config.push_str("access_log: { format: json, to: access.log }\n");
    let mut gate = Gate::start(&config);
    let (log, moved) = (gate.folder().join("access.log"), gate.folder().join("access.log.1"));
    assert_eq!(gate.ask(&Request::get("/orders/1?key=s3cret")).status, 200);
    let first = lines(&log, 1);
    assert_eq!(first[0]["target"], "/orders/1?key=*");
    assert_eq!(first[0]["operation"], "GET /orders/{id}");
    std::fs::rename(&log, &moved).unwrap();
    let id = gate.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    until("a new file", || log.exists().then_some(()));
    for _ in 0..50 {
        assert_eq!(gate.ask(&Request::get("/orders/2")).status, 200);
    }
    gate.terminate();
    assert!(gate.ended().success());
    // those that were said last are written before the end
    assert_eq!((lines(&log, 50).len(), lines(&moved, 1).len()), (50, 1));
}

#[test]
fn without_a_word_about_it_lines_go_where_the_programs_own_log_goes() {
    let backend = orders::backend("v1");
    let config = orders::config(&[("v1", &backend.endpoint())], &[]);
    let gate = Gate::start(&config);
    let fields = Request::get("/orders/1").field("x-request-id", "seen-1");
    assert_eq!(gate.ask(&fields).status, 200);
    let line = until("a line", || {
        gate.log().lines().find(|line| line.contains("id=\"seen-1\"")).map(str::to_owned)
    });
    for part in ["method=\"GET\"", "target=\"/orders/1\"", "status=200", "ended=\"whole\""] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let quiet = Gate::quiet(&config);
    assert_eq!(quiet.ask(&fields).status, 200);
    assert!(!quiet.log().contains("seen-1"));
}

/// The metrics of a gateway that has done all that can be counted without TLS and a failing backend.
fn busy() -> BTreeMap<String, Metric> {
    let new = orders::backend("v2");
    let more = [
        "drift: { sample: 1 }",
        "writes: { default: merge_patch }",
        "versions: { v1: { deprecated: 2026-01-01, sunset: 2099-01-01 } }",
    ];
    let mut config = orders::config(&[("v2", &new.endpoint())], &more);
    config = config.replace(
        "listen: [{ address: 127.0.0.1:0 }]",
        "listen: [{ address: 127.0.0.1:0 }, { address: 127.0.0.1:0, proxy_protocol: { from: [127.0.0.0/8] } }]",
    );
    let gate = Gate::start(&config);
    for version in ["v1", "v2"] {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let one =
            Request::get("/orders/1").field("api-version", version).field("traceparent", trace);
        assert_eq!(gate.ask(&one).status, 200);
    }
    // what no version declares
    let odd =
        Request::post("/orders", &serde_json::json!({"item": "tea", "quantity": 2, "odd": 1}));
    gate.ask(&odd.field("api-version", "v2"));
    // a call without a credential
    let bare = Request::get("/metrics").field("Host", "localhost");
    assert_eq!(evergate_tests::client::ask(gate.admin(), &bare).status, 401);
    let second = *gate.listen().get(1).unwrap();
    TcpStream::connect(second).unwrap().write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    until("all is counted", || {
        let text = gate.ask_admin(&Request::get("/metrics")).text();
        let read = openmetrics::read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
        let seen = |name: &str| read.get(name).is_some_and(|one| !one.samples.is_empty());
        let late = ["connections_refused", "drift", "version_requests", "sunset_timestamp_seconds"];
        late.iter().all(|name| seen(&format!("evergate_{name}"))).then_some(read)
    })
}

/// The metrics as docs/observing.md lists them, by the names that queries have, each with its labels.
fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join("docs/observing.md")).unwrap();
    let words = |cell: &str| -> BTreeSet<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| `evergate_") || line.starts_with("| `process_"));
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split(" | ");
        let name = words(cells.next().unwrap()).into_iter().next().unwrap();
        (name, words(cells.next().unwrap()))
    };
    rows.map(row).collect()
}

/// The names that queries may have for a family, without those of its buckets.
fn asked_for(name: &str, metric: &Metric) -> String {
    match metric.kind.as_str() {
        "counter" => format!("{name}_total"),
        "info" => format!("{name}_info"),
        _ => name.to_owned(),
    }
}

/// Metrics that are told only with a certificate, or once a write was merged.
const ELSEWHERE: [&str; 2] =
    ["evergate_certificate_expires_timestamp_seconds", "evergate_merged_writes_total"];

#[test]
fn every_metric_is_valid_and_listed_with_its_labels() {
    let (told, listed) = (busy(), listed());
    let mut wrong = Vec::new();
    for (name, metric) in &told {
        let asked = asked_for(name, metric);
        let Some(labels) = listed.get(&asked) else {
            wrong.push(format!("`{asked}` is not in docs/observing.md"));
            continue;
        };
        for sample in &metric.samples {
            let own: BTreeSet<String> = sample
                .labels
                .iter()
                .map(|(name, _)| name.clone())
                .filter(|name| name != "le")
                .collect();
            if own != *labels {
                wrong.push(format!("`{asked}` has {own:?}, and docs/observing.md says {labels:?}"));
            }
        }
    }
    for asked in listed.keys().filter(|asked| !ELSEWHERE.contains(&asked.as_str())) {
        if !told.iter().any(|(name, metric)| asked_for(name, metric) == *asked) {
            wrong.push(format!("docs/observing.md lists `{asked}`, which nobody tells"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let seconds = &told["evergate_exchange_seconds"].samples;
    let exemplar = seconds.iter().find_map(|sample| sample.exemplar.as_ref());
    let (labels, _) = exemplar.unwrap_or_else(|| panic!("no exemplar: {seconds:#?}"));
    let trace = ("trace_id".to_owned(), "4bf92f3577b34da6a3ce929d0e0e4736".to_owned());
    assert_eq!(*labels, [trace]);
}

/// Every text below a value under one of these keys.
fn texts<'v>(value: &'v Value, keys: &[&str], into: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if let (true, Some(text)) = (keys.contains(&key.as_str()), value.as_str()) {
                    into.push(text);
                }
                texts(value, keys, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, keys, into)),
        _ => {}
    }
}

/// What is wrong with an expression: metrics that nobody tells, labels that those it names do not have.
fn faults(expression: &str, listed: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut labels: BTreeSet<String> = ADDED.map(str::to_owned).into();
    let mut wrong = Vec::new();
    let word = |letter: char| !(letter.is_ascii_alphanumeric() || letter == '_');
    for name in expression
        .split(word)
        .filter(|name| name.starts_with("evergate_") || name.starts_with("process_"))
    {
        let whole = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix).filter(|name| listed.contains_key(*name)))
            .unwrap_or(name);
        match listed.get(whole) {
            Some(own) => labels.extend(own.iter().cloned()),
            None => wrong.push(format!("`{name}` is told by nobody: {expression}")),
        }
    }
    let mut used: Vec<String> = Vec::new();
    for (open, close) in [("by (", ')'), ("{", '}')] {
        for part in expression.split(open).skip(1) {
            let inside = part.split(close).next().unwrap_or_default();
            let names =
                inside.split(',').map(|one| one.split(['=', '!', '~']).next().unwrap_or_default());
            used.extend(names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
        }
    }
    let unknown = used.iter().filter(|name| !name.starts_with(|one: char| one.is_ascii_digit()));
    for name in unknown.filter(|name| !labels.contains(*name)) {
        wrong.push(format!("`{name}` is no label of what is asked for: {expression}"));
    }
    wrong
}

#[test]
fn the_dashboard_asks_for_nothing_that_nobody_tells() {
    let text = std::fs::read_to_string(root().join("docs/grafana/evergate.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let listed = listed();
    let mut expressions = Vec::new();
    texts(&dashboard, &["expr"], &mut expressions);
    assert!(expressions.len() > 30, "{}", expressions.len());
    let mut wrong: Vec<String> =
        expressions.iter().flat_map(|expression| faults(expression, &listed)).collect();
    // and it leaves nothing out
    for name in listed.keys().filter(|name| !expressions.iter().any(|one| one.contains(*name))) {
        wrong.push(format!("`{name}` is on no panel"));
    }
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "an id is there twice");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_alerts_ask_for_nothing_that_nobody_tells_and_say_what_to_do() {
    let text = std::fs::read(root().join("docs/alerts.yaml")).unwrap();
    let alerts = Document::parse("alerts.yaml", &text, &DocumentLimits::strict()).unwrap().value;
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    let listed = listed();
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for rule in rules {
        let text = |at: &Value| at.as_str().unwrap_or_default().to_owned();
        assert!(names.insert(text(&rule["alert"])), "{} is there twice", rule["alert"]);
        // what Prometheus itself tells of those it asks
        wrong.extend(faults(&text(&rule["expr"]), &listed));
        for part in [
            &rule["annotations"]["summary"],
            &rule["annotations"]["todo"],
            &rule["labels"]["severity"],
        ] {
            assert!(!text(part).is_empty(), "{rule:#}");
        }
        let told = text(&rule["annotations"]["summary"]);
        for label in told.split("$labels.").skip(1) {
            let label = label.split([' ', '}']).next().unwrap_or_default();
            let known =
                listed.values().any(|labels| labels.contains(label)) || ADDED.contains(&label);
            assert!(known, "{label} in {told}");
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(faults("rate(evergate_nothing_total[5m])", &listed).len() == 1);
    assert!(faults("sum by (nobody) (evergate_endpoint_up)", &listed).len() == 1);
}

#[test]
fn every_field_of_a_line_is_listed() {
    let backend = orders::backend("v1");
    let mut config = orders::config(&[("v1", &backend.endpoint())], &[]);
    config.push_str("access_log: { format: json, to: access.log }\n");
    let gate = Gate::start(&config);
    assert_eq!(gate.ask(&Request::get("/orders/1")).status, 200);
    let text = std::fs::read_to_string(root().join("docs/observing.md")).unwrap();
    let line = lines(&gate.folder().join("access.log"), 1).remove(0);
    for name in line.as_object().unwrap().keys() {
        assert!(text.contains(&format!("| `{name}` |")), "`{name}` is not in docs/observing.md");
    }
}
