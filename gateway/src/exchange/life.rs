//! What becomes of requests to a version or an operation that goes: what is announced, and when they are refused.

use std::time::{Duration, SystemTime};

use http::header::{HeaderName, HeaderValue, LINK};

use super::route::Named;
use crate::refusal::{Refusal, Retired};
use crate::snapshot::life::{Life, Stage, WHOLE};
use crate::snapshot::{Api, ClientVersion};
use crate::upstream::Dice;
use crate::wire::Fields;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// What holds for a request: its operation's life, or else its version's.
pub(super) fn of<'a>(client: &'a ClientVersion, named: Option<&Named<'a, '_>>) -> Option<&'a Life> {
    named.map_or(&client.life, |named| &named.operation.life).as_deref()
}

/// Refuses a request to what is gone, or is away for a while.
pub(super) fn check(
    (api, client): (&Api, &ClientVersion),
    named: Option<&Named<'_, '_>>,
    now: i64,
) -> Result<(), Refusal> {
    let Some(life) = of(client, named) else { return Ok(()) };
    match life.refuses(now, draw) {
        None => Ok(()),
        Some(stage) => Err(refusal((api, client), named, (life, stage, now))),
    }
}

/// A number below [`WHOLE`].
fn draw() -> u32 {
    u32::try_from(Dice::with(|dice| dice.below(WHOLE as usize))).unwrap_or(0)
}

fn refusal(
    (api, client): (&Api, &ClientVersion),
    named: Option<&Named<'_, '_>>,
    (life, stage, now): (&Life, Stage, i64),
) -> Refusal {
    // the version says it where it would refuse this too
    let refused = |stage: Stage| matches!(stage, Stage::Gone | Stage::BrownOut { .. });
    let whole = client.life.as_ref().is_some_and(|life| refused(life.stage(now)));
    let operation = named.filter(|_| !whole).map(|named| named.operation.label.to_string());
    let served = api.clients.iter().filter(|one| {
        let stage = one.life.as_ref().map_or(Stage::Current, |life| life.stage(now));
        !refused(stage) && (operation.is_some() || !std::ptr::eq(*one, client))
    });
    let mut retired = Retired {
        version: client.label.to_string(),
        operation: operation.clone(),
        moment: life.sunset.unwrap_or(now),
        left: 0,
        sunset: life.sunset,
        link: life.link.as_deref().map(str::to_owned),
        successor: life.successor.as_deref().map(str::to_owned),
        known: served.map(|one| one.label.to_string()).collect(),
    };
    match stage {
        Stage::BrownOut { until, .. } => {
            retired.moment = until;
            retired.left = u64::try_from(until.saturating_sub(now)).unwrap_or(0).max(1);
            Refusal::BrownOut(Box::new(retired))
        }
        _ => Refusal::Gone(Box::new(retired)),
    }
}

/// Writes what is announced into the head of an answer. Of what a backend of the same version announces itself and of
/// ours the earlier date is said, once; a sunset is never before its deprecation (RFC 9745 §4).
pub(super) fn announce(life: &Life, headers: &mut Fields) {
    let (deprecated, sunset) =
        (said(headers, &DEPRECATION, date), said(headers, &SUNSET, http_date));
    for (name, value) in &life.announced {
        if *name != LINK {
            headers.insert(name.clone(), value.clone());
        } else if !headers.get_all(LINK).any(|one| one == value) {
            headers.append(LINK, value.clone());
        }
    }
    if deprecated.is_none() && sunset.is_none() {
        return;
    }
    let sunset = sunset.into_iter().chain(life.sunset).min();
    if let Some(end) = sunset.and_then(moment) {
        headers.insert(SUNSET, end);
    }
    let since = deprecated.into_iter().chain(life.deprecated).min();
    let since = since.map(|since| sunset.map_or(since, |end| since.min(end)));
    let since = since.and_then(|since| HeaderValue::try_from(format!("@{since}")).ok());
    if let Some(since) = since {
        headers.insert(DEPRECATION, since);
    }
}

/// Takes away what a backend of another version announces of that one.
pub(super) fn forget(headers: &mut Fields) {
    for name in [DEPRECATION, SUNSET] {
        if headers.has(&name) {
            headers.remove(name);
        }
    }
}

fn said(headers: &Fields, name: &HeaderName, read: impl Fn(&str) -> Option<i64>) -> Option<i64> {
    read(headers.get(name)?.to_str().ok()?)
}

/// A date of structured fields (RFC 9651 §3.3.7).
fn date(text: &str) -> Option<i64> {
    text.trim().strip_prefix('@')?.parse().ok()
}

fn http_date(text: &str) -> Option<i64> {
    let since =
        httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

fn moment(seconds: i64) -> Option<HeaderValue> {
    let since = Duration::from_secs(u64::try_from(seconds).ok()?);
    HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since)).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::announce;
    use crate::snapshot::life::Life;
    use crate::wire::Fields;

    #[track_caller]
    fn check(backend: &[(&'static str, &'static str)], expected: &[(&str, &str)]) {
        let announced = [
            ("deprecation", "@1767225600"),
            ("sunset", "Thu, 31 Dec 2026 00:00:00 GMT"),
            ("link", "</v2>; rel=\"successor-version\""),
        ];
        let field = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let life = Life {
            deprecated: Some(1_767_225_600),
            sunset: Some(1_798_675_200),
            announced: announced.iter().map(field).collect(),
            ..Life::default()
        };
        let mut headers = Fields::new();
        headers.extend(backend.iter().map(field));
        announce(&life, &mut headers);
        let mut seen: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        seen.sort_unstable();
        assert_eq!(seen, expected);
    }

    #[test]
    fn nothing_is_said_twice_and_the_earlier_date_is_said() {
        let link = ("link", "</v2>; rel=\"successor-version\"");
        let own =
            [("deprecation", "@1767225600"), link, ("sunset", "Thu, 31 Dec 2026 00:00:00 GMT")];
        check(&[], &own);
        check(&[link, ("deprecation", "@1800000000"), ("sunset", "soon")], &own);
        check(
            &[("deprecation", "@5"), ("sunset", "Sun, 01 Feb 2026 00:00:00 GMT")],
            &[("deprecation", "@5"), link, ("sunset", "Sun, 01 Feb 2026 00:00:00 GMT")],
        );
        // a sunset before our deprecation takes that with it
        check(
            &[("sunset", "Thu, 01 Jan 1970 00:00:09 GMT")],
            &[("deprecation", "@9"), link, ("sunset", "Thu, 01 Jan 1970 00:00:09 GMT")],
        );
    }
}
