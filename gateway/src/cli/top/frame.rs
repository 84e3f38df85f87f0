//! One picture of a gateway, as lines.

use std::fmt::Write as _;

use serde_json::Value;

use super::sample::Sample;

/// What a picture is made from.
pub(super) struct Seen<'a> {
    /// What happened in the time that is looked at.
    pub(super) moved: &'a Sample,
    /// How long that is, in seconds.
    pub(super) seconds: f64,
    pub(super) endpoints: &'a Value,
    pub(super) status: &'a Value,
}

/// The lines of a picture, the busiest first.
pub(super) fn lines(seen: &Seen<'_>) -> Vec<String> {
    let mut lines = vec![head(seen.status), String::new()];
    let title = ("api", "client", "backend");
    lines.push(format!(
        "{:<24} {:<10} {:<10} {:>9} {:>8} {:>8} {:>9} {:>9} {:>9}",
        title.0, title.1, title.2, "req/s", "4xx/s", "5xx/s", "p50", "p99", "losses/s"
    ));
    let mut all: Vec<_> = seen.moved.0.iter().collect();
    all.sort_by(|one, other| other.1.requests.total_cmp(&one.1.requests));
    let rate = |count: f64| format!("{:.1}", count / seen.seconds.max(0.001));
    for ((api, client, backend), tally) in all {
        let time = |share| tally.quantile(share).map_or_else(|| "-".to_owned(), span);
        lines.push(format!(
            "{:<24} {:<10} {:<10} {:>9} {:>8} {:>8} {:>9} {:>9} {:>9}",
            shown(api),
            shown(client),
            shown(backend),
            rate(tally.requests),
            rate(tally.errors.0),
            rate(tally.errors.1),
            time(0.5),
            time(0.99),
            rate(tally.losses)
        ));
    }
    lines.push(String::new());
    endpoints(seen.endpoints, &mut lines);
    lines
}

fn head(status: &Value) -> String {
    let text = |at: &str| match status.pointer(at) {
        Some(Value::String(text)) => clean(text),
        Some(Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    format!(
        "evergate {}  configuration {} since {}  last call: {} {} at {}",
        text("/version"),
        text("/configuration/generation"),
        text("/configuration/since"),
        text("/last_call/cause"),
        text("/last_call/result"),
        text("/last_call/time")
    )
}

fn endpoints(told: &Value, lines: &mut Vec<String>) {
    let list = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned();
    let text = |value: &Value, name: &str| match value.get(name) {
        Some(Value::String(text)) => clean(text),
        Some(Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    lines.push(format!(
        "{:<24} {:<10} {:<28} {:<11} {:>9} {:>9}",
        "api", "version", "endpoint", "state", "in flight", "ms"
    ));
    for api in list(told, "apis").unwrap_or_default() {
        for group in list(&api, "groups").unwrap_or_default() {
            for one in list(&group, "endpoints").unwrap_or_default() {
                let mut line = String::new();
                let _ = write!(
                    line,
                    "{:<24} {:<10} {:<28} {:<11} {:>9} {:>9}",
                    text(&api, "api"),
                    text(&group, "version"),
                    text(&one, "endpoint"),
                    text(&one, "state"),
                    text(&one, "in_flight"),
                    text(&one, "milliseconds")
                );
                lines.push(line);
            }
        }
    }
}

fn shown(name: &str) -> String {
    if name.is_empty() { "-".to_owned() } else { clean(name) }
}

/// What is no control character.
fn clean(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).collect()
}

fn span(seconds: f64) -> String {
    if seconds.is_infinite() { "more".to_owned() } else { format!("{:.1} ms", seconds * 1000.0) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Seen, lines};
    use crate::cli::top::sample::{Sample, Tally};

    #[test]
    fn a_picture_has_traffic_and_endpoints_in_columns() {
        let pair = |client: &str| ("orders".to_owned(), client.to_owned(), "v2".to_owned());
        let tally = |requests| Tally {
            requests,
            errors: (2.0, 1.0),
            losses: 4.0,
            buckets: vec![(0.001, requests / 2.0), (f64::INFINITY, requests)],
        };
        let moved = Sample([(pair("v1"), tally(10.0)), (pair("v2"), tally(40.0))].into());
        let endpoint =
            json!({"endpoint": "a:1", "state": "up", "in_flight": 3, "milliseconds": 1.5});
        let endpoints = json!({"apis": [{"api": "orders", "groups": [{"version": "v2", "endpoints": [endpoint]}]}]});
        let status = json!({"version": "1.0", "configuration": {"generation": 3}, "last_call": {"result": "taken\u{1b}"}});
        let seen = Seen { moved: &moved, seconds: 2.0, endpoints: &endpoints, status: &status };
        let text = lines(&seen);
        assert!(
            text[0].starts_with("evergate 1.0  configuration 3 since -  last call: - taken at -"),
            "{}",
            text[0]
        );
        let words = |line: &String| {
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words(&text[3]), "orders v2 v2 20.0 1.0 0.5 1.0 ms more 2.0");
        assert_eq!(words(&text[4]), "orders v1 v2 5.0 1.0 0.5 1.0 ms more 2.0");
        assert_eq!(words(text.last().unwrap()), "orders v2 a:1 up 3 1.5");
    }
}
