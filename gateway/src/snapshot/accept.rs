//! Reading `Accept` and `Content-Type` (RFC 9110 §8.3, §12.5.1) for the version that a media type carries.

use crate::snapshot::selector::Affix;

/// Where a media type carries the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaVersion {
    /// In the type: `application/vnd.orders.v{version}+json`. Compared without regard to case.
    Type(Affix),
    /// In a parameter of one type: `application/json; version={version}`.
    Parameter {
        /// The type, lower case; empty for any.
        media_type: String,
        /// The parameter's name, lower case.
        name: String,
        /// What stands around the version in the value.
        value: Affix,
    },
}

/// One element of an `Accept` list, or a `Content-Type`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Range<'text> {
    media_type: &'text str,
    /// Thousandths.
    quality: u16,
    element: &'text str,
}

impl MediaVersion {
    /// Reads the pattern of a configuration; the error says what to write.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let hint =
            "write `application/vnd.NAME.v{version}+json` or `application/json; version={version}`";
        let lower = pattern.to_ascii_lowercase();
        let (media_type, parameters) =
            lower.split_once(';').map_or((lower.as_str(), ""), |(a, b)| (a, b));
        let media_type = media_type.trim();
        if media_type.split_once('/').is_none_or(|(a, b)| a.is_empty() || b.is_empty()) {
            return Err(hint.to_owned());
        }
        if let Some(affix) = Affix::parse(media_type) {
            return if parameters.trim().is_empty() {
                Ok(Self::Type(affix))
            } else {
                Err(hint.to_owned())
            };
        }
        let (name, value) = parameters.split_once('=').ok_or_else(|| hint.to_owned())?;
        let value = Affix::parse(value.trim().trim_matches('"')).ok_or_else(|| hint.to_owned())?;
        let media_type = if media_type == "*/*" { String::new() } else { media_type.to_owned() };
        Ok(Self::Parameter { media_type, name: name.trim().to_owned(), value })
    }

    /// The versions that an `Accept` value asks for with the highest quality, as written; empty for none.
    pub fn versions<'text>(&self, value: &'text str) -> Vec<&'text str> {
        let mut best = 0;
        let mut versions = Vec::new();
        for range in ranges(value) {
            let Some(version) = self.version_of(&range) else { continue };
            if range.quality > best {
                best = range.quality;
                versions.clear();
            }
            if range.quality == best && best > 0 && !versions.contains(&version) {
                versions.push(version);
            }
        }
        versions
    }

    /// The value with each version in it replaced; `None` when there is none.
    pub fn rewrite(&self, value: &str, mut other: impl FnMut(&str) -> String) -> Option<String> {
        let mut written = String::with_capacity(value.len() + 8);
        let mut done = 0;
        for range in ranges(value) {
            let Some(version) = self.version_of(&range) else { continue };
            let at = offset(value, version);
            written.push_str(value.get(done..at)?);
            written.push_str(&other(version));
            done = at + version.len();
        }
        if done == 0 {
            return None;
        }
        written.push_str(value.get(done..)?);
        Some(written)
    }

    fn version_of<'text>(&self, range: &Range<'text>) -> Option<&'text str> {
        match self {
            Self::Type(affix) => affix.capture_ignoring_case(range.media_type),
            Self::Parameter { media_type, name, value } => {
                if !media_type.is_empty() && !range.media_type.eq_ignore_ascii_case(media_type) {
                    return None;
                }
                let found =
                    parameters(range.element).find(|(one, _)| one.eq_ignore_ascii_case(name));
                value.capture_ignoring_case(found?.1)
            }
        }
    }
}

/// Where `part`, a slice of `whole`, begins.
fn offset(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

fn ranges(value: &str) -> impl Iterator<Item = Range<'_>> {
    split_outside_quotes(value, ',').map(|element| {
        let media_type = element.split(';').next().unwrap_or_default().trim();
        let quality = parameters(element)
            .find(|(name, _)| name.eq_ignore_ascii_case("q"))
            .map_or(1000, |(_, value)| quality(value));
        Range { media_type, quality, element }
    })
}

/// The parameters of one element, names and values without quotes; escapes inside quotes stay as written.
fn parameters(element: &str) -> impl Iterator<Item = (&str, &str)> {
    split_outside_quotes(element, ';').skip(1).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim();
        let bare =
            value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        Some((name.trim(), bare))
    })
}

/// A quality in thousandths (RFC 9110 §12.4.2); what is not one counts as 0, so that it chooses nothing.
fn quality(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let thousandths = format!("{fraction:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => thousandths,
        "1" if thousandths == 0 => 1000,
        _ => 0,
    }
}

/// Splits at a separator that stands outside quoted strings (RFC 9110 §5.6.4).
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |letter: char| {
        if escaped {
            escaped = false;
            return false;
        }
        match letter {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        letter == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::MediaVersion;

    #[track_caller]
    fn check(pattern: &str, accept: &str, expected: &[&str]) {
        assert_eq!(MediaVersion::parse(pattern).unwrap().versions(accept), expected, "{accept}");
    }

    const VENDOR: &str = "application/vnd.orders.v{version}+json";
    const PARAMETER: &str = "application/json; version={version}";

    #[test]
    fn the_version_is_read_from_type_or_parameter() {
        check(VENDOR, "application/vnd.orders.v2+json", &["2"]);
        check(VENDOR, "text/html, Application/Vnd.Orders.V1.4.0+JSON;q=0.9", &["1.4.0"]);
        check(VENDOR, "application/json, */*", &[]);
        check(PARAMETER, "application/json;version=\"2\"", &["2"]);
        check(PARAMETER, "application/json; charset=\"a,b;version=9\" ; Version=3", &["3"]);
        check(PARAMETER, "text/plain; version=3", &[]);
        check("*/*; version={version}", "text/plain; version=3", &["3"]);
    }

    #[test]
    fn the_best_quality_wins_and_a_tie_shows_both() {
        check(
            VENDOR,
            "application/vnd.orders.v1+json;q=0.5, application/vnd.orders.v2+json;q=0.51",
            &["2"],
        );
        check(
            VENDOR,
            "application/vnd.orders.v1+json, application/vnd.orders.v2+json",
            &["1", "2"],
        );
        check(VENDOR, "application/vnd.orders.v1+json;q=0", &[]);
        check(VENDOR, "application/vnd.orders.v1+json;q=x", &[]);
    }

    #[test]
    fn only_the_version_is_rewritten() {
        let rule = MediaVersion::parse(VENDOR).unwrap();
        let written =
            rule.rewrite("text/html, application/vnd.orders.v1+json;q=0.5", |_| "22".to_owned());
        assert_eq!(written.as_deref(), Some("text/html, application/vnd.orders.v22+json;q=0.5"));
        assert_eq!(rule.rewrite("text/html", |_| "2".to_owned()), None);
    }

    #[test]
    fn a_pattern_without_a_version_is_refused() {
        assert!(MediaVersion::parse("application/json").is_err());
        assert!(MediaVersion::parse("v{version}").is_err());
    }

    proptest! {
        #[test]
        fn no_value_brings_it_down(value in "[a-z/;,=\"\\\\ q.0-9é+v]{0,60}") {
            for pattern in [VENDOR, PARAMETER] {
                let rule = MediaVersion::parse(pattern).unwrap();
                let versions: Vec<_> = rule.versions(&value).into_iter().map(str::to_owned).collect();
                if let Some(same) = rule.rewrite(&value, str::to_owned) {
                    prop_assert_eq!(&same, &value);
                } else {
                    prop_assert!(versions.is_empty());
                }
            }
        }
    }
}
