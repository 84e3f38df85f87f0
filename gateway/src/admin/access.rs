//! Who calls: a call is held against what the configuration says of tokens, certificates and users.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, Method};
use jiff::Timestamp;
use rustix::process::geteuid;
use tracing::{error, info, warn};

use super::credentials::{Credentials, Key, Owner, needs_drawn};
use super::limits::{Failed, Failures, Rates};
use super::sessions::{self, Sessions};
use super::token::{self, Digest, digest};
use crate::config::{AdminConfig, Role};
use crate::control::{By, Identity};
use crate::tls::Person;

/// The other end of a connection.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its address, or its user.
    pub(super) from: Arc<str>,
    /// The user at the other end of a Unix socket.
    pub(super) user: Option<u32>,
    /// Whom its certificate names.
    pub(super) person: Option<Person>,
    /// Whether it speaks TLS.
    pub(super) secure: bool,
}

impl Peer {
    /// What failures are counted by: connections of one machine come from many ports.
    fn machine(&self) -> &str {
        if self.user.is_some() {
            &self.from
        } else {
            self.from.rsplit_once(':').map_or(&*self.from, |(ip, _)| ip)
        }
    }
}

/// A caller that was let in.
#[derive(Clone, Debug)]
pub(super) struct Admitted {
    pub(super) who: Identity,
    pub(super) key: Key,
    /// The cookie of the session that it is known by.
    pub(super) cookie: Option<String>,
}

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// No credential came.
    Missing,
    /// The credential is nobody's, or nobody's any more.
    Unknown,
    /// Too many failures: come again in so many seconds.
    Waits(u64),
    /// More calls than the credential may make.
    Hurries,
}

impl Denied {
    /// A word for counting.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Missing => "no-credentials",
            Self::Unknown => "credentials",
            Self::Waits(_) => "failures",
            Self::Hurries => "rate",
        }
    }
}

/// Who may call, taken into use anew with each configuration.
pub(crate) struct Access {
    credentials: ArcSwap<Credentials>,
    /// Where the token is that was drawn because none is configured.
    file: PathBuf,
    pub(super) sessions: Sessions,
    failures: Failures,
    rates: Rates<Key>,
}

impl fmt::Debug for Access {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Access")
    }
}

impl Access {
    /// What the config says. Where it names no credentials a token is drawn and kept in `file`.
    pub(crate) fn new(config: &AdminConfig, file: PathBuf) -> Self {
        let credentials = ArcSwap::from_pointee(Credentials::new(config, drawn(config, &file)));
        let (sessions, failures) = (Sessions::default(), Failures::default());
        Self { credentials, file, sessions, failures, rates: Rates::default() }
    }

    /// Takes what another configuration says into use: from then on, also on connections that are open.
    pub(crate) fn apply(&self, config: &AdminConfig) {
        let drawn = drawn(config, &self.file);
        self.credentials.store(Arc::new(Credentials::new(config, drawn)));
    }

    pub(super) fn hosts(&self) -> Vec<String> {
        self.credentials.load().hosts.clone()
    }

    /// Who calls; `path` is that of a thing that there is.
    pub(super) fn admit(
        &self,
        peer: &Peer,
        headers: &HeaderMap,
        asked: (&Method, &str),
    ) -> Result<Admitted, Denied> {
        let (credentials, now) = (self.credentials.load(), Instant::now());
        let (method, path) = asked;
        let reads = *method == Method::GET || *method == Method::HEAD;
        let admitted = if reads && credentials.open.iter().any(|open| open == path) {
            Ok(anybody(peer))
        } else {
            self.known(&credentials, peer, headers)
        };
        let admitted = admitted.map_err(|denied| match denied {
            Denied::Unknown => self.failed(peer, now),
            other => other,
        })?;
        if !self.rates.allows(&admitted.key, credentials.rate, now) {
            return Err(Denied::Hurries);
        }
        Ok(admitted)
    }

    /// The first few failures are told one by one, so that a flood does not fill the log.
    fn failed(&self, peer: &Peer, now: Instant) -> Denied {
        match self.failures.one(peer.machine(), now) {
            Failed::Told => {
                warn!(from = %peer.from, "somebody called the admin listener with credentials that are nobody's");
                Denied::Unknown
            }
            Failed::Wait(seconds) => Denied::Waits(seconds),
        }
    }

    /// The caller by the first credential that there is: what was sent for this call counts before what comes by itself.
    fn known(
        &self,
        credentials: &Credentials,
        peer: &Peer,
        headers: &HeaderMap,
    ) -> Result<Admitted, Denied> {
        let now = Timestamp::now();
        if headers.contains_key(AUTHORIZATION) {
            let token = bearer(headers).ok_or(Denied::Unknown)?;
            let key = digest(token);
            let owner = credentials.of_token(&key, now).ok_or(Denied::Unknown)?;
            return Ok(admitted(peer, owner, By::Token, Key::Token(key)));
        }
        if let Some(cookie) = cookie(headers)
            && let Some(key) = self.sessions.of(cookie, Instant::now())
            && let Some((owner, key)) = owner_of(credentials, peer, key, now)
        {
            let cookie = Some(cookie.to_owned());
            return Ok(Admitted { cookie, ..admitted(peer, &owner, By::Session, key) });
        }
        if let Some(person) = &peer.person {
            let owner = credentials.of_certificate(person, now).ok_or(Denied::Unknown)?;
            let key = Key::Certificate(Arc::clone(&person.fingerprint));
            return Ok(admitted(peer, owner, By::Certificate, key));
        }
        if let Some(user) = peer.user.filter(|user| is_ours(*user)) {
            let key = Key::User(user);
            return Ok(admitted(peer, &user_owner(user), By::User, key));
        }
        Err(if cookie(headers).is_some() { Denied::Unknown } else { Denied::Missing })
    }
}

/// Whether a user of this machine has what we have anyway: it is ours, or root.
fn is_ours(user: u32) -> bool {
    user == geteuid().as_raw() || user == 0
}

fn user_owner(user: u32) -> Owner {
    Owner { name: format!("user {user}").into(), role: Role::Administer }
}

/// Whose session it is, as long as the credential counts that it was begun with.
fn owner_of(
    credentials: &Credentials,
    peer: &Peer,
    key: Key,
    now: Timestamp,
) -> Option<(Owner, Key)> {
    let owner = match &key {
        Key::Token(digest) => credentials.of_token(digest, now).cloned(),
        Key::Certificate(print) => {
            let person = peer.person.as_ref().filter(|person| person.fingerprint == *print)?;
            credentials.of_certificate(person, now).cloned()
        }
        Key::User(user) => (peer.user == Some(*user) && is_ours(*user)).then(|| user_owner(*user)),
        Key::Nobody => None,
    };
    owner.map(|owner| (owner, key))
}

/// Who is let in whoever it is.
pub(super) fn anybody(peer: &Peer) -> Admitted {
    let owner = Owner { name: "anybody".into(), role: Role::Read };
    admitted(peer, &owner, By::Nothing, Key::Nobody)
}

fn admitted(peer: &Peer, owner: &Owner, by: By, key: Key) -> Admitted {
    let Owner { name, role } = owner.clone();
    Admitted { who: Identity { name, role, from: Arc::clone(&peer.from), by }, key, cookie: None }
}

/// The token of a call (RFC 6750 §2.1); nowhere else may one stand, as addresses are logged.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    let sound = !token.is_empty() && token.len() <= token::LONGEST;
    (scheme.eq_ignore_ascii_case("bearer") && sound).then_some(token)
}

/// The session's cookie; of two that disagree about it, none.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut ours = pairs.filter(|(name, _)| *name == sessions::COOKIE).map(|(_, value)| value);
    let (Some(only), None) = (ours.next(), ours.next()) else { return None };
    (only.len() <= token::LONGEST).then_some(only)
}

/// The token that counts where the config names no credential. It is drawn only where it is needed.
fn drawn(config: &AdminConfig, file: &std::path::Path) -> Option<Digest> {
    if !needs_drawn(config) {
        return None;
    }
    match token::kept(file) {
        Ok(digest) => {
            info!(file = %file.display(), "no `admin.tokens` are configured; administrators call with the token in this file");
            Some(digest)
        }
        Err(error) => {
            let file = file.display();
            error!(
                %error, %file,
                "no `admin.tokens` are configured and none can be kept here, so administrators can call by a Unix socket only; \
                 configure a token, or name a directory that can be written under `state`"
            );
            None
        }
    }
}
