//! A name server that gives every name the same addresses, by UDP on loopback (RFC 1035 §4).

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::backend::lock;

/// What it answers; `None` is a failure of the server.
type Known = Arc<Mutex<Option<Vec<Ipv4Addr>>>>;

/// Answers each question with the addresses that it is told.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    known: Known,
    asked: Arc<AtomicUsize>,
}

impl NameServer {
    /// Listens on a free port of the loopback interface, until the test ends.
    pub fn start(addresses: &[Ipv4Addr]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("a bound address");
        let known: Known = Arc::new(Mutex::new(Some(addresses.to_vec())));
        let asked = Arc::new(AtomicUsize::new(0));
        let shared = (Arc::clone(&known), Arc::clone(&asked));
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
                shared.1.fetch_add(1, Ordering::Relaxed);
                let known = lock(&shared.0).clone();
                let answer = answer(buffer.get(..length).unwrap_or_default(), known);
                // Who asked may be gone.
                let _ = socket.send_to(&answer.unwrap_or_default(), peer);
            }
        });
        Self { address, known, asked }
    }

    /// Where it is asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// What it answers from now on; `None` is a failure of the server.
    pub fn says(&self, addresses: Option<&[Ipv4Addr]>) {
        *lock(&self.known) = addresses.map(<[_]>::to_vec);
    }
}

/// The answer to a question for one name; `None` where it is no question.
fn answer(question: &[u8], known: Option<Vec<Ipv4Addr>>) -> Option<Vec<u8>> {
    let labels = question.get(12..)?;
    let end = labels.iter().position(|octet| *octet == 0)?;
    let is_a = labels.get(end + 1..end + 3)? == [0, 1];
    let failure = if known.is_none() { 2 } else { 0 };
    let addresses = known.filter(|_| is_a).unwrap_or_default();
    let count = u8::try_from(addresses.len()).ok()?;
    let mut message = question.get(..2)?.to_vec();
    // An answer, recursion available; one question, so many answers.
    message.extend([0x81, 0x80 | failure, 0, 1, 0, count, 0, 0, 0, 0]);
    message.extend(labels.get(..end + 5)?);
    for address in addresses {
        // The name of the question, A, IN, no time to live.
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        message.extend(address.octets());
    }
    Some(message)
}
