//! Who calls for something, for answers, logs and the journal.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Role;

/// An administrator, as known by what came with a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Identity {
    /// What the configuration calls the owner of the credential; `drawn` for the token that was drawn at the start.
    pub(crate) name: Arc<str>,
    /// What they may do.
    pub(crate) role: Role,
    /// The address the call came from, or the user at the other end of a Unix socket.
    pub(crate) from: Arc<str>,
    /// By what they are known.
    pub(crate) by: By,
}

/// By what a caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    /// A bearer token.
    Token,
    /// A certificate.
    Certificate,
    /// A session that was begun with one of the others.
    Session,
    /// The user at the other end of a Unix socket.
    User,
    /// Nothing: what was asked for is open to all.
    Nothing,
}

impl fmt::Display for Identity {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} ({}) from {}", self.name, self.role, self.from)
    }
}
