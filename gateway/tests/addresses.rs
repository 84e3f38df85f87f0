//! No address has more connections than it may, whoever stands in between.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::net::SocketAddr;

use support::{Backend, House, PATIENCE, Reply, read_reply};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

async fn start(listener: &str, more: &str) -> (House, Backend) {
    let backend = Backend::json("1").await;
    let text = format!(
        "listen: [{{ address: \"127.0.0.1:0\"{listener} }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\nlimits: {{ connections_per_address: 2 }}\n\
         {more}\napis:\n  a:\n    backends: [{{ endpoints: [\"http://{}\"] }}]\n",
        backend.address
    );
    (House::of_text(tempfile::tempdir().unwrap(), &text).await, backend)
}

/// A connection from this address of our own, on which `before` and a request were sent; `None` where it is closed.
async fn open(to: SocketAddr, from: &str, before: &str) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    let mut stream = timeout(PATIENCE, socket.connect(to)).await.unwrap().unwrap();
    let _ = stream.write_all(&[before.as_bytes(), GET].concat()).await;
    let reply = read_reply(&mut stream, false).await;
    (Reply::read(&reply).status == 200).then_some(stream)
}

async fn refused(house: &House) -> usize {
    let metrics = house.admin("GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await.body;
    let name = "evergate_connections_refused_total{reason=\"address\"} ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |count| count.parse().unwrap())
}

/// One connection is counted as refused. It is counted a moment after it closes.
async fn counts_one(house: &House) {
    let counted = async { while refused(house).await == 0 {} };
    timeout(PATIENCE, counted).await.unwrap();
    assert_eq!(refused(house).await, 1);
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_leaves_the_rest_to_others() {
    let (house, _backend) = start("", "").await;
    let to = house.address();
    let one = open(to, "127.0.0.1", "").await.unwrap();
    let _two = open(to, "127.0.0.1", "").await.unwrap();
    assert!(open(to, "127.0.0.1", "").await.is_none());
    counts_one(&house).await;
    assert!(open(to, "127.0.0.2", "").await.is_some());
    drop(one);
    // the gateway hears of the end a moment later
    let again = async { while open(to, "127.0.0.1", "").await.is_none() {} };
    timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn behind_a_proxy_the_address_that_it_tells_counts() {
    let (house, _backend) = start(", proxy_protocol: { from: [127.0.0.0/8] }", "").await;
    let to = house.address();
    let proxy = |who: &str| format!("PROXY TCP4 {who} 10.0.0.1 8080 80\r\n");
    let mut all = Vec::new();
    for who in ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"] {
        all.push(open(to, "127.0.0.1", &proxy(who)).await.unwrap());
    }
    assert!(open(to, "127.0.0.1", &proxy("192.0.2.1")).await.is_none());
    for _ in 0..4 {
        // it speaks for itself
        all.push(open(to, "127.0.0.1", "PROXY UNKNOWN\r\n").await.unwrap());
    }
    counts_one(&house).await;
}

#[tokio::test]
async fn trusted_proxies_have_as_many_as_they_like() {
    let (house, _backend) = start("", "trusted_proxies: [127.0.0.1]").await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(open(house.address(), "127.0.0.1", "").await.unwrap());
    }
    let mut others = Vec::new();
    for from in ["127.0.0.2", "127.0.0.2"] {
        others.push(open(house.address(), from, "").await.unwrap());
    }
    assert!(open(house.address(), "127.0.0.2", "").await.is_none());
}
