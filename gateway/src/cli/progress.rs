//! What is being done, on a terminal, when it takes long.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

/// Nothing is said before this much time has gone by.
const PATIENCE: Duration = Duration::from_secs(1);
/// Columns of a terminal that does not say how many it has.
const COLUMNS: usize = 80;

/// Says what is being done on standard error; silent where that is no terminal, and where nobody watches it.
#[derive(Debug)]
pub(super) struct Progress {
    said: Mutex<Option<Sender<String>>>,
}

impl Progress {
    /// Begins to wait; the thread ends when [`Self::end`] is called.
    pub(super) fn begin<'scope>(
        scope: &'scope Scope<'scope, '_>,
    ) -> (Self, Option<ScopedJoinHandle<'scope, ()>>) {
        if !is_watched() {
            return (Self { said: Mutex::new(None) }, None);
        }
        let (sender, receiver) = channel();
        let columns = terminal_size::terminal_size_of(std::io::stderr());
        let columns = columns.map_or(COLUMNS, |(columns, _)| usize::from(columns.0));
        let thread =
            scope.spawn(move || show(&receiver, &mut std::io::stderr(), columns, PATIENCE));
        (Self { said: Mutex::new(Some(sender)) }, Some(thread))
    }

    /// Says what is being done now.
    pub(super) fn say(&self, what: impl FnOnce() -> String) {
        if let Ok(said) = self.said.lock()
            && let Some(sender) = said.as_ref()
        {
            // the thread that shows may have ended on a broken terminal: then nobody needs to know
            let _ = sender.send(what());
        }
    }

    /// Nothing more will be said.
    pub(super) fn end(&self) {
        if let Ok(mut said) = self.said.lock() {
            said.take();
        }
    }
}

/// CI may give its jobs a terminal, and logs keep every line that is written over.
fn is_watched() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !dumb && !set("CI")
}

/// Shows the latest of what is said once the patience is over, in one line that is wiped at the end.
fn show(receiver: &Receiver<String>, to: &mut dyn Write, columns: usize, patience: Duration) {
    let begun = Instant::now();
    let mut last = None;
    let mut shown = false;
    loop {
        let over = begun.elapsed() >= patience;
        // once the patience is over there is nothing to do until something new is said
        let heard = if shown || (over && last.is_none()) {
            receiver.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            receiver.recv_timeout(patience.saturating_sub(begun.elapsed()))
        };
        match heard {
            Ok(what) => last = Some(what),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if begun.elapsed() >= patience
            && let Some(what) = &last
        {
            shown = true;
            let line: String = what.chars().filter(|one| !one.is_control()).take(columns).collect();
            let _ = write!(to, "\r\x1b[K{line}").and_then(|()| to.flush());
        }
    }
    if shown {
        let _ = write!(to, "\r\x1b[K").and_then(|()| to.flush());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::show;

    fn shown(said: &[&str], patience: Duration) -> String {
        let (sender, receiver) = channel();
        for one in said {
            sender.send((*one).to_owned()).unwrap();
        }
        drop(sender);
        let mut text = Vec::new();
        show(&receiver, &mut text, 10, patience);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_short_run_says_nothing() {
        assert_eq!(shown(&["a", "b"], Duration::from_hours(1)), "");
        assert_eq!(shown(&[], Duration::ZERO), "");
    }

    #[test]
    fn a_long_run_shows_one_line_that_fits_and_wipes_it() {
        let text = shown(&["reading", "checking \u{1b}[31ma directory"], Duration::ZERO);
        assert_eq!(text, "\r\u{1b}[Kreading\r\u{1b}[Kchecking [\r\u{1b}[K");
    }
}
