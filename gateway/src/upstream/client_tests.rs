//! What one request to one endpoint may take, whatever its connections do.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::request::Parts;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::{Beside, Client, ClientSettings, Dial, Gate, Goal, OutboundBody, SendFailure};

const ANSWER: Duration = Duration::from_secs(1);

fn settings() -> ClientSettings {
    ClientSettings {
        connect: Duration::from_secs(9),
        answer: ANSWER,
        write: Duration::from_secs(9),
        idle: Duration::from_secs(9),
        idle_connections: 9,
        head: 8192,
        fields: 9,
    }
}

fn get() -> Parts {
    Request::get("/").body(()).unwrap().into_parts().0
}

/// Reads a request, which has no body.
async fn asked(stream: &mut TcpStream) {
    let mut came = Vec::new();
    while !came.ends_with(b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut came).await.unwrap(), 0, "{came:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_due_when_it_was() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string().parse().unwrap();
    let backend = tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        asked(&mut first).await;
        first.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        asked(&mut first).await;
        // most of the time is over when the connection turns out to be of no use
        assert!(timeout(ANSWER * 3 / 4, first.read_u8()).await.is_err());
        drop(first);
        let (mut second, _) = listener.accept().await.unwrap();
        asked(&mut second).await;
        // until the gateway gives up
        second.read_u8().await.unwrap_err();
    });
    let (client, dial, pending) = (Client::new(1), Dial::default(), Arc::<Gate>::default());
    let beside = Beside::default();
    let (named, pending, berths) = (&authority, &pending, None);
    let goal = Goal { key: 1, authority: &authority, named, dial: &dial, pending, berths, beside };
    let send = || async {
        let head = get();
        client.send(&goal, (&head, OutboundBody::empty()), &settings()).await
    };
    assert_eq!(send().await.unwrap().status(), 200);
    let begun = Instant::now();
    let failure = send().await.unwrap_err();
    let took = begun.elapsed();
    assert!(matches!(failure, SendFailure::Timeout), "{failure:?}");
    assert!((ANSWER..ANSWER * 3 / 2).contains(&took), "{took:?}");
    backend.await.unwrap();
}
