//! What pages look like and what makes them live, named by their content so that a browser keeps them for good.

use std::fmt::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};
use http::{Response, StatusCode};
use http_body_util::Full;
use sha2::{Digest as _, Sha256};

use super::super::desk::{Answer, Call, refusal};

/// One file.
struct Asset {
    name: &'static str,
    media: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset { name: "page.css", media: "text/css; charset=utf-8", text: include_str!("page.css") },
    Asset {
        name: "page.js",
        media: "text/javascript; charset=utf-8",
        text: include_str!("page.js"),
    },
    Asset { name: "icon.svg", media: "image/svg+xml", text: include_str!("icon.svg") },
];

/// The digest of them all: each is named by it, and asked for anew when the program has others.
pub(super) static EDITION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in &ASSETS {
        hash.update(asset.text);
    }
    let mut digits = String::new();
    for byte in hash.finalize().iter().take(8) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
});

pub(super) fn answer(call: &Call) -> Answer {
    let name = call.places.get("name").map(String::as_str).unwrap_or_default();
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return refusal(StatusCode::NOT_FOUND, "not-found", "the pages have no such part");
    };
    let tag = format!("\"{}\"", *EDITION);
    let known = call.headers.get_all(IF_NONE_MATCH).iter().any(|value| value == tag.as_str());
    let body = if known { Bytes::new() } else { Bytes::from_static(asset.text.as_bytes()) };
    let mut answer = Response::new(Full::new(body));
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }
    // under an older name stands what is now there, which nobody should keep under that name
    let named = call.query.strip_prefix("v=").is_some_and(|edition| edition == *EDITION);
    let keep = if named { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    };
    put(CONTENT_TYPE, asset.media);
    put(CACHE_CONTROL, keep);
    put(ETAG, &tag);
    answer
}
