//! What is recorded of one exchange: its own span, one for each time it was sent to a backend, one for converting.

use std::cell::Cell;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::exporter::Exporter;

thread_local! {
    /// Where this thread's ids go on; begun at a number that others are unlikely to have.
    static IDS: Cell<u64> = Cell::new(std::hash::RandomState::new().build_hasher().finish());
}

/// The next number (splitmix64): ids have to differ, and nothing rests on that nobody guesses them.
fn draw() -> u64 {
    let state = IDS.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    IDS.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).max(1)
}

/// Sixteen hex digits, not all zero.
fn span_id() -> [u8; 16] {
    let text = format!("{:016x}", draw());
    text.as_bytes().first_chunk().copied().unwrap_or([b'1'; 16])
}

/// One time that a request was sent to a backend.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its span.
    pub id: [u8; 16],
    /// After the exchange's own start.
    pub after: Duration,
    /// Until the head of an answer, or the failure.
    pub took: Duration,
    /// Host and port.
    pub endpoint: String,
}

/// What is recorded while an exchange goes on.
#[derive(Debug)]
pub struct Spans {
    exporter: Arc<Exporter>,
    /// The trace.
    pub trace: [u8; 32],
    /// The exchange's own span.
    pub id: [u8; 16],
    /// The span that the client sent it from.
    pub parent: Option<[u8; 16]>,
    /// In the order in which they were made; as many as the backend's policy allows.
    pub attempts: Vec<Attempt>,
    began: SystemTime,
    start: Instant,
}

impl Spans {
    /// Goes on with the trace of a client that records it, or begins one where that is due; `None` for an exchange that
    /// is not recorded.
    pub fn begin(
        exporter: &Arc<Exporter>,
        context: Option<([u8; 32], [u8; 16], bool)>,
    ) -> Option<Box<Self>> {
        let (trace, parent) = match context {
            // whether a trace is recorded is decided where it begins
            Some((_, _, false)) => return None,
            Some((trace, parent, true)) => (trace, Some(parent)),
            None => {
                #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
                let share = (draw() >> 11) as f64 / (1_u64 << 53) as f64;
                if share >= exporter.share() {
                    return None;
                }
                let text = format!("{:016x}{:016x}", draw(), draw());
                (text.as_bytes().first_chunk().copied()?, None)
            }
        };
        let (began, start) = (SystemTime::now(), Instant::now());
        let (exporter, attempts) = (Arc::clone(exporter), Vec::new());
        Some(Box::new(Self { exporter, trace, id: span_id(), parent, attempts, began, start }))
    }

    /// Begins an attempt; gives what `traceparent` says for it.
    pub fn attempt(&mut self, endpoint: &str) -> String {
        let attempt = Attempt {
            id: span_id(),
            after: self.start.elapsed(),
            took: Duration::ZERO,
            endpoint: endpoint.to_owned(),
        };
        let text = |digits: &[u8]| String::from_utf8_lossy(digits).into_owned();
        let parent = format!("00-{}-{}-01", text(&self.trace), text(&attempt.id));
        self.attempts.push(attempt);
        parent
    }

    /// The attempt that is going on came to its end.
    pub fn attempted(&mut self) {
        let now = self.start.elapsed();
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.took = now.saturating_sub(attempt.after);
        }
    }

    /// Hands it on, with what is known at the end.
    pub fn finish(
        self: Box<Self>,
        attributes: Vec<(&'static str, Value)>,
        end: (String, Duration),
    ) {
        let (name, converting) = end;
        let exporter = Arc::clone(&self.exporter);
        let took = self.start.elapsed();
        exporter.take(Finished { spans: self, attributes, name, converting, took });
    }

    pub(super) const fn began(&self) -> SystemTime {
        self.began
    }
}

/// What an attribute says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
}

/// An exchange that is over.
#[derive(Debug)]
pub struct Finished {
    /// What was recorded.
    pub spans: Box<Spans>,
    /// By the names of the semantic conventions, or ours.
    pub attributes: Vec<(&'static str, Value)>,
    /// Method and template.
    pub name: String,
    /// The time inside the converter.
    pub converting: Duration,
    /// From begin to end.
    pub took: Duration,
}
