//! What is announced about versions and operations, and what becomes of them, ready for requests.

use std::sync::Arc;

use evergate_schemas::describe::model::{Description, Operation};
use evergate_schemas::problem::{Place, Problem, Severity};
use http::header::{HeaderName, HeaderValue, LINK};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::config::{AfterSunsetConfig, ApiConfig, BrownoutConfig, LifeConfig, LifecycleConfig};
use crate::snapshot::life::{AfterSunset, Brownout, Life};
use crate::snapshot::selector::Versions;

/// Seconds before a sunset within which it is told as a warning.
const SOON: i64 = 30 * 86_400;

pub(super) const DEPRECATION: &str = "deprecation";
pub(super) const SUNSET: &str = "sunset";

/// What the file says of one version, however it spells it.
pub(super) fn configured<'a>(
    config: &'a ApiConfig,
    versions: &Versions,
    version: usize,
) -> Option<&'a (LifecycleConfig, Place)> {
    config
        .versions
        .iter()
        .find(|(label, _)| versions.find(label) == Some(version))
        .map(|(_, one)| one)
}

/// The life of a version.
pub(super) fn of_version(config: Option<&LifecycleConfig>) -> Option<Arc<Life>> {
    let own = &config?.own;
    let mut life = Life::default();
    add(&mut life, own);
    finish(life)
}

/// The life of an operation: its own, what its description says, and that of its version. Of several dates the earliest
/// holds, as nothing outlives its version; of several addresses the operation's own.
pub(super) fn of_operation(
    version: Option<&Arc<Life>>,
    config: Option<&LifecycleConfig>,
    operation: &Operation,
) -> Option<Arc<Life>> {
    let own = config.and_then(|config| config.operations.get(&operation.key.to_string()));
    let said = operation.sunset.as_deref().and_then(day_after).filter(|_| operation.deprecated);
    if own.is_none() && said.is_none() {
        return version.cloned();
    }
    let mut life = Life::default();
    if let Some((own, _)) = own {
        add(&mut life, own);
    }
    life.sunset = earliest(life.sunset, said);
    let Some(version) = version else { return finish(life) };
    // the policy of the date that comes first
    if version.sunset.is_some() && earliest(version.sunset, life.sunset) == version.sunset {
        life.after = version.after;
    }
    life.deprecated = earliest(version.deprecated, life.deprecated);
    life.sunset = earliest(version.sunset, life.sunset);
    life.brownouts.extend_from_slice(&version.brownouts);
    life.link = life.link.or_else(|| version.link.clone());
    life.successor = life.successor.or_else(|| version.successor.clone());
    finish(life)
}

fn earliest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

/// The moment after the last day on which `x-sunset` promises to serve; `None` for what is no date.
fn day_after(text: &str) -> Option<i64> {
    let day = text.get(..10)?.parse::<Date>().ok()?.checked_add(1.day()).ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

fn add(life: &mut Life, config: &LifeConfig) {
    life.deprecated = config.deprecated.map(Timestamp::as_second);
    life.sunset = config.sunset.map(Timestamp::as_second);
    life.after = match config.after_sunset.unwrap_or_default() {
        AfterSunsetConfig::Serve => AfterSunset::Serve,
        AfterSunsetConfig::Refuse => AfterSunset::Refuse,
    };
    life.link = config.link.as_deref().map(Into::into);
    life.successor = config.successor.as_deref().map(Into::into);
    life.brownouts = config.brownouts.iter().map(|one| brownout(one, life.sunset)).collect();
}

fn brownout(config: &BrownoutConfig, sunset: Option<i64>) -> Brownout {
    let (from, lasts, every) = (config.from.as_second(), config.lasts, config.every);
    let until = match (config.until, every) {
        (Some(until), _) => until.as_second(),
        (None, Some(_)) => sunset.unwrap_or(from),
        (None, None) => from.saturating_add(lasts),
    };
    Brownout { from, lasts, every, until, share: config.share }
}

/// With the fields of its answers; `None` where nothing is said.
fn finish(mut life: Life) -> Option<Arc<Life>> {
    life.announced = fields(&life);
    let silent = life.announced.is_empty() && life.brownouts.is_empty();
    (!silent).then(|| Arc::new(life))
}

/// `Deprecation` (RFC 9745 §2), `Sunset` (RFC 8594 §3) and `Link` (RFC 8288) with the relations of RFC 9745 §3, RFC 8594
/// §6 and RFC 5829 §3.2.
fn fields(life: &Life) -> Vec<(HeaderName, HeaderValue)> {
    let mut fields = Vec::new();
    let mut add = |name: HeaderName, text: String| {
        fields.extend(HeaderValue::try_from(text).ok().map(|value| (name, value)));
    };
    if let Some(since) = life.deprecated {
        add(HeaderName::from_static(DEPRECATION), format!("@{since}"));
    }
    if let Some(end) = life.sunset.and_then(http_date) {
        add(HeaderName::from_static(SUNSET), end);
    }
    if let Some(page) = &life.link {
        if life.deprecated.is_some() {
            add(LINK, format!("<{page}>; rel=\"deprecation\""));
        }
        if life.sunset.is_some() {
            add(LINK, format!("<{page}>; rel=\"sunset\""));
        }
    }
    if let Some(successor) = &life.successor {
        add(LINK, format!("<{successor}>; rel=\"successor-version\""));
    }
    fields
}

/// An IMF-fixdate (RFC 9110 §5.6.7).
fn http_date(seconds: i64) -> Option<String> {
    let moment = Timestamp::from_second(seconds).ok()?;
    Some(moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// What is wrong about what the file says, given the versions there are.
pub(super) fn problems(
    config: &ApiConfig,
    versions: &Versions,
    described: Option<&[Arc<Description>]>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, label) in versions.labels().iter().enumerate() {
        let Some((lifecycle, _)) = configured(config, versions, index) else { continue };
        let what = format!("version {label} of the api `{}`", config.name);
        let description = described.and_then(|all| all.get(index));
        for (key, (own, place)) in &lifecycle.operations {
            problems.extend(unknown(&what, key, (place, description)));
            problems.extend(crossed(&lifecycle.own, own, (key, place)));
        }
    }
    problems
}

/// What is odd about what the file says today: told anew for an api that is taken over too, as it hangs on the day.
pub(super) fn today(config: &ApiConfig, versions: &Versions) -> Vec<Problem> {
    let now = Timestamp::now().as_second();
    let mut problems = Vec::new();
    for (index, label) in versions.labels().iter().enumerate() {
        let Some((lifecycle, place)) = configured(config, versions, index) else { continue };
        let what = format!("version {label} of the api `{}`", config.name);
        problems.extend(odd(&what, &lifecycle.own, (place, now)));
        for (key, (own, place)) in &lifecycle.operations {
            problems.extend(odd(&format!("{key} of {what}"), own, (place, now)));
        }
    }
    problems
}

/// An operation that its version does not have.
fn unknown(
    what: &str,
    key: &str,
    (place, description): (&Place, Option<&Arc<Description>>),
) -> Option<Problem> {
    let known = |one: &Description| one.operations.iter().any(|own| own.key.to_string() == key);
    if description.is_some_and(|one| known(one)) {
        return None;
    }
    let remedy = match description {
        Some(one) => {
            let all: Vec<_> = one.operations.iter().map(|own| own.key.to_string()).collect();
            format!("write one of {}", all.join(", "))
        }
        None => "give the api a `description`, or leave `operations` out".to_owned(),
    };
    Some(problem(place, Severity::Error, format!("{what} has no operation `{key}`"), remedy))
}

/// Dates that only together are wrong (RFC 9745 §4).
fn crossed(
    version: &LifeConfig,
    own: &LifeConfig,
    (key, place): (&str, &Place),
) -> Option<Problem> {
    let sunset = [version.sunset, own.sunset].into_iter().flatten().min()?;
    let deprecated = [version.deprecated, own.deprecated].into_iter().flatten().min()?;
    (sunset < deprecated).then(|| {
        let what = format!("{key} goes on {sunset}, before it is deprecated on {deprecated}");
        problem(place, Severity::Error, what, "write an earlier `deprecated` or a later `sunset`")
    })
}

/// What will be noticed by clients soon, or never.
fn odd(what: &str, own: &LifeConfig, (place, now): (&Place, i64)) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut warn = |text: String, remedy: &str| {
        problems.push(problem(place, Severity::Warning, text, remedy));
    };
    let refuses = own.after_sunset == Some(AfterSunsetConfig::Refuse);
    if let Some(sunset) = own.sunset {
        let left = sunset.as_second() - now;
        if left <= 0 && !refuses {
            let remedy = "write `after_sunset: refuse` once `evergate can-i-remove` finds nobody, or a later date";
            warn(format!("the sunset of {what} was on {sunset}, and it is served still"), remedy);
        }
        if (1..SOON).contains(&left) && refuses {
            let days = left / 86_400;
            let text = format!("{what} is refused from {sunset} on, in {days} days");
            warn(text, "ask `evergate can-i-remove` who still uses it, or write a later date");
        }
        if own.brownouts.iter().any(|one| one.from >= sunset) {
            let text = format!("a brown-out of {what} begins after its sunset, and never runs");
            warn(text, "write an earlier `from`, or a later `sunset`");
        }
    }
    if !own.brownouts.is_empty() && own.deprecated.is_none() {
        let text = format!("{what} has brown-outs and is not deprecated");
        warn(text, "write `deprecated:` with a date before the first, so that clients are told");
    }
    problems
}

/// A problem with a place.
pub(super) fn problem(
    place: &Place,
    severity: Severity,
    what: String,
    remedy: impl Into<String>,
) -> Problem {
    Problem { place: place.clone(), severity, what, remedy: remedy.into() }
}

#[cfg(test)]
mod tests {
    use super::{day_after, of_version};
    use crate::config::{LifeConfig, LifecycleConfig};

    #[test]
    fn dates_are_written_as_the_standards_say() {
        let own = LifeConfig {
            deprecated: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            sunset: Some("2026-12-31T23:59:59Z".parse().unwrap()),
            link: Some("https://example.com/v1".into()),
            successor: Some("/orders/v2".into()),
            ..LifeConfig::default()
        };
        let config = LifecycleConfig { own, ..LifecycleConfig::default() };
        let life = of_version(Some(&config)).unwrap();
        let seen: Vec<_> = life
            .announced
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        assert_eq!(
            seen,
            [
                "deprecation: @1767225600",
                "sunset: Thu, 31 Dec 2026 23:59:59 GMT",
                "link: <https://example.com/v1>; rel=\"deprecation\"",
                "link: <https://example.com/v1>; rel=\"sunset\"",
                "link: </orders/v2>; rel=\"successor-version\"",
            ]
        );
        assert!(of_version(Some(&LifecycleConfig::default())).is_none());
    }

    #[test]
    fn a_day_of_a_description_is_served_to_its_end() {
        assert_eq!(day_after("2026-12-31"), Some(1_798_761_600));
        assert_eq!(day_after("2026-12-31T10:00:00Z"), Some(1_798_761_600));
        assert_eq!(day_after("soon"), None);
    }
}
