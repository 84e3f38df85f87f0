//! The places where a request may say its version, and the versions it may say.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use http::HeaderName;

use super::accept::MediaVersion;

/// The text around `{version}` in a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affix {
    prefix: String,
    suffix: String,
}

impl Affix {
    /// Reads a pattern; `None` unless it has `{version}` exactly once.
    pub fn parse(pattern: &str) -> Option<Self> {
        let (prefix, suffix) = pattern.split_once("{version}")?;
        (!suffix.contains("{version}"))
            .then(|| Self { prefix: prefix.to_owned(), suffix: suffix.to_owned() })
    }

    /// The version in a text of this form, never empty.
    pub fn capture<'text>(&self, text: &'text str) -> Option<&'text str> {
        let version =
            text.strip_prefix(self.prefix.as_str())?.strip_suffix(self.suffix.as_str())?;
        (!version.is_empty()).then_some(version)
    }

    /// The same without regard to the case of what stands around the version.
    pub fn capture_ignoring_case<'text>(&self, text: &'text str) -> Option<&'text str> {
        let end = text.len().checked_sub(self.suffix.len())?;
        let version = text.get(self.prefix.len()..end)?;
        let around = text.get(..self.prefix.len())?.eq_ignore_ascii_case(&self.prefix)
            && text.get(end..)?.eq_ignore_ascii_case(&self.suffix);
        (around && !version.is_empty()).then_some(version)
    }

    /// The text for a version.
    pub fn write(&self, version: &str) -> String {
        let mut text = String::new();
        self.write_to(version, &mut text);
        text
    }

    /// Appends the text for a version.
    pub fn write_to(&self, version: &str, text: &mut String) {
        for part in [&*self.prefix, version, &*self.suffix] {
            text.push_str(part);
        }
    }
}

/// One place where a request may say its version.
#[derive(Clone, Debug)]
pub enum Selector {
    /// The first path segment after the api's own path.
    Path(Affix),
    /// A request header.
    Header(HeaderName),
    /// A media type in `Accept`.
    Accept(MediaVersion),
    /// A query parameter.
    Query(String),
    /// The version pinned to the consumer whom this header names.
    Consumer(HeaderName),
}

impl Selector {
    /// The place, for people.
    pub fn place(&self) -> String {
        match self {
            Self::Path(affix) => format!("path segment {}", affix.write("{version}")),
            Self::Header(name) => format!("header {name}"),
            Self::Accept(_) => "header accept".to_owned(),
            Self::Query(name) => format!("query parameter {name}"),
            Self::Consumer(name) => format!("consumer pinned by {name}"),
        }
    }

    /// The request header that decides, for `Vary`.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header(name) | Self::Consumer(name) => Some(name.as_str()),
            Self::Accept(_) => Some("accept"),
            Self::Path(_) | Self::Query(_) => None,
        }
    }
}

/// The versions of an api, oldest first, found by what clients write: the label itself, or the label with or
/// without a leading `v` before a digit.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    labels: Vec<String>,
    by_bare: HashMap<String, usize, FixedState>,
}

impl Versions {
    /// The table of these labels, oldest first.
    pub fn new(labels: Vec<String>) -> Self {
        let by_bare = labels
            .iter()
            .enumerate()
            .map(|(index, label)| (bare(label).to_owned(), index))
            .collect();
        Self { labels, by_bare }
    }

    /// The labels, oldest first.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The version a client wrote.
    pub fn find(&self, text: &str) -> Option<usize> {
        self.by_bare.get(bare(text)).copied()
    }

    /// Whether a path segment that was captured is meant as a version: it is one, or it begins as one would.
    pub fn is_meant(&self, text: &str) -> bool {
        self.find(text).is_some() || bare(text).starts_with(|letter: char| letter.is_ascii_digit())
    }

    /// The label of a version, with or without its `v` as the client's own spelling has it.
    pub fn spelled(&self, version: usize, like: &str) -> Cow<'_, str> {
        let Some(label) = self.labels.get(version) else { return Cow::Borrowed("") };
        match (bare(like).len() < like.len(), bare(label).len() < label.len()) {
            (true, false) if label.starts_with(|letter: char| letter.is_ascii_digit()) => {
                Cow::Owned(format!("v{label}"))
            }
            (false, true) => Cow::Borrowed(bare(label)),
            _ => Cow::Borrowed(label),
        }
    }
}

/// A label without the `v` that many write before a number.
fn bare(text: &str) -> &str {
    match text.strip_prefix(['v', 'V']) {
        Some(rest) if rest.starts_with(|letter: char| letter.is_ascii_digit()) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Affix, Versions};

    #[test]
    fn a_version_is_found_with_or_without_its_v() {
        let versions = Versions::new(vec!["v1".into(), "2026-05-01".into(), "beta".into()]);
        assert_eq!(versions.find("1"), Some(0));
        assert_eq!(versions.find("v1"), Some(0));
        assert_eq!(versions.find("v2026-05-01"), Some(1));
        assert_eq!(versions.find("beta"), Some(2));
        assert_eq!(versions.find("vbeta"), None);
        assert!(versions.is_meant("v9"));
        assert!(!versions.is_meant("vegetables"));
    }

    #[test]
    fn a_label_is_spelled_as_the_client_spells() {
        let versions = Versions::new(vec!["v1".into(), "2".into()]);
        assert_eq!(versions.spelled(0, "2"), "1");
        assert_eq!(versions.spelled(1, "v1"), "v2");
        assert_eq!(versions.spelled(0, "v2"), "v1");
    }

    #[test]
    fn an_affix_captures_what_it_writes() {
        let affix = Affix::parse("v{version}x").unwrap();
        assert_eq!(affix.capture(&affix.write("1.2")), Some("1.2"));
        assert_eq!(affix.capture("vx"), None);
        assert_eq!(affix.capture_ignoring_case("V1X"), Some("1"));
        assert!(Affix::parse("v").is_none());
        assert!(Affix::parse("{version}{version}").is_none());
    }
}
