//! A body that is copied while it passes, with what has to be known to judge it.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use evergate_schemas::describe::model::Api;

use super::bench::Bench;
use crate::config::DriftConfig;

/// Which message of an operation a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// What a client sends.
    Request,
    /// What a backend answers, with this status.
    Response(u16),
}

/// What a body is taken for.
#[derive(Clone, Debug)]
pub struct About {
    /// Index of the version that its sender speaks.
    pub version: usize,
    /// Method and template in that version.
    pub operation: Arc<str>,
    /// Which message.
    pub message: Message,
    /// Type and subtype, lower case, without parameters; empty where the head has none.
    pub essence: String,
    /// Takes content codings off; absent where there are none.
    pub unpack: Option<Unpack>,
}

/// Takes content codings off a whole body that may not become larger than so much; `None` where that fails.
#[derive(Clone)]
pub struct Unpack(pub Arc<Unpacking>);

/// From octets and a bound to what they become.
pub(super) type Unpacking = dyn Fn(&[u8], usize) -> Option<Vec<u8>> + Send + Sync;

impl fmt::Debug for Unpack {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Unpack")
    }
}

/// An api of which some payloads are judged.
#[derive(Debug)]
pub struct Watched {
    /// Its name.
    pub name: Arc<str>,
    pub(super) described: Api,
    config: DriftConfig,
    bench: Arc<Bench>,
}

thread_local! {
    /// Each worker throws its own dice.
    static DICE: Cell<u64> = const { Cell::new(0x2545_f491_4f6c_dd1d) };
}

impl Watched {
    pub(super) fn new(
        described: Api,
        (name, config): (Arc<str>, DriftConfig),
        bench: Arc<Bench>,
    ) -> Self {
        Self { name, described, config, bench }
    }

    /// Whether this message is one of those that are judged.
    pub fn is_due(&self) -> bool {
        let dice = DICE.get();
        let dice = dice ^ (dice << 13);
        let dice = dice ^ (dice >> 7);
        let dice = dice ^ (dice << 17);
        DICE.set(dice);
        let upper = u32::try_from(dice >> 32).unwrap_or(0);
        f64::from(upper) < self.config.sample * (f64::from(u32::MAX) + 1.0)
    }

    /// Copies a body from its beginning.
    pub fn tap(self: &Arc<Self>, about: About) -> Tap {
        Tap(Some(Box::new(Copied { watched: Arc::clone(self), about, bytes: Vec::new() })))
    }

    pub(super) const fn most(&self) -> usize {
        self.config.body
    }
}

/// A body and what it is.
#[derive(Debug)]
pub(super) struct Copied {
    pub(super) watched: Arc<Watched>,
    pub(super) about: About,
    pub(super) bytes: Vec<u8>,
}

/// Copies what passes. One that is dropped before the end of the body judges nothing.
#[derive(Debug, Default)]
pub struct Tap(Option<Box<Copied>>);

impl Tap {
    /// Copies the next piece; a body that turns out larger than is judged is let go of.
    pub fn hear(&mut self, piece: &[u8]) {
        let Some(copied) = &mut self.0 else { return };
        if copied.bytes.len() + piece.len() > copied.watched.most() {
            copied.watched.bench.tallies().large.inc();
            self.0 = None;
        } else {
            copied.bytes.extend_from_slice(piece);
        }
    }

    /// The body was whole: it is handed on, if there is room.
    pub fn end(&mut self) {
        if let Some(copied) = self.0.take() {
            let bench = Arc::clone(&copied.watched.bench);
            bench.take(copied);
        }
    }
}
