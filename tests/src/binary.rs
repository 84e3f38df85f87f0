//! The real program, built once for all tests of a run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::corpus::root;

/// Where the program is: `EVERGATE_BINARY` where it is set, else built in the profile of the running test.
pub fn path() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match std::env::var_os("EVERGATE_BINARY") {
        Some(given) => PathBuf::from(given),
        None => build(),
    })
}

/// The program with these arguments, in the repository's root.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(arguments).current_dir(root());
    command
}

fn build() -> PathBuf {
    // A test program lies in TARGET/PROFILE/deps.
    let own = std::env::current_exe().expect("the path of the running test");
    let products = own.ancestors().nth(2).expect("a profile's folder");
    let target = products.parent().expect("a target folder");
    let profile = match products.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    // A test target beside the program makes cargo choose the features that `cargo test --workspace` has chosen
    // already; without it the dependencies would be built a second time.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--workspace", "--bin", "evergate", "--test", "tidy"])
        .args(["--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(root())
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the program does not build");
    products.join(format!("evergate{}", std::env::consts::EXE_SUFFIX))
}
