//! What one request to one endpoint may take, whatever its connections do.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use http::Request;
use http::uri::Authority;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::{Beside, Client, ClientSettings, Dial, Gate, Goal, OutboundBody, SendFailure};
use crate::wire::{Berths, RequestHead};

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

fn get() -> RequestHead {
    Request::get("/").body(()).unwrap().into_parts().0.into()
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
    assert_eq!(send().await.unwrap().head.status, 200);
    let begun = Instant::now();
    let failure = send().await.unwrap_err();
    let took = begun.elapsed();
    assert!(matches!(failure, SendFailure::Timeout), "{failure:?}");
    assert!((ANSWER..ANSWER * 3 / 2).contains(&took), "{took:?}");
    backend.await.unwrap();
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// The connections of a backend that may have no more than so many.
struct Bounded {
    client: Client,
    berths: Arc<Berths>,
    dial: Dial,
    pending: Arc<Gate>,
}

impl Bounded {
    fn new(most: usize) -> Arc<Self> {
        let (client, berths) = (Client::new(1), Arc::new(Berths::new(most)));
        Arc::new(Self { client, berths, dial: Dial::default(), pending: Arc::default() })
    }

    /// The status of an answer without a body, or why there is none.
    async fn get(&self, to: &Authority, target: &str) -> Result<u16, SendFailure> {
        let (dial, pending, berths) = (&self.dial, &self.pending, Some(&self.berths));
        let (key, beside) = (1, Beside::default());
        let goal = Goal { key, authority: to, named: to, dial, pending, berths, beside };
        let head = Request::get(target).body(()).unwrap().into_parts().0.into();
        let sent = self.client.send(&goal, (&head, OutboundBody::empty()), &settings()).await;
        sent.map(|answer| answer.head.status.as_u16())
    }
}

async fn listener() -> (TcpListener, Authority) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string().parse().unwrap();
    (listener, authority)
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_sent_on_a_connection_that_nobody_used() {
    const KEPT: usize = 3;
    let (listener, authority) = listener().await;
    tokio::spawn(async move {
        let mut first = Vec::new();
        for _ in 0..KEPT {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked(&mut stream).await;
            first.push(stream);
        }
        for mut stream in first {
            stream.write_all(OK).await.unwrap();
            // what has answered once closes when it is asked again
            tokio::spawn(async move { asked(&mut stream).await });
        }
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked(&mut stream).await;
            stream.write_all(OK).await.unwrap();
        }
    });
    let bounded = Bounded::new(KEPT);
    for end in join_all((0..KEPT).map(|_| bounded.get(&authority, "/"))).await {
        assert_eq!(end.unwrap(), 200);
    }
    for _ in 0..KEPT {
        assert_eq!(bounded.get(&authority, "/").await.unwrap(), 200);
    }
}

#[tokio::test]
async fn who_waits_for_a_connection_is_not_overtaken_by_who_comes_when_it_is_given_back() {
    let (listener, authority) = listener().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        loop {
            let mut came = Vec::new();
            while !came.ends_with(b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut came).await.unwrap(), 0, "{came:?}");
            }
            let target = String::from_utf8_lossy(&came);
            tell.send(target.split(' ').nth(1).unwrap().to_owned()).unwrap();
            stream.write_all(OK).await.unwrap();
        }
    });
    let bounded = Bounded::new(1);
    let one = |target: &'static str| {
        let (own, to) = (Arc::clone(&bounded), authority.clone());
        tokio::spawn(async move { own.get(&to, target).await })
    };
    // the second waits, and the last comes in the very turn in which the first is answered
    let first = async {
        let end = bounded.get(&authority, "/first").await;
        (end, bounded.get(&authority, "/last").await)
    };
    let (first, second) = (first, one("/second"));
    let ((first, last), second) = tokio::join!(first, second);
    assert_eq!([first, second.unwrap(), last].map(Result::unwrap), [200; 3]);
    let mut order = Vec::new();
    while let Ok(target) = told.try_recv() {
        order.push(target);
    }
    assert_eq!(order, ["/first", "/second", "/last"]);
}

#[tokio::test]
async fn an_unused_connection_to_one_endpoint_makes_room_for_one_to_another() {
    let bounded = Bounded::new(1);
    let mut endpoints = Vec::new();
    for _ in 0..2 {
        let (listener, authority) = listener().await;
        endpoints.push(authority);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                asked(&mut stream).await;
                stream.write_all(OK).await.unwrap();
                // open until the gateway closes it
                stream.read_u8().await.unwrap_err();
            }
        });
    }
    for endpoint in endpoints.iter().chain(&endpoints) {
        let begun = Instant::now();
        assert_eq!(bounded.get(endpoint, "/").await.unwrap(), 200);
        assert!(begun.elapsed() < settings().connect / 2, "it waits for a sweep");
    }
}
