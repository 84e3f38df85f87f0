//! What is asked, over which protocol, and what came of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::histogram::Histogram;
use super::http1::Http1;
use super::http2::Http2;
use crate::fault::Outcome;

/// One kind of request, sent again and again.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) address: SocketAddr,
    /// The path.
    pub(crate) path: String,
    /// What is posted; a GET without.
    pub(crate) posted: Option<String>,
    pub(crate) way: Way,
    /// What the answer has to be.
    pub(crate) status: u16,
    pub(crate) body: Arc<[u8]>,
    /// Whether its octets come in the very order.
    pub(crate) ordered: bool,
}

/// How requests travel.
#[derive(Clone)]
pub(crate) enum Way {
    /// HTTP/1.1 over connections that stay open.
    Kept,
    /// HTTP/1.1, each request over a connection of its own.
    Fresh,
    /// HTTP/1.1 at so many requests a second, whatever the answers do.
    Rate(u32),
    /// HTTP/1.1 over TLS, over connections that stay open.
    Tls(Arc<rustls::ClientConfig>),
    /// HTTP/2 in the clear by prior knowledge.
    Http2,
}

/// What came of a slice of load.
#[derive(Debug)]
pub(crate) struct Taken {
    /// Answers that were right.
    pub(crate) answers: u64,
    pub(crate) elapsed: Duration,
    /// Time until an answer was whole.
    pub(crate) times: Histogram,
}

impl Taken {
    pub(crate) fn new() -> Self {
        Self { answers: 0, elapsed: Duration::ZERO, times: Histogram::new() }
    }
}

/// Open connections to one peer.
pub(crate) enum Client {
    Http1(Box<Http1>),
    Http2(Box<Http2>),
}

impl Client {
    /// Opens the connections.
    pub(crate) fn open(asked: &Asked) -> Outcome<Self> {
        Ok(match asked.way {
            Way::Http2 => Self::Http2(Box::new(Http2::open(asked)?)),
            _ => Self::Http1(Box::new(Http1::open(asked)?)),
        })
    }

    /// Asks for so long and waits for the last answers. Any answer that is not the right one is a fault.
    pub(crate) fn ask(&mut self, during: Duration) -> Outcome<Taken> {
        match self {
            Self::Http1(client) => client.ask(during),
            Self::Http2(client) => client.ask(during),
        }
    }
}

/// One answer, whole.
pub(crate) fn once(asked: &Asked) -> Outcome<(u16, Vec<u8>)> {
    match asked.way {
        Way::Http2 => Http2::open(asked)?.once(),
        _ => Http1::open(asked)?.once(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{origin, page};

    fn asked(way: Way, page: &str, posted: Option<String>) -> Asked {
        let octets = page::SIZES.iter().find(|(name, _)| *name == page).map(|(_, octets)| *octets);
        let (status, body) =
            octets.map_or((201, page::TAKEN.to_owned()), |octets| (200, page::page(octets)));
        Asked {
            address: origin::start().unwrap(),
            path: format!("/v2/payments/{page}"),
            posted,
            way,
            status,
            body: body.as_bytes().into(),
            ordered: true,
        }
    }

    #[test]
    fn every_answer_of_the_origin_is_right_however_it_is_asked() {
        let posted = || Some(page::payment(page::POSTED));
        for (way, page, posted) in [
            (Way::Kept, "1k", None),
            (Way::Kept, "256k", None),
            (Way::Kept, "", posted()),
            (Way::Fresh, "16k", None),
            (Way::Rate(2000), "1k", None),
        ] {
            let asked = asked(way, page, posted);
            let (status, body) = once(&asked).unwrap();
            assert!(status == asked.status && *body == *asked.body, "{page}");
            let taken = Client::open(&asked).unwrap().ask(Duration::from_millis(50)).unwrap();
            assert!(taken.answers > 0, "{page}");
        }
    }

    #[test]
    fn a_rate_is_kept() {
        let asked = asked(Way::Rate(1000), "1k", None);
        let taken = Client::open(&asked).unwrap().ask(Duration::from_millis(100)).unwrap();
        assert_eq!(taken.answers, 100);
    }

    #[test]
    fn a_wrong_answer_is_told() {
        let asked = Asked { path: "/nowhere".to_owned(), ..asked(Way::Kept, "1k", None) };
        let told = Client::open(&asked).unwrap().ask(Duration::from_millis(10)).unwrap_err();
        assert_eq!(told.to_string(), "an answer was 404 with 0 octets, not 200 with 1024");
    }
}
