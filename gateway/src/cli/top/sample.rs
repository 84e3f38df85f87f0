//! What the metrics say at one moment, and what happened between two.

use std::collections::BTreeMap;

/// Who asked whom: api, client's version, backend's version.
pub(super) type Pair = (String, String, String);

/// Counts of one pair.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) requests: f64,
    /// Answers of 4xx and of 5xx.
    pub(super) errors: (f64, f64),
    pub(super) losses: f64,
    /// Upper bound in seconds, and how many took no longer.
    pub(super) buckets: Vec<(f64, f64)>,
}

/// All counts at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample(pub(super) BTreeMap<Pair, Tally>);

impl Sample {
    /// Reads the text of `GET /metrics`.
    pub(super) fn read(text: &str) -> Self {
        let mut sample = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, labels, value)) = row(line) else { continue };
            let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
            let pair = (label("api"), label("client_version"), label("backend_version"));
            let all = &mut sample.0;
            match name {
                "evergate_exchanges_total" => {
                    let tally = all.entry(pair).or_default();
                    tally.requests += value;
                    match label("status").chars().next() {
                        Some('4') => tally.errors.0 += value,
                        Some('5') => tally.errors.1 += value,
                        _ => {}
                    }
                }
                "evergate_losses_total" => all.entry(pair).or_default().losses += value,
                "evergate_exchange_seconds_bucket" => {
                    let bound = label("le").parse().unwrap_or(f64::INFINITY);
                    let buckets = &mut all.entry(pair).or_default().buckets;
                    match buckets.iter_mut().find(|(one, _)| one.total_cmp(&bound).is_eq()) {
                        Some((_, count)) => *count += value,
                        None => buckets.push((bound, value)),
                    }
                }
                _ => {}
            }
        }
        sample
    }

    /// What happened since another moment. A counter that is below what it was has begun anew.
    pub(super) fn since(&self, before: &Self) -> Self {
        let nothing = Tally::default();
        let less = |now: f64, then: f64| if now < then { now } else { now - then };
        let one = |(pair, now): (&Pair, &Tally)| {
            let then = before.0.get(pair).unwrap_or(&nothing);
            let past = |bound: f64| {
                let found = then.buckets.iter().find(|(one, _)| one.total_cmp(&bound).is_eq());
                found.map_or(0.0, |(_, count)| *count)
            };
            let buckets =
                now.buckets.iter().map(|(bound, count)| (*bound, less(*count, past(*bound))));
            let tally = Tally {
                requests: less(now.requests, then.requests),
                errors: (less(now.errors.0, then.errors.0), less(now.errors.1, then.errors.1)),
                losses: less(now.losses, then.losses),
                buckets: buckets.collect(),
            };
            (pair.clone(), tally)
        };
        Self(self.0.iter().map(one).collect())
    }
}

impl Tally {
    /// The bound in seconds that so large a share of requests stayed below; `None` where there were none.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let mut buckets = self.buckets.clone();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        let all = buckets.last().map(|(_, count)| *count).filter(|all| *all > 0.0)?;
        buckets.into_iter().find(|(_, count)| *count >= all * share).map(|(bound, _)| bound)
    }
}

/// One line: `name{a="b"} 1`. What follows the value is an example.
fn row(line: &str) -> Option<(&str, BTreeMap<String, String>, f64)> {
    let (name, mut rest) = line.split_once('{')?;
    let mut labels = BTreeMap::new();
    while !rest.starts_with('}') {
        let (label, tail) = rest.split_once("=\"")?;
        let (mut value, mut escaped, mut end) = (String::new(), false, None);
        for (at, one) in tail.char_indices() {
            match (escaped, one) {
                (false, '\\') => escaped = true,
                (false, '"') => {
                    end = Some(at + 1);
                    break;
                }
                (true, 'n') => {
                    value.push('\n');
                    escaped = false;
                }
                (_, one) => {
                    value.push(one);
                    escaped = false;
                }
            }
        }
        labels.insert(label.trim_start_matches(',').to_owned(), value);
        rest = tail.get(end?..)?;
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    let value = rest.get(1..)?.split_whitespace().next()?.parse().ok()?;
    Some((name, labels, value))
}

#[cfg(test)]
mod tests {
    use super::Sample;

    const BEFORE: &str = r#"
# TYPE evergate_exchanges counter
evergate_exchanges_total{api="a\"b",operation="GET /x",client_version="1",backend_version="2",status="200"} 10
evergate_exchanges_total{api="a\"b",operation="GET /x",client_version="1",backend_version="2",status="503"} 1
evergate_exchange_seconds_bucket{api="a\"b",operation="GET /x",client_version="1",backend_version="2",le="0.001"} 10
evergate_exchange_seconds_bucket{api="a\"b",operation="GET /x",client_version="1",backend_version="2",le="+Inf"} 11 # {trace_id="0"} 1.0 2.0
evergate_connections 3
"#;

    #[test]
    fn rates_are_what_happened_between_two_looks() {
        let before = Sample::read(BEFORE);
        let after = BEFORE.replace("\"} 10", "\"} 110").replace("\"} 11 #", "\"} 113 #");
        let moved = Sample::read(&after).since(&before);
        let tally = &moved.0[&("a\"b".to_owned(), "1".to_owned(), "2".to_owned())];
        assert_eq!((tally.requests, tally.errors), (100.0, (0.0, 0.0)));
        assert_eq!(tally.quantile(0.5), Some(0.001));
        assert_eq!(tally.quantile(0.99), Some(f64::INFINITY));
        // the gateway was started anew
        let fresh = before.since(&Sample::read(&after));
        let tally = fresh.0.values().next().unwrap();
        assert!((tally.requests - 11.0).abs() < f64::EPSILON);
    }
}
