//! What is announced about a version, as response fields.

use evergate_schemas::problem::{Place, Problem, Severity};
use http::header::{HeaderName, HeaderValue, LINK};
use jiff::Timestamp;

use crate::config::LifecycleConfig;

/// `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link` (RFC 8288).
pub(super) fn fields(lifecycle: &LifecycleConfig) -> Vec<(HeaderName, HeaderValue)> {
    let mut fields = Vec::new();
    let mut add = |name: &'static str, text: String| {
        if let Ok(value) = HeaderValue::try_from(text) {
            fields.push((HeaderName::from_static(name), value));
        }
    };
    if let Some(since) = lifecycle.deprecated {
        add("deprecation", format!("@{}", since.as_second()));
    }
    if let Some(end) = lifecycle.sunset {
        add("sunset", http_date(end));
    }
    if let Some(page) = &lifecycle.link {
        if lifecycle.deprecated.is_some() {
            add(LINK_NAME, format!("<{page}>; rel=\"deprecation\""));
        }
        if lifecycle.sunset.is_some() {
            add(LINK_NAME, format!("<{page}>; rel=\"sunset\""));
        }
    }
    if let Some(successor) = &lifecycle.successor {
        add(LINK_NAME, format!("<{successor}>; rel=\"successor-version\""));
    }
    debug_assert!(LINK == LINK_NAME, "one spelling");
    fields
}

const LINK_NAME: &str = "link";

/// An IMF-fixdate (RFC 9110 §5.6.7).
fn http_date(moment: Timestamp) -> String {
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
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
    use super::fields;
    use crate::config::LifecycleConfig;

    #[test]
    fn dates_are_written_as_the_standards_say() {
        let lifecycle = LifecycleConfig {
            deprecated: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            sunset: Some("2026-12-31T23:59:59Z".parse().unwrap()),
            link: Some("https://example.com/v1".into()),
            successor: Some("/orders/v2".into()),
        };
        let seen: Vec<_> = fields(&lifecycle)
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
        assert!(fields(&LifecycleConfig::default()).is_empty());
    }
}
