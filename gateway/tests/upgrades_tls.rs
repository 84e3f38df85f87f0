//! Tunnels behind a 101 whose sides speak TLS, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/secure.rs"]
mod secure;
#[path = "support/speaker.rs"]
#[expect(dead_code, reason = "what is of HTTP/2 alone is used elsewhere")]
mod speaker;
#[path = "support/house.rs"]
mod support;

use certificates::{Authority, Issued};
use secure::Client;
use support::{House, PATIENCE, write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const ASK: &str = "GET /chat HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
                        sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}
impl<Any: AsyncRead + AsyncWrite + Unpin + Send> Socket for Any {}

/// Which sides speak TLS.
#[derive(Clone, Copy, Debug)]
struct Sides {
    client: bool,
    backend: bool,
}

const ALL: [Sides; 3] = [
    Sides { client: true, backend: false },
    Sides { client: false, backend: true },
    Sides { client: true, backend: true },
];

struct Bench {
    authority: Authority,
    issued: Issued,
    listener: TcpListener,
    house: House,
    sides: Sides,
}

impl Bench {
    async fn start(sides: Sides) -> Self {
        let (authority, directory) = (Authority::new("ca"), tempfile::tempdir().unwrap());
        let issued = authority.issue(&["a.test", "127.0.0.1"]);
        issued.write(directory.path(), "a");
        write(directory.path(), "ca.pem", &authority.pem());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = if sides.client {
            ", tls: { certificates: [{ certificate: a.pem, key: a.key }] }"
        } else {
            ""
        };
        let backend = if sides.backend {
            format!(
                "{{ endpoints: [\"https://{address}\"], tls: {{ ca: ca.pem }}, retries: {{ attempts: 1 }} }}"
            )
        } else {
            format!("{{ endpoints: [\"http://{address}\"] }}")
        };
        let text = format!(
            "listen: [{{ address: \"127.0.0.1:0\"{tls} }}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\n\
             apis:\n  a:\n    upgrades: [websocket]\n    backends: [{backend}]\n"
        );
        let house = House::of_text(directory, &text).await;
        Self { authority, issued, listener, house, sides }
    }

    /// The client's end and the backend's end of a tunnel.
    async fn tunnel(&self) -> (Box<dyn Socket>, Box<dyn Socket>) {
        let address = self.house.address();
        let mut client: Box<dyn Socket> = if self.sides.client {
            let client = Client::new(&self.authority).offering(&["http/1.1"]);
            Box::new(client.connect(address, "a.test").await.unwrap())
        } else {
            Box::new(TcpStream::connect(address).await.unwrap())
        };
        client.write_all(ASK.as_bytes()).await.unwrap();
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await.unwrap().unwrap();
        let mut backend: Box<dyn Socket> = if self.sides.backend {
            let acceptor = speaker::acceptor(&self.issued, None, &["http/1.1"]);
            Box::new(acceptor.accept(stream).await.unwrap())
        } else {
            Box::new(stream)
        };
        assert!(head(&mut *backend).await.contains("upgrade: websocket"));
        backend.write_all(SWITCHED.as_bytes()).await.unwrap();
        assert!(head(&mut *client).await.starts_with("HTTP/1.1 101 "));
        (client, backend)
    }
}

/// Reads a head to its end, and nothing behind it.
async fn head(stream: &mut dyn Socket) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(timeout(PATIENCE, stream.read_u8()).await.expect("no head in time").unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// Octets of a way, no two neighbouring blocks alike.
fn octets(count: u32) -> Vec<u8> {
    (0..count).flat_map(u32::to_be_bytes).collect()
}

#[tokio::test]
async fn octets_go_both_ways_at_once_and_each_end_is_carried_on() {
    for sides in ALL {
        let bench = Bench::start(sides).await;
        let (mut client, mut backend) = bench.tunnel().await;
        let (up, down) = (octets(300_000), octets(400_000));
        {
            let (mut read, mut write) = tokio::io::split(&mut client);
            let (mut near, mut far) = tokio::io::split(&mut backend);
            let (mut came, mut went) = (Vec::new(), vec![0; down.len()]);
            let all = async {
                tokio::join!(
                    async {
                        write.write_all(&up).await.unwrap();
                        // the end of this way; the other goes on
                        write.shutdown().await.unwrap();
                    },
                    async { near.read_to_end(&mut came).await.unwrap() },
                    async { read.read_exact(&mut went).await.unwrap() },
                    async {
                        far.write_all(&down).await.unwrap();
                        far.flush().await.unwrap();
                    },
                );
            };
            timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("it stands still: {sides:?}"));
            assert!(came == up && went == down, "{sides:?}");
        }
        backend.write_all(b"last").await.unwrap();
        backend.shutdown().await.unwrap();
        let mut last = Vec::new();
        timeout(PATIENCE, client.read_to_end(&mut last)).await.expect("no end in time").unwrap();
        assert_eq!(last, b"last", "{sides:?}");
    }
}

#[tokio::test]
async fn a_side_that_breaks_off_is_no_end_for_the_other() {
    for sides in [Sides { client: true, backend: true }, Sides { client: false, backend: true }] {
        let bench = Bench::start(sides).await;
        let (mut client, mut backend) = bench.tunnel().await;
        backend.write_all(b"half").await.unwrap();
        backend.flush().await.unwrap();
        let mut half = [0; 4];
        timeout(PATIENCE, client.read_exact(&mut half)).await.expect("nothing came").unwrap();
        // without close_notify (RFC 8446 §6.1)
        drop(backend);
        let mut rest = Vec::new();
        let end = timeout(PATIENCE, client.read_to_end(&mut rest)).await.expect("no end in time");
        assert!(end.is_err(), "an orderly end, where there was none: {sides:?}");
    }
}

#[tokio::test]
async fn a_switch_that_does_not_answer_the_key_opens_no_tunnel() {
    let bench = Bench::start(Sides { client: false, backend: true }).await;
    let mut client = TcpStream::connect(bench.house.address()).await.unwrap();
    client.write_all(ASK.as_bytes()).await.unwrap();
    let (stream, _) = timeout(PATIENCE, bench.listener.accept()).await.unwrap().unwrap();
    let acceptor = speaker::acceptor(&bench.issued, None, &[]);
    let mut backend = acceptor.accept(stream).await.unwrap();
    head(&mut backend).await;
    backend.write_all(SWITCHED.replace("s3pP", "S3pP").as_bytes()).await.unwrap();
    let said = head(&mut client).await;
    assert!(said.starts_with("HTTP/1.1 502 "), "{said}");
    let mut rest = Vec::new();
    // nothing more is said to whoever switched
    let _ = timeout(PATIENCE, backend.read_to_end(&mut rest)).await.expect("no end in time");
    assert!(rest.is_empty());
}
