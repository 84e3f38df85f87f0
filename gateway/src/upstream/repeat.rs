//! Which requests may be done twice.

use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

use crate::wire::RequestHead;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Whether a request may be done twice: by its method (RFC 9110 §9.2.2), or, where the backend is `keyed`, by a key that
/// the backend knows it by. One that asks for a state of what it changes would find the state that it made itself, and
/// fail where it had succeeded.
pub fn may_repeat(request: &RequestHead, keyed: bool) -> bool {
    let RequestHead { method, headers, .. } = request;
    if method.is_safe() {
        return true;
    }
    let asks = [IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE];
    let keyed = keyed && headers.has(IDEMPOTENCY_KEY);
    (method.is_idempotent() || keyed) && !asks.iter().any(|name| headers.has(name))
}

#[cfg(test)]
mod tests {
    use http::{Method, Request};

    use super::may_repeat;

    #[track_caller]
    fn check(method: &Method, fields: &[&'static str], keyed: bool, repeats: bool) {
        let mut request = Request::builder().method(method);
        for field in fields {
            request = request.header(*field, "x");
        }
        let head = request.body(()).unwrap().into_parts().0.into();
        assert_eq!(may_repeat(&head, keyed), repeats, "{method} {fields:?}");
    }

    #[test]
    fn only_what_may_be_done_twice_is_sent_twice() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            check(&method, &[], false, true);
            check(&method, &["if-none-match"], false, true);
        }
        for method in [Method::PUT, Method::DELETE] {
            check(&method, &[], false, true);
            check(&method, &["if-match"], false, false);
            check(&method, &["if-unmodified-since"], true, false);
        }
        for method in [Method::POST, Method::PATCH] {
            check(&method, &[], true, false);
            check(&method, &["idempotency-key"], false, false);
            check(&method, &["idempotency-key"], true, true);
            check(&method, &["idempotency-key", "if-match"], true, false);
        }
    }
}
