//! What a client is told whose version or operation is refused for a while, or for good.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A version or an operation that is not served now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// The version.
    pub version: String,
    /// Method and path, where the version as a whole is served.
    pub operation: Option<String>,
    /// When the brown-out is over, or when the sunset was, in seconds since 1970.
    pub moment: i64,
    /// Seconds until then; 0 for a sunset.
    pub left: u64,
    /// When it goes, or went.
    pub sunset: Option<i64>,
    /// A page that says more.
    pub link: Option<String>,
    /// What to use instead, as it is configured.
    pub successor: Option<String>,
    /// The versions that are served, oldest first.
    pub known: Vec<String>,
}

impl Retired {
    fn what(&self) -> String {
        match &self.operation {
            Some(operation) => format!("{operation} of version {}", self.version),
            None => format!("version {}", self.version),
        }
    }

    /// Where to go, as the end of a sentence.
    fn instead(&self) -> String {
        let to = match (&self.successor, self.known.last()) {
            (Some(successor), _) => format!("; use {successor}"),
            (None, Some(newest)) => format!("; use version {newest}"),
            (None, None) => String::new(),
        };
        let page = self.link.as_ref().map(|page| format!("; see {page}"));
        to + &page.unwrap_or_default()
    }

    /// Why there is no answer during a brown-out.
    pub(super) fn brown_out(&self) -> String {
        let end = self.sunset.map(|end| format!(" and goes for good on {}", moment(end)));
        format!(
            "{} is deprecated and is not served until {}, to show what still needs it{}{}",
            self.what(),
            moment(self.moment),
            end.map_or(String::new(), |end| format!(": it is served again then{end}")),
            self.instead()
        )
    }

    /// Why there is no answer after a sunset.
    pub(super) fn gone(&self) -> String {
        format!(
            "{} is no longer served since {}{}",
            self.what(),
            moment(self.moment),
            self.instead()
        )
    }

    /// The members of a problem document; `until` for a brown-out.
    pub(super) fn members(&self, members: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Option<Value>| {
            members.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("version", Some(json!(self.version)));
        put("operation", self.operation.as_ref().map(|text| json!(text)));
        put("until", (self.left > 0).then(|| json!(moment(self.moment))));
        put("sunset", self.sunset.map(|end| json!(moment(end))));
        put("successor", self.successor.as_ref().map(|text| json!(text)));
        put("link", self.link.as_ref().map(|text| json!(text)));
        put("known_versions", Some(json!(self.known)));
    }
}

/// RFC 3339, in UTC.
fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |one| one.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Retired;
    use crate::refusal::Refusal;

    fn retired(left: u64) -> Box<Retired> {
        Box::new(Retired {
            version: "1.0.0".into(),
            operation: None,
            moment: 1_790_000_000,
            left,
            sunset: Some(1_798_675_200),
            link: Some("https://docs.example/v1".into()),
            successor: Some("/orders/v2".into()),
            known: vec!["2.0.0".into()],
        })
    }

    fn body(refusal: &Refusal) -> Value {
        serde_json::from_slice(&refusal.problem("r")).unwrap()
    }

    #[test]
    fn a_brown_out_says_why_until_when_and_where_to_go() {
        let refusal = Refusal::BrownOut(retired(60));
        let said = body(&refusal);
        assert_eq!(said["code"], "brown-out");
        assert_eq!(
            said["detail"],
            "version 1.0.0 is deprecated and is not served until 2026-09-21T14:13:20Z, to show what still needs it: it is \
             served again then and goes for good on 2026-12-31T00:00:00Z; use /orders/v2; see https://docs.example/v1"
        );
        assert_eq!(said["until"], "2026-09-21T14:13:20Z");
        assert_eq!(said["known_versions"], json!(["2.0.0"]));
        let headers: http::HeaderMap = refusal.fields().into_iter().collect();
        assert_eq!(headers["retry-after"], "60");
        assert_eq!(refusal.status(), 503);
    }

    #[test]
    fn what_is_gone_says_where_to_go_and_not_to_come_back() {
        let mut gone = retired(0);
        (gone.operation, gone.successor, gone.link) = (Some("GET /x".into()), None, None);
        let refusal = Refusal::Gone(gone);
        let said = body(&refusal);
        assert_eq!(
            (said["code"].clone(), refusal.status()),
            (json!("version-gone"), http::StatusCode::GONE)
        );
        assert_eq!(
            said["detail"],
            "GET /x of version 1.0.0 is no longer served since 2026-09-21T14:13:20Z; use version 2.0.0"
        );
        assert_eq!(said.get("until"), None);
        let headers: http::HeaderMap = refusal.fields().into_iter().collect();
        assert!(!headers.contains_key("retry-after"));
    }
}
