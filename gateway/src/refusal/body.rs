//! A refusal as a problem document (RFC 9457).

use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, LINK, RETRY_AFTER,
};
use http::{HeaderName, StatusCode};
use serde_json::{Map, Value, json};

use super::Refusal;

impl Refusal {
    /// The body: `application/problem+json` with `type`, `title`, `status`, `detail`, `code`, and what is known
    /// beside it (`pointer`, `parameter`, `known_versions`, `successor`, `seen`, `allow`, `request_id`).
    pub fn problem(&self, request_id: &str) -> Vec<u8> {
        let status = self.status();
        let mut members = Map::new();
        members.insert("type".into(), json!(format!("urn:evergate:refusal:{}", self.code())));
        members.insert("title".into(), json!(title(status)));
        members.insert("status".into(), json!(status.as_u16()));
        members.insert("detail".into(), json!(self.detail()));
        members.insert("code".into(), json!(self.code()));
        if !request_id.is_empty() {
            members.insert("request_id".into(), json!(request_id));
        }
        match self {
            Self::RequestUnconvertible { pointer, .. } | Self::RequestMalformed { pointer, .. } => {
                members.insert("pointer".into(), json!(pointer));
            }
            Self::ParameterUnfit { name, .. } | Self::ParameterMissing(name) => {
                members.insert("parameter".into(), json!(name));
            }
            Self::ParameterNames { parameter, name, .. } => {
                members.insert("parameter".into(), json!(parameter));
                members.insert("name".into(), json!(name));
            }
            Self::VersionMissing { known, .. } | Self::VersionUnknown { known, .. } => {
                members.insert("known_versions".into(), json!(known));
            }
            Self::RequestLossy(losses) | Self::ResponseLossy(losses) | Self::WriteHides(losses) => {
                let losses: Vec<Value> = losses
                    .iter()
                    .map(|one| json!({"rule": one.rule, "pointer": one.pointer, "what": one.what}))
                    .collect();
                members.insert("losses".into(), Value::Array(losses));
            }
            Self::VersionsDisagree { seen } => {
                let seen: Vec<Value> = seen
                    .iter()
                    .map(|(place, version)| json!({"in": place, "version": version}))
                    .collect();
                members.insert("seen".into(), Value::Array(seen));
            }
            Self::NoOperation(Some(elsewhere))
            | Self::NoBackend { elsewhere: Some(elsewhere), .. } => {
                members.insert("served_in".into(), json!(elsewhere.version));
            }
            Self::BrownOut(retired) | Self::Gone(retired) => retired.members(&mut members),
            Self::MethodNotAllowed { allow } => {
                members.insert("allow".into(), json!(allow));
            }
            _ => {}
        }
        Value::Object(members).to_string().into_bytes()
    }

    /// The fields that go with the body.
    pub fn fields(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut fields = Vec::with_capacity(4);
        fields.push((CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
        fields.push((CACHE_CONTROL, HeaderValue::from_static("no-store")));
        if self.closes() {
            fields.push((CONNECTION, HeaderValue::from_static("close")));
        }
        if matches!(self, Self::Overloaded | Self::BackendFull(_)) {
            fields.push((RETRY_AFTER, HeaderValue::from_static("1")));
        }
        if let Self::BrownOut(retired) = self {
            fields.push((RETRY_AFTER, HeaderValue::from(retired.left)));
        }
        if matches!(self, Self::RequestCoded(_)) {
            fields.push((ACCEPT_ENCODING, HeaderValue::from_static(Self::CODINGS)));
        }
        if let Self::NoOperation(Some(elsewhere))
        | Self::NoBackend { elsewhere: Some(elsewhere), .. } = self
            && let Ok(value) = HeaderValue::try_from(elsewhere.link())
        {
            fields.push((LINK, value));
        }
        if let Self::MethodNotAllowed { allow } = self
            && let Ok(value) = HeaderValue::try_from(allow.join(", "))
        {
            fields.push((ALLOW, value));
        }
        fields
    }
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Refused")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::Refusal;

    #[track_caller]
    fn check(refusal: &Refusal, member: &str, expected: &Value) {
        let body: Value = serde_json::from_slice(&refusal.problem("r1")).unwrap();
        assert_eq!(&body[member], expected);
        assert_eq!(body["code"], refusal.code());
        assert_eq!(body["status"], refusal.status().as_u16());
    }

    #[test]
    fn each_refusal_carries_what_helps() {
        let unknown =
            Refusal::VersionUnknown { asked: "9".into(), known: vec!["1".into(), "2".into()] };
        check(&unknown, "known_versions", &serde_json::json!(["1", "2"]));
        let pointer = Refusal::RequestUnconvertible { pointer: "/a/0".into(), why: "x".into() };
        check(&pointer, "pointer", &serde_json::json!("/a/0"));
        check(&Refusal::NoApi, "title", &serde_json::json!("Not Found"));
        let seen = Refusal::VersionsDisagree { seen: vec![("header x".into(), "1".into())] };
        check(&seen, "seen", &serde_json::json!([{"in": "header x", "version": "1"}]));
    }

    #[test]
    fn what_is_full_says_when_to_come_back() {
        for refusal in [Refusal::Overloaded, Refusal::BackendFull(super::super::FullOf::Pending)] {
            let headers: http::HeaderMap = refusal.fields().into_iter().collect();
            assert_eq!(headers["retry-after"], "1");
            assert_eq!(refusal.status(), 503);
        }
    }

    #[test]
    fn a_method_refusal_lists_the_methods_in_allow() {
        let refusal = Refusal::MethodNotAllowed { allow: vec!["GET".into(), "PUT".into()] };
        let headers: http::HeaderMap = refusal.fields().into_iter().collect();
        assert_eq!(headers["allow"], "GET, PUT");
    }
}
