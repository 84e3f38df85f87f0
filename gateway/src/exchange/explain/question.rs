//! A request that somebody asks about, as it is written by hand.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Uri, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exchange::Peer;
use crate::wire::{Fields, RequestHead};

/// A request by hand.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The method; GET if left out, POST if there is a body.
    #[serde(default)]
    pub method: Option<String>,
    /// A URL, or a path with its query.
    pub url: String,
    /// Name and value of each field, in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default)]
    pub body: Option<String>,
    /// The address it comes from; this machine if left out.
    #[serde(default)]
    pub from: Option<IpAddr>,
}

/// What is wrong with a question, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong(pub String);

impl fmt::Display for Wrong {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// The host of a request that names none.
const NOBODY: &str = "localhost";

impl Question {
    /// The request as it would come in, and from whom.
    pub(super) fn read(&self) -> Result<(RequestHead, Option<Bytes>, Peer), Wrong> {
        let uri: Uri = self.url.parse().map_err(|_| {
            Wrong(format!(
                "`{}` is no target; write a path such as `/orders/1?x=y`, or a URL",
                self.url
            ))
        })?;
        let text = self
            .method
            .clone()
            .unwrap_or_else(|| if self.body.is_some() { "POST" } else { "GET" }.to_owned());
        let method = Method::from_bytes(text.as_bytes())
            .map_err(|_| Wrong(format!("`{text}` is no method; write one such as `GET`")))?;
        let mut headers = Fields::new();
        for (name, value) in &self.headers {
            let wrong = || Wrong(format!("`{name}: {value}` is no field; write `name: value`"));
            let name = HeaderName::try_from(name.trim()).map_err(|_| wrong())?;
            headers.append(name, HeaderValue::try_from(value.trim()).map_err(|_| wrong())?);
        }
        let authority = uri.authority().map_or(NOBODY, |authority| authority.as_str());
        if !headers.has(HOST) {
            let host = HeaderValue::try_from(authority)
                .map_err(|_| Wrong(format!("`{authority}` is no host")))?;
            headers.insert(HOST, host);
        }
        let body = self.body.as_ref().map(|text| Bytes::from(text.clone()));
        if let Some(body) = &body {
            headers.insert_new(CONTENT_LENGTH, || HeaderValue::from(body.len()));
            headers.insert_new(CONTENT_TYPE, || HeaderValue::from_static("application/json"));
        }
        let from = self.from.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let secure = uri.scheme_str() == Some("https");
        let peer = Peer::over(SocketAddr::new(from, 0), secure);
        // clients send the path of a URL, and its host beside it
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let uri = target.parse().map_err(|_| Wrong(format!("`{target}` is no target")))?;
        Ok((RequestHead { method, uri, version: Version::HTTP_11, headers }, body, peer))
    }
}
