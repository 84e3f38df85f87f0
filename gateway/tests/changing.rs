//! Changing a running gateway: over the admin listener, by its files, and back again; what is refused changes nothing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::os::unix::fs::symlink;
use std::path::Path;

use evergate_gateway::server::{AtFault, Gateway, RunOptions, StartFailure};
use serde_json::Value;
use support::{Backend, House, PATIENCE, Reply, text, write};
use tokio::time::timeout;

fn api(backend: &Backend, version: &str) -> String {
    let address = backend.address;
    format!(
        "  a:\n    client_version: [{{ default: oldest }}]\n    backends: [{{ version: {version}, endpoints: [\"http://{address}\"] }}]"
    )
}

/// A config whose answers say the version.
fn config(backend: &Backend, version: &str) -> String {
    text(&api(backend, version), "")
}

/// The version that answers say now.
async fn served(house: &House) -> String {
    house.get("/", "").await.field("api-version")
}

async fn get(house: &House, target: &str) -> Reply {
    house.admin(&format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n")).await
}

async fn call(house: &House, start: &str, fields: &str, body: &str) -> Reply {
    let length = body.len();
    let request = format!(
        "{start} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/yaml\r\nx-evergate-reload: 1\r\n{fields}content-length: {length}\r\n\r\n{body}"
    );
    house.admin(&request).await
}

/// PUT of a config for the configuration in use.
async fn put(house: &House, body: &str) -> Reply {
    let fields = format!("if-match: {}\r\n", tag(house).await);
    call(house, "PUT /config", &fields, body).await
}

async fn tag(house: &House) -> String {
    get(house, "/config").await.field("etag")
}

async fn history(house: &House) -> Vec<Value> {
    get(house, "/history?limit=500").await.json()["entries"].as_array().unwrap().clone()
}

/// Cause and result of the newest entries, newest first.
async fn told(house: &House, most: usize) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |entry: &Value| format!("{}: {}", word(&entry["cause"]), word(&entry["result"]));
    history(house).await.iter().take(most).map(one).collect()
}

fn file(house: &House) -> String {
    std::fs::read_to_string(house.config()).unwrap()
}

#[tokio::test]
async fn what_is_put_is_written_comes_into_use_and_is_told() {
    let backend = Backend::json("1").await;
    let house = House::start(&api(&backend, "x")).await;
    let now = get(&house, "/config").await;
    assert_eq!((now.status, now.body.as_str()), (200, file(&house).as_str()));
    assert_eq!(now.field("content-type"), "application/yaml");
    let digest = get(&house, "/readyz").await.json()["digest"].as_str().unwrap().to_owned();
    assert_eq!(now.field("etag"), format!("\"{digest}\""));

    let other = config(&backend, "y");
    let fields = format!("if-match: \"{digest}\"\r\nx-evergate-why: a \u{202e}b ä\r\n");
    let reply = call(&house, "PUT /config", &fields, &other).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let changed = reply.json();
    assert_eq!((&changed["changed"], &changed["generation"]), (&true.into(), &2.into()));
    assert_eq!(reply.field("etag"), format!("\"{}\"", changed["digest"].as_str().unwrap()));
    assert_eq!((file(&house), served(&house).await), (other.clone(), "y".to_owned()));

    let entries = history(&house).await;
    let [applied, begun, start] = &entries[..] else { panic!("{entries:#?}") };
    assert_eq!((&applied["result"], &applied["of"]), (&"applied".into(), &begun["sequence"]));
    assert_eq!(applied["sequence"], changed["entry"]["sequence"]);
    assert_eq!(applied["hash"], changed["entry"]["hash"]);
    assert_eq!(begun["result"], "begun");
    assert_eq!(begun["why"], "a  b ä");
    assert_eq!(
        (&applied["before"], &applied["after"]),
        (&digest.as_str().into(), &changed["digest"])
    );
    assert_eq!((&start["cause"], &start["result"]), (&"start".into(), &"applied".into()));
    assert_eq!(start["after"], *digest);

    let status = get(&house, "/status").await.json();
    assert_eq!(status["configuration"]["digest"], changed["digest"]);
    assert_eq!(status["configuration"]["generation"], 2);
    assert_eq!(status["journal"]["head"], changed["entry"]);
    assert_eq!(
        (&status["state"]["writable"], &status["journal"]["missed"]),
        (&true.into(), &0.into())
    );
    assert_eq!(status["last_call"]["result"], "applied");
    // the same once more changes nothing, and is no entry
    let again = put(&house, &other).await;
    assert_eq!((again.status, &again.json()["changed"]), (200, &false.into()));
    assert_eq!(history(&house).await.len(), 3);
}

#[tokio::test]
async fn a_change_names_the_configuration_that_it_was_made_for() {
    let backend = Backend::json("1").await;
    let house = House::start(&api(&backend, "x")).await;
    let (before, other) = (tag(&house).await, config(&backend, "y"));
    for fields in [
        String::new(),
        "if-match: *\r\n".to_owned(),
        format!("if-match: W/{before}\r\n"),
        format!("if-match: {before}, \"b\"\r\n"),
        format!("if-match: {before}\r\nif-match: {before}\r\n"),
    ] {
        let reply = call(&house, "PUT /config", &fields, &other).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (428, &"no-precondition".into()),
            "{fields}"
        );
    }
    assert_eq!(put(&house, &other).await.status, 200);
    let third = config(&backend, "z");
    let stale = call(&house, "PUT /config", &format!("if-match: {before}\r\n"), &third).await;
    assert_eq!((stale.status, &stale.json()["code"]), (412, &"stale".into()));
    assert_eq!(stale.field("etag"), tag(&house).await, "what to look at");
    assert_eq!((file(&house), served(&house).await), (other, "y".to_owned()));
    assert_eq!(told(&house, 2).await, ["put: stale", "put: applied"]);
    let form = format!(
        "PUT /config HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/css\r\nx-evergate-reload: 1\r\nif-match: {}\r\ncontent-length: 1\r\n\r\nx",
        tag(&house).await
    );
    assert_eq!(house.admin(&form).await.status, 415);
}

#[tokio::test]
async fn administrators_at_once_do_not_undo_one_another() {
    let backend = Backend::json("1").await;
    let house = House::start(&api(&backend, "x")).await;
    let before = tag(&house).await;
    let texts: Vec<String> = (0..6).map(|number| config(&backend, &format!("v{number}"))).collect();
    let calls = texts.iter().map(|text| {
        let fields = format!("if-match: {before}\r\n");
        let house = &house;
        async move { call(house, "PUT /config", &fields, text).await.status }
    });
    let mut codes = futures_util::future::join_all(calls).await;
    codes.sort_unstable();
    assert_eq!(codes, [200, 412, 412, 412, 412, 412]);
    assert!(texts.contains(&file(&house)));
    assert_eq!(get(&house, "/readyz").await.json()["generation"], 2);
    let mut results = told(&house, 7).await;
    results.sort_unstable();
    assert_eq!(results[..2], ["put: applied", "put: begun"]);
}

#[tokio::test]
async fn a_wrong_configuration_is_told_whole_and_changes_nothing() {
    let backend = Backend::json("1").await;
    let house = House::start(&api(&backend, "x")).await;
    let before = file(&house);
    let wrong =
        config(&backend, "y").replace("apis:", "limit: {}\napis:").replace("endpoints", "endpoint");
    for (target, entries) in [("PUT /config?dry_run=true", 1), ("PUT /config", 2)] {
        let fields = format!("if-match: {}\r\n", tag(&house).await);
        let reply = call(&house, target, &fields, &wrong).await;
        assert_eq!((reply.status, &reply.json()["code"]), (422, &"configuration-refused".into()));
        let problems = reply.json()["problems"].as_array().unwrap().clone();
        assert_eq!(problems.len(), 3, "{problems:#?}");
        assert!(
            problems
                .iter()
                .all(|one| one["line"].as_u64() > Some(0) && one["column"].as_u64() > Some(0))
        );
        assert_eq!((file(&house), served(&house).await), (before.clone(), "x".to_owned()));
        assert_eq!(history(&house).await.len(), entries);
    }
    let refused = history(&house).await.remove(0);
    assert_eq!(
        (&refused["result"], refused["problems"].as_array().unwrap().len()),
        (&"refused".into(), 3)
    );
    let right = call(&house, "PUT /config?dry_run=true", "", &config(&backend, "y")).await;
    assert_eq!((right.status, &right.json()["changed"]), (200, &true.into()));
    assert_eq!((file(&house), served(&house).await), (before, "x".to_owned()));
    assert_eq!(get(&house, "/readyz").await.json()["generation"], 1);
}

#[tokio::test]
async fn a_file_that_is_not_in_use_is_not_written_over_unseen() {
    let backend = Backend::json("1").await;
    let house = House::start(&api(&backend, "x")).await;
    std::fs::write(house.config(), "a colleague is at it").unwrap();
    assert_eq!(house.reload().await.status, 422);
    let other = config(&backend, "y");
    let reply = put(&house, &other).await;
    assert_eq!((reply.status, &reply.json()["code"]), (412, &"file-differs".into()));
    assert_eq!(file(&house), "a colleague is at it");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    let over = detail.split("over=").nth(1).unwrap().trim_end_matches('`').to_owned();
    let fields = format!("if-match: {}\r\n", tag(&house).await);
    let wrong = call(&house, "PUT /config?over=00", &fields, &other).await;
    assert_eq!(wrong.status, 412);
    let reply = call(&house, &format!("PUT /config?over={over}"), &fields, &other).await;
    assert_eq!((reply.status, file(&house)), (200, other), "{reply:?}");
}

#[tokio::test]
async fn history_goes_back_page_by_page_and_shows_each_configuration() {
    let backend = Backend::json("1").await;
    let house = House::start(&api(&backend, "x")).await;
    let first = file(&house);
    for version in ["y", "z"] {
        assert_eq!(put(&house, &config(&backend, version)).await.status, 200);
    }
    let page = get(&house, "/history?limit=2").await.json();
    assert_eq!((&page["entries"][0]["sequence"], &page["next"]), (&5.into(), &4.into()));
    let page = get(&house, "/history?limit=2&below=4").await.json();
    assert_eq!((&page["entries"][0]["sequence"], &page["next"]), (&3.into(), &2.into()));
    let page = get(&house, "/history?below=2").await.json();
    assert_eq!((&page["entries"][0]["sequence"], &page["next"]), (&1.into(), &Value::Null));
    let one = get(&house, "/history/1").await.json();
    assert_eq!((&one["config"], &one["entry"]["cause"]), (&first.into(), &"start".into()));
    for (target, status) in [
        ("/history/99", 404),
        ("/history/0", 404),
        ("/history/x", 404),
        ("/history/-1", 404),
        ("/history?limit=x", 400),
        ("/history?below=-1", 400),
        ("/history?limit=0", 200),
    ] {
        assert_eq!(get(&house, target).await.status, status, "{target}");
    }
}

#[tokio::test]
async fn a_configuration_of_the_past_comes_back() {
    let backend = Backend::json("1").await;
    let house = House::start(&api(&backend, "x")).await;
    let first = file(&house);
    assert_eq!(put(&house, &config(&backend, "y")).await.status, 200);
    let fields = format!("if-match: {}\r\n", tag(&house).await);
    for (target, fields, status) in [
        ("POST /rollback/99", fields.as_str(), 404),
        ("POST /rollback/x", &fields, 404),
        ("POST /rollback/1", "", 428),
        ("POST /rollback/1", "if-match: \"00\"\r\n", 412),
        ("GET /rollback/1", &fields, 405),
    ] {
        assert_eq!(call(&house, target, fields, "").await.status, status, "{target}");
    }
    assert_eq!(served(&house).await, "y");
    let back = call(&house, "POST /rollback/1", &fields, "").await;
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!((file(&house), served(&house).await), (first, "x".to_owned()));
    assert_eq!(told(&house, 2).await, ["rollback: applied", "rollback: begun"]);
}

/// One version of a description with a member of this name.
fn description(member: &str) -> String {
    format!(
        "openapi: 3.1.0\ninfo: {{ title: a, version: '1' }}\npaths:\n  /:\n    get:\n      responses:\n        '200':\n          \
         description: fine\n          content:\n            application/json:\n              schema: {{ type: object, properties: {{ {member}: {{ type: string }} }} }}\n"
    )
}

/// A house with a description, and its config.
async fn described(backend: &Backend) -> House {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a/v1/openapi.yaml", &description("one"));
    House::of_text(directory, &described_config(backend, "")).await
}

fn described_config(backend: &Backend, more: &str) -> String {
    let address = backend.address;
    let api = format!(
        "  a:\n    description: ./a\n    client_version: [{{ default: oldest }}]\n    backends: [{{ version: v1, endpoints: [\"http://{address}\"] }}]"
    );
    text(&api, more)
}

#[tokio::test]
async fn descriptions_that_changed_are_named_and_come_back_on_demand() {
    let backend = Backend::json("{}").await;
    let house = described(&backend).await;
    let path = house.directory.path().join("a/v1/openapi.yaml");
    let digest = tag(&house).await;
    std::fs::write(&path, description("two")).unwrap();
    write(house.directory.path(), "a/v1/more.yaml", "more: 1");
    assert_eq!(house.reload().await.status, 200);
    assert_ne!(tag(&house).await, digest);
    let fields = format!("if-match: {}\r\n", tag(&house).await);
    let refused = call(&house, "POST /rollback/1", &fields, "").await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &"descriptions-differ".into()));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("a/v1/more.yaml, a/v1/openapi.yaml"), "{detail}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), description("two"));
    let back = call(&house, "POST /rollback/1?descriptions=true", &fields, "").await;
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), description("one"));
    assert!(!house.directory.path().join("a/v1/more.yaml").exists());
    assert_eq!(tag(&house).await, digest);
    // what is on the disk is what is in use
    assert_eq!(house.reload().await.json()["changed"], false);
    // and the way forth is kept too
    let applied = history(&house).await;
    let reload =
        applied.iter().find(|entry| entry["cause"] != "rollback" && entry["sequence"] != 1);
    let forth = reload.map_or(0, |entry| entry["sequence"].as_u64().unwrap());
    let fields = format!("if-match: {digest}\r\n");
    let forth =
        call(&house, &format!("POST /rollback/{forth}?descriptions=true"), &fields, "").await;
    assert_eq!(forth.status, 200, "{forth:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), description("two"));
}

#[tokio::test]
async fn equal_files_have_one_digest_in_any_directory() {
    let backend = Backend::json("{}").await;
    let (one, other) = (described(&backend).await, described(&backend).await);
    assert_ne!(one.directory.path(), other.directory.path());
    let digests = (tag(&one).await, tag(&other).await);
    assert_eq!(digests.0, digests.1);
    for house in [&one, &other] {
        let digest = digests.0.trim_matches('"');
        assert_eq!(get(house, "/readyz").await.json()["digest"], digest);
        assert_eq!(get(house, "/status").await.json()["configuration"]["digest"], digest);
    }
}

#[tokio::test]
async fn a_state_that_cannot_be_written_refuses_changes_and_stops_no_traffic() {
    let backend = Backend::json("1").await;
    let directory = tempfile::tempdir().unwrap();
    // a file in the place of the directory: nobody, root neither, makes files below it
    std::fs::write(directory.path().join(".evergate"), "").unwrap();
    // no token can be kept there either, so one is configured: the digest of `evg_administer`
    let known = "admin: { address: 127.0.0.1:0, tokens: [{ name: a, role: administer, \
                 sha256: fa94ad9f49fc3413312795a070c141d69b639ed84b68b259efbb83323b22d29c }] }";
    let known = |version| {
        config(&backend, version).replace("admin: { address: 127.0.0.1:0, rate: 1000000 }", known)
    };
    let house = House::of_text(directory, &known("x")).await;
    let status = get(&house, "/status").await.json();
    assert_eq!(status["state"]["writable"], false, "{status:#}");
    let trouble = status["state"]["trouble"].as_str().unwrap();
    assert!(trouble.contains(".evergate") && trouble.contains("cannot be written"), "{trouble}");
    let before = file(&house);
    let refused = put(&house, &known("y")).await;
    assert_eq!(refused.status, 507, "{refused:?}");
    assert!(refused.json()["detail"].as_str().unwrap().contains("make room"), "{refused:?}");
    assert_eq!((file(&house), served(&house).await), (before, "x".to_owned()));
    // what is in the file already comes into use, and the gap is told
    std::fs::write(house.config(), known("z")).unwrap();
    assert_eq!(house.reload().await.status, 200);
    assert_eq!(served(&house).await, "z");
    let metrics = house.metrics().await;
    assert!(!metrics.contains("evergate_journal_failed_total 0\n"), "{metrics}");
    assert_eq!(get(&house, "/readyz").await.status, 200);
    // once there is room the journal says how much it misses
    std::fs::remove_file(house.directory.path().join(".evergate")).unwrap();
    let reply = put(&house, &known("w")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let entries = history(&house).await;
    assert!(entries.iter().any(|entry| entry["missed"].as_u64() > Some(0)), "{entries:#?}");
}

/// A directory as the kubelet mounts a config map, with this config in it.
fn mounted(directory: &Path, text: &str) {
    write(directory, "..one/gateway.yaml", text);
    symlink("..one", directory.join("..data")).unwrap();
    symlink("..data/gateway.yaml", directory.join("gateway.yaml")).unwrap();
}

#[tokio::test]
async fn a_mounted_config_map_is_followed_and_never_written() {
    let backend = Backend::json("1").await;
    let directory = tempfile::tempdir().unwrap();
    mounted(directory.path(), &config(&backend, "x"));
    let options =
        RunOptions { config: directory.path().join("gateway.yaml"), ..RunOptions::default() };
    let gateway = Gateway::start(&options).await.unwrap();
    let house = House { gateway, directory };
    let refused = put(&house, &config(&backend, "y")).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &"file-not-writable".into()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("mounted volume"), "{refused:?}");
    assert!(house.config().is_symlink());
    // the next version of the volume, as the kubelet brings it
    let folder = house.directory.path();
    write(folder, "..two/gateway.yaml", &config(&backend, "z"));
    symlink("..two", folder.join("..data_tmp")).unwrap();
    std::fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    let changed = async { while served(&house).await != "z" {} };
    timeout(PATIENCE, changed).await.expect("the swap was not noticed");
    assert_eq!(told(&house, 2).await, ["file change: applied", "put: failed"]);
}

#[tokio::test]
async fn the_last_good_configuration_serves_after_a_restart_until_the_file_is_mended() {
    let backend = Backend::json("{}").await;
    let house = described(&backend).await;
    let House { gateway, directory } = house;
    gateway.stop().await;
    let path = directory.path().join("gateway.yaml");
    let options = RunOptions { config: path.clone(), ..RunOptions::default() };
    let good = std::fs::read_to_string(&path).unwrap();
    // both the config and its description are wrong, one after the other
    let broken = good.replace("apis:", "limit: {}\napis:");
    let yaml = directory.path().join("a/v1/openapi.yaml");
    let mut directory = directory;
    for (place, wrong, right) in
        [(&path, broken.as_str(), good.as_str()), (&yaml, "no: [", &description("one"))]
    {
        std::fs::write(place, wrong).unwrap();
        let strict = RunOptions { at_fault: AtFault::Refuse, ..options.clone() };
        let refused = Gateway::start(&strict).await;
        assert!(matches!(refused, Err(StartFailure::Problems(_))), "{refused:?}");
        let gateway = Gateway::start(&options).await.unwrap();
        let house = House { gateway, directory };
        assert_eq!(house.get("/", "").await.status, 200);
        let ready = get(&house, "/readyz").await;
        assert_eq!((ready.status, &ready.json()["last_good"]), (200, &true.into()), "{ready:?}");
        assert!(!ready.json()["problems"].as_array().unwrap().is_empty());
        assert!(house.metrics().await.contains("evergate_config_last_good 1\n"));
        assert_eq!(get(&house, "/status").await.json()["configuration"]["last_good"], true);
        let start = history(&house).await;
        let start = start
            .iter()
            .find(|entry| entry["cause"] == "start" && entry["result"] == "applied")
            .unwrap();
        assert!(start["note"].as_str().unwrap().contains("serves in its place"), "{start:#}");
        assert!(!start["problems"].as_array().unwrap().is_empty());
        // the mended file is noticed
        std::fs::write(place, right).unwrap();
        let mended =
            async { while get(&house, "/readyz").await.json().get("last_good").is_some() {} };
        timeout(PATIENCE, mended).await.expect("the mended file was not noticed");
        assert!(house.metrics().await.contains("evergate_config_last_good 0\n"));
        let House { gateway, directory: own } = house;
        gateway.stop().await;
        directory = own;
    }
}

#[tokio::test]
async fn a_first_start_with_a_wrong_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("gateway.yaml");
    std::fs::write(&config, "no: [").unwrap();
    let options = RunOptions { config, ..RunOptions::default() };
    assert!(matches!(Gateway::start(&options).await, Err(StartFailure::Problems(_))));
    let nowhere = directory.path().join("nowhere/gateway.yaml");
    let options = RunOptions { config: nowhere, ..RunOptions::default() };
    assert!(matches!(Gateway::start(&options).await, Err(StartFailure::Problems(_))));
    assert!(!directory.path().join("nowhere").exists(), "a slip of the pen makes no directory");
}

#[tokio::test]
async fn a_refusal_that_repeats_itself_is_recorded_once() {
    let backend = Backend::json("1").await;
    let house = House::start(&api(&backend, "x")).await;
    for _ in 0..3 {
        std::fs::write(house.config(), "no: [").unwrap();
        let seen = async {
            while get(&house, "/status").await.json()["last_call"]["result"] != "refused" {}
        };
        timeout(PATIENCE, seen).await.expect("the file was not noticed");
        // back and forth, without another entry for what is unchanged
        std::fs::write(house.config(), config(&backend, "x")).unwrap();
        let seen = async {
            while get(&house, "/status").await.json()["last_call"]["result"] == "refused" {}
        };
        timeout(PATIENCE, seen).await.expect("the file was not noticed");
    }
    assert_eq!(told(&house, 9).await, ["file change: refused", "start: applied"]);
}
