//! A name server that knows one name, by UDP on loopback (RFC 1035 §4).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

/// Answers each question with the addresses that it is told.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    /// `None` is a failure of the server.
    addresses: Arc<Mutex<Option<Vec<Ipv4Addr>>>>,
    asked: Arc<AtomicUsize>,
}

impl NameServer {
    pub(crate) async fn start(addresses: &[Ipv4Addr]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let addresses = Arc::new(Mutex::new(Some(addresses.to_vec())));
        let known = Arc::clone(&addresses);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                count.fetch_add(1, Ordering::Relaxed);
                let known = known.lock().unwrap().clone();
                let _ = socket.send_to(&answer(&buffer[..length], known), peer).await;
            }
        });
        Self { address, addresses, asked }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn says(&self, addresses: Option<&[Ipv4Addr]>) {
        *self.addresses.lock().unwrap() = addresses.map(<[_]>::to_vec);
    }
}

fn answer(question: &[u8], known: Option<Vec<Ipv4Addr>>) -> Vec<u8> {
    let name = 12 + question[12..].iter().position(|octet| *octet == 0).unwrap() + 1;
    let is_a = question[name..name + 2] == [0, 1];
    let failure = if known.is_none() { 2 } else { 0 };
    let addresses = known.filter(|_| is_a).unwrap_or_default();
    let count = u8::try_from(addresses.len()).unwrap();
    let mut message = question[..2].to_vec();
    // an answer, recursion available; one question, so many answers
    message.extend([0x81, 0x80 | failure, 0, 1, 0, count, 0, 0, 0, 0]);
    message.extend(&question[12..name + 4]);
    for address in addresses {
        // the name of the question, A, IN, no time to live
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        message.extend(address.octets());
    }
    message
}
