//! The PROXY protocol over real sockets: who is believed, what is refused, and TLS behind it.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/secure.rs"]
mod secure;
#[path = "support/house.rs"]
mod support;

use certificates::Authority;
use secure::{Client, get};
use support::{Backend, House, PATIENCE, exchange};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 6.6.6.6\r\n\r\n";

/// One listener that takes the header from `from`.
async fn start(from: &str, tls: &str, more: &str) -> (House, Backend) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path()).unwrap();
    let backend = Backend::json("1").await;
    let address = backend.address;
    let text = format!(
        "listen: [{{ address: \"127.0.0.1:0\", proxy_protocol: {{ from: [\"{from}\"] }}{tls} }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\n{more}\n\
         apis:\n  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]\n"
    );
    (House::of_text(directory, &text).await, backend)
}

fn v2(command: u8, body: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, 0x11]);
    header.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    header.extend(body);
    header
}

const FOUR: [u8; 12] = [192, 0, 2, 1, 10, 0, 0, 1, 0x1f, 0x90, 0, 80];

#[tokio::test]
async fn the_address_is_the_one_that_the_proxy_says() {
    let (house, backend) = start("127.0.0.0/8", "", "").await;
    let secure = [&FOUR[..], &[0x20, 0, 5, 1, 0, 0, 0, 0]].concat();
    let cases = [
        (b"PROXY TCP4 192.0.2.1 10.0.0.1 8080 80\r\n".to_vec(), "192.0.2.1", "http"),
        (b"PROXY TCP6 2001:db8::1 ::1 8080 80\r\n".to_vec(), "2001:db8::1", "http"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1", "http"),
        (v2(0x21, &FOUR), "192.0.2.1", "http"),
        (v2(0x20, &FOUR), "127.0.0.1", "http"),
        (v2(0x21, &secure), "192.0.2.1", "https"),
    ];
    for (header, address, proto) in cases {
        let reply = exchange(house.address(), &[&header, GET].concat()).await;
        assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
        let seen = backend.seen().pop().unwrap();
        assert!(seen.contains(&format!("x-forwarded-for: {address}\r\n")), "{seen}");
        assert!(seen.contains(&format!("x-forwarded-proto: {proto}\r\n")), "{seen}");
    }
}

#[tokio::test]
async fn what_is_no_header_is_never_read_as_a_request() {
    let (house, backend) = start("127.0.0.1", "", "").await;
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(200));
    let mut huge = v2(0x21, &FOUR);
    huge.splice(14..16, [0xff, 0xff]);
    let cases: [&[u8]; 6] = [
        b"",
        b"PROXY TCP4 192.0.2.1 10.0.0.1 80\r\n",
        b"PROXY TCP4 999.0.2.1 10.0.0.1 80 80\r\n",
        long.as_bytes(),
        &huge,
        &v2(0x2f, &FOUR),
    ];
    for header in cases {
        assert_eq!(exchange(house.address(), &[header, GET].concat()).await, "", "{header:?}");
    }
    assert!(backend.seen().is_empty());
    // it is counted right after the connection is closed
    let line = "evergate_connections_refused_total{reason=\"proxy-header\"} 6\n";
    let counted = async { while !house.metrics().await.contains(line) {} };
    timeout(PATIENCE, counted).await.expect("not all were counted");
}

#[tokio::test]
async fn nobody_else_may_connect() {
    let (house, backend) = start("10.0.0.0/8", "", "").await;
    let header = b"PROXY TCP4 192.0.2.1 10.0.0.1 8080 80\r\n";
    assert_eq!(exchange(house.address(), &[&header[..], GET].concat()).await, "");
    assert_eq!(exchange(house.address(), GET).await, "");
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn without_the_setting_a_header_is_no_request() {
    let backend = Backend::json("1").await;
    let address = backend.address;
    let house =
        House::start(&format!("  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]"))
            .await;
    for header in [b"PROXY TCP4 192.0.2.1 10.0.0.1 8080 80\r\n".to_vec(), v2(0x21, &FOUR)] {
        let reply = exchange(house.address(), &[&header, GET].concat()).await;
        assert!(!reply.contains("200 OK"), "{reply}");
    }
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn a_header_in_pieces_is_followed_by_tls_or_by_a_trusted_word() {
    let authority = Authority::new("ca");
    let (house, backend) = {
        let directory = tempfile::tempdir().unwrap();
        authority.issue(&["a.test"]).write(directory.path(), "a");
        let backend = Backend::json("1").await;
        let address = backend.address;
        let text = format!(
            "listen: [{{ address: \"127.0.0.1:0\", proxy_protocol: {{ from: [127.0.0.1] }}, tls: {{ certificates: [{{ certificate: a.pem, key: a.key \
             }}] }} }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\ntrusted_proxies: [192.0.2.0/24]\napis:\n  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]\n"
        );
        (House::of_text(directory, &text).await, backend)
    };
    let headers = [
        (b"PROXY TCP4 192.0.2.1 10.0.0.1 8080 80\r\n".to_vec(), "6.6.6.6, 192.0.2.1"),
        (b"PROXY TCP4 198.51.100.1 10.0.0.1 8080 80\r\n".to_vec(), "198.51.100.1"),
        (v2(0x21, &FOUR), "6.6.6.6, 192.0.2.1"),
    ];
    for (header, told) in headers {
        let mut stream = TcpStream::connect(house.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        for octet in header.chunks(1) {
            stream.write_all(octet).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut stream = Client::new(&authority).over(stream, "a.test").await.unwrap();
        assert_eq!(get(&mut stream, "x-forwarded-for: 6.6.6.6\r\n").await.unwrap().status, 200);
        let seen = backend.seen().pop().unwrap();
        assert!(seen.contains(&format!("x-forwarded-for: {told}\r\n")), "{seen}");
    }
}
