//! The life cycle of operations, parameters and members: deprecated, with a date, with a promise of stability.

/// What is said of the life of something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) deprecated: bool,
    /// As written.
    pub(super) sunset: Option<String>,
    /// As written.
    pub(super) stability: Option<String>,
}

/// Promises of stability, weakest first.
const STABILITY: [&str; 4] = ["draft", "alpha", "beta", "stable"];

/// What differs: rule, sentence, and the keyword that says it. `kind` is `operation`, `parameter` or `property`.
pub(super) fn told(
    old: &Life,
    new: &Life,
    kind: &str,
) -> Vec<(&'static str, String, &'static str)> {
    let mut found = Vec::new();
    let rules = match kind {
        "operation" => ["operation-deprecated", "operation-reactivated"],
        "parameter" => ["parameter-deprecated", "parameter-reactivated"],
        _ => ["property-deprecated", "property-reactivated"],
    };
    let [deprecated, reactivated] = rules;
    match (old.deprecated, new.deprecated) {
        (false, true) => found.push((deprecated, "it is deprecated".to_owned(), "deprecated")),
        (true, false) => {
            found.push((reactivated, "it is no longer deprecated".to_owned(), "deprecated"));
        }
        _ => {}
    }
    found.extend(sunset(old, new).map(|(rule, message)| (rule, message, "x-sunset")));
    if kind == "operation" && new.deprecated && !old.deprecated && new.sunset.is_none() {
        let message = "it is deprecated without a date".to_owned();
        found.push(("sunset-missing", message, "deprecated"));
    }
    found.extend(stability(old, new).map(|(rule, message)| (rule, message, "x-stability-level")));
    found
}

fn sunset(old: &Life, new: &Life) -> Option<(&'static str, String)> {
    if old.sunset == new.sunset {
        return None;
    }
    let day =
        |said: &'_ Option<String>| said.as_deref().map(date).map(|day| day.map(ToOwned::to_owned));
    match (day(&old.sunset), day(&new.sunset)) {
        (_, Some(None)) => {
            let said = new.sunset.as_deref().unwrap_or_default();
            Some(("sunset-invalid", format!("`{said}` is no date")))
        }
        (Some(_), None) if new.deprecated => {
            Some(("sunset-withdrawn", "the date of its end is gone".to_owned()))
        }
        (None | Some(None), Some(Some(now))) => {
            Some(("sunset-announced", format!("it may be gone after {now}")))
        }
        (Some(Some(then)), Some(Some(now))) if now < then => {
            Some(("sunset-moved-earlier", format!("it may be gone after {now}, was {then}")))
        }
        (Some(Some(then)), Some(Some(now))) if now > then => {
            Some(("sunset-moved-later", format!("it may be gone after {now}, was {then}")))
        }
        _ => None,
    }
}

/// The day of an RFC 3339 date or date-time.
pub(super) fn date(text: &str) -> Option<&str> {
    let day = text.get(..10)?;
    let rest = text.get(10..)?;
    let digits = |at: std::ops::Range<usize>| -> Option<u32> { day.get(at)?.parse().ok() };
    let dashes = day.get(4..5) == Some("-") && day.get(7..8) == Some("-");
    let (month, of_month) = (digits(5..7)?, digits(8..10)?);
    digits(0..4)?;
    let fits = dashes && (1..=12).contains(&month) && (1..=31).contains(&of_month);
    (fits && (rest.is_empty() || rest.starts_with(['T', 't', ' ']))).then_some(day)
}

fn stability(old: &Life, new: &Life) -> Option<(&'static str, String)> {
    // What promises nothing counts as stable, once something was promised.
    let rank = |said: &str| STABILITY.iter().position(|one| one.eq_ignore_ascii_case(said));
    let (then, now) = (old.stability.as_deref()?, new.stability.as_deref().unwrap_or("stable"));
    let message = format!("stability is `{now}`, was `{then}`");
    match rank(now)?.cmp(&rank(then)?) {
        std::cmp::Ordering::Less => Some(("stability-decreased", message)),
        std::cmp::Ordering::Greater => Some(("stability-increased", message)),
        std::cmp::Ordering::Equal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_read_and_nothing_else() {
        assert_eq!(date("2027-01-31"), Some("2027-01-31"));
        assert_eq!(date("2027-01-31T10:00:00Z"), Some("2027-01-31"));
        for text in ["", "soon", "2027-13-01", "2027/01/31", "2027-01-31x"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
