//! What a take-over means for connections of HTTP/2.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::net::SocketAddr;

use bytes::Bytes;
use evergate_gateway::server::{Gateway, RunOptions};
use http::{Request, StatusCode, Version};
use http_body_util::Empty;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use support::{House, PATIENCE, ok, request_length};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

type Sender = SendRequest<Empty<Bytes>>;

fn ask() -> Request<Empty<Bytes>> {
    Request::get("http://x/").version(Version::HTTP_2).body(Empty::new()).unwrap()
}

async fn connect(address: SocketAddr) -> Sender {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) = handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// The next request that comes to a backend, not yet answered.
async fn asked(backend: &TcpListener) -> TcpStream {
    let (mut stream, _) = timeout(PATIENCE, backend.accept()).await.unwrap().unwrap();
    let mut request = Vec::new();
    while request_length(&request).is_none() {
        stream.read_buf(&mut request).await.unwrap();
    }
    stream
}

async fn gone(sender: &mut Sender) {
    let gone = async {
        while sender.ready().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the connection stays");
}

#[tokio::test]
async fn streams_end_where_they_began_and_the_next_ones_begin_elsewhere() {
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = backend.local_addr().unwrap();
    let api = format!("  a:\n    backends: [{{ endpoints: [\"http://{place}\"] }}]");
    let old = House::with(&api, "takeover: { socket: t.sock }").await;
    let address = old.address();
    let mut held = connect(address).await;
    let slow = tokio::spawn(held.send_request(ask()));
    let mut first = asked(&backend).await;
    let mut free = connect(address).await;
    let options = RunOptions { config: old.config(), ..RunOptions::default() };
    let new = Gateway::start(&options).await.unwrap();
    assert_eq!(new.listen(), [address]);
    // a connection with nothing on it ends by itself, and one with something when that is over
    gone(&mut free).await;
    assert!(!slow.is_finished());
    first.write_all(ok("1").as_bytes()).await.unwrap();
    let answer = timeout(PATIENCE, slow).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    gone(&mut held).await;
    let mut next = connect(address).await;
    let again = tokio::spawn(next.send_request(ask()));
    asked(&backend).await.write_all(ok("2").as_bytes()).await.unwrap();
    let answer = timeout(PATIENCE, again).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    drop((new, old));
}
