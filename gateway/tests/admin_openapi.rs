//! The description of the admin api: what is served is what was released, and Evergate itself judges it.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{Backend, House};

fn evergate(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evergate")).args(args).output().unwrap()
}

fn released() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("admin-api")
}

/// A changed description is a new version: raise `VERSION` in `admin/openapi.rs`, run this with `INSTA_UPDATE=always`, then
/// `evergate release gateway/admin-api --all`.
#[test]
fn the_released_description_is_the_one_that_the_code_gives() {
    let printed = evergate(&["admin", "openapi"]);
    assert!(printed.status.success());
    let document: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    let version = document["info"]["version"].as_str().unwrap();
    let copy = released().join(version).join("openapi.json");
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::write(&copy, &printed.stdout).unwrap();
    }
    let kept = std::fs::read_to_string(&copy).unwrap_or_default();
    let now = String::from_utf8(printed.stdout).unwrap();
    assert!(kept == now, "{} is not what `evergate admin openapi` prints", copy.display());
}

#[test]
fn evergate_judges_its_own_admin_api_and_leaves_nothing_undecided() {
    let folder = released();
    let check = evergate(&["check", folder.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(check.status.success(), "{told}{}", String::from_utf8_lossy(&check.stderr));
    let frozen = evergate(&["release", "--check", "--all", folder.to_str().unwrap()]);
    assert!(
        frozen.status.success(),
        "a version is not frozen: evergate release {}",
        folder.display()
    );
    let newest = std::fs::read_dir(&folder).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path().join("openapi.json");
        path.is_file().then_some(path)
    });
    let newest = newest.max().unwrap();
    let name = newest.to_str().unwrap();
    let diff = evergate(&["diff", name, name, "--compat", "full"]);
    let told = String::from_utf8_lossy(&diff.stdout).into_owned();
    assert!(diff.status.success() && told.contains(" 0 undecided, 0 broken"), "{told}");
}

#[tokio::test]
async fn the_description_is_served_to_who_may_read() {
    let backend = Backend::json("1").await;
    let house = House::start(&format!(
        "  a:\n    backends: [{{ endpoints: [\"http://{}\"] }}]",
        backend.address
    ))
    .await;
    let served = house.admin("GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n").await.json();
    let printed = evergate(&["admin", "openapi"]).stdout;
    assert_eq!(served, serde_json::from_slice::<serde_json::Value>(&printed).unwrap());
    let stranger = house.stranger("GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(stranger.status, 401);
}
