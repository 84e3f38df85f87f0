//! Lens L9: points in time between epoch counts, RFC 3339 date-times and dates. No clock and no table of zones is read.

use serde_json::{Value, json};

use crate::schema::Schema;

use super::decimal::{Decimal, Rounding};
use super::instant::{Instant, date, date_time, read_date, read_date_time, read_offset};
use super::model::{Made, Unfit};
use super::raw::{is_number, is_string, quoted, unquoted};
use super::twin::{by_type, is_integer, listed, of_type, promises, proved_of};

/// How a point in time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// A number of seconds, or of parts of one, since 1970-01-01T00:00:00Z without leap seconds.
    Epoch {
        /// Parts to a second, as a power of ten: 0 for seconds, 3 for milliseconds, at most 9.
        power: u8,
    },
    /// RFC 3339 `date-time`.
    DateTime {
        /// Minutes east of UTC that are written.
        offset: i16,
        /// Digits of the second's fraction that are written; `None` for as many as there are.
        digits: Option<u8>,
    },
    /// RFC 3339 `full-date`, in this zone.
    Date {
        /// Minutes east of UTC.
        offset: i16,
    },
}

impl Moment {
    /// Minutes east of UTC that a text as `Z` or `+02:00` says.
    pub fn offset(text: &str) -> Option<i16> {
        read_offset(text)
    }
}

/// A point in time, read one way and written another. A value of another JSON type passes as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// What is read.
    pub from: Moment,
    /// What is written.
    pub to: Moment,
}

const STAMP: &str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$";
const DAY: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
/// The seconds of 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const SECONDS: (i64, i64) = (-62_167_219_200, 253_402_300_799);
/// No offset is longer, in seconds.
const DAY_LONG: i64 = 86_400;

impl Time {
    pub(super) fn apply(self, text: &str) -> Result<Made, Unfit> {
        let text = text.trim();
        let reads = match self.from {
            Moment::Epoch { .. } => is_number(text),
            Moment::DateTime { .. } | Moment::Date { .. } => is_string(text),
        };
        if !reads {
            return Ok(Made::exact(text.to_owned()));
        }
        let (instant, read_exactly) = read(self.from, text)?;
        let (made, written_exactly) = write(self.to, &instant)?;
        // A zone or a spelling that does not come back is a loss too.
        let exact = read_exactly
            && written_exactly
            && read(self.to, &made).is_ok_and(|(back, _)| {
                write(self.from, &back).is_ok_and(|(back, exact)| exact && same(&back, text))
            });
        Ok(Made { text: made, exact })
    }

    pub(super) fn image(self, sender: &Value, schema: &Schema) -> Value {
        let read = kind_of(self.from);
        by_type(sender, schema, |kind, part| {
            (kind == read).then(|| {
                let made = |value: &Value| {
                    serde_json::from_str(&self.apply(&value.to_string()).ok()?.text).ok()
                };
                listed(part, made).unwrap_or_else(|| vec![all(self.to)])
            })
        })
    }

    pub(super) fn takes_all(self, sender: &Value, schema: &Schema) -> bool {
        match self.from {
            Moment::Epoch { power } => {
                let unit = 10_i64.saturating_pow(u32::from(power));
                let slack = DAY_LONG;
                let (low, high) = (SECONDS.0 + slack, SECONDS.1 - slack);
                let bounds = json!({"minimum": low.saturating_mul(unit), "maximum": high.saturating_mul(unit)});
                proved_of("number", sender, schema, &bounds)
            }
            // Senders are taken by their word: what they declare as a date is one. The step's note says so.
            Moment::DateTime { .. } => {
                self.takes_listed(sender, schema)
                    || promises(("format", "date-time"), sender, schema, 0)
            }
            Moment::Date { .. } => {
                self.takes_listed(sender, schema) || promises(("format", "date"), sender, schema, 0)
            }
        }
    }

    pub(super) fn may_lose(self, sender: &Value, schema: &Schema) -> bool {
        let whole = || of_type(sender, schema, "number").iter().all(is_integer);
        match (self.from, self.to) {
            (Moment::Epoch { power }, Moment::DateTime { digits, .. }) => {
                digits.is_some_and(|digits| digits < power) || !whole()
            }
            (Moment::Epoch { power: from }, Moment::Epoch { power: to }) => to < from || !whole(),
            (Moment::Date { offset: from }, Moment::DateTime { offset: to, .. }) => from != to,
            _ => true,
        }
    }

    fn takes_listed(self, sender: &Value, schema: &Schema) -> bool {
        of_type(sender, schema, "string").iter().all(|part| {
            let refused =
                |value: &Value| self.apply(&value.to_string()).is_err().then(|| value.clone());
            listed(part, refused).is_some_and(|refused| refused.is_empty())
        })
    }
}

const fn kind_of(moment: Moment) -> &'static str {
    match moment {
        Moment::Epoch { .. } => "number",
        Moment::DateTime { .. } | Moment::Date { .. } => "string",
    }
}

fn read(from: Moment, text: &str) -> Result<(Instant, bool), Unfit> {
    match from {
        Moment::Epoch { power } => {
            let unfit = || Unfit("a time outside the years 0000 to 9999".to_owned());
            let count = Decimal::parse(text).ok_or_else(unfit)?;
            let unit = 10_u64.pow(u32::from(9_u8.saturating_sub(power)));
            let (nanos, exact) = count.times(unit).rounded(0, Rounding::Floor);
            let nanos = nanos.integer().ok_or_else(unfit)?;
            Ok((Instant { nanos, offset: 0 }, exact))
        }
        Moment::DateTime { .. } => {
            let said = unquoted(text).unwrap_or_default();
            read_date_time(&said)
                .ok_or_else(|| Unfit("a string that is no RFC 3339 date-time".to_owned()))
        }
        Moment::Date { offset } => {
            let said = unquoted(text).unwrap_or_default();
            let read = read_date(&said, offset);
            read.map(|one| (one, true))
                .ok_or_else(|| Unfit("a string that is no RFC 3339 date".to_owned()))
        }
    }
}

fn write(to: Moment, instant: &Instant) -> Result<(String, bool), Unfit> {
    let outside = || Unfit("a time outside the years 0000 to 9999".to_owned());
    match to {
        Moment::Epoch { power } => {
            let unit = 10_i128.pow(u32::from(9_u8.saturating_sub(power)));
            Ok((instant.nanos.div_euclid(unit).to_string(), instant.nanos.rem_euclid(unit) == 0))
        }
        Moment::DateTime { offset, digits } => {
            // At the ends of the range another zone may have no such year; the one it came in has.
            let made = date_time(instant.nanos, offset, digits)
                .or_else(|| date_time(instant.nanos, instant.offset, digits));
            let (said, exact) = made.ok_or_else(outside)?;
            Ok((quoted(&said), exact))
        }
        Moment::Date { offset } => {
            let made = date(instant.nanos, offset).or_else(|| date(instant.nanos, instant.offset));
            let (said, exact) = made.ok_or_else(outside)?;
            Ok((quoted(&said), exact))
        }
    }
}

// The same JSON value: numbers by value, strings letter by letter.
fn same(left: &str, right: &str) -> bool {
    match (Decimal::parse(left), Decimal::parse(right)) {
        (Some(left), Some(right)) => left == right,
        _ => unquoted(left) == unquoted(right),
    }
}

// Everything that is ever written.
fn all(moment: Moment) -> Value {
    match moment {
        Moment::Epoch { power } => {
            let unit = 10_i64.saturating_pow(u32::from(power));
            let (low, high) = (SECONDS.0 - DAY_LONG, SECONDS.1 + DAY_LONG);
            // Beyond i64 a bound says nothing that a double could hold.
            match (low.checked_mul(unit), high.checked_mul(unit)) {
                (Some(low), Some(high)) if power <= 3 => {
                    json!({"type": "integer", "minimum": low, "maximum": high})
                }
                _ => json!({"type": "integer"}),
            }
        }
        Moment::DateTime { .. } => {
            json!({"type": "string", "format": "date-time", "pattern": STAMP, "minLength": 20, "maxLength": 35})
        }
        Moment::Date { .. } => {
            json!({"type": "string", "format": "date", "pattern": DAY, "minLength": 10, "maxLength": 10})
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{Moment, Time, all};
    use crate::plan::transform::Transform;
    use crate::plan::transform::testing::{check, check_twin, there_and_back};
    use crate::schema::Schema;

    const SECONDS: Moment = Moment::Epoch { power: 0 };
    const MILLIS: Moment = Moment::Epoch { power: 3 };
    const UTC: Moment = Moment::DateTime { offset: 0, digits: None };
    const DATE: Moment = Moment::Date { offset: 0 };

    const fn time(from: Moment, to: Moment) -> Transform {
        Transform::Time(Time { from, to })
    }

    const NO_STAMP: Result<(&str, bool), &str> = Err("a string that is no RFC 3339 date-time");

    #[test]
    fn epoch_counts_become_date_times() {
        check(
            &time(SECONDS, UTC),
            &[
                ("0", Ok((r#""1970-01-01T00:00:00Z""#, true))),
                ("1700000000.25", Ok((r#""2023-11-14T22:13:20.25Z""#, false))),
                ("-1", Ok((r#""1969-12-31T23:59:59Z""#, true))),
                ("1.7e9", Ok((r#""2023-11-14T22:13:20Z""#, true))),
                ("253402300799", Ok((r#""9999-12-31T23:59:59Z""#, true))),
                ("253402300800", Err("a time outside the years 0000 to 9999")),
                ("1e30", Err("a time outside the years 0000 to 9999")),
                ("null", Ok(("null", true))),
            ],
        );
        let paris = Moment::DateTime { offset: 60, digits: Some(3) };
        check(
            &time(MILLIS, paris),
            &[
                ("1700000000123", Ok((r#""2023-11-14T23:13:20.123+01:00""#, true))),
                ("1700000000123.9", Ok((r#""2023-11-14T23:13:20.123+01:00""#, false))),
            ],
        );
    }

    #[test]
    fn date_times_become_epoch_counts() {
        check(
            &time(UTC, SECONDS),
            &[
                (r#""2023-11-14T22:13:20Z""#, Ok(("1700000000", true))),
                (r#""2023-11-14T23:13:20+01:00""#, Ok(("1700000000", false))),
                (r#""2023-11-14T22:13:20.5Z""#, Ok(("1700000000", false))),
                (r#""2016-12-31T23:59:60Z""#, Ok(("1483228799", false))),
                (r#""2024-02-29T00:00:00Z""#, Ok(("1709164800", true))),
                (r#""0000-01-01T00:00:00+23:59""#, Ok(("-62167305540", false))),
                (r#""2023-02-29T00:00:00Z""#, NO_STAMP),
                (r#""2023-11-14T22:13:60Z""#, NO_STAMP),
                (r#""2023-11-14T22:13:20""#, NO_STAMP),
                (r#""2023-11-14""#, NO_STAMP),
                (r#""tomorrow""#, NO_STAMP),
                ("17", Ok(("17", true))),
            ],
        );
    }

    #[test]
    fn dates_lose_their_time_of_day() {
        check(
            &time(UTC, DATE),
            &[
                (r#""2023-11-14T00:00:00Z""#, Ok((r#""2023-11-14""#, true))),
                (r#""2023-11-14T22:13:20Z""#, Ok((r#""2023-11-14""#, false))),
            ],
        );
        check(
            &time(DATE, UTC),
            &[
                (r#""2023-11-14""#, Ok((r#""2023-11-14T00:00:00Z""#, true))),
                (r#""2023-13-14""#, Err("a string that is no RFC 3339 date")),
            ],
        );
        let tokyo = Moment::Date { offset: 540 };
        check(&time(UTC, tokyo), &[(r#""2023-11-14T15:00:00Z""#, Ok((r#""2023-11-15""#, true)))]);
    }

    #[test]
    fn the_twin_believes_a_declared_format() {
        let stamp = json!({"type": ["string", "null"], "format": "date-time"});
        let schema = Schema::from_document(stamp.clone());
        assert!(time(UTC, SECONDS).takes_all(&stamp, &schema));
        check_twin(&time(UTC, SECONDS), json!({"type": "string"}), &all(SECONDS), false);
        let bounded = json!({"type": "integer", "minimum": 0, "maximum": 4_102_444_800_i64});
        check_twin(&time(SECONDS, UTC), bounded, &all(UTC), true);
        check_twin(&time(SECONDS, UTC), json!({"type": "integer"}), &all(UTC), false);
        check_twin(
            &time(UTC, SECONDS),
            json!({"const": "2023-11-14T22:13:20Z"}),
            &json!({"const": 1_700_000_000}),
            true,
        );
    }

    proptest! {
        #[test]
        fn there_and_back_again(nanos in -62_167_132_800_000_000_000_i128..253_402_214_400_000_000_000, power in 0_u8..=9, offset in -720_i16..=840, digits in prop::option::of(0_u8..=9)) {
            let count = (nanos / 10_i128.pow(9 - u32::from(power))).to_string();
            let moments = [Moment::Epoch { power }, Moment::DateTime { offset, digits }, Moment::Date { offset }];
            for to in moments {
                there_and_back(&time(moments[0], to), &time(to, moments[0]), &count);
                let said = time(moments[0], to).apply(&count).unwrap();
                for further in moments {
                    there_and_back(&time(to, further), &time(further, to), &said.text);
                }
            }
        }
    }
}
