//! HTTP/2 towards backends, frame by frame: gRPC with trailers both ways, many requests on few connections, refusals.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/secure.rs"]
mod secure;
#[path = "support/speaker.rs"]
#[expect(dead_code, reason = "what is of TLS alone is used elsewhere")]
mod speaker;
#[path = "support/house.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use certificates::Authority;
use h2::Reason;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use speaker::{Serve, echo, plain, plainly, refusing, whole};
use support::{House, PATIENCE};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::time::timeout;

async fn front(address: SocketAddr) -> House {
    House::start(&format!(
        "  a:\n    backends: [{{ endpoints: [\"http://{address}\"], protocol: http2 }}]"
    ))
    .await
}

/// A client that speaks HTTP/2 to the gateway.
async fn client<Stream>(stream: Stream) -> SendRequest<Bytes>
where
    Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (send, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    send
}

async fn knowing(house: &House) -> SendRequest<Bytes> {
    client(TcpStream::connect(house.address()).await.unwrap()).await
}

/// A unary call as gRPC has it, with trailers of its own; each frame is waited for before the next is sent.
async fn call(mut send: SendRequest<Bytes>, scheme: &str) {
    let request = Request::post(format!("{scheme}://x/orders.Orders/Watch"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "5S")
        .body(())
        .unwrap();
    let (answer, mut stream) = send.send_request(request, false).unwrap();
    let response = timeout(PATIENCE, answer).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let mut body = response.into_body();
    for part in ["\0\0\0\0\u{1}a", "\0\0\0\0\u{1}b"] {
        stream.send_data(Bytes::from(part), false).unwrap();
        let seen = timeout(PATIENCE, body.data()).await.unwrap().unwrap().unwrap();
        let _ = body.flow_control().release_capacity(seen.len());
        assert_eq!(seen, part);
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "7".parse().unwrap());
    stream.send_trailers(trailers).unwrap();
    let (rest, trailers) = timeout(PATIENCE, whole(body)).await.unwrap().unwrap();
    assert!(rest.is_empty());
    assert_eq!(trailers["grpc-status"], "0");
    assert_eq!(trailers["x-checksum"], "7");
}

#[tokio::test]
async fn grpc_passes_with_trailers_in_both_directions() {
    let (address, seen) = plain(echo()).await;
    let authority = Authority::new("ca");
    let directory = tempfile::tempdir().unwrap();
    authority.issue(&["x"]).write(directory.path(), "a");
    let text = format!(
        "listen: [{{ address: \"127.0.0.1:0\", tls: {{ certificates: [{{ certificate: a.pem, key: a.key }}] }} }}, {{ address: \"127.0.0.1:0\" }}]\n\
         admin: {{ address: 127.0.0.1:0, rate: 1000000 }}\napis:\n  a:\n    backends: [{{ endpoints: [\"http://{address}\"], protocol: http2 }}]\n"
    );
    let house = House::of_text(directory, &text).await;
    let secure = secure::Client::new(&authority).offering(&["h2"]);
    call(client(secure.connect(house.address(), "x").await.unwrap()).await, "https").await;
    let plain = TcpStream::connect(*house.gateway.listen().last().unwrap()).await.unwrap();
    call(client(plain).await, "http").await;
    let seen = seen.requests();
    assert_eq!(seen.len(), 2);
    for (request, proto) in seen.iter().zip(["https", "http"]) {
        assert!(request.starts_with("POST http://x/orders.Orders/Watch "), "{request}");
        assert!(request.contains("\"te\": \"trailers\""), "{request}");
        assert!(request.contains(&format!("\"x-forwarded-proto\": \"{proto}\"")), "{request}");
        assert!(!request.contains("\"host\""), "{request}");
    }
}

#[tokio::test]
async fn te_never_reaches_a_backend_of_http_1() {
    let backend = support::Backend::json("1").await;
    let address = backend.address;
    let house =
        House::start(&format!("  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"))
            .await;
    let request = Request::get("http://x/").header("te", "trailers").body(()).unwrap();
    let (answer, _) = knowing(&house).await.send_request(request, true).unwrap();
    assert_eq!(timeout(PATIENCE, answer).await.unwrap().unwrap().status(), 200);
    assert_eq!(house.get("/", "te: gzip, trailers\r\n").await.status, 200);
    for seen in backend.seen() {
        assert!(!seen.contains("\r\nte:"), "{seen}");
    }
}

#[tokio::test]
async fn a_client_of_http_1_is_served_by_a_backend_of_http_2() {
    let (address, seen) = plain(Arc::new(|_, answer| {
        Box::pin(async move { plainly(answer, Bytes::from_static(b"two")) })
    }))
    .await;
    let house = front(address).await;
    for _ in 0..3 {
        let reply = house.post("/x?y=1", "", "body").await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "two"));
        assert!(reply.head.starts_with("HTTP/1.1 200 "), "{}", reply.head);
    }
    assert!(seen.requests().iter().all(|one| one.starts_with("POST http://x/x?y=1 ")));
}

#[tokio::test]
async fn many_requests_share_few_connections_and_no_more_streams_than_allowed() {
    // each waits for three others: with fewer streams at once they would never end
    let (barrier, most) = (Arc::new(Barrier::new(4)), Arc::new(AtomicUsize::new(0)));
    let inside = Arc::new(AtomicUsize::new(0));
    let serve: Serve = {
        let most = Arc::clone(&most);
        Arc::new(move |_, answer| {
            let (barrier, inside, most) =
                (Arc::clone(&barrier), Arc::clone(&inside), Arc::clone(&most));
            Box::pin(async move {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                barrier.wait().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                plainly(answer, Bytes::from_static(b"x"));
            })
        })
    };
    let (address, seen) = plain(serve).await;
    let house = front(address).await;
    let send = knowing(&house).await;
    let mut answers = Vec::new();
    for _ in 0..64 {
        let request = Request::get("http://x/").body(()).unwrap();
        answers.push(send.clone().ready().await.unwrap().send_request(request, true).unwrap().0);
    }
    for answer in answers {
        assert_eq!(timeout(PATIENCE, answer).await.unwrap().unwrap().status(), 200);
    }
    let connections = seen.connections.load(Ordering::SeqCst);
    assert_eq!(seen.requests().len(), 64);
    assert!(connections <= 8, "{connections} connections");
    assert!(most.load(Ordering::SeqCst) <= 4 * connections, "{most:?} at once");
}

#[tokio::test]
async fn a_backend_that_goes_away_finishes_and_is_connected_to_anew() {
    let serve: Serve =
        Arc::new(|_, answer| Box::pin(async move { plainly(answer, Bytes::from_static(b"x")) }));
    let (address, seen) = plain(serve).await;
    let house = front(address).await;
    for path in ["/goaway", "/a", "/goaway", "/goaway", "/b"] {
        assert_eq!(house.post(path, "", "x").await.status, 200, "{path}");
    }
    assert_eq!(seen.requests().len(), 5, "nothing was sent twice");
    assert!(seen.connections.load(Ordering::SeqCst) >= 3);
}

#[tokio::test]
async fn what_was_not_served_is_sent_again_and_what_may_have_been_is_not() {
    let (address, seen) = plain(refusing(Reason::REFUSED_STREAM)).await;
    let house = front(address).await;
    assert_eq!(house.post("/x", "", "").await.body, "served");
    assert_eq!(seen.requests().len(), 2);
    let (address, seen) = plain(refusing(Reason::INTERNAL_ERROR)).await;
    let house = front(address).await;
    let reply = house.post("/x", "", "").await;
    assert_eq!((reply.status, &reply.json()["code"]), (502, &"backend-broken".into()));
    assert_eq!(seen.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_cut_and_other_streams_go_on() {
    let serve: Serve = Arc::new(|request, mut answer| {
        Box::pin(async move {
            if request.uri().path() == "/whole" {
                return plainly(answer, Bytes::from_static(b"whole"));
            }
            let mut stream = answer.send_response(http::Response::new(()), false).unwrap();
            stream.send_data(Bytes::from_static(b"part"), false).unwrap();
            stream.send_reset(Reason::INTERNAL_ERROR);
        })
    });
    let (address, seen) = plain(serve).await;
    let house = front(address).await;
    let send = knowing(&house).await;
    for _ in 0..4 {
        let request = Request::get("http://x/part").body(()).unwrap();
        let (answer, _) = send.clone().ready().await.unwrap().send_request(request, true).unwrap();
        // the reset may come before the head was passed on
        if let Ok(response) = timeout(PATIENCE, answer).await.unwrap()
            && response.status() == 200
        {
            assert!(timeout(PATIENCE, whole(response.into_body())).await.unwrap().is_err());
        }
        let request = Request::get("http://x/whole").body(()).unwrap();
        let (answer, _) = send.clone().ready().await.unwrap().send_request(request, true).unwrap();
        let response = timeout(PATIENCE, answer).await.unwrap().unwrap();
        assert_eq!(whole(response.into_body()).await.unwrap().0, b"whole");
    }
    assert_eq!(seen.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_that_contradicts_itself_is_a_502_or_cut() {
    let cases: [(&str, &[(&str, &str)]); 3] = [
        ("200", &[("content-length", "1"), ("content-length", "1")]),
        ("200", &[("content-length", "+1")]),
        ("101", &[]),
    ];
    for (status, fields) in cases {
        let (status, fields) = (status.to_owned(), fields.to_vec());
        let serve: Serve = Arc::new(move |_, mut answer| {
            let mut head = http::Response::builder().status(status.as_str());
            for (name, value) in &fields {
                head = head.header(*name, *value);
            }
            let sent = answer.send_response(head.body(()).unwrap(), false);
            let _ = sent.map(|mut stream| stream.send_data(Bytes::from_static(b"x"), true));
            Box::pin(async {})
        });
        let (address, seen) = plain(serve).await;
        let house = front(address).await;
        let reply = house.post("/x", "", "").await;
        assert_eq!(reply.status, 502, "{reply:?}");
        assert_eq!(seen.requests().len(), 1);
    }
}

#[tokio::test]
async fn clients_that_read_slowly_hold_up_nobody_else() {
    let serve: Serve = Arc::new(|request, answer| {
        let large = request.uri().path() == "/large";
        let body = if large { Bytes::from(vec![b'x'; 4 << 20]) } else { Bytes::from_static(b"x") };
        Box::pin(async move { plainly(answer, body) })
    });
    let (address, seen) = plain(serve).await;
    let house = front(address).await;
    let stream = TcpStream::connect(house.address()).await.unwrap();
    let mut builder = h2::client::Builder::new();
    builder.initial_connection_window_size(1 << 20);
    let (send, connection) = builder.handshake::<_, Bytes>(stream).await.unwrap();
    tokio::spawn(connection);
    let mut held = Vec::new();
    for path in ["/large", "/large", "/large", "/small"] {
        let request = Request::get(format!("http://x{path}")).body(()).unwrap();
        let (answer, _) = send.clone().ready().await.unwrap().send_request(request, true).unwrap();
        let mut body = timeout(PATIENCE, answer).await.unwrap().unwrap().into_body();
        // what there is of it is waited for and never taken
        assert!(timeout(PATIENCE, body.data()).await.unwrap().unwrap().is_ok());
        held.push(body);
    }
    assert_eq!(seen.connections.load(Ordering::SeqCst), 1, "all on one connection");
}
