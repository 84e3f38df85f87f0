//! What is being done, on a terminal, when it takes long.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

/// Nothing is said before this much time has gone by.
const PATIENCE: Duration = Duration::from_secs(1);

/// Says what is being done on standard error; silent where that is no terminal.
#[derive(Debug)]
pub(super) struct Progress {
    said: Mutex<Option<Sender<String>>>,
}

impl Progress {
    /// Begins to wait; the thread ends when [`Self::end`] is called.
    pub(super) fn begin<'scope>(
        scope: &'scope Scope<'scope, '_>,
    ) -> (Self, Option<ScopedJoinHandle<'scope, ()>>) {
        if !std::io::stderr().is_terminal() {
            return (Self { said: Mutex::new(None) }, None);
        }
        let (sender, receiver) = channel();
        let thread = scope.spawn(move || show(&receiver));
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

fn show(receiver: &Receiver<String>) {
    let mut last = String::new();
    let mut shown = false;
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(what) if !shown => last = what,
            Ok(what) => {
                last = what;
                let _ = write!(std::io::stderr(), "\r\x1b[K{last}");
            }
            Err(RecvTimeoutError::Timeout) if !shown && !last.is_empty() => {
                shown = true;
                let _ = write!(std::io::stderr(), "\r\x1b[K{last}");
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if shown {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}
