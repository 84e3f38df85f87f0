//! Whether a backend that switches to WebSocket has read the request (RFC 6455 §4.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use sha1::{Digest as _, Sha1};

use crate::wire::Fields;

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");
/// What nobody appends who does not know the protocol.
const SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether the answer's one `Sec-WebSocket-Accept` follows from the request's one `Sec-WebSocket-Key`.
pub(super) fn accepts(request: &Fields, answer: &Fields) -> bool {
    let (Some(key), Some(accept)) = (only(request, &KEY), only(answer, &ACCEPT)) else {
        return false;
    };
    let digest = Sha1::new().chain_update(key).chain_update(SALT).finalize();
    STANDARD.encode(digest).as_bytes() == accept
}

fn only<'m>(headers: &'m Fields, name: &HeaderName) -> Option<&'m [u8]> {
    let mut values = headers.get_all(name).map(HeaderValue::as_bytes);
    values.next().filter(|_| values.next().is_none()).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::{HeaderName, HeaderValue};

    use super::{ACCEPT, KEY, accepts};

    #[track_caller]
    fn check(keys: &[&'static str], accepted: &[&'static str], expected: bool) {
        let map = |name: HeaderName, values: &[&'static str]| -> Fields {
            values.iter().map(|one| (name.clone(), HeaderValue::from_static(one))).collect()
        };
        assert_eq!(accepts(&map(KEY, keys), &map(ACCEPT, accepted)), expected, "{keys:?}");
    }

    #[test]
    fn the_answer_follows_from_the_key_to_the_letter() {
        // the example of RFC 6455 §1.3
        let (key, accept) = ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        check(&[key], &[accept], true);
        check(&[key], &["S3PPLMBITXAQ9KYGZZHZRBK+XOO="], false);
        check(&[key], &[], false);
        check(&[key], &[accept, accept], false);
        check(&[key, key], &[accept], false);
        check(&[], &[accept], false);
        check(&["x3JJHMbDL1EzLkh9GBhXDw=="], &[accept], false);
        check(&["x3JJHMbDL1EzLkh9GBhXDw=="], &["HSmrc0sMlYUkAGmm5OPpG2HaGWk="], true);
    }
}
