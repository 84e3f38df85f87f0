//! A worker's own sheet of lines: written without waiting, taken by the pen, bounded.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::pen::{Desk, Form};
use crate::config::{AccessConfig, AccessFormat};

/// How long a date and time is: `2026-11-24T00:27:53`.
const TO_SECONDS: usize = 19;

/// Lines that wait, with what is remembered from one to the next.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: Vec<u8>,
    count: u64,
    /// The second of the last line, and how it is written.
    second: u64,
    shown: [u8; TO_SECONDS],
}

/// What the exchanges of one worker under one configuration write their lines on.
pub struct Sheet {
    form: Arc<Form>,
    lines: Mutex<Lines>,
    dice: AtomicU64,
    desk: Arc<Desk>,
}

impl fmt::Debug for Sheet {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Sheet").field("form", &self.form).finish_non_exhaustive()
    }
}

impl Sheet {
    pub(super) fn new(form: Arc<Form>, desk: Arc<Desk>, seed: u64) -> Self {
        let dice = AtomicU64::new(seed | 1);
        Self { form, lines: Mutex::default(), dice, desk }
    }

    /// What lines have.
    pub fn config(&self) -> &AccessConfig {
        &self.form.config
    }

    /// Whether lines are JSON objects.
    pub fn is_json(&self) -> bool {
        self.form.format == AccessFormat::Json
    }

    /// Throws a dice: whether one of so many is due.
    pub fn hits(&self, share: f64) -> bool {
        if share >= 1.0 {
            return true;
        }
        // xorshift: nothing but the choice of lines hangs on it
        let mut dice = self.dice.load(Ordering::Relaxed);
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        self.dice.store(dice, Ordering::Relaxed);
        let upper = u32::try_from(dice >> 32).unwrap_or(0);
        f64::from(upper) < share * (f64::from(u32::MAX) + 1.0)
    }

    /// Writes a line, or drops and counts it where too much waits already. A line break is put behind it.
    pub fn write(&self, line: impl FnOnce(&mut Vec<u8>, Clock<'_>)) {
        let mut lines = self.lines();
        if lines.text.len() >= self.form.config.queue {
            drop(lines);
            self.desk.spill(1);
            return;
        }
        let is_first = lines.text.is_empty();
        let Lines { text, count, second, shown } = &mut *lines;
        line(text, Clock { second, shown });
        text.push(b'\n');
        *count += 1;
        drop(lines);
        if is_first {
            self.desk.call();
        }
    }

    /// Takes all that waits, and leaves an empty vector for more.
    pub(super) fn take(&self, empty: Vec<u8>) -> (Vec<u8>, u64) {
        let mut lines = self.lines();
        let count = std::mem::take(&mut lines.count);
        (std::mem::replace(&mut lines.text, empty), count)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines().text.is_empty()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time as lines have it; the part to the second is made once in a second.
#[derive(Debug)]
pub struct Clock<'a> {
    second: &'a mut u64,
    shown: &'a mut [u8; TO_SECONDS],
}

impl Clock<'_> {
    /// Appends the time, RFC 3339 in UTC with microseconds.
    pub fn write(&mut self, out: &mut Vec<u8>) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.write_at(now, out);
    }

    fn write_at(&mut self, now: Duration, out: &mut Vec<u8>) {
        if now.as_secs() != *self.second {
            *self.second = now.as_secs();
            let second = i64::try_from(now.as_secs()).ok();
            let stamp = second.and_then(|second| jiff::Timestamp::from_second(second).ok());
            let text = stamp.map(|stamp| stamp.to_string()).unwrap_or_default();
            if let Some(text) = text.as_bytes().first_chunk::<TO_SECONDS>() {
                *self.shown = *text;
            }
        }
        out.extend_from_slice(self.shown);
        let mut micros = now.subsec_micros();
        let mut digits = *b".000000Z";
        for digit in digits.iter_mut().take(7).skip(1).rev() {
            *digit = b'0' + u8::try_from(micros % 10).unwrap_or(0);
            micros /= 10;
        }
        out.extend_from_slice(&digits);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Clock, TO_SECONDS};

    #[test]
    fn a_time_is_rfc_3339_whatever_the_second_before_was() {
        let (mut second, mut shown) = (0, [b'0'; TO_SECONDS]);
        let mut clock = Clock { second: &mut second, shown: &mut shown };
        for (millis, expected) in [
            (1_000, "1970-01-01T00:00:01.000000Z"),
            (1_795_480_073_042, "2026-11-24T00:27:53.042000Z"),
            (1_795_480_073_999, "2026-11-24T00:27:53.999000Z"),
            (1_795_480_074_000, "2026-11-24T00:27:54.000000Z"),
        ] {
            let mut out = Vec::new();
            clock.write_at(Duration::from_millis(millis), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
