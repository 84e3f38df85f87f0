//! Medians over rounds, and how they compare with nginx.

use serde::Serialize;

use crate::peer::Kind;
use crate::round::{Rounds, Slice};

/// A figure of a slice.
type Figure = fn(&Slice) -> f64;

/// What is told of a slice: name with unit, and the figure.
pub(crate) const COLUMNS: [(&str, Figure); 6] = [
    ("requests/s", |slice| slice.rate),
    ("p50 µs", |slice| slice.p50),
    ("p99 µs", |slice| slice.p99),
    ("p99.9 µs", |slice| slice.p999),
    ("CPU s / 10,000", |slice| slice.cpu),
    ("memory MiB", |slice| slice.memory),
];
/// Places in [`COLUMNS`].
pub(crate) const P50: usize = 1;
pub(crate) const P99: usize = 2;
pub(crate) const P999: usize = 3;
pub(crate) const CPU: usize = 4;
pub(crate) const MEMORY: usize = 5;

/// One peer in one scenario.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) peer: &'static str,
    #[serde(skip)]
    pub(crate) kind: Kind,
    /// Medians, by [`COLUMNS`].
    pub(crate) figures: [f64; 6],
    /// Medians of the ratios to nginx in the same round, where nginx ran.
    pub(crate) ratios: Option<[f64; 6]>,
}

/// A row for each peer of a scenario.
pub(crate) fn rows(rounds: &Rounds) -> Vec<Row> {
    let nginx = rounds.peers.iter().position(|kind| *kind == Kind::Nginx);
    let row = |(place, kind): (usize, &Kind)| {
        let over_rounds = |figure: &dyn Fn(&[Slice]) -> Option<f64>| {
            median(rounds.counted().filter_map(|round| figure(&round.slices)).collect())
        };
        let figures =
            COLUMNS.map(|(_, figure)| over_rounds(&|slices| slices.get(place).map(figure)));
        let ratios = nginx.map(|nginx| {
            COLUMNS.map(|(_, figure)| {
                over_rounds(&|slices| Some(figure(slices.get(place)?) / figure(slices.get(nginx)?)))
            })
        });
        Row { peer: kind.name(), kind: *kind, figures, ratios }
    };
    rounds.peers.iter().enumerate().map(row).collect()
}

/// Microseconds of the same load without a proxy, at p50, p99 and p99.9.
pub(crate) fn straight(rounds: &Rounds) -> Option<[f64; 3]> {
    rounds.every.first()?.straight?;
    let figure = |figure: fn(&Slice) -> f64| {
        median(rounds.counted().filter_map(|round| round.straight.as_ref().map(figure)).collect())
    };
    Some([figure(|slice| slice.p50), figure(|slice| slice.p99), figure(|slice| slice.p999)])
}

/// The value in the middle; not a number where there is none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied().unwrap_or(f64::NAN);
    let lower = values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN);
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calm::Weather;
    use crate::round::Round;
    use crate::scenario;

    fn slice(cpu: f64) -> Slice {
        Slice { requests: 1, rate: 1.0, p50: 1.0, p99: 1.0, p999: 1.0, cpu, memory: 1.0 }
    }

    #[test]
    fn ratios_are_taken_round_by_round_and_disturbed_rounds_do_not_count() {
        let weather = Weather { trip: Some(1.0), others: 0.0, stolen: 0.0 };
        let round = |mine: f64, theirs: f64, disturbed: bool| Round {
            slices: vec![slice(mine), slice(theirs)],
            straight: None,
            weather,
            disturbance: disturbed.then(|| "noise".to_owned()),
        };
        let rounds = Rounds {
            scenario: scenario::ALL[0],
            peers: vec![Kind::Evergate, Kind::Nginx],
            absent: Vec::new(),
            every: vec![
                round(1.0, 2.0, false),
                round(90.0, 1.0, true),
                round(4.0, 8.0, false),
                round(3.0, 3.0, false),
            ],
            all_count: false,
        };
        let rows = rows(&rounds);
        assert_eq!(rows[0].figures[CPU].to_string(), "3");
        assert_eq!(rows[0].ratios.unwrap()[CPU].to_string(), "0.5");
        assert_eq!(rows[1].ratios.unwrap()[CPU].to_string(), "1");
    }
}
