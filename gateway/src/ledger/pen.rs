//! The pen: one thread that brings the lines of all workers to their place, so that no worker waits for a disk.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use tracing::{info, warn};

use super::outlet::{Outlet, Written};
use super::sheet::Sheet;
use crate::config::{AccessConfig, AccessFormat, AccessPlace};

/// How long lines are gathered before they are written, so that a busy gateway writes many at once.
const GATHER: Duration = Duration::from_millis(20);
/// How often trouble is told of again that comes and goes.
const TOLD: Duration = Duration::from_secs(10);
/// How often a pen that is no longer wanted looks whether the last exchange of its time is over.
const LAST: Duration = Duration::from_secs(1);
/// What is kept of a sheet's memory from one writing to the next.
const KEPT: usize = 64 << 10;

/// Counts lines that came to nothing.
#[derive(Clone, Debug, Default)]
pub struct Spilled {
    /// Too many waited.
    pub queue: Counter,
    /// They could not be written.
    pub write: Counter,
}

/// What lines have and how they are written.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) config: AccessConfig,
    pub(super) format: AccessFormat,
}

/// An access log in use.
#[derive(Debug)]
pub struct Access {
    form: Arc<Form>,
    pen: Arc<Pen>,
}

impl Access {
    /// A log of this configuration, in the format that it has or else in `usual`. The pen of `previous` goes on where
    /// it writes to the same place.
    ///
    /// # Errors
    /// When the place cannot be opened.
    pub fn open(
        config: AccessConfig,
        usual: AccessFormat,
        previous: Option<&Self>,
        spilled: &Spilled,
    ) -> io::Result<Self> {
        let same = |access: &&Self| access.form.config.to == config.to;
        let pen = match previous.filter(same) {
            Some(access) => Arc::clone(&access.pen),
            None => Arc::new(Pen::begin(&config.to, spilled.clone())?),
        };
        let format = config.format.unwrap_or(usual);
        Ok(Self { form: Arc::new(Form { config, format }), pen })
    }

    /// The pen that writes it.
    pub const fn pen(&self) -> &Arc<Pen> {
        &self.pen
    }

    /// A sheet for the exchanges of one worker.
    pub fn sheet(&self) -> Arc<Sheet> {
        let desk = &self.pen.desk;
        let seed = desk.seeds.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let sheet = Arc::new(Sheet::new(Arc::clone(&self.form), Arc::clone(desk), seed));
        desk.state().sheets.push(Arc::clone(&sheet));
        sheet
    }
}

/// What workers and the pen share.
pub(super) struct Desk {
    state: Mutex<State>,
    /// The pen is called.
    called: Condvar,
    /// The pen has written all that was there.
    written: Condvar,
    /// The pen has been called and has not taken the sheets yet.
    awake: AtomicBool,
    spilled: Spilled,
    /// Lines that were dropped for want of room since that was told last.
    untold: AtomicU64,
    seeds: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    sheets: Vec<Arc<Sheet>>,
    called: bool,
    /// Write now, without gathering.
    hurry: bool,
    reopen: bool,
    ending: bool,
    /// How often all sheets were written.
    rounds: u64,
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the pen know of a first line.
    pub(super) fn call(&self) {
        if !self.awake.swap(true, Ordering::AcqRel) {
            self.state().called = true;
            self.called.notify_one();
        }
    }

    /// Counts lines that are dropped.
    pub(super) fn spill(&self, lines: u64) {
        self.spilled.queue.inc_by(lines);
        self.untold.fetch_add(lines, Ordering::Relaxed);
    }

    /// Waits for a call, and then for what comes right behind it.
    fn wait(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        while !state.called && !state.ending {
            state = self.called.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let most = if state.called { GATHER } else { LAST };
        let lasts = |state: &mut State| !state.hurry;
        let waited = self.called.wait_timeout_while(state, most, lasts);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Writes to one place. Its thread ends when it is dropped, once all is written.
pub struct Pen {
    desk: Arc<Desk>,
    place: AccessPlace,
}

impl fmt::Debug for Pen {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Pen").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Pen {
    fn begin(place: &AccessPlace, spilled: Spilled) -> io::Result<Self> {
        let outlet = Outlet::open(place)?;
        let desk = Arc::new(Desk {
            state: Mutex::default(),
            called: Condvar::new(),
            written: Condvar::new(),
            awake: AtomicBool::new(false),
            spilled,
            untold: AtomicU64::new(0),
            seeds: AtomicU64::new(seed()),
        });
        let hand =
            Hand { desk: Arc::clone(&desk), outlet, trouble: 0, torn: false, told: [None; 2] };
        std::thread::Builder::new().name("access-log".to_owned()).spawn(move || hand.run())?;
        Ok(Self { desk, place: place.clone() })
    }

    /// Opens its file again, after what was written until now.
    pub fn reopen(&self) {
        self.desk.state().reopen = true;
        self.hurry();
    }

    fn hurry(&self) {
        let mut state = self.desk.state();
        (state.called, state.hurry) = (true, true);
        drop(state);
        self.desk.called.notify_one();
    }

    /// Has all written that waits, and waits for that so long.
    pub fn flush(&self, most: Duration) {
        // the round that is running may have passed a sheet already
        let wanted = self.desk.state().rounds + 2;
        let end = Instant::now() + most;
        while self.desk.state().rounds < wanted {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            self.hurry();
            let state = self.desk.state();
            let _ = self.desk.written.wait_timeout(state, left.min(GATHER));
        }
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        self.desk.state().ending = true;
        self.hurry();
    }
}

/// A number to begin the dice with.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

/// The thread's side of a pen.
struct Hand {
    desk: Arc<Desk>,
    outlet: Outlet,
    /// How many lines could not be written since the last that could.
    trouble: u64,
    /// The last line was written in part.
    torn: bool,
    /// When trouble with writing, and with want of room, was told last.
    told: [Option<Instant>; 2],
}

impl Hand {
    fn run(mut self) {
        let mut spare = Vec::new();
        loop {
            let mut state = self.desk.wait();
            (state.called, state.hurry) = (false, false);
            let ending = state.ending;
            let reopen = std::mem::take(&mut state.reopen);
            let sheets = state.sheets.clone();
            drop(state);
            // a line that comes from here on calls again
            self.desk.awake.store(false, Ordering::Release);
            for sheet in &sheets {
                let (text, lines) = sheet.take(std::mem::take(&mut spare));
                self.write(&text, lines);
                spare = text;
                spare.clear();
                spare.shrink_to(KEPT);
            }
            drop(sheets);
            if reopen {
                self.reopen();
            }
            self.tell_spilled();
            let mut state = self.desk.state();
            // those that a worker still holds, or that were written on meanwhile
            state.sheets.retain(|sheet| Arc::strong_count(sheet) > 1 || !sheet.is_empty());
            state.rounds += 1;
            let over = ending && state.sheets.is_empty();
            drop(state);
            self.desk.written.notify_all();
            if over {
                return;
            }
        }
    }

    fn write(&mut self, text: &[u8], lines: u64) {
        if text.is_empty() {
            return;
        }
        if self.torn {
            // what is there of a line would spoil the next one
            self.torn = matches!(self.outlet.write(b"\n"), Written::Part(..));
        }
        let (written, error) = match self.outlet.write(text) {
            Written::All => {
                let lost = std::mem::take(&mut self.trouble);
                if lost > 0 {
                    info!(lost, "the access log is written again");
                }
                return;
            }
            Written::Part(written, error) => (written, error),
        };
        let whole = text.get(..written).unwrap_or_default();
        let good = memchr::memchr_iter(b'\n', whole).count();
        self.torn |= whole.last().is_some_and(|byte| *byte != b'\n');
        let lost = lines.saturating_sub(u64::try_from(good).unwrap_or(u64::MAX));
        self.desk.spilled.write.inc_by(lost);
        if self.trouble == 0 && is_due(&mut self.told[0]) {
            warn!(%error, "the access log cannot be written; its lines are dropped and counted until it can");
        }
        self.trouble += lost;
    }

    fn reopen(&mut self) {
        match self.outlet.reopen() {
            Ok(()) => self.torn = false,
            Err(error) => {
                warn!(%error, "the access log cannot be opened again; what was open is written to");
            }
        }
    }

    fn tell_spilled(&mut self) {
        if self.desk.untold.load(Ordering::Relaxed) > 0 && is_due(&mut self.told[1]) {
            let lost = self.desk.untold.swap(0, Ordering::Relaxed);
            warn!(
                lost,
                "lines of the access log came faster than they could be written, and were dropped"
            );
        }
    }
}

/// Whether something is to be told again, which it then is.
fn is_due(told: &mut Option<Instant>) -> bool {
    let due = told.is_none_or(|told| told.elapsed() >= TOLD);
    if due {
        *told = Some(Instant::now());
    }
    due
}
