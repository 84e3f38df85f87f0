//! A backend never has more connections than it may, and requests wait for one or are told to come back.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use support::{House, PATIENCE, Reply, ok, request_length};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A backend that counts, and answers as many requests as it is let.
struct Counted {
    address: SocketAddr,
    /// Requests that are not answered yet, and the most there ever were.
    busy: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
    let_go: Arc<Semaphore>,
}

impl Counted {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let [busy, most, made, asked] = [(); 4].map(|()| Arc::<AtomicUsize>::default());
        let let_go = Arc::new(Semaphore::new(0));
        let own = Self { address, busy, most, made, asked, let_go };
        let (busy, most, made) =
            (Arc::clone(&own.busy), Arc::clone(&own.most), Arc::clone(&own.made));
        let (asked, let_go) = (Arc::clone(&own.asked), Arc::clone(&own.let_go));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                made.fetch_add(1, Ordering::SeqCst);
                let counts = [&busy, &most, &asked].map(Arc::clone);
                tokio::spawn(serve(stream, counts, Arc::clone(&let_go)));
            }
        });
        own
    }

    async fn house(&self, limits: &str, more: &str) -> House {
        let endpoint = format!("endpoints: [\"http://{}\"]", self.address);
        let api = format!("  a:\n    backends: [{{ {endpoint}, limits: {{ {limits} }} }}]");
        House::with(&api, more).await
    }

    async fn asked(&self, count: usize) {
        let asked = async {
            while self.asked.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, asked).await.expect("not so many requests came");
    }
}

async fn serve(
    mut stream: TcpStream,
    [busy, most, asked]: [Arc<AtomicUsize>; 3],
    let_go: Arc<Semaphore>,
) {
    let mut buffer = Vec::new();
    loop {
        while request_length(&buffer).is_none() {
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
        }
        buffer.clear();
        most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        asked.fetch_add(1, Ordering::SeqCst);
        let_go.acquire().await.unwrap().forget();
        busy.fetch_sub(1, Ordering::SeqCst);
        if stream.write_all(ok("1").as_bytes()).await.is_err() {
            return;
        }
    }
}

fn code(reply: &Reply) -> (u16, String) {
    (
        reply.status,
        reply.json().get("code").and_then(|code| code.as_str()).unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn many_requests_share_the_connections_that_there_may_be() {
    let backend = Counted::start().await;
    let house = Arc::new(backend.house("connections: 3", "timeouts: { connect: 20s }").await);
    let all = tokio::spawn({
        let house = Arc::clone(&house);
        async move { join_all((0..60).map(|_| house.get("/", ""))).await }
    });
    backend.asked(3).await;
    for _ in 0..5 {
        house.admin("GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    }
    assert_eq!(backend.made.load(Ordering::SeqCst), 3);
    backend.let_go.add_permits(60);
    let replies = timeout(PATIENCE, all).await.unwrap().unwrap();
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    assert_eq!(backend.most.load(Ordering::SeqCst), 3);
    let made = backend.made.load(Ordering::SeqCst);
    assert!(made < 60, "{made} connections for 60 requests are one each");
}

#[tokio::test]
async fn beyond_those_that_may_wait_requests_are_told_to_come_back() {
    let backend = Counted::start().await;
    let house =
        Arc::new(backend.house("connections: 1, pending: 1", "timeouts: { connect: 20s }").await);
    let get = || {
        let house = Arc::clone(&house);
        tokio::spawn(async move { house.get("/", "").await })
    };
    let first = get();
    backend.asked(1).await;
    // of these one waits, and the other is refused at once
    let (one, other) = (get(), get());
    let (refused, waits) = match timeout(PATIENCE, select(one, other)).await.unwrap() {
        Either::Left((refused, waits)) | Either::Right((refused, waits)) => (refused, waits),
    };
    let refused = refused.unwrap();
    assert_eq!(code(&refused), (503, "backend-queue-full".to_owned()));
    assert_eq!(refused.field("retry-after"), "1");
    backend.let_go.add_permits(9);
    for task in [first, waits] {
        assert_eq!(timeout(PATIENCE, task).await.unwrap().unwrap().status, 200);
    }
    assert_eq!(backend.most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn who_waits_too_long_is_told_so_and_the_endpoint_stays_well() {
    let backend = Counted::start().await;
    let house = Arc::new(backend.house("connections: 1", "timeouts: { connect: 60ms }").await);
    let own = Arc::clone(&house);
    let first = tokio::spawn(async move { own.get("/", "").await });
    backend.asked(1).await;
    let late = house.get("/", "").await;
    assert_eq!(code(&late), (503, "backend-queue-full".to_owned()));
    let endpoints = house.admin("GET /endpoints HTTP/1.1\r\nhost: localhost\r\n\r\n").await.body;
    assert!(endpoints.contains("\"up\""), "{endpoints}");
    backend.let_go.add_permits(2);
    assert_eq!(timeout(PATIENCE, first).await.unwrap().unwrap().status, 200);
    assert_eq!(house.get("/", "").await.status, 200);
    assert_eq!(backend.most.load(Ordering::SeqCst), 1);
}
