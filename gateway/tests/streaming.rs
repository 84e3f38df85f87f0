//! Bodies that need no conversion pass as they come, both ways, and converted ones piece by piece.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use support::{House, PATIENCE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Reads until the text has come.
async fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut seen = Vec::new();
    let wait = async {
        while !String::from_utf8_lossy(&seen).contains(text) {
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "closed before {text:?}");
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{text:?} did not come"));
    String::from_utf8_lossy(&seen).into_owned()
}

#[tokio::test]
async fn events_come_as_they_are_sent_and_an_upload_goes_as_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let house =
        House::start(&format!("  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"))
            .await;
    let mut client = TcpStream::connect(house.address()).await.unwrap();
    client
        .write_all(b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        .await
        .unwrap();
    let (mut backend, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    until(&mut backend, "one").await;
    backend
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n8\r\ndata: a\n\r\n")
        .await
        .unwrap();
    until(&mut client, "data: a\n").await;
    client.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    until(&mut backend, "two").await;
    backend.write_all(b"8\r\ndata: b\n\r\n0\r\n\r\n").await.unwrap();
    let rest = until(&mut client, "0\r\n\r\n").await;
    assert!(rest.contains("data: b\n"), "{rest}");
}

#[tokio::test]
async fn a_client_that_goes_away_frees_the_backend() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let house =
        House::start(&format!("  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"))
            .await;
    let mut client = TcpStream::connect(house.address()).await.unwrap();
    client.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (mut backend, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    until(&mut backend, "\r\n\r\n").await;
    drop(client);
    let closed =
        timeout(PATIENCE, backend.read(&mut [0; 8])).await.expect("the backend is still held");
    assert_eq!(closed.unwrap_or(0), 0);
}
