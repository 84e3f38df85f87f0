//! Who still uses a version, asked of the real program: over restarts, kills and take-overs, and on disks that are full.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use evergate_tests::backend::Backend;
use evergate_tests::binary;
use evergate_tests::client::Request;
use evergate_tests::gate::Gate;
use evergate_tests::orders;
use serde_json::Value;

/// What every wait is bounded by.
const PATIENCE: Duration = Duration::from_mins(1);

fn config(backend: &Backend, more: &str) -> String {
    let api = orders::config(&[("v2", &backend.endpoint())], &[]);
    format!(
        "usage: {{ consumer: [{{ header: x-client }}], hash: false, flush: 1s }}\n{more}\n{api}"
    )
}

fn use_it(gate: &Gate, version: &str, client: &str) {
    let request = Request::get("/orders/1").field("api-version", version).field("x-client", client);
    assert_eq!(gate.ask(&request).status, 200);
}

fn state(gate: &Gate) -> PathBuf {
    gate.folder().join(".evergate")
}

/// `evergate can-i-remove orders …`, of a state directory.
fn asked(gate: &Gate, state: &Path, arguments: &[&str]) -> (i32, String) {
    let config = gate.folder().join("gateway.yaml");
    let output: Output = binary::command(&["can-i-remove", "orders"])
        .args(arguments)
        .arg("--config")
        .arg(config)
        .arg("--state")
        .arg(state)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), text.into_owned())
}

/// Asks again until the answer is this exit code.
#[track_caller]
fn until(gate: &Gate, arguments: &[&str], code: i32) -> String {
    let began = Instant::now();
    loop {
        let (seen, text) = asked(gate, &state(gate), arguments);
        if seen == code {
            return text;
        }
        assert!(began.elapsed() < PATIENCE, "{arguments:?} gives {seen}: {text}\n{}", gate.log());
    }
}

/// How often each consumer used a version, as is written down.
fn counts(gate: &Gate, version: &str) -> Vec<(String, u64)> {
    let (_, text) = asked(gate, &state(gate), &[version, "--format", "json"]);
    let removal: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
    let rows = removal.get("rows").and_then(Value::as_array).unwrap();
    let one = |row: &Value| {
        let consumer = row.get("consumer").and_then(Value::as_str).unwrap();
        (consumer.to_owned(), row.get("count").and_then(Value::as_u64).unwrap())
    };
    rows.iter().map(one).collect()
}

#[test]
fn who_uses_a_version_is_known_over_a_kill_and_a_restart() {
    let backend = orders::backend("v2");
    let mut gate = Gate::start(&config(&backend, ""));
    for _ in 0..3 {
        use_it(&gate, "v1", "shop");
    }
    let used = until(&gate, &["v1"], 1);
    assert!(used.contains("orders v1 is still used, by 1 consumer since "), "{used}");
    assert!(used.contains("x-client:shop") && used.contains("GET /orders/{id}"), "{used}");
    // what was written down, and no less, outlives a kill
    let (began, all) = (Instant::now(), [("x-client:shop".to_owned(), 3)]);
    while counts(&gate, "v1") != all {
        assert!(began.elapsed() < PATIENCE, "{}", gate.log());
    }
    let id = gate.id().to_string();
    assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    gate.ended();
    assert_eq!(counts(&gate, "v1"), all);
    let mut next = gate.successor().unwrap_or_else(|refused| panic!("{}", refused.printed));
    use_it(&next, "v1", "shop");
    use_it(&next, "v1", "till");
    next.terminate();
    assert!(next.ended().success());
    let all = [("x-client:shop".to_owned(), 4), ("x-client:till".to_owned(), 1)];
    assert_eq!(counts(&next, "v1"), all, "the end writes everything down");
}

#[test]
fn nobody_is_an_answer_only_where_the_records_reach_back_and_the_version_exists() {
    let backend = orders::backend("v2");
    let gate = Gate::start(&config(&backend, ""));
    use_it(&gate, "v1", "shop");
    until(&gate, &["v1"], 1);
    let (code, text) = asked(&gate, &state(&gate), &["v2"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("the records begin at ") && text.contains("later than asked"), "{text}");
    let removable = until(&gate, &["v2", "--seen", "1s"], 0);
    assert!(
        removable.starts_with("orders v2 can be removed: nobody used it since "),
        "{removable}"
    );
    until(&gate, &["v1", "--operation", "POST /orders", "--seen", "1s"], 0);
    let (code, text) = asked(&gate, &state(&gate), &["v3", "--seen", "1s"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("has no version `v3`; it has v1, v2"), "{text}");
    let (code, text) = asked(&gate, &gate.folder().join("nowhere"), &["v1"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("nothing was ever written down"), "{text}");
}

#[test]
fn gateways_that_run_are_asked_together_and_one_that_is_silent_hides_nobody() {
    let backend = orders::backend("v2");
    let (one, other) = (Gate::start(&config(&backend, "")), Gate::start(&config(&backend, "")));
    use_it(&one, "v1", "shop");
    use_it(&other, "v1", "shop");
    until(&other, &["v1"], 1);
    let token = state(&one).join("admin.token");
    let ask = |arguments: &[&str]| {
        let (admin, gone) = (one.admin().to_string(), "127.0.0.1:1");
        let addresses = if arguments.contains(&"silent") { vec![gone] } else { vec![gone, &admin] };
        let mut command = binary::command(&["can-i-remove", "orders"]);
        command.args(arguments.iter().filter(|one| **one != "silent"));
        for address in &addresses {
            command.args(["--admin", *address]);
        }
        let output = command.arg("--token-file").arg(&token).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), text)
    };
    // both gateways, one of them by its directory
    let directory = state(&other);
    let together = ["v1", "--format", "json", "--state", directory.to_str().unwrap()];
    let (code, text) = ask(&together);
    let removal: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
    let row = removal.pointer("/rows/0").unwrap();
    assert_eq!(code, 1, "{text}");
    assert_eq!(row.get("count").and_then(Value::as_u64), Some(2), "{text}");
    assert!(text.contains("nobody listens at 127.0.0.1:1"), "{text}");
    let arguments = ["can-i-remove", "orders", "v1", "--format", "json-schema"];
    let schema = binary::command(&arguments).output().unwrap();
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    let names = schema.pointer("/properties").and_then(Value::as_object).unwrap();
    assert!(removal.as_object().unwrap().keys().all(|name| names.contains_key(name)), "{names:?}");
    // nobody seen, and one place silent: not known
    let (code, text) = ask(&["v2", "--seen", "0s", "silent"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("it is not known whether anybody uses orders v2"), "{text}");
}

#[test]
fn both_processes_of_a_takeover_get_their_counts_in() {
    let backend = orders::backend("v2");
    let takeover = "takeover: { socket: takeover.sock }\ntimeouts: { drain_idle: 1s }";
    let mut old = Gate::start(&config(&backend, takeover));
    use_it(&old, "v1", "shop");
    let mut new = old.successor().unwrap_or_else(|refused| panic!("{}", refused.printed));
    use_it(&new, "v1", "shop");
    assert!(old.ended().success(), "{}", old.log());
    use_it(&new, "v1", "shop");
    new.terminate();
    assert!(new.ended().success());
    assert_eq!(counts(&new, "v1"), [("x-client:shop".to_owned(), 3)]);
}

/// The same command in a shell that lets no file grow beyond so many octets, as a full disk would.
fn on_a_full_disk(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    // a signal that is ignored makes it an error of the call
    shell.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

/// Traffic is served until the log says that nothing is written down.
#[track_caller]
fn serves_and_tells(gate: &Gate) {
    use_it(gate, "v1", "shop");
    let began = Instant::now();
    while !gate.log().contains("use is counted in memory alone") {
        assert!(began.elapsed() < PATIENCE, "{}", gate.log());
        use_it(gate, "v2", "shop");
    }
}

#[track_caller]
fn counts_in_memory(gate: &Gate) {
    serves_and_tells(gate);
    let answer = gate.ask_admin(&Request::get("/usage?version=v1"));
    let body = answer.json();
    let problem = body.get("problem").and_then(Value::as_str).unwrap();
    assert!(problem.contains("usage.redb cannot be "), "{problem}");
    let rows = body.get("rows").and_then(Value::as_array).unwrap();
    assert_eq!(rows.len(), 1, "{body}");
    let metrics = gate.ask_admin(&Request::get("/metrics")).text();
    assert!(metrics.contains("evergate_usage_unwritten 1"), "{metrics}");
}

#[test]
fn a_full_disk_is_told_and_traffic_and_counting_go_on() {
    let backend = orders::backend("v2");
    let gate = Gate::try_start_by(&config(&backend, ""), |command| on_a_full_disk(&command));
    let gate = gate.unwrap_or_else(|refused| panic!("{}", refused.printed));
    counts_in_memory(&gate);
}

#[test]
fn a_directory_that_cannot_be_written_is_told_and_traffic_goes_on() {
    let backend = orders::backend("v2");
    // a directory below a file can be made by nobody, root included
    let gate = Gate::start(&config(&backend, "state: { directory: gateway.yaml/state }"));
    serves_and_tells(&gate);
    assert!(gate.log().contains("usage.redb cannot be written: "), "{}", gate.log());
    let (code, text) = asked(&gate, &gate.folder().join("gateway.yaml/state"), &["v1"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("usage.redb cannot be read: "), "{text}");
}
