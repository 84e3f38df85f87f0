//! Where the real descriptions are that tests judge: those given from outside, or the repository's own.

use std::path::PathBuf;

/// The repository's root: where cargo runs the test, which need not be where the test was built.
pub fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR");
    let own = own.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().expect("a workspace").to_owned()
}

/// The folder of apis: `EVERGATE_CORPUS` where it is set, else the repository's own.
pub fn folder() -> PathBuf {
    match std::env::var_os("EVERGATE_CORPUS") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => root().join("tests/data/apis"),
    }
}

/// How many payloads are generated for each message: `EVERGATE_CASES`, else twenty.
pub fn cases() -> u64 {
    let asked = std::env::var("EVERGATE_CASES").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(20)
}

/// Whether the long form of a test is asked for: `EVERGATE_LONG=1`.
pub fn long() -> bool {
    std::env::var_os("EVERGATE_LONG").is_some_and(|value| value == "1")
}
