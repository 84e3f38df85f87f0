//! How lines are written where the configuration does not say: as the program's own log is, of which a process has one.

use std::sync::OnceLock;

use crate::config::AccessFormat;

static USUAL: OnceLock<AccessFormat> = OnceLock::new();

/// Says how the program's own log is written; the first word counts.
pub fn set_usual(format: AccessFormat) {
    let _ = USUAL.set(format);
}

/// How the program's own log is written.
pub fn usual() -> AccessFormat {
    USUAL.get().copied().unwrap_or(AccessFormat::Text)
}
