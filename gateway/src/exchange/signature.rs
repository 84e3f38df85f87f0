//! Signatures that a conversion would break: RFC 9421, AWS signature 4, the HMAC fields of webhooks, JWS.
use crate::wire::Fields;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};

use super::conversion::essence;

const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// Fields with a keyed digest or a detached signature of the body.
const OF_BODY: [&str; 20] = [
    "linear-signature",
    "paypal-transmission-sig",
    "stripe-signature",
    "svix-signature",
    "webhook-signature",
    "x-amz-content-sha256",
    "x-goog-content-sha256",
    "x-hmac-signature",
    "x-hub-signature",
    "x-hub-signature-256",
    "x-jws-signature",
    "x-line-signature",
    "x-shopify-hmac-sha256",
    "x-signature",
    "x-signature-256",
    "x-slack-signature",
    "x-square-hmacsha256-signature",
    "x-twilio-signature",
    "x-webhook-signature",
    "x-zm-signature",
];

/// Schemes of `Authorization` that sign method, target, some fields and the body.
const SCHEMES: [&str; 4] =
    ["aws4-hmac-sha256", "aws4-ecdsa-p256-sha256", "goog4-hmac-sha256", "oauth"];

/// What a conversion changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changes<'a> {
    /// The method, and what is signed with it.
    pub(crate) method: bool,
    pub(crate) body: bool,
    pub(crate) target: bool,
    /// The query before; empty for a response.
    pub(crate) query: &'a str,
    pub(crate) before: &'a Fields,
    pub(crate) after: &'a Fields,
}

/// Whether a message may be signed at all, so that what it is before a conversion has to be kept.
pub(crate) fn is_signed(headers: &Fields, query: &str) -> bool {
    // one look at each name costs less than a look-up for each field
    let signs_itself =
        |name: &HeaderName| of_body(name) || matches!(name.as_str(), "signature-input" | "dpop");
    signs_query(query)
        || headers.names().any(signs_itself)
        || headers.has(&AUTHORIZATION)
            && headers.get(AUTHORIZATION).is_some_and(|value| signs(value.as_bytes()))
}

/// The field with a signature that does not hold after these changes.
pub(crate) fn broken(changes: Changes<'_>) -> Option<HeaderName> {
    let headers = changes.before;
    if changes.body
        && let Some(name) = headers.names().find(|name| of_body(name))
    {
        return Some(name.clone());
    }
    let signs_all = signs_query(changes.query)
        || headers.get(AUTHORIZATION).is_some_and(|value| signs(value.as_bytes()));
    if (changes.body || changes.target || changes.method) && signs_all {
        return Some(AUTHORIZATION);
    }
    // RFC 9449 §4.2: `htm` is the method, `htu` the target without its query
    if (changes.target || changes.method) && headers.has(DPOP) {
        return Some(DPOP);
    }
    let inputs = headers.get_all(SIGNATURE_INPUT);
    let mut inputs = inputs.map(|value| value.to_str().unwrap_or_default());
    inputs.any(|input| components(input).any(|name| covers(name, &changes))).then_some(SIGNATURE)
}

/// Whether a body of this media type is signed as it is (RFC 7515 §9.2.1, RFC 7519 §10.3.1).
pub(crate) fn is_jws(headers: &Fields) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return false };
    if value == "application/json" {
        return false;
    }
    let essence = essence(value);
    let is = |own: &&str| essence.eq_ignore_ascii_case(own);
    let suffix = essence.len().checked_sub("+jwt".len()).and_then(|at| essence.get(at..));
    ["application/jose", "application/jose+json", "application/jwt"].iter().any(is)
        || suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("+jwt"))
}

/// A target that is signed as a whole.
fn signs_query(query: &str) -> bool {
    if query.is_empty() {
        return false;
    }
    let mut names = query.split('&').filter_map(|pair| pair.split('=').next());
    names.any(|name| {
        name.eq_ignore_ascii_case("x-amz-signature")
            || name.eq_ignore_ascii_case("x-goog-signature")
    })
}

fn of_body(name: &HeaderName) -> bool {
    let name = name.as_str();
    // nearly every name of every message ends otherwise
    let may = match name.as_bytes().last() {
        Some(b'e') => name.ends_with("ure"),
        Some(b'6') => name.ends_with("256"),
        Some(b'g') => name.ends_with("-sig"),
        _ => false,
    };
    may && OF_BODY.binary_search(&name).is_ok()
}

fn signs(authorization: &[u8]) -> bool {
    let scheme = authorization.split(|byte| *byte == b' ').next().unwrap_or_default();
    SCHEMES.iter().any(|own| scheme.eq_ignore_ascii_case(own.as_bytes()))
}

/// The covered components of all signatures in a `Signature-Input` (RFC 9421 §4.1): the strings of inner lists.
fn components(input: &str) -> impl Iterator<Item = &str> {
    let lists = input.split('(').skip(1).filter_map(|part| part.split(')').next());
    lists.flat_map(|list| list.split('"').skip(1).step_by(2))
}

/// Whether a component (RFC 9421 §2) is other after the changes.
fn covers(component: &str, changes: &Changes<'_>) -> bool {
    match component {
        "@method" => changes.method,
        "@path" | "@query" | "@query-param" | "@target-uri" | "@request-target" => changes.target,
        "content-digest" | "repr-digest" | "digest" | "content-md5" | "content-length"
        | "content-encoding" => changes.body,
        derived if derived.starts_with('@') => false,
        field => {
            let lines = |headers: &Fields| -> Vec<Vec<u8>> {
                let lines = headers.get_all(field);
                lines.map(|value| value.as_bytes().trim_ascii().to_vec()).collect()
            };
            lines(changes.before) != lines(changes.after)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::{HeaderName, HeaderValue};

    use super::{Changes, OF_BODY, broken, is_jws, is_signed};

    fn head(fields: &[(&'static str, &'static str)]) -> Fields {
        let mut headers = Fields::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    /// Which signature breaks when the body changes, the target changes, or `accept` changes.
    #[track_caller]
    fn check(fields: &[(&'static str, &'static str)], expected: [bool; 3]) {
        let before = head(fields);
        let mut other = before.clone();
        other.insert(http::header::ACCEPT, HeaderValue::from_static("other"));
        let seen = [(true, false, &before), (false, true, &before), (false, false, &other)].map(
            |(body, target, after)| {
                let changes =
                    Changes { method: false, body, target, query: "", before: &before, after };
                broken(changes).is_some()
            },
        );
        assert_eq!(seen, expected, "{fields:?}");
        assert_eq!(is_signed(&before, ""), expected.contains(&true), "{fields:?}");
    }

    #[test]
    fn a_signature_breaks_when_what_it_covers_changes() {
        let input = "signature-input";
        check(&[(input, "a=(\"@method\" \"@path\");created=1")], [false, true, false]);
        check(&[(input, "a=(\"date\"), b=(\"content-digest\";req)")], [true, false, false]);
        check(&[(input, "a=(\"@authority\" \"accept\");alg=\"@path\"")], [false, false, true]);
        check(&[("authorization", "AWS4-HMAC-SHA256 Credential=x")], [true, true, false]);
        check(&[("authorization", "Bearer x")], [false; 3]);
        check(&[("stripe-signature", "t=1,v1=x")], [true, false, false]);
        check(&[("x-jws-signature", "a..b")], [true, false, false]);
        check(&[("dpop", "a.b.c")], [false, true, false]);
    }

    #[test]
    fn a_presigned_target_is_signed() {
        let (headers, query) = (Fields::new(), "a=1&X-Amz-Signature=0f");
        assert!(is_signed(&headers, query) && !is_signed(&headers, "a=x-amz-signature"));
        let (before, after) = (&headers, &headers);
        let changes = Changes { method: false, body: false, target: true, query, before, after };
        assert!(broken(changes).is_some());
    }

    #[test]
    fn a_method_may_be_signed() {
        let after = &Fields::new();
        for (field, value, breaks) in [
            ("signature-input", "a=(\"@method\");created=1", true),
            ("dpop", "a.b.c", true),
            ("authorization", "OAuth a", true),
            ("stripe-signature", "t=1", false),
        ] {
            let before = &head(&[(field, value)]);
            let changes =
                Changes { method: true, body: false, target: false, query: "", before, after };
            assert_eq!(broken(changes).is_some(), breaks, "{field}");
        }
    }

    #[test]
    fn the_table_of_fields_is_in_order() {
        assert!(OF_BODY.is_sorted());
        assert!(OF_BODY.iter().all(|name| super::of_body(&HeaderName::from_static(name))));
    }

    #[test]
    fn a_jws_is_known_by_its_media_type() {
        assert!(is_jws(&head(&[("content-type", "Application/JOSE; x=y")])));
        assert!(is_jws(&head(&[("content-type", "application/at+jwt")])));
        assert!(!is_jws(&head(&[("content-type", "application/json")])));
    }
}
