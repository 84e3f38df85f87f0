//! The protocols that clients of an api may switch to on their connections.

use evergate_schemas::pointer::Pointer;
use http::{HeaderName, HeaderValue};

use super::api::Members;
use super::backend::{BackendConfig, BackendProtocol};
use super::reader::Reader;

/// Reads `upgrades`. HTTP and TLS are never among them: whatever came over them would be requests that nobody looks at.
pub(super) fn upgrades<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
    backends: &[BackendConfig],
) -> Vec<HeaderValue> {
    let at = at.join("upgrades");
    let Some(found) = members.get("upgrades") else { return Vec::new() };
    let mut all = Vec::new();
    for (index, value) in Reader::list(found).iter().enumerate() {
        let at = at.join(&index.to_string());
        let Some(text) = reader.text(value, &at) else { continue };
        let protocol = text.to_ascii_lowercase();
        let (name, version) = protocol.split_once('/').unwrap_or((&protocol, "1"));
        let is_token = |text: &str| HeaderName::try_from(text).is_ok();
        if matches!(name, "h2c" | "h2" | "http" | "tls") {
            let what = format!("an upgrade to `{text}` would carry requests past the gateway");
            reader.fault(&at, what, "leave it out; HTTP/2 is spoken without an upgrade");
        } else if !is_token(name) || !is_token(version) {
            let what = format!("`{text}` is not the name of a protocol");
            reader.fault(&at, what, "write the name alone: `websocket`");
        } else if let Ok(value) = HeaderValue::try_from(protocol) {
            all.push(value);
        }
    }
    let one = |backend: &BackendConfig| backend.protocol == BackendProtocol::Http1;
    if !all.is_empty() && !backends.iter().all(one) {
        reader.fault(
            &at,
            "a backend of this api may be spoken to over HTTP/2, which has no upgrades",
            "leave `protocol` out of its backends, or serve the upgrades as an api of their own",
        );
    }
    all
}
