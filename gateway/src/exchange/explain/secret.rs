//! Which fields are never shown.

/// Words in the names of fields that hold credentials.
const WORDS: [&str; 9] = [
    "authorization",
    "cookie",
    "token",
    "secret",
    "password",
    "key",
    "credential",
    "session",
    "signature",
];

/// What stands in the place of a credential.
pub(crate) const HIDDEN: &str = "(not shown)";

/// Whether what a field or a parameter of this name says is taken for a credential.
pub(crate) fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word)) && lower != "idempotency-key"
}

/// A query whose credentials are not shown.
pub(crate) fn query(text: &str) -> String {
    let one = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    };
    text.split('&').map(one).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::{is_secret, query};

    #[test]
    fn credentials_are_known_by_their_names() {
        for name in ["authorization", "Cookie", "x-api-key", "access_token", "x-session-id"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["accept", "idempotency-key", "content-type", "traceparent"] {
            assert!(!is_secret(name), "{name}");
        }
        assert_eq!(query("a=1&api_key=x&b"), "a=1&api_key=(not shown)&b");
    }
}
