//! A client that speaks either protocol and reads whole answers, trailers too.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::client::conn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

pub(crate) const BOTH: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

pub(crate) type Body = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// A body in one piece.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// Sends on a new connection and reads the whole answer; the error is what cut it.
pub(crate) async fn send(
    address: SocketAddr,
    version: Version,
    request: Request<Body>,
) -> Result<Response<Bytes>, String> {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut head, body) = request.into_parts();
    let response = if version == Version::HTTP_2 {
        let target = head.uri.path_and_query().unwrap().as_str();
        head.uri = format!("http://x{target}").parse().unwrap();
        head.version = version;
        let (mut sender, connection) =
            conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(Request::from_parts(head, body)).await
    } else {
        head.headers.insert("host", "x".parse().unwrap());
        let (mut sender, connection) = conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(Request::from_parts(head, body)).await
    };
    let (head, body) = response.map_err(|error| error.to_string())?.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?;
    Ok(Response::from_parts(head, body.to_bytes()))
}
