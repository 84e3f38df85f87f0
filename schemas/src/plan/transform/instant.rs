//! Points in time as nanoseconds since 1970, and RFC 3339 texts of them, in the proleptic Gregorian calendar.

/// A point in time, and the zone it was told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    /// Nanoseconds since 1970-01-01T00:00:00Z, leap seconds left out.
    pub(super) nanos: i128,
    /// Minutes east of UTC.
    pub(super) offset: i16,
}

const SECOND: i128 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Reads `date-time` of RFC 3339 §5.6, and whether the text says no more than the instant: of a fraction nine digits
/// are read, and a leap second is told as the second before it.
pub(super) fn read_date_time(text: &str) -> Option<(Instant, bool)> {
    let (day, rest) = text.split_at_checked(10)?;
    let days = read_days(day)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let [hour, minute, second] = clock_of(clock)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
            rest.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())?
        }
        None => ("", rest),
    };
    let offset = read_offset(zone)?;
    let leap = second == 60;
    let seconds = days * DAY + hour * 3600 + minute * 60 + second.min(59) - i64::from(offset) * 60;
    // Leap seconds end a day of UTC (RFC 3339 §5.7).
    if leap && seconds.rem_euclid(DAY) != DAY - 1 {
        return None;
    }
    let kept = fraction.get(..9).unwrap_or(fraction);
    let parts: i128 = format!("{kept:0<9}").parse().ok()?;
    let rest = fraction.get(9..).unwrap_or_default();
    let exact = !leap && rest.bytes().all(|digit| digit == b'0');
    Some((Instant { nanos: i128::from(seconds) * SECOND + parts, offset }, exact))
}

/// Reads `full-date` of RFC 3339 §5.6 as midnight of that zone.
pub(super) fn read_date(text: &str, offset: i16) -> Option<Instant> {
    let seconds = read_days(text)? * DAY - i64::from(offset) * 60;
    Some(Instant { nanos: i128::from(seconds) * SECOND, offset })
}

/// The text of an instant in a zone, and whether `digits` of a fraction say all of it; `None` outside the years that
/// RFC 3339 has.
pub(super) fn date_time(nanos: i128, offset: i16, digits: Option<u8>) -> Option<(String, bool)> {
    let (date, second, parts) = local(nanos, offset)?;
    let all = format!("{parts:09}");
    let (fraction, exact) = match digits {
        None => (all.trim_end_matches('0'), true),
        Some(digits) => {
            let (kept, cut) = all.split_at_checked(usize::from(digits.min(9)))?;
            (kept, cut.bytes().all(|digit| digit == b'0'))
        }
    };
    let dot = if fraction.is_empty() { "" } else { "." };
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let sign = if offset < 0 { '-' } else { '+' };
    let away = offset.unsigned_abs();
    let zone = match away {
        0 => "Z".to_owned(),
        _ => format!("{sign}{:02}:{:02}", away / 60, away % 60),
    };
    Some((format!("{date}T{hour:02}:{minute:02}:{second:02}{dot}{fraction}{zone}"), exact))
}

/// The day of an instant in a zone, and whether it is that day's midnight.
pub(super) fn date(nanos: i128, offset: i16) -> Option<(String, bool)> {
    let (date, second, parts) = local(nanos, offset)?;
    Some((date, second == 0 && parts == 0))
}

fn local(nanos: i128, offset: i16) -> Option<(String, i64, i128)> {
    let seconds =
        i64::try_from(nanos.div_euclid(SECOND)).ok()?.checked_add(i64::from(offset) * 60)?;
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    (0..=9999).contains(&year).then(|| {
        (
            format!("{year:04}-{month:02}-{day:02}"),
            seconds.rem_euclid(DAY),
            nanos.rem_euclid(SECOND),
        )
    })
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn read_days(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day) = (digits(year)?, digits(month)?, digits(day)?);
    let count = days(year, month, day);
    (civil(count) == (year, month, day)).then_some(count)
}

fn clock_of(text: &str) -> Option<[i64; 3]> {
    let mut parts = text.split(':');
    let mut part = |most: i64| {
        let text = parts.next().filter(|text| text.len() == 2)?;
        digits(text).filter(|value| *value <= most)
    };
    Some([part(23)?, part(59)?, part(60)?])
}

/// Minutes east of UTC, from `time-offset` of RFC 3339 §5.6.
pub(super) fn read_offset(text: &str) -> Option<i16> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) =
        rest.split_once(':').filter(|(hours, minutes)| (hours.len(), minutes.len()) == (2, 2))?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours <= 23 && minutes <= 59).then(|| i16::try_from(sign * (hours * 60 + minutes)).ok())?
}

// Days since 1970-01-01, by the months of a year that begins in March (Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", `days_from_civil` and `civil_from_days`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{civil, date_time, days, read_date_time};

    #[test]
    fn every_day_of_the_range_has_one_name() {
        let mut before = civil(days(0, 1, 1) - 1);
        assert_eq!(before, (-1, 12, 31));
        for day in days(0, 1, 1)..=days(9999, 12, 31) {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), day);
            let next = (year, month, date);
            assert!(next > before, "{next:?}");
            before = next;
        }
    }

    proptest! {
        #[test]
        fn another_library_reads_what_is_written(nanos in -62_135_596_800_000_000_000_i128..253_402_207_200_000_000_000, offset in -720_i16..=840) {
            let (text, exact) = date_time(nanos, offset, None).unwrap();
            prop_assert!(exact);
            prop_assert_eq!(text.parse::<Timestamp>().unwrap().as_nanosecond(), nanos);
            prop_assert_eq!(read_date_time(&text).map(|(one, exact)| (one.nanos, one.offset, exact)), Some((nanos, offset, true)));
        }

        #[test]
        fn what_is_read_is_read_by_another_library(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][01][0-9]:[0-5][0-9])") {
            let other = text.parse::<Timestamp>().ok();
            let own = read_date_time(&text);
            if let Some(other) = other {
                prop_assert_eq!(own.map(|(one, _)| one.nanos), Some(other.as_nanosecond()));
            }
        }
    }
}
