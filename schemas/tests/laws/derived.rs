//! What the declared functions may make of the leaves of a payload, by a reckoning of its own: nothing here asks the
//! converter.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::text::{leaf, leaves, names};
use crate::world::World;

/// Functions after each other that are followed: one for each step between versions.
const STEPS: usize = 3;

/// The leaves that a payload and the declared functions can give.
pub(crate) struct Derived {
    /// What may be there, as leaves are compared.
    all: BTreeSet<String>,
    /// Texts that may have been joined or cut.
    texts: Vec<String>,
    verbs: BTreeSet<String>,
    /// A value may be there twice.
    pub(crate) copies: bool,
}

fn verbs(world: &World) -> BTreeSet<String> {
    let entries = world.written.iter().filter_map(|(_, changes)| changes["changes"].as_array());
    let verbs = entries.flatten().filter_map(Value::as_object).flat_map(|entry| entry.keys());
    verbs.cloned().collect()
}

/// Whether `changes.yaml` has a verb anywhere.
pub(crate) fn declares(world: &World, verb: &str) -> bool {
    verbs(world).contains(verb)
}

impl Derived {
    pub(crate) fn of(world: &World, (payload, declared): (&Value, &BTreeSet<String>)) -> Self {
        let verbs = verbs(world);
        let mut found = Vec::new();
        leaves(payload, &mut found);
        let mut keys = BTreeSet::new();
        names(payload, &mut keys);
        let as_leaf = |text: &String| leaf(&json!(text));
        let mut now: BTreeSet<String> = found.into_iter().chain(keys.iter().map(as_leaf)).collect();
        now.extend(declared.iter().cloned());
        let mut all = now.clone();
        if verbs.iter().any(|verb| FUNCTIONS.contains(&verb.as_str())) {
            for _ in 0..STEPS {
                now = now.iter().flat_map(|one| made(one, &verbs)).collect();
                now.retain(|one| !all.contains(one));
                all.extend(now.iter().cloned());
            }
        }
        let text = |one: &String| match serde_json::from_str(one) {
            Ok(Value::String(text)) => Some(text),
            _ => None,
        };
        let texts = all.iter().filter_map(text).collect();
        let copies = verbs.contains("compute");
        Self { all, texts, verbs, copies }
    }

    /// Whether a leaf may come of the payload.
    pub(crate) fn explains(&self, one: &str) -> bool {
        self.explained(one, STEPS)
    }

    fn explained(&self, one: &str, depth: usize) -> bool {
        if one == "null" || one == "true" || one == "false" || self.all.contains(one) {
            return true;
        }
        if let Ok(Value::Number(number)) =
            serde_json::from_str(one.trim_start_matches("Some(").trim_end_matches(')'))
        {
            return self.verbs.contains("scale")
                && number.as_f64().is_some_and(|number| self.near(number));
        }
        let Ok(Value::String(text)) = serde_json::from_str::<Value>(one) else { return false };
        let Some(depth) = depth.checked_sub(1) else { return false };
        let known = |text: &str| self.explained(&leaf(&json!(text)), depth);
        let says = |verb: &str| self.verbs.contains(verb);
        // Written of others: joined, in a phrase, as the text of a number.
        let joined = || {
            let both = text.split_once(' ');
            (says("merge") || says("split"))
                && both.is_some_and(|(one, two)| known(one) && known(two))
        };
        let phrase = || {
            says("compute")
                && text
                    .strip_prefix("of ")
                    .is_some_and(|rest| known(rest) || self.number(rest, depth))
        };
        let number = || (says("cast") || says("on_range")) && self.number(&text, depth);
        let cut = || says("on_range") && self.texts.iter().any(|whole| whole.starts_with(&text));
        let embedded = || says("embed") && self.embedded(&text, depth);
        joined() || phrase() || number() || cut() || embedded()
    }

    fn number(&self, text: &str, depth: usize) -> bool {
        let Ok(value) = serde_json::from_str::<Value>(text) else { return false };
        (value.is_number() || value.is_boolean()) && self.explained(&leaf(&value), depth)
    }

    fn near(&self, number: f64) -> bool {
        let known =
            |one: &String| one.strip_prefix("Some(")?.strip_suffix(')')?.parse::<f64>().ok();
        self.all.iter().filter_map(known).any(|one| {
            [1.0, 100.0, 0.01, 0.1, 10.0, 0.125, 8.0].iter().any(|by| {
                (one * by - number).abs() <= 1.0_f64.min(number.abs()) + number.abs() * 1e-9
            })
        })
    }

    /// A text that has a whole value inside.
    fn embedded(&self, text: &str, depth: usize) -> bool {
        let plain = base64(text).unwrap_or_else(|| text.to_owned());
        [plain.as_str(), text].into_iter().any(|text| {
            let Ok(value) = serde_json::from_str::<Value>(text) else { return false };
            let mut inside = Vec::new();
            leaves(&value, &mut inside);
            inside.iter().all(|one| self.explained(one, depth))
        })
    }
}

const FUNCTIONS: [&str; 8] = ["split", "merge", "cast", "scale", "time", "embed", "keyed", "group"];

/// What one function may make of one leaf.
fn made(one: &str, verbs: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    let says = |verb: &str| verbs.contains(verb);
    if let Some(number) = one.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
        let Ok(number) = number.parse::<f64>() else { return found };
        if says("time") {
            let by = |offset: i64| leaf(&json!(stamp(number, offset)));
            found.extend([by(0), by(7200)]);
        }
        if says("scale") {
            for by in [100.0, 0.01, 0.1, 10.0, 0.125, 8.0] {
                found.push(leaf(&json!(number * by)));
                found.push(leaf(&json!((number * by).floor())));
                found.push(leaf(&json!((number * by).round_ties_even())));
            }
        }
        if says("cast") {
            found.push(leaf(&json!(
                serde_json::Number::from_f64(number).map(|one| one.to_string())
            )));
            found.push(leaf(&json!(format!("{number}"))));
        }
        return found;
    }
    let Ok(Value::String(text)) = serde_json::from_str(one) else { return found };
    if says("split") || says("merge") {
        found.extend(text.split(' ').map(|word| leaf(&json!(word))));
    }
    if says("cast")
        && let Ok(value @ (Value::Number(_) | Value::Bool(_))) =
            serde_json::from_str::<Value>(&text)
    {
        found.push(leaf(&value));
    }
    if says("time")
        && let Some(seconds) = seconds(&text)
    {
        found.push(leaf(&json!(seconds)));
    }
    if says("embed") {
        let plain = base64(&text).unwrap_or_default();
        for text in [plain, text] {
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                leaves(&value, &mut found);
                let mut inner = BTreeSet::new();
                names(&value, &mut inner);
                found.extend(inner.iter().map(|name| leaf(&json!(name))));
            }
        }
    }
    found
}

/// Seconds since 1970 of a point in time (RFC 3339), fractions cut.
fn seconds(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?.min(59));
    let zone = text.get(19..)?.trim_start_matches(|one: char| one == '.' || one.is_ascii_digit());
    let offset = match zone {
        "Z" | "z" => 0,
        other => {
            let sign = if other.starts_with('-') { -1 } else { 1 };
            sign * (other.get(1..3)?.parse::<i64>().ok()? * 3600
                + other.get(4..6)?.parse::<i64>().ok()? * 60)
        }
    };
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// Days since 1970-01-01, by counting.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let before = year - 1;
    let leaps = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    let months = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let passed: i64 = months.iter().take(usize::try_from(month - 1).unwrap_or(0)).sum();
    before * 365 + leaps + passed + day - 719_163
}

/// The point in time in an offset of so many seconds.
fn stamp(seconds: f64, offset: i64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "seconds of years below 10000")]
    let seconds = seconds as i64 + offset;
    let (mut day, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut year = 1970 + day / 366;
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= day).unwrap_or(1);
    day = day - days(year, month, 1) + 1;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let zone = if offset == 0 { "Z".to_owned() } else { format!("+{:02}:00", offset / 3600) };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
}

/// What a text of either alphabet of base64 says, where it says UTF-8.
pub(crate) fn base64(text: &str) -> Option<String> {
    let digits: BTreeMap<char, u32> =
        ('A'..='Z').chain('a'..='z').chain('0'..='9').zip(0..).collect();
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for letter in text.trim_end_matches('=').chars() {
        let digit = match letter {
            '+' | '-' => 62,
            '/' | '_' => 63,
            other => *digits.get(&other)?,
        };
        bits = (bits << 6 | digit) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xFF).ok()?);
        }
    }
    String::from_utf8(out).ok()
}

#[test]
fn the_reckoning_knows_its_dates_and_letters() {
    assert_eq!(stamp(1_700_000_000.0, 0), "2023-11-14T22:13:20Z");
    assert_eq!(seconds("2023-11-15T00:13:20.5+02:00"), Some(1_700_000_000));
    assert_eq!(seconds(&stamp(4_000_000_000.0, 7200)), Some(4_000_000_000));
    assert_eq!(base64("eyJhIjoxfQ=="), Some("{\"a\":1}".to_owned()));
}
