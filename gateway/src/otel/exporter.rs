//! Bringing spans to a collector: gathered in a bounded queue, sent by one thread, dropped and counted where that fails.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use prometheus_client::metrics::counter::Counter;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tracing::{info, warn};

use super::json;
use super::spans::Finished;
use crate::config::OtlpConfig;

/// Most exchanges that wait.
const WAITING: usize = 4096;
/// Most exchanges in one request.
const BATCH: usize = 512;
/// Longest that one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is counted.
#[derive(Clone, Debug, Default)]
pub struct Exports {
    /// Exchanges whose spans a collector took.
    pub sent: Counter,
    /// For which there was no room.
    pub queue: Counter,
    /// That no collector took.
    pub failed: Counter,
}

/// Takes finished exchanges. Its thread ends when it is dropped, once what waits was sent.
pub struct Exporter {
    config: OtlpConfig,
    queue: SyncSender<Finished>,
    exports: Exports,
}

impl fmt::Debug for Exporter {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        // headers may be secrets
        to.debug_struct("Exporter")
            .field("authority", &self.config.authority)
            .finish_non_exhaustive()
    }
}

impl Exporter {
    /// Begins to send to this collector; `previous` goes on where it is the same.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn open(
        config: &OtlpConfig,
        previous: Option<&Arc<Self>>,
        exports: &Exports,
    ) -> io::Result<Arc<Self>> {
        if let Some(same) = previous.filter(|previous| previous.config == *config) {
            return Ok(Arc::clone(same));
        }
        let (queue, spans) = sync_channel(WAITING);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let hand = Hand { config: config.clone(), exports: exports.clone(), runtime, trouble: 0 };
        std::thread::Builder::new().name("otlp".to_owned()).spawn(move || hand.run(&spans))?;
        Ok(Arc::new(Self { config: config.clone(), queue, exports: exports.clone() }))
    }

    /// The share of traces that begin here which are recorded.
    pub const fn share(&self) -> f64 {
        self.config.sample
    }

    pub(super) fn take(&self, one: Finished) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(one) {
            self.exports.queue.inc();
        }
    }
}

/// The thread's side.
struct Hand {
    config: OtlpConfig,
    exports: Exports,
    runtime: Runtime,
    /// How many could not be sent since the last that could.
    trouble: u64,
}

impl Hand {
    fn run(mut self, spans: &Receiver<Finished>) {
        let mut batch = Vec::new();
        // the first of a batch begins the interval, so that an idle gateway wakes nobody
        while let Ok(first) = spans.recv() {
            batch.push(first);
            let due = Instant::now() + self.config.interval;
            while batch.len() < BATCH {
                match spans.recv_timeout(due.saturating_duration_since(Instant::now())) {
                    Ok(one) => batch.push(one),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            self.send(&batch);
            batch.clear();
        }
    }

    fn send(&mut self, batch: &[Finished]) {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let body = json::request(batch).to_string();
        let config = &self.config;
        let sent = self
            .runtime
            .block_on(async { tokio::time::timeout(PATIENCE, post(config, body)).await });
        let why = match sent {
            Ok(Ok(())) => {
                self.exports.sent.inc_by(count);
                if std::mem::take(&mut self.trouble) > 0 {
                    info!("the collector takes spans again");
                }
                return;
            }
            Ok(Err(why)) => why,
            Err(_) => "no answer in time".to_owned(),
        };
        self.exports.failed.inc_by(count);
        if self.trouble == 0 {
            warn!(why, "the collector takes no spans; they are dropped and counted until it does");
        }
        self.trouble += count;
    }
}

/// One request on a connection of its own: there is one in some seconds.
async fn post(config: &OtlpConfig, body: String) -> Result<(), String> {
    let stream = TcpStream::connect(config.authority.as_str()).await;
    let stream = stream.map_err(|error| format!("no connection: {error}"))?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    let mut request = Request::post(config.path.as_str());
    for (name, value) in &config.headers {
        request = request.header(name, value);
    }
    let request = request
        .header(HOST, config.authority.as_str())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| error.to_string())?;
    // a collector that keeps the connection is not waited for
    let answer = tokio::select! {
        biased;
        answer = sender.send_request(request) => answer.map_err(|error| error.to_string())?,
        _ = connection => return Err("the connection ended without an answer".to_owned()),
    };
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(format!("the status {}", status.as_u16())) }
}
