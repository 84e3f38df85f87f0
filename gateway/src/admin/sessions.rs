//! Sessions of the page: one more kind of credential, which a browser sends by itself.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;

use super::credentials::Key;
use super::token::{Digest, digest, secret};

/// Sessions that are open at once; of more, the one longest unused ends.
pub(super) const SESSIONS: usize = 256;
/// How long a session may be unused.
pub(super) const IDLE: Duration = Duration::from_mins(30);
/// How long a session lasts.
pub(super) const WHOLE: Duration = Duration::from_hours(12);
/// The cookie that has it.
pub(super) const COOKIE: &str = "evergate_session";

#[derive(Debug)]
struct Session {
    key: Key,
    csrf: String,
    begun: Instant,
    used: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.used) >= IDLE || now.duration_since(self.begun) >= WHOLE
    }
}

/// Those that are open, by the digest of their cookie. They are in memory only: a restart ends them.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<Digest, Session>>);

/// What the owner of a new session is told, once.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) cookie: String,
    pub(super) csrf: String,
}

impl Sessions {
    /// Begins one for a credential.
    pub(super) fn begin(&self, key: Key, now: Instant) -> io::Result<Begun> {
        let begun = Begun { cookie: secret()?, csrf: secret()? };
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| !session.is_over(now));
        if open.len() >= SESSIONS {
            let oldest = open.iter().min_by_key(|(_, session)| session.used).map(|(name, _)| *name);
            oldest.and_then(|name| open.remove(&name));
        }
        let session = Session { key, csrf: begun.csrf.clone(), begun: now, used: now };
        open.insert(digest(&begun.cookie), session);
        Ok(begun)
    }

    /// The credential that a session was begun with; it counts as used.
    pub(super) fn of(&self, cookie: &str, now: Instant) -> Option<Key> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get_mut(&digest(cookie)).filter(|session| !session.is_over(now))?;
        session.used = now;
        Some(session.key.clone())
    }

    /// Whether `said` is what a page of this session was told.
    pub(super) fn is_told(&self, cookie: &str, said: &[u8]) -> bool {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get(&digest(cookie));
        session.is_some_and(|session| session.csrf.as_bytes().ct_eq(said).into())
    }

    /// What a page of this session has to say with each change.
    pub(super) fn csrf(&self, cookie: &str) -> Option<String> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&digest(cookie)).map(|session| session.csrf.clone())
    }

    /// Ends one.
    pub(super) fn end(&self, cookie: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest(cookie));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{IDLE, Key, SESSIONS, Sessions, WHOLE};

    #[test]
    fn a_session_ends_when_unused_when_old_and_when_told() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let begin = || sessions.begin(Key::User(1), now).unwrap();
        let (idle, old, told) = (begin(), begin(), begin());
        assert_eq!(sessions.of(&idle.cookie, now), Some(Key::User(1)));
        assert_eq!(sessions.of("other", now), None);
        assert!(sessions.is_told(&idle.cookie, idle.csrf.as_bytes()));
        assert!(!sessions.is_told(&idle.cookie, old.csrf.as_bytes()));
        assert!(!sessions.is_told(&idle.cookie, b""));
        sessions.end(&told.cookie);
        assert_eq!(sessions.of(&told.cookie, now), None);
        let mut then = now;
        while then.duration_since(now) < WHOLE {
            assert!(sessions.of(&old.cookie, then).is_some());
            then += IDLE.saturating_sub(Duration::from_secs(1));
        }
        assert_eq!(sessions.of(&old.cookie, now + WHOLE), None);
        assert_eq!(sessions.of(&idle.cookie, now + IDLE), None);
    }

    #[test]
    fn of_too_many_the_longest_unused_ends() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let at = |number: usize| now + Duration::from_millis(number as u64);
        let all: Vec<_> =
            (0..=SESSIONS).map(|number| sessions.begin(Key::Nobody, at(number)).unwrap()).collect();
        assert_eq!(sessions.0.lock().unwrap().len(), SESSIONS);
        assert_eq!(sessions.of(&all[0].cookie, at(SESSIONS)), None);
        assert!(sessions.of(&all[1].cookie, at(SESSIONS)).is_some());
    }
}
