//! Backends that speak TLS and HTTP/2, and say what they saw.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::certificates::{Authority, Issued};

/// How a backend is spoken to.
pub(crate) fn acceptor(
    issued: &Issued,
    clients: Option<&Authority>,
    protocols: &[&str],
) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(vec![issued.der.clone()], issued.key()).unwrap();
    config.alpn_protocols = protocols.iter().map(|one| one.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// What a backend saw.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl Seen {
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    fn note(&self, request: String) {
        self.requests.lock().unwrap().push(request);
    }
}

/// A backend under TLS that answers each request with its head's length fixed: the certificate's digest of its client, or
/// `-`. By HTTP/2 where that was agreed on.
pub(crate) async fn secure(acceptor: TlsAcceptor) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Seen::default());
    let own = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, seen) = (acceptor.clone(), own.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let who = shown.map_or("-".to_owned(), |one| {
                    one.iter()
                        .fold(0_u64, |sum, octet| sum.wrapping_mul(31) + u64::from(*octet))
                        .to_string()
                });
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    multiplexed(stream, seen, saying(who)).await;
                } else {
                    lines(stream, seen, &who).await;
                }
            });
        }
    });
    (address, seen)
}

/// Answers everything with this.
fn saying(text: String) -> Serve {
    let text = Bytes::from(text);
    Arc::new(move |_, answer| {
        let text = text.clone();
        Box::pin(async move { plainly(answer, text) })
    })
}

/// A backend under TLS that writes this after a request, and closes as TLS asks for or by TCP alone.
pub(crate) async fn closing(
    acceptor: TlsAcceptor,
    answer: &'static str,
    properly: bool,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut seen = Vec::new();
            while !seen.ends_with(b"\r\n\r\n") && stream.read_buf(&mut seen).await.unwrap_or(0) > 0
            {
            }
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.flush().await;
            if properly {
                let _ = stream.shutdown().await;
            }
        }
    });
    address
}

/// What `secure` says of a client's certificate.
pub(crate) fn who(issued: &Issued) -> String {
    issued.der.iter().fold(0_u64, |sum, octet| sum.wrapping_mul(31) + u64::from(*octet)).to_string()
}

async fn lines<Stream: AsyncRead + AsyncWrite + Unpin>(mut stream: Stream, seen: Seen, who: &str) {
    let mut buffer = Vec::new();
    loop {
        while !buffer.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
        }
        seen.note(String::from_utf8_lossy(&std::mem::take(&mut buffer)).into_owned());
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{who}", who.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

pub(crate) type Turn = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
/// What is done with one request.
pub(crate) type Serve = Arc<dyn Fn(Request<RecvStream>, SendResponse<Bytes>) -> Turn + Send + Sync>;

/// A backend that speaks HTTP/2 in cleartext.
pub(crate) async fn plain(serve: Serve) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Seen::default());
    let own = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            own.connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(multiplexed(stream, own.clone(), Arc::clone(&serve)));
        }
    });
    (address, seen)
}

/// Serves HTTP/2; four streams at once.
async fn multiplexed<Stream>(stream: Stream, seen: Seen, serve: Serve)
where
    Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = h2::server::Builder::new();
    let Ok(mut connection) = builder.max_concurrent_streams(4).handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, answer))) = connection.accept().await {
        seen.note(format!("{} {} {:?}", request.method(), request.uri(), request.headers()));
        if request.uri().path() == "/goaway" {
            connection.graceful_shutdown();
        }
        tokio::spawn(serve(request, answer));
    }
}

/// 200 with this body.
pub(crate) fn plainly(mut answer: SendResponse<Bytes>, body: Bytes) {
    if let Ok(mut stream) = answer.send_response(Response::new(()), false) {
        let _ = stream.send_data(body, true);
    }
}

/// Sends back what comes, frame by frame, then the trailers that came with one more.
pub(crate) fn echo() -> Serve {
    Arc::new(|request, mut answer| {
        Box::pin(async move {
            let head =
                Response::builder().header("content-type", "application/grpc").body(()).unwrap();
            let mut stream = answer.send_response(head, false).unwrap();
            let mut body = request.into_body();
            while let Some(Ok(data)) = body.data().await {
                let _ = body.flow_control().release_capacity(data.len());
                stream.send_data(data, false).unwrap();
            }
            let mut trailers = body.trailers().await.unwrap().unwrap_or_default();
            trailers.insert("grpc-status", "0".parse().unwrap());
            stream.send_trailers(trailers).unwrap();
        })
    })
}

/// Refuses the first request of all before anything is done, and serves the others.
pub(crate) fn refusing(reason: Reason) -> Serve {
    let count = AtomicUsize::new(0);
    Arc::new(move |_, mut answer| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            if first {
                answer.send_reset(reason);
            } else {
                plainly(answer, Bytes::from_static(b"served"));
            }
        })
    })
}

/// All there is of a body, and its trailers.
pub(crate) async fn whole(mut body: RecvStream) -> Result<(Vec<u8>, HeaderMap), h2::Error> {
    let mut seen = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        let _ = body.flow_control().release_capacity(data.len());
        seen.extend_from_slice(&data);
    }
    Ok((seen, body.trailers().await?.unwrap_or_default()))
}
