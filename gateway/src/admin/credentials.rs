//! Who has which credential, as the configuration says it; swapped whole by a reload.

use std::sync::Arc;

use jiff::Timestamp;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::token::Digest;
use crate::config::{AdminConfig, CertificateMark, Role};
use crate::tls::Person;

/// Whose token it is that was drawn at the start.
pub(super) const DRAWN: &str = "drawn";

/// One credential, so that a session ends with the one that it was begun by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A token, by its digest.
    Token(Digest),
    /// A certificate, by its fingerprint.
    Certificate(Arc<str>),
    /// A user of this machine.
    User(u32),
    /// None.
    Nobody,
}

/// Somebody who may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) name: Arc<str>,
    pub(super) role: Role,
}

#[derive(Debug)]
struct Token {
    owner: Owner,
    digest: Digest,
    expires: Option<Timestamp>,
}

/// All of them, and what is open without any.
#[derive(Debug)]
pub(super) struct Credentials {
    tokens: Vec<Token>,
    certificates: Vec<(Owner, CertificateMark)>,
    pub(super) open: Vec<String>,
    pub(super) hosts: Vec<String>,
    pub(super) rate: u32,
}

impl Credentials {
    /// Those of the config; `drawn` is the token that counts where the config names none.
    pub(super) fn new(config: &AdminConfig, drawn: Option<Digest>) -> Self {
        let owner = |name: &str, role| Owner { name: name.into(), role };
        let mut tokens: Vec<Token> = Vec::new();
        for one in &config.tokens {
            let owner = owner(&one.name, one.role);
            tokens.push(Token { owner, digest: one.sha256, expires: one.expires });
        }
        if let Some(digest) = drawn.filter(|_| needs_drawn(config)) {
            let owner = owner(DRAWN, Role::Administer);
            tokens.push(Token { owner, digest, expires: None });
        }
        let grants = config.certificates.iter();
        Self {
            tokens,
            certificates: grants.map(|one| (owner(&one.name, one.role), one.by.clone())).collect(),
            open: config.open.clone(),
            hosts: config.hosts.clone(),
            rate: config.rate.get(),
        }
    }

    /// Who has this token. All are compared whole, so that the time tells nothing of any.
    pub(super) fn of_token(&self, digest: &Digest, now: Timestamp) -> Option<&Owner> {
        let (mut found, mut any) = (0_u32, Choice::from(0));
        for (index, token) in (0_u32..).zip(&self.tokens) {
            let same = token.digest.ct_eq(digest);
            found.conditional_assign(&index, same);
            any |= same;
        }
        let token = self.tokens.get(usize::try_from(found).ok()?)?;
        let live = token.expires.is_none_or(|end| now < end);
        (bool::from(any) && live).then_some(&token.owner)
    }

    /// Who has this certificate, which comes from an authority of the config.
    pub(super) fn of_certificate(&self, person: &Person, now: Timestamp) -> Option<&Owner> {
        let known = |mark: &CertificateMark| match mark {
            CertificateMark::Subject(subject) => *subject == *person.subject,
            CertificateMark::Name(name) => person.names.iter().any(|own| own == name),
            CertificateMark::Fingerprint(print) => *print == *person.fingerprint,
        };
        let found = self.certificates.iter().find(|(_, mark)| known(mark));
        found.filter(|_| !person.is_expired(now.into())).map(|(owner, _)| owner)
    }
}

/// Whether a configuration names nobody who could call.
pub(super) const fn needs_drawn(config: &AdminConfig) -> bool {
    config.tokens.is_empty() && config.certificates.is_empty()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Credentials, DRAWN};
    use crate::admin::token::digest;
    use crate::config::{AdminConfig, Role, TokenConfig};

    fn token(name: &str, secret: &str, expires: Option<i64>) -> TokenConfig {
        let expires = expires.map(|second| Timestamp::from_second(second).unwrap());
        let place = evergate_schemas::problem::Place {
            file: "gateway.yaml".into(),
            line: 1,
            column: 1,
            pointer: evergate_schemas::pointer::Pointer::root(),
        };
        TokenConfig {
            name: name.into(),
            role: Role::Operate,
            sha256: digest(secret),
            expires,
            place,
        }
    }

    #[test]
    fn a_token_is_its_owners_until_it_expires() {
        let mut config = AdminConfig::default();
        let now = Timestamp::from_second(100).unwrap();
        let drawn = Some(digest("drawn"));
        let name = |config: &AdminConfig, secret: &str| {
            let credentials = Credentials::new(config, drawn);
            credentials.of_token(&digest(secret), now).map(|owner| owner.name.to_string())
        };
        assert_eq!(name(&config, "drawn").as_deref(), Some(DRAWN));
        config.tokens = vec![
            token("alice", "a", None),
            token("bob", "b", Some(101)),
            token("carol", "c", Some(100)),
        ];
        assert_eq!(name(&config, "a").as_deref(), Some("alice"));
        assert_eq!(name(&config, "b").as_deref(), Some("bob"));
        // expired, unknown, and the drawn one, which counts only where no other does
        for secret in ["c", "", "drawn"] {
            assert_eq!(name(&config, secret), None, "{secret}");
        }
    }
}
