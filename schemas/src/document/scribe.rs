//! What both notations share while reading: limits, places and problems.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::DocumentLimits;
use super::number;
use super::spans::Spans;
use crate::pointer::Pointer;
use crate::problem::{Place, Problem, Severity};

/// Line and column, from 1.
pub(crate) type Mark = (u32, u32);

/// Counts against the limits and collects problems. A `None` from any of its methods means: stop reading.
pub(super) struct Scribe<'a> {
    file: Arc<str>,
    pub(super) limits: &'a DocumentLimits,
    pub(super) problems: Vec<Problem>,
    pub(super) pointer: Pointer,
    pub(super) spans: Spans,
    /// Numbers of which a double does not hold all digits, in their canonical form, by pointer.
    pub(super) inexact: BTreeMap<String, Box<str>>,
    failed: bool,
    nodes: usize,
    copied: usize,
}

impl<'a> Scribe<'a> {
    pub(super) fn new(file: &Arc<str>, limits: &'a DocumentLimits) -> Self {
        Self {
            file: Arc::clone(file),
            limits,
            problems: Vec::new(),
            pointer: Pointer::root(),
            spans: Spans::default(),
            inexact: BTreeMap::new(),
            failed: false,
            nodes: 0,
            copied: 0,
        }
    }

    /// The file as text without a byte order mark, if it is UTF-8 within the limit.
    pub(super) fn text<'t>(&mut self, bytes: &'t [u8]) -> Option<&'t str> {
        if bytes.len() > self.limits.bytes {
            let what =
                format!("the file has {} bytes; the limit is {}", bytes.len(), self.limits.bytes);
            return self.stop((0, 0), what, "split it, or raise the limit");
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(error) => {
                let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = good.split(|byte| *byte == b'\n').count();
                let what = "the file is not UTF-8 text".to_owned();
                self.stop((narrow(line), 0), what, "save it as UTF-8")
            }
        }
    }

    /// Whether an error was noted.
    pub(super) const fn failed(&self) -> bool {
        self.failed
    }

    /// Counts one value at `depth` (the root has 0).
    pub(super) fn node(&mut self, mark: Mark, depth: usize) -> Option<()> {
        self.copy(mark, depth, 1, 0)
    }

    /// Counts `nodes` values, the deepest at `depth`, that repeat `bytes` of text.
    pub(super) fn copy(
        &mut self,
        mark: Mark,
        depth: usize,
        nodes: usize,
        bytes: usize,
    ) -> Option<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.copied = self.copied.saturating_add(bytes);
        if depth > self.limits.depth {
            let what = format!("values nest deeper than {}", self.limits.depth);
            return self.stop(mark, what, "flatten the document, or raise the depth limit");
        }
        if self.nodes > self.limits.nodes {
            let what = format!(
                "the document has more than {} values, aliases expanded",
                self.limits.nodes
            );
            return self.stop(mark, what, "use fewer aliases, or raise the limit of nodes");
        }
        if self.copied > self.limits.bytes {
            let what = format!("aliases repeat more than {} bytes of text", self.limits.bytes);
            return self.stop(mark, what, "use fewer aliases, or raise the limit of bytes");
        }
        Some(())
    }

    /// Puts a member into an object; the last of two with the same name stays.
    pub(super) fn member(
        &mut self,
        into: &mut Map<String, Value>,
        key: String,
        mark: Mark,
        value: Value,
    ) {
        if into.contains_key(&key) {
            let severity = if self.limits.strict { Severity::Error } else { Severity::Warning };
            let what = format!("the key `{}` is there twice; the last one counts", shorten(&key));
            let pointer = self.pointer.join(&key);
            self.note(severity, (mark, pointer), what, "remove one of them");
        }
        into.insert(key, value);
    }

    /// Keeps the digits of the number at the present place when its value lacks some of them.
    pub(super) fn digits(&mut self, text: &str, value: &Value) {
        let Some(held) = value.as_f64().filter(|_| value.is_f64()) else { return };
        let written = number::canonical(text);
        if written != number::canonical(&format!("{held:e}")) {
            self.inexact.insert(self.pointer.as_str().to_owned(), written.into());
        }
    }

    /// Gives the present place what is known of the numbers at another one, whose value it repeats.
    pub(super) fn repeat_digits(&mut self, from: &Pointer) {
        let own = self.pointer.as_str().to_owned();
        let from = from.as_str();
        let range =
            self.inexact.range(from.to_owned()..).take_while(|(at, _)| at.starts_with(from));
        let below = range.filter_map(|(at, written)| {
            let rest = at.strip_prefix(from)?;
            let inside = rest.is_empty() || rest.starts_with('/');
            inside.then(|| (format!("{own}{rest}"), written.clone()))
        });
        let copies: Vec<_> = below.collect();
        self.inexact.extend(copies);
    }

    /// Notes something read in a stated way.
    pub(super) fn warn(&mut self, mark: Mark, what: String, remedy: &str) {
        self.note(Severity::Warning, (mark, self.pointer.clone()), what, remedy);
    }

    /// Notes an error and stops.
    pub(super) fn stop<T>(&mut self, mark: Mark, what: String, remedy: &str) -> Option<T> {
        self.note(Severity::Error, (mark, self.pointer.clone()), what, remedy);
        None
    }

    // Of many problems some are left out, but never the only error: the document would count as read.
    fn note(&mut self, severity: Severity, at: (Mark, Pointer), what: String, remedy: &str) {
        let full = self.problems.len() >= self.limits.problems;
        if full && (severity == Severity::Warning || self.failed) {
            return;
        }
        self.failed |= severity == Severity::Error;
        let ((line, column), pointer) = at;
        let place = Place { file: Arc::clone(&self.file), line, column, pointer };
        self.problems.push(Problem { place, severity, what, remedy: remedy.to_owned() });
    }
}

/// A count as a line or column; a file that long has been refused before.
pub(super) fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Text short enough for a message.
pub(super) fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    text.chars().take(60).chain("…".chars()).collect()
}
