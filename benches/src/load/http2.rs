//! HTTP/2 clients: some connections with some streams each, in one thread.

use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::asked::{Asked, Taken};
use super::reply::SAMPLED;
use super::stream::HOST;
use crate::fault::{During as _, Fault, Outcome};

/// Connections to a peer.
const CONNECTIONS: usize = 8;
/// Requests under way on each of them.
const STREAMS: usize = 8;
/// Octets that a peer may send ahead on a stream and on a connection.
const WINDOWS: (u32, u32) = (1 << 20, 8 << 20);
/// How long the answers of a slice may take beyond it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections to one peer.
pub(crate) struct Http2 {
    asked: Asked,
    runtime: Runtime,
    senders: Vec<SendRequest<Bytes>>,
}

impl Http2 {
    pub(crate) fn open(asked: &Asked) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .during("no runtime for the clients")?;
        let senders = runtime.block_on(async {
            let mut senders = Vec::new();
            for _ in 0..CONNECTIONS {
                senders.push(connect(asked).await?);
            }
            Ok(senders)
        })?;
        Ok(Self { asked: asked.clone(), runtime, senders })
    }

    /// Asks for so long and waits for the last answers.
    pub(crate) fn ask(&self, during: Duration) -> Outcome<Taken> {
        let begun = Instant::now();
        let until = begun + during;
        let all = async {
            let mut tasks = JoinSet::new();
            for sender in &self.senders {
                for _ in 0..STREAMS {
                    tasks.spawn(ask_until(sender.clone(), self.asked.clone(), until));
                }
            }
            let mut taken = Taken::new();
            while let Some(ended) = tasks.join_next().await {
                for nanoseconds in ended.during("a client fell")?? {
                    taken.times.add(nanoseconds);
                    taken.answers += 1;
                }
            }
            Ok(taken)
        };
        let in_time = async { tokio::time::timeout(during + PATIENCE, all).await };
        let mut taken =
            self.runtime.block_on(in_time).during("requests were not answered in time")??;
        taken.elapsed = begun.elapsed();
        Ok(taken)
    }

    /// Status and body of one answer.
    pub(crate) fn once(mut self) -> Outcome<(u16, Vec<u8>)> {
        let sender = self.senders.pop().during("no connection")?;
        self.runtime.block_on(async {
            let mut kept = Vec::new();
            let (status, _) = one(sender, &self.asked, Some(&mut kept)).await?;
            Ok((status, kept))
        })
    }
}

async fn connect(asked: &Asked) -> Outcome<SendRequest<Bytes>> {
    let stream = TcpStream::connect(asked.address).await.during("no connection to a peer")?;
    let _ = stream.set_nodelay(true);
    let (sender, connection) = h2::client::Builder::new()
        .initial_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1)
        .handshake(stream)
        .await
        .during("no HTTP/2")?;
    // how a connection ends is told by its requests
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Nanoseconds of each answer.
async fn ask_until(sender: SendRequest<Bytes>, asked: Asked, until: Instant) -> Outcome<Vec<u64>> {
    let mut times = Vec::new();
    let mut begun = Instant::now();
    let mut kept = Vec::new();
    while begun < until {
        let sampled = times.len().is_multiple_of(SAMPLED);
        kept.clear();
        let (status, length) = one(sender.clone(), &asked, sampled.then_some(&mut kept)).await?;
        if sampled && status == asked.status && *kept != *asked.body {
            return Err(Fault::said("the octets of an answer differ"));
        }
        if status != asked.status || length != asked.body.len() {
            let (wanted, octets) = (asked.status, asked.body.len());
            return Err(Fault(format!(
                "an answer was {status} with {length} octets, not {wanted} with {octets}"
            )));
        }
        let now = Instant::now();
        times.push(u64::try_from(now.duration_since(begun).as_nanos()).unwrap_or(u64::MAX));
        begun = now;
    }
    Ok(times)
}

/// Status of one answer and the octets of its body.
async fn one(
    sender: SendRequest<Bytes>,
    asked: &Asked,
    mut kept: Option<&mut Vec<u8>>,
) -> Outcome<(u16, usize)> {
    const FAILED: &str = "a request failed";
    let request = Request::get(format!("http://{HOST}{}", asked.path)).header("accept", "*/*");
    let request = request.body(()).during("no request")?;
    let mut sender = sender.ready().await.during(FAILED)?;
    let (response, _) = sender.send_request(request, true).during(FAILED)?;
    let (head, mut body) = response.await.during(FAILED)?.into_parts();
    let mut length = 0;
    while let Some(octets) = body.data().await {
        let octets = octets.during("a body failed")?;
        body.flow_control().release_capacity(octets.len()).during("a body failed")?;
        length += octets.len();
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(&octets);
        }
    }
    Ok((head.status.as_u16(), length))
}
